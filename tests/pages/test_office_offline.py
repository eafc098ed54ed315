"""The office says what venues may do without a network, and scanners hear of it."""

from typing import Any

from identity.roles import Role
from tests.api.edge import Edge

TYPED = {
    "venue_id": "0", "capped": "yes", "value_cents_max": "12", "device_day_cents": "150", "list_age_max": "2",
    "single_venue": "yes", "proof": "live",
}  # fmt: skip


def post(edge: Edge, token: str, path: str, typed: dict[str, str]) -> Any:
    """Send a form as an administrator."""
    return edge.client.post(path, data={**typed, **edge.browse(token)}, headers={"Accept-Language": "de"})


def test_the_city_sets_it_and_a_venue_differs(edge: Edge) -> None:
    """What was saved is shown, goes to the devices of the venue, and is in the log of privileged acts."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    device = edge.device()
    edge.browse(admin)
    assert "Noch nichts festgelegt" in edge.client.get("/office/offline").text
    assert not edge.call("GET", "/api/v1/venue/trust", device).json()["offline_policy"]["capped"]

    assert "offline-saved" in post(edge, admin, "/office/offline", TYPED).headers["location"]
    told = edge.call("GET", "/api/v1/venue/trust", device).json()
    assert {
        "capped": True, "value_cents_max": 1200, "device_day_cents": 15000, "list_age_max_seconds": 7200,
        "single_venue": True, "proof": "live",
    } == told["offline_policy"]  # fmt: skip
    assert [edge.swim.offer_id] == [one["product"] for one in told["offers"]]

    mine = TYPED | {"venue_id": str(edge.pool.venue_id), "value_cents_max": "3"}
    post(edge, admin, "/office/offline", mine)
    assert 300 == edge.call("GET", "/api/v1/venue/trust", device).json()["offline_policy"]["value_cents_max"]
    page = edge.client.get(f"/office/offline?venue_id={edge.pool.venue_id}").text
    assert "Hier die Regeln der Stadt gelten lassen" in page
    post(edge, admin, f"/office/offline/{edge.pool.venue_id}/forget", {})
    assert 1200 == edge.call("GET", "/api/v1/venue/trust", device).json()["offline_policy"]["value_cents_max"]
    done = [one for one in edge.audited() if one.startswith("offline-")]
    assert ["offline-policy-set", "offline-policy-set", "offline-policy-forgotten"] == done


def test_too_much_is_refused_at_the_field(edge: Edge) -> None:
    """All fields say at once what is wrong, and what was typed stays."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    wrong = {"value_cents_max": "999", "device_day_cents": "x", "list_age_max": "49"}
    answer = post(edge, admin, "/office/offline", TYPED | wrong)
    assert 422 == answer.status_code
    for field, value in wrong.items():
        assert [True, True] == [one in answer.text for one in (f'id="{field}-error"', f'value="{value}"')], (
            field
        )
    assert 422 == post(edge, admin, "/office/offline", {}).status_code


def test_a_device_fetches_a_test_voucher_and_passes(edge: Edge) -> None:
    """What it scans before opening is green and in no figure of the day."""
    device = edge.device()
    made = edge.call("POST", "/api/v1/venue/canary", device)
    assert 201 == made.status_code
    scanned = edge.call("POST", "/api/v1/scans", device, json={"text": made.json()["text"]}).json()
    assert ("test-passed", "green", None) == (scanned["code"], scanned["colour"], scanned["voucher_id"])
