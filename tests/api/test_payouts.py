"""Payout runs and tax data over the JSON API."""

import datetime as dt

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from merchants import tax_data
from tests.api.edge import Edge
from tests.merchants.treasury import TAXES
from tests.pages.test_settlements import prepare, settled


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_run_is_made_and_released_by_two(edge: Edge, clock: FixedClock) -> None:
    """The API makes a run, refuses its maker, and releases it for another; then it can't be released again."""
    prepare(edge)
    made = settled(edge, clock)
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    _, ada = edge.person("ada@example.org", Role.APPROVER)
    body = {"settlement_ids": [str(made.settlement_id)], "execute_on": "2026-06-03"}

    answer = edge.call("POST", "/api/v1/payout-runs", tom, json=body)
    run = answer.json()
    path = f"/api/v1/payout-runs/{run['run_id']}"
    assert (answer.status_code, run["state"], run["total_cents"]) == (201, "made", made.payout_cents)
    assert edge.refused(edge.call("POST", f"{path}/release", tom)) == (403, "own-payout-run")
    assert edge.call("POST", f"{path}/release", ada).json()["state"] == "released"
    assert edge.refused(edge.call("POST", f"{path}/release", ada)) == (409, "payout-run-decided")
    assert edge.call("POST", f"{path}/cancel", ada).json()["state"] == "cancelled"
    assert [one["state"] for one in edge.call("GET", "/api/v1/payout-runs", tom).json()] == ["cancelled"]
    note = edge.call("GET", f"/api/v1/settlements/{made.settlement_id}/credit-note.xml", tom)
    assert note.headers["content-type"] == "application/xml"
    assert clock.now() > dt.datetime(2026, 6, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tax_data_are_kept(edge: Edge) -> None:
    """The owner of a venue keeps its tax data; wrong ones are refused with the field, another's venue too."""
    _, paula = edge.person("paula@example.org", Role.VENUE_OWNER)
    body = {name: getattr(TAXES, name) for name in tax_data.TaxData.__dataclass_fields__}
    path = f"/api/v1/venues/{edge.pool.venue_id}/tax-data"

    assert edge.call("PUT", path, paula, json=body).json()["vat_id"] == "DE136695976"
    wrong = edge.call("PUT", path, paula, json=body | {"vat_id": "DE1"})
    assert edge.refused(wrong) == (422, "vat-id-invalid")
    assert edge.refused(edge.call("PUT", "/api/v1/venues/99/tax-data", paula, json=body)) == (
        403,
        "other-venue",
    )
