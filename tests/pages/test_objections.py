"""“That was not me”: a citizen objects from the message about a redemption, the city decides who bears it."""

import re
from typing import Any

import pytest

from api import receipts_due
from identity import postbox
from identity.roles import Role
from ledger import queries, wallets
from merchants import venues
from redemption import anomalies, codes, erasing
from tests.api.edge import Edge
from tests.pages.test_venue import Gate

GERMAN = {"Accept-Language": "de"}


class Case:
    """A redemption at the pool, its guest and an administrator."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.gate = Gate(edge)
        self.gate.scan(codes.app_text(self.gate.buy().token))
        receipts_due.issue(edge.database, edge.city)
        _, self.guest = edge.person("guest@example.org")
        _, self.office = edge.person("amt@duisburg.test", Role.ADMINISTRATOR)
        with edge.database.reading(edge.city.city_id) as reading:
            letters = {one.code: one for one in postbox.every(reading, self.gate.guest.owner)}
        self.letter = letters["receipt-redeemed"]
        self.path = f"/receipts/{self.letter.facts['receipt_id']}/objection"

    def get(self, path: str, token: str) -> str:
        """Open a page."""
        self.edge.browse(token)
        return str(self.edge.client.get(path, headers=GERMAN).text)

    def send(self, path: str, token: str, **data: str) -> Any:
        """Send a form."""
        fields = self.edge.browse(token)
        return self.edge.client.post(path, data=data | fields, headers=GERMAN)

    def object_to(self) -> str:
        """Say that it was not oneself; return the claim's path in the office."""
        assert self.send(self.path, self.guest, remark="Ich war in Köln.").status_code == 303
        found = re.search(r"/office/claims/\d+", self.get("/office/claims", self.office))
        assert found is not None
        return found.group()

    def points(self) -> tuple[int, int]:
        """Return what the guest can spend and what stands on the venue's account."""
        path = venues.points_path(self.edge.pool.venue_id)
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            purse = wallets.wallet(reading, self.gate.guest.owner).available
            return purse, queries.balances(reading, [path])[path].posted


@pytest.fixture
def case(edge: Edge) -> Case:
    """Give a redemption that somebody has heard of."""
    return Case(edge)


@pytest.mark.parametrize(("outcome", "venue_pays"), [("city", False), ("venue", True)])
def test_points_come_back(case: Case, outcome: str, *, venue_pays: bool) -> None:
    """From the city's loss account, or from the venue; the citizen reads it, and nobody decides twice."""
    price = case.edge.swim.price_points
    purse, taken = case.points()
    page = case.get(case.path, case.guest)
    assert "Waren Sie das?" in page
    claim = case.object_to()

    assert case.send(claim, case.office, outcome=outcome).status_code == 303

    assert (purse + price, taken - (price if venue_pays else 0)) == case.points()
    assert "sind wieder Ihre" in case.get(case.path, case.guest)
    assert "entschieden" in case.send(claim, case.office, outcome="declined", reason="x").text
    assert "claim-decided" in case.edge.audited()


def test_a_no_has_a_reason(case: Case) -> None:
    """A no without a reason is refused; with one nothing moves, and the citizen reads why."""
    before = case.points()
    claim = case.object_to()

    assert case.send(claim, case.office, outcome="declined").status_code == 422
    case.send(claim, case.office, outcome="declined", reason="Der Kassenbon passt.")

    assert before == case.points()
    assert "Der Kassenbon passt." in case.get(case.path, case.guest)
    case.edge.database.run(
        case.edge.city.city_id, lambda work: erasing.erase(work, case.edge.city, case.gate.guest.owner)
    )
    assert "Keine Einwände" in case.get("/office/claims", case.office)


def test_only_ones_own(case: Case) -> None:
    """Somebody else sees neither the redemption nor the office."""
    _, stranger = case.edge.person("eve@example.org")
    case.edge.browse(stranger)

    assert case.edge.client.get(case.path).status_code == 404
    assert case.edge.client.get("/office/claims").status_code == 403


def test_conspicuous(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares count from some redemptions on; then one by somebody who came the first day is a sign."""
    quiet = case.get("/office/anomalies", case.office)
    monkeypatch.setattr(anomalies, "LEAST", 1)

    page = case.get("/office/anomalies", case.office)
    one = case.get(f"/office/anomalies/{case.edge.pool.venue_id}", case.office)

    assert 'data-signs=""' in quiet
    assert 'data-signs="first-day"' in page
    assert "Personen am ersten Tag" in one
    assert "Einlösungen je Tag" in one
    assert "guest@example.org" not in page + one
