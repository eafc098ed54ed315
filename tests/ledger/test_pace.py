"""How many transfers were booked lately."""

import datetime as dt

import pytest

from kernel.clock import FixedClock
from ledger import pace
from tests.ledger.desk import Desk
from tests.ledger.test_verifying import cut_off

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 40])
def test_counts_what_is_younger(desk: Desk, clock: FixedClock, count: int) -> None:
    """One transfer a minute: as many are counted as minutes, whatever the length of the book."""
    for _ in range(count):
        clock.advance(MINUTE)
        desk.fund(1)

    with desk.database.reading(desk.city_id) as reading:
        counted = [pace.booked_since(reading, reading.now - minutes * MINUTE) for minutes in range(count + 3)]

    assert [min(minutes + 1, count) for minutes in range(count + 3)] == counted


def test_what_is_not_there_is_old(desk: Desk, clock: FixedClock) -> None:
    """A number without a row counts as archived."""
    desk.fund(1)
    cut_off(desk.database, desk.city_id)

    with desk.database.reading(desk.city_id) as reading:
        assert 0 == pace.booked_since(reading, clock.now() - MINUTE)
