"""“That was not me”: a citizen objects from the message about a redemption, the city decides who bears it."""

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa

from api import receipts_due
from identity import postbox
from identity.roles import Role
from kernel.db import Work
from ledger import queries, wallets
from merchants import venues
from merchants.venues import NewVenue, VenueKind
from redemption import anomalies, codes, erasing
from redemption import tables as spending_tables
from redemption.anomalies import Sign
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


@pytest.mark.parametrize(("longitude_e6", "times"), [(13_400_000, 1), (6_760_000, 0)])
def test_nobody_is_in_two_far_places_at_once(case: Case, longitude_e6: int, times: int) -> None:
    """A voucher used in Berlin right after one in Duisburg is a sign at both venues; one next door is none."""
    case.gate.scan(codes.app_text(case.gate.buy().token))

    def move_one(work: Work) -> tuple[int, int]:
        here, there = (
            venues.create(
                work,
                NewVenue(
                    name, VenueKind.SHOP, "Weg 1", "47051", "Mitte", "Laden", None,
                    latitude_e6=51_430_000, longitude_e6=east,
                ),
            ).venue_id
            for name, east in (("Hier", 6_760_000), ("Dort", longitude_e6))
        )  # fmt: skip
        table = spending_tables.redemptions
        uses = work.connection.execute(
            sa.select(table.c.voucher_id).where(table.c.city_id == work.city_id).order_by(table.c.voucher_id)
        ).scalars()
        for voucher_id, venue_id in zip(uses, (here, there), strict=True):
            of_use = sa.and_(table.c.city_id == work.city_id, table.c.voucher_id == voucher_id)
            work.connection.execute(sa.update(table).where(of_use).values(venue_id=venue_id))
        return here, there

    moved = case.edge.database.run(case.edge.city.city_id, move_one)
    with case.edge.database.reading(case.edge.city.city_id) as reading:
        found = anomalies.all_venues(reading, case.edge.city, reading.now - dt.timedelta(days=1))

    counted = {one.venue.venue_id: one.values[Sign.DISTANCE] for one in found}
    assert dict.fromkeys(moved, times) == counted
