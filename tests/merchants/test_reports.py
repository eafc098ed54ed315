"""A venue's day."""

import datetime as dt

import pytest

from kernel.errors import NotFound
from merchants import reports
from merchants.reports import VenueDay
from tests.merchants.town import JUNE, Town


def today(town: Town, venue_id: int) -> VenueDay:
    """Ask for the present day."""
    with town.database.reading(town.city_id) as reading:
        return reports.today(reading, town.city, venue_id)


def test_day_shows_what_happened_today(town: Town) -> None:
    """Newest first, each redemption once however many lots paid it, undone ones taken off, other days left out."""
    pool, zoo = town.open_venue().venue_id, town.open_venue(name="Zoo").venue_id
    town.redeem(pool, 500)
    town.go_to(dt.date(2026, 5, 6))
    town.redeem(pool, 80, 40)
    town.redeem(zoo, 9)
    undone = town.redeem(pool, 30, 5, product="sauna")
    town.redeem(pool, 7, on=dt.date(2026, 5, 5))
    town.clock.advance(dt.timedelta(minutes=3))
    town.undo(undone)

    day = today(town, pool)

    assert day.day == dt.date(2026, 5, 6)
    assert [(entry.product, entry.voucher_id, entry.points) for entry in day.entries] == [
        ("sauna", f"{4:016x}", -35),
        ("sauna", f"{4:016x}", 35),
        ("pool-day", f"{2:016x}", 120),
    ]
    assert day.entries[0].at - day.entries[1].at == dt.timedelta(minutes=3)
    assert (day.redemptions, day.points) == (1, 120)
    assert (day.unsettled_points, day.payable_cents) == (627, 0)


def test_day_begins_at_the_citys_midnight(town: Town) -> None:
    """What was redeemed before midnight in the city is yesterday's, although Greenwich has the same day."""
    venue_id = town.open_venue().venue_id
    town.clock.move_to(dt.datetime(2026, 5, 6, 21, 59, tzinfo=dt.UTC))
    town.redeem(venue_id, 10)
    town.clock.advance(dt.timedelta(minutes=2))
    town.redeem(venue_id, 4)

    assert [entry.points for entry in today(town, venue_id).entries] == [4]


def test_settlement_moves_points_to_cents(town: Town) -> None:
    """After settling, the venue has money coming and no unsettled points; that is no redemption of the day."""
    venue_id = town.open_venue(rate=3).venue_id
    town.redeem(venue_id, 20)
    town.go_to(JUNE)
    town.settle(venue_id)

    day = today(town, venue_id)

    assert (day.entries, day.unsettled_points, day.payable_cents) == ((), 0, 60)


def test_unknown_venue(town: Town, other_town: Town) -> None:
    """A venue of another city has no day here."""
    venue_id = town.open_venue().venue_id

    with pytest.raises(NotFound, match="venue-not-found"):
        today(other_town, venue_id)
