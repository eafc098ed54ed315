"""Gates over the API: a device is turned, guests go out and in again, and it is nobody's business afterwards."""

from dataclasses import replace

import pytest

from identity.roles import Role
from kernel.db import Work
from merchants.directions import Direction
from redemption import offers
from redemption.offer_terms import Reentry, Terms
from tests.api.edge import Edge
from tests.redemption.office import SWIM


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_guests_go_out_and_in_again(edge: Edge) -> None:
    """Every step with its verdict; the venue counts, the guest's export has it, erasing cuts the link."""
    anna, token = edge.person()
    edge.give(anna, 500)

    def sell(work: Work) -> int:
        new = replace(
            SWIM, code="day", venue_ids=(edge.pool.venue_id,), terms=Terms(reentry=Reentry.SAME_DAY)
        )
        return offers.publish(work, edge.city, offers.create(work, new).offer_id).offer_id

    offer_id = edge.database.run(edge.city.city_id, sell)
    assert "same-day" == edge.call("GET", f"/api/v1/offers/{offer_id}").json()["terms"]["reentry"]
    bought = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": offer_id}).json()
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    device = edge.device()
    number = edge.call("GET", "/api/v1/venue/trust", device).json()["device"]["device_id"]

    def scan(direction: str | None = None) -> str:
        body = {"text": bought["text"]} | ({"direction": direction} if direction else {})
        answer = edge.call("POST", "/api/v1/scans", device, json=body)
        return str(answer.json()["code"])

    assert ["accepted", "already-inside", "direction-not-here"] == [scan(), scan(), scan("out")]
    for turned in (Direction.OUT, Direction.BOTH):
        answer = edge.call(
            "POST", f"/api/v1/devices/{number}/direction", owner, json={"direction": turned.value}
        )
        assert turned.value == answer.json()["direction"]
    assert ["let-out", "not-inside", "let-in-again"] == [scan("out"), scan("out"), scan("in")]
    trust = edge.call("GET", "/api/v1/venue/trust", device).json()
    assert ("both", "same-day") == (trust["device"]["direction"], trust["offers"][-1]["reentry"])
    out = edge.call("POST", "/api/v1/scans", device, json={"text": bought["text"], "direction": "out"}).json()
    assert (1, True) == (out["persons"], out["reentry_until"] is not None)
    assert 0 == edge.call("POST", f"/api/v1/scans/{out['scan_id']}/undo", device).json()["count"]
    counted = edge.call("GET", "/api/v1/scans/summary", device).json()
    assert (1, 2, 1) == (counted["inside"], counted["came"], counted["went"])

    kept = [one["passages"] for one in edge.call("GET", "/api/v1/me/export", token).json()["vouchers"]]
    # Also the second time out, at which nobody was inside: a gate without a network may have seen more.
    assert [["in", "out", "out", "in"]] == [[one["direction"] for one in of] for of in kept]
    assert 204 == edge.call("DELETE", "/api/v1/me", token).status_code
    assert counted == edge.call("GET", "/api/v1/scans/summary", device).json()
    assert "unknown-voucher" == scan()
