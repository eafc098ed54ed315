"""What verifiers get: keys, status list, live keys; and the kill switch over the API."""

import base64
import zlib
from typing import Any

import pytest

from api import voucher_keeping, working
from api.services import Services
from identity.roles import Role
from kernel.signing import KeyRing, KeyStatus, RingKey, SigningKey, VerifyKey
from redemption import codes, keys, live_codes, status_lists, tokens
from redemption.tokens import Claims, VoucherKind
from tests.api.edge import Edge


def _services(edge: Edge) -> Services:
    given: Services = edge.app.state.services
    return given


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _buy(edge: Edge) -> tuple[dict[str, Any], str]:
    person, token = edge.person()
    edge.give(person, 500)
    bought = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id})
    return bought.json(), token


def test_a_device_can_verify_with_what_it_is_handed(edge: Edge) -> None:
    """Keys, status list, live keys: enough to accept the phone's code without asking the server again."""
    voucher, token = _buy(edge)
    device = edge.device()
    voucher_keeping.keep(_services(edge), edge.city)
    trust = edge.call("GET", "/api/v1/venue/trust", device).json()
    phone = edge.call("GET", f"/api/v1/vouchers/{voucher['voucher_id']}/live-keys", token).json()

    ring = KeyRing(
        RingKey(VerifyKey(_bytes(one["public_key"])), KeyStatus(one["status"]))
        for one in trust["issuer_keys"]
    )
    now = int(edge.database.clock.now().timestamp())
    step = live_codes.step_at(now)
    mine = {one["day"]: bytes.fromhex(one["key"]) for one in phone["keys"]}
    made = live_codes.write(bytes.fromhex(phone["token"]), step, mine[live_codes.day_of(step)])
    read = codes.parse(codes.live_text(made))
    assert isinstance(read, live_codes.LiveToken)
    claims = tokens.verify(read.token, ring, now, venue=trust["venue_id"])
    group = live_codes.group_of(claims.venues).hex()
    days = {one["day"]: _bytes(one["key"]) for one in trust["live_keys"] if one["group"] == group}
    assert live_codes.Liveness.LIVE is live_codes.judge(read, claims.voucher_id, now, days.get).liveness
    bits = zlib.decompress(_bytes(trust["status_list"]["lst"]))
    assert not status_lists.is_invalid(bits, claims.status_index)
    assert edge.call("POST", "/api/v1/scans", device, json={"text": codes.live_text(made)}).json()[
        "code"
    ] == ("accepted")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_status_list_is_public_and_cached(edge: Edge) -> None:
    """Media type of the draft, an ETag that answers 304, changes since a version, and 404 before the first."""
    assert edge.client.get("/api/v1/voucher-status-list").status_code == 404
    voucher_keeping.keep(_services(edge), edge.city)
    first = edge.client.get("/api/v1/voucher-status-list")
    again = edge.client.get("/api/v1/voucher-status-list", headers={"If-None-Match": first.headers["etag"]})
    voucher, token = _buy(edge)
    edge.call("POST", f"/api/v1/vouchers/{voucher['voucher_id']}/cancellation", token)
    voucher_keeping.publish(_services(edge), edge.city)
    changes = edge.client.get("/api/v1/voucher-status-list/changes", params={"since": 1}).json()
    whole = edge.client.get("/api/v1/voucher-status-list/changes", params={"since": 99}).json()

    assert ("application/statuslist+cwt", "public, max-age=15") == (
        first.headers["content-type"],
        first.headers["cache-control"],
    )
    assert (304, b"") == (again.status_code, again.content)
    assert ([0], [], None) == (changes["invalid"], changes["valid"], changes["lst"])
    assert b"\x01" == zlib.decompress(_bytes(whole["lst"]))


def _forged(edge: Edge, kid: str) -> str:
    """Return a voucher that a thief signs with the city's own key."""
    given = _services(edge)
    with edge.database.reading(edge.city.city_id) as reading:
        key: SigningKey = keys.active(reading, given.sealer)
    assert kid == key.kid.hex()
    now = int(edge.database.clock.now().timestamp())
    venues = edge.swim.venue_ids
    claims = Claims(b"forged!!", now, now + 9999, VoucherKind.POOL, 1, venues, status_index=70_000)
    return codes.app_text(tokens.issue(claims, key))


