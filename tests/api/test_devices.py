"""Devices over the API: invited by the owner, joining by themselves, stopped and started."""

from typing import Any

from api.v1.shapes import base64url
from identity.roles import Role
from kernel.signing import SigningKey
from merchants import enrolling
from tests.api.edge import Edge

KEY = SigningKey(bytes(range(32)))


def invite(edge: Edge, owner: str, **body: object) -> dict[str, Any]:
    """Invite a device to the pool."""
    path = f"/api/v1/venues/{edge.pool.venue_id}/device-invitations"
    answer: dict[str, Any] = edge.call("POST", path, owner, json={"name": "Tor 2", **body}).json()
    return answer


def join(edge: Edge, secret: str, key: SigningKey = KEY, **rest: Any) -> Any:
    """Join as a device with that key."""
    signature = key.sign(enrolling.SIGNED_HEAD + secret.encode())
    body = {
        "secret": secret,
        "public_key": base64url(key.verify_key.public_key),
        "signature": base64url(signature),
    }
    return edge.call("POST", "/api/v1/devices/enrolments", json=body | rest)


def test_a_device_joins_and_is_stopped(edge: Edge) -> None:
    """From the owner's invitation to a device that is lost, each step in the audit log."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    invitation = invite(edge, owner, gate="Tor 2", offer_ids=[edge.swim.offer_id])
    assert f"http://testserver/scan/enrol#{invitation['secret']}" == invitation["url"]
    joined = join(edge, invitation["secret"]).json()
    device, token = joined["device_id"], joined["token"]
    assert (edge.pool.name, "Tor 2", [edge.swim.offer_id]) == (
        joined["venue_name"], joined["gate"], joined["offer_ids"],
    )  # fmt: skip
    trust = edge.call("GET", "/api/v1/venue/trust", token).json()
    assert (device, "active") == (trust["device"]["device_id"], trust["device"]["state"])
    said = {"clock_offset_ms": -5, "list_version": 1, "queue_length": 0, "tier": 0, "app_version": "1"}
    assert "active" == edge.call("POST", "/api/v1/venue/device-state", token, json=said).json()["state"]

    assert 200 == edge.call("POST", f"/api/v1/devices/{device}/suspension", owner).status_code
    trust = edge.call("GET", "/api/v1/venue/trust", token).json()
    assert ("suspended", []) == (trust["device"]["state"], trust["live_keys"])
    scan = edge.call("POST", "/api/v1/scans", token, json={"text": "0000000000"}).json()
    assert ("device-suspended", "amber") == (scan["code"], scan["colour"])
    lost = edge.call("POST", f"/api/v1/devices/{device}/loss", owner, json={}).json()
    assert ("lost", True) == (lost["state"], lost["has_key"])
    assert (401, "device-lost") == edge.refused(edge.call("GET", "/api/v1/venue/trust", token))
    assert "active" == edge.call("POST", f"/api/v1/devices/{device}/reactivation", owner).json()["state"]
    listed = edge.call("GET", f"/api/v1/venues/{edge.pool.venue_id}/devices", owner).json()
    assert [("active", None)] == [(one["state"], one["lost_at"]) for one in listed]
    assert [
        "device-invited", "device-enrolled", "device-suspended", "device-lost", "device-reactivated",
    ] == [act for act in edge.audited() if act.startswith("device")]  # fmt: skip


def test_secrets_are_told_once(edge: Edge) -> None:
    """A repeated request gets the first answer without its secret, and joining again a new token."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    path = f"/api/v1/venues/{edge.pool.venue_id}/device-invitations"
    key = {"Idempotency-Key": "once"}
    told = [edge.call("POST", path, owner, headers=key, json={"name": "A"}).json() for _ in range(2)]
    assert told[0] | {"secret": None, "url": None} == told[1]
    first, again = (join(edge, told[0]["secret"]).json() for _ in range(2))
    assert first["device_id"] == again["device_id"]
    assert first["token"] != again["token"]


def test_wrong_attempts_are_refused_and_counted(edge: Edge) -> None:
    """Each has its reason; after twenty from one address it takes a pause."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    secret = invite(edge, owner)["secret"]
    assert (422, "enrolment-signature-wrong") == edge.refused(join(edge, secret, signature="!"))
    assert (422, "device-key-invalid") == edge.refused(join(edge, secret, public_key="é"))
    refusals = {edge.refused(join(edge, "0" * 16)) for _ in range(20)}
    assert {(404, "invitation-unknown"), (429, "too-many-requests")} == refusals


def test_only_the_venues_owner_invites_and_stops(edge: Edge) -> None:
    """Owners of other venues, and staff, may not; a day of loss needs its zone."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    _, staff = edge.person("paul@example.org", Role.VENUE_STAFF)
    device = join(edge, invite(edge, owner)["secret"]).json()["device_id"]
    other = edge.call("POST", "/api/v1/venues/2/device-invitations", owner, json={"name": "A"})
    assert (403, "other-venue") == edge.refused(other)
    for act in ("suspension", "loss", "reactivation"):
        refused = edge.call("POST", f"/api/v1/devices/{device}/{act}", staff, json={})
        assert (403, "role-missing") == edge.refused(refused)
    since = edge.call("POST", f"/api/v1/devices/{device}/loss", owner, json={"since": "2026-11-27T10:00:00"})
    assert (422, "lost-since-invalid") == edge.refused(since)
