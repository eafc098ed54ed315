"""Confirming payouts."""

import datetime as dt

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from ledger import periods
from ledger.outcomes import TransferRejected
from merchants import paying, venues
from merchants.settlements import Settlement
from tests.merchants.town import JUNE, MAY, Town

PAID = dt.date(2026, 6, 5)


@pytest.fixture
def owed(town: Town) -> Settlement:
    """Settle 50 points at 2 cents with a venue; some days pass."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    settlement = town.settle(venue_id)
    town.go_to(dt.date(2026, 6, 9))
    return settlement


def confirm(town: Town, settlement_id: int, paid_on: dt.date = PAID) -> Settlement:
    """Confirm a payout."""
    return town.database.run(
        town.city_id, lambda work: paying.confirm(work, settlement_id, paid_on=paid_on, by="treasurer-7")
    )


def test_payout_clears_what_is_owed(town: Town, owed: Settlement) -> None:
    """The venue's claim moves to the bank on the day of payment, and the statement stays as it was."""
    paid = confirm(town, owed.settlement_id)

    assert (owed.paid_on, paid.paid_on, paid.document) == (None, PAID, owed.document)
    assert town.left(venues.payable_path(owed.venue_id)).posted == 0
    assert town.left("eur/bank").posted == 100


def test_payout_is_booked_once(town: Town, owed: Settlement) -> None:
    """The same confirmation again changes nothing; another day for it is a contradiction."""
    first = confirm(town, owed.settlement_id)
    booked = town.head()

    assert confirm(town, owed.settlement_id) == first
    assert town.head() == booked
    with pytest.raises(Conflict, match="settlement-already-paid"):
        confirm(town, owed.settlement_id, PAID + dt.timedelta(days=1))


@pytest.mark.parametrize("day", ["2026-05-31", "2026-06-10"])
def test_payout_lies_between_statement_and_today(town: Town, owed: Settlement, day: str) -> None:
    """Nobody paid before the statement, and nobody has paid tomorrow."""
    with pytest.raises(Invalid, match="paid-on-invalid") as refusal:
        confirm(town, owed.settlement_id, dt.date.fromisoformat(day))

    assert refusal.value.details == {"field": "paid_on", "earliest": "2026-06-01", "latest": "2026-06-09"}
    assert town.left("eur/bank").posted == 0


def test_nothing_to_pay(town: Town) -> None:
    """A statement of zeros has no payout."""
    venue_id = town.open_venue().venue_id
    town.go_to(JUNE)
    settlement = town.settle(venue_id, MAY)

    with pytest.raises(Conflict, match="nothing-to-pay"):
        confirm(town, settlement.settlement_id, JUNE)


def test_unknown_settlement(town: Town, other_town: Town, owed: Settlement) -> None:
    """A settlement that isn't there, or is another city's, can't be paid."""
    for where, settlement_id in ((town, 99), (other_town, owed.settlement_id)):
        with pytest.raises(NotFound, match="settlement-not-found"):
            confirm(where, settlement_id)


def test_closed_period_takes_no_payout(town: Town, owed: Settlement) -> None:
    """A payout on a day of a closed period is refused by the ledger and leaves nothing behind."""
    town.database.run(town.city_id, lambda work: periods.close(work, PAID, "treasurer"))

    with pytest.raises(TransferRejected, match="period-closed"):
        confirm(town, owed.settlement_id)
    assert confirm(town, owed.settlement_id, PAID + dt.timedelta(days=1)).paid_on == dt.date(2026, 6, 6)
