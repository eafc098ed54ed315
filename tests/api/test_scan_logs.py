"""The scan log over the API: handed in by a device, released by an administrator."""

from typing import Any

import pytest

from api.v1.shapes import base64url, from_base64url
from identity.roles import Role
from redemption import offline_policies, scan_events
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import SUGGESTED
from redemption.scan_events import EventFlags, EventKind, ScanEvent, Signed, Tier
from tests.api.edge import Edge
from tests.api.test_devices import KEY, invite, join

HOURS = 3_600_000


@pytest.fixture
def joined(edge: Edge) -> dict[str, Any]:
    """Give a device with a key at the pool."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    edge.database.run(edge.city.city_id, lambda work: offline_policies.save(work, EVERYWHERE, SUGGESTED))
    answer: dict[str, Any] = join(edge, invite(edge, owner)["secret"]).json()
    return answer


def event(edge: Edge, device: dict[str, Any], before: Signed | None = None, code: bytes = b"") -> Signed:
    """Return the next event of the device."""
    now = int(edge.database.clock.now().timestamp() * 1000)
    link = scan_events.following(before) if before else scan_events.beginning(KEY.verify_key.public_key)
    return scan_events.sign(
        ScanEvent(
            device_id=int(device["device_id"]), seq=link.seq + 1, prev=link.head,
            kind=EventKind.SCAN if code else EventKind.NOTE, device_ms=now, offset_ms=0, anchor_ms=now - HOURS,
            list_version=1, tier=Tier.CAPPED, decision="accepted" if code else "note", nonce=bytes(16), code=code,
            flags=EventFlags.ID_SEEN,
        ),
        KEY,
    )  # fmt: skip


def send(edge: Edge, device: dict[str, Any], *events: Signed | bytes, **rest: Any) -> Any:
    """Hand events in."""
    data = [base64url(one.data if isinstance(one, Signed) else one) for one in events]
    return edge.call("POST", "/api/v1/venue/scan-log", device["token"], json={"events": data, **rest})


def test_a_log_is_handed_in(edge: Edge, joined: dict[str, Any]) -> None:
    """A scan is booked; the device learns how far its log is known, and a sentence for each event."""
    person, token = edge.person()
    edge.give(person, 500)
    bought = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id}).json()
    voucher = edge.call("GET", f"/api/v1/vouchers/{bought['voucher_id']}/live-keys", token).json()
    scan = event(edge, joined, code=bytes.fromhex(voucher["token"]))
    answer = send(edge, joined, scan).json()
    assert [{"seq": 1, "outcome": "accepted", "reason": None, "sentence": "Booked."}] == answer["results"]
    assert (1, scan.digest, False) == (
        answer["through_seq"],
        from_base64url(answer["head"]),
        answer["quarantined"],
    )
    known = edge.call("GET", "/api/v1/venue/scan-log", joined["token"]).json()
    assert {name: answer[name] for name in known} == known
    assert answer == send(edge, joined, scan).json()
    turkish = edge.call(
        "POST", "/api/v1/venue/scan-log", joined["token"], json={"events": ["!"]},
        headers={"Accept-Language": "tr-TR"},
    )  # fmt: skip
    assert "Cihaz okunamayan bir şey gönderdi." in turkish.json()["title"]
    again = edge.call(
        "POST", "/api/v1/venue/scan-log", joined["token"], json={"events": [base64url(scan.data)]},
        headers={"Accept-Language": "tr-TR"},
    )  # fmt: skip
    assert "Kaydedildi." == again.json()["results"][0]["sentence"]


def test_a_quarantine_is_ended_by_an_administrator(edge: Edge, joined: dict[str, Any]) -> None:
    """What can't be read is kept; the device goes on online; who may not release it can't."""
    first = event(edge, joined)
    answer = send(edge, joined, b"broken", first).json()
    assert ["unreadable", "known"] == [one["outcome"] for one in answer["results"]]
    assert answer["quarantined"]
    path = f"/api/v1/devices/{joined['device_id']}/release"
    _, owner = edge.person("olga@example.org")
    assert (403, "role-missing") == edge.refused(edge.call("POST", path, owner, json={"accept": True}))
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    assert [] == edge.call("POST", path, admin, json={"accept": True}).json()["results"]
    again = edge.call("POST", path, admin, json={"accept": True})
    assert (409, "device-not-in-quarantine") == edge.refused(again)
    assert ["device-quarantined", "device-released"] == [
        act for act in edge.audited() if act in {"device-quarantined", "device-released"}
    ]


def test_what_can_not_be_a_log(edge: Edge, joined: dict[str, Any]) -> None:
    """No base64, too many events, a device without a key: nothing is taken in."""
    bad = edge.call("POST", "/api/v1/venue/scan-log", joined["token"], json={"events": ["!"]})
    assert (422, "scan-log-not-base64") == edge.refused(bad)
    assert 422 == send(edge, joined, *[b"x"] * 501).status_code
    keyless = {"token": edge.device()}
    assert (409, "device-without-key") == edge.refused(send(edge, keyless, b"x"))
    got = edge.call("GET", "/api/v1/venue/scan-log", keyless["token"])
    assert (409, "device-without-key") == edge.refused(got)
