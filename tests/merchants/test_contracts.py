"""Contracts with venues."""

import datetime as dt

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from merchants import contracts
from merchants.contracts import Contract
from merchants.periods import PeriodKind
from tests.merchants.town import JUNE, MAY, Town


def active_on(town: Town, venue_id: int, day: dt.date) -> Contract:
    """Ask for the contract in force."""
    with town.database.reading(town.city_id) as reading:
        return contracts.active_on(reading, venue_id, day)


def test_the_latest_to_begin_is_in_force(town: Town) -> None:
    """A later contract takes over on its first day, not before; one for the same day replaces."""
    venue_id = town.open_venue(rate=None).venue_id
    first = town.sign(venue_id, rate=1, valid_from=MAY)
    mistyped = town.sign(venue_id, rate=30, valid_from=JUNE)
    second = town.sign(venue_id, rate=3, valid_from=JUNE)

    on_days = [active_on(town, venue_id, day) for day in (MAY, dt.date(2026, 5, 31), JUNE)]
    assert on_days == [first, first, second]
    with town.database.reading(town.city_id) as reading:
        assert contracts.of_venue(reading, venue_id) == [first, mistyped, second]


def test_without_contract(town: Town) -> None:
    """Before the first contract none is in force; a venue that isn't there has none to look for."""
    venue_id = town.open_venue(valid_from=JUNE).venue_id

    with pytest.raises(NotFound, match="contract-missing"):
        active_on(town, venue_id, MAY)
    with pytest.raises(NotFound, match="venue-not-found"):
        active_on(town, 99, MAY)


@pytest.mark.parametrize("rate", [0, -1, 10_001])
def test_rate_has_bounds(town: Town, rate: int) -> None:
    """A point is worth at least a cent, and a slip of the keyboard is noticed."""
    venue_id = town.open_venue(rate=None).venue_id

    with pytest.raises(Invalid, match="contract-rate-invalid"):
        town.sign(venue_id, rate=rate, valid_from=MAY)


@pytest.mark.parametrize(
    ("period", "wrong", "first_day"),
    [
        (PeriodKind.MONTH, "2026-05-02", "2026-05-01"),
        (PeriodKind.QUARTER, "2026-05-01", "2026-04-01"),
        (PeriodKind.WEEK, "2026-05-01", "2026-04-27"),
    ],
)
def test_contract_begins_with_a_period(town: Town, period: PeriodKind, wrong: str, first_day: str) -> None:
    """A contract can't begin in the middle of one of its periods; the refusal says when that one begins."""
    venue_id = town.open_venue(rate=None).venue_id

    with pytest.raises(Invalid, match="contract-start-invalid") as refusal:
        town.sign(venue_id, period=period, valid_from=dt.date.fromisoformat(wrong))
    assert refusal.value.details["first_day"] == first_day


def test_contracts_are_signed_in_order(town: Town) -> None:
    """A contract can't be slipped in before one that begins later."""
    venue_id = town.open_venue(valid_from=JUNE).venue_id

    with pytest.raises(Conflict, match="contract-not-later"):
        town.sign(venue_id, valid_from=MAY)


def test_settled_days_keep_their_contract(town: Town) -> None:
    """No contract reaches back into days for which a statement was made."""
    venue_id = town.open_venue().venue_id
    town.go_to(JUNE)
    town.settle(venue_id)

    with pytest.raises(Conflict, match="contract-period-settled") as refusal:
        town.sign(venue_id, rate=9, valid_from=MAY)
    assert refusal.value.details == {"settled_until": "2026-05-31"}
    assert town.sign(venue_id, rate=9, valid_from=JUNE) == active_on(town, venue_id, JUNE)


def test_unknown_venue_signs_nothing(town: Town, other_town: Town) -> None:
    """A contract needs a venue of its own city."""
    venue_id = town.open_venue().venue_id

    with pytest.raises(NotFound, match="venue-not-found"):
        other_town.sign(venue_id, valid_from=MAY)