def test_the_drill_of_a_stolen_key(edge: Edge) -> None:
    """A forged voucher raises the alarm at the next look, two people block the key, and citizens' vouchers work on."""
    voucher, token = _buy(edge)
    device = edge.device()
    given = _services(edge)
    _, asker = edge.person("asker@example.org", Role.ADMINISTRATOR)
    _, second = edge.person("second@example.org", Role.APPROVER)
    (key,) = edge.call("GET", "/api/v1/voucher-keys/details", asker).json()
    forged = _forged(edge, key["kid"])

    scanned = edge.call("POST", "/api/v1/scans", device, json={"text": forged}).json()
    voucher_keeping.keep(given, edge.city)
    working.deliver_due(given, edge.city)
    (alarmed,) = edge.call("GET", "/api/v1/voucher-keys/details", asker).json()
    assert ("unknown-voucher", 1, True) == (
        scanned["code"],
        alarmed["foreign_seen"],
        alarmed["is_suspicious"],
    )
    with edge.database.reading(edge.city.city_id) as reading:
        assert keys.every(reading)[0].alarmed_at is not None

    path = f"/api/v1/voucher-keys/{key['kid']}/blocks"
    block = edge.call("POST", path, asker, json={"reason": "Gefälschte Gutscheine"}).json()
    confirmation = f"/api/v1/key-blocks/{block['block_id']}/confirmation"
    assert (403, "own-block") == edge.refused(edge.call("POST", confirmation, asker))
    assert "confirmed" == edge.call("POST", confirmation, second).json()["status"]
    for text in (forged, voucher["text"]):
        assert "blocked-key" == edge.call("POST", "/api/v1/scans", device, json={"text": text}).json()["code"]

    voucher_keeping.keep(given, edge.city)
    done = edge.call("GET", f"/api/v1/voucher-keys/{key['kid']}/reissue", asker).json()
    renewed = edge.call("GET", f"/api/v1/vouchers/{voucher['voucher_id']}", token).json()
    assert (1, 100) == (done["reissued"], done["percent"])
    assert renewed["text"] != voucher["text"]
    assert renewed["manual_code"] == voucher["manual_code"]
    green = edge.call("POST", "/api/v1/scans", device, json={"text": renewed["text"]}).json()
    assert "accepted" == green["code"]
    statuses = {one["kid"]: one["status"] for one in edge.client.get("/api/v1/voucher-keys").json()}
    assert {"blocked", "active"} == set(statuses.values())
    assert {"key-block-asked", "key-blocked"} <= set(edge.audited())


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_wish_to_block_can_be_dropped(edge: Edge) -> None:
    """Withdrawn, nothing is blocked; it can't be confirmed then, and a reason is needed."""
    _, asker = edge.person("asker@example.org", Role.ADMINISTRATOR)
    (key,) = edge.call("GET", "/api/v1/voucher-keys/details", asker).json()
    path = f"/api/v1/voucher-keys/{key['kid']}/blocks"
    assert (422, "block-reason-missing") == edge.refused(edge.call("POST", path, asker, json={"reason": " "}))
    block = edge.call("POST", path, asker, json={"reason": "Test"}).json()
    assert (409, "block-already-asked") == edge.refused(edge.call("POST", path, asker, json={"reason": "x"}))
    base = f"/api/v1/key-blocks/{block['block_id']}"

    assert "withdrawn" == edge.call("POST", f"{base}/withdrawal", asker).json()["status"]
    assert (409, "block-already-decided") == edge.refused(edge.call("POST", f"{base}/confirmation", asker))
    assert (404, "reissue-not-found") == edge.refused(
        edge.call("GET", f"/api/v1/voucher-keys/{key['kid']}/reissue", asker)
    )
    assert {"active"} == {one["status"] for one in edge.client.get("/api/v1/voucher-keys").json()}
