"""The regulatory meter: what was redeemed in twelve months, less what was given back, and its alarm told once."""

import datetime as dt

import pytest

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database
from ledger import transfers
from merchants import contracts
from merchants.periods import PeriodKind
from redemption import volumes
from redemption.volumes import ALARM_CENTS, Network, Volume
from tests.ledger.desk import ANNA, BEN, Desk
from tests.redemption.office import Office


@pytest.fixture
def desk(database: Database, city_id: int) -> Desk:
    """Give a book with a wallet that has points."""
    made = Desk(database, city_id)
    made.fund(100_000)
    assert made.post(made.move(50_000))[0].ok
    return made


def measured(desk: Desk) -> dict[Network, tuple[int, int]]:
    """Return points and cents of each network."""
    with desk.database.reading(desk.city_id) as reading:
        found = volumes.measure(reading, cities.get(reading))
    return {one.network: (one.points, one.cents) for one in found}


def test_what_was_spent_is_measured_less_what_came_back(desk: Desk) -> None:
    """Posts and captures of wallets count, reversals are taken off; gifts, holds and budgets are no redemption."""
    spent, back = desk.move(300, debit=ANNA, credit="venue/1"), desk.move(200, debit=ANNA, credit="venue/1")
    held, waiting = desk.hold(50, debit=ANNA, credit="venue/1"), desk.hold(70, debit=ANNA, credit="venue/1")
    fine = desk.move(40, debit=ANNA, credit="redeemed")
    desk.post(
        spent,
        back,
        held,
        waiting,
        fine,
        desk.move(90, debit=ANNA, credit=BEN),
        desk.move(10, credit="venue/1"),
    )
    day = desk.database.clock.now().date()
    desk.post(
        transfers.reverse(desk.id(), back.transfer_id, effective=day),
        transfers.capture(desk.id(), held.transfer_id, effective=day),
    )

    assert {Network.VENUES: (350, 350), Network.CITY: (40, 40)} == measured(desk)


def test_after_twelve_months_it_no_longer_counts(desk: Desk, clock: FixedClock) -> None:
    """The window moves with the calendar."""
    desk.post(desk.move(300, debit=ANNA, credit="venue/1"))
    clock.advance(dt.timedelta(days=365))
    assert (300, 300) == measured(desk)[Network.VENUES]
    clock.advance(dt.timedelta(days=1))
    assert (0, 0) == measured(desk)[Network.VENUES]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_highest_rate_of_the_year_counts(database: Database, city_id: int) -> None:
    """A venue whose rate was lowered is measured by the higher one: never too little."""
    office = Office(database, city_id)
    venue = office.pool.venue_id
    for month, rate in ((1, 5), (4, 3)):
        database.run(
            city_id,
            lambda work, month=month, rate=rate: contracts.sign(  # type: ignore[misc]  # bound on purpose
                work,
                venue,
                rate_cents_per_point=rate,
                period=PeriodKind.MONTH,
                valid_from=dt.date(2026, month, 1),
            ),
        )
    with database.reading(city_id) as reading:
        assert 5 == volumes._highest_rates(reading, dt.date(2025, 5, 4))[venue]
        assert 3 == volumes._highest_rates(reading, dt.date(2026, 4, 2))[venue]


def test_an_alarm_is_told_once_and_again_when_it_comes_back(desk: Desk) -> None:
    """At four fifths of the threshold somebody is told; below it the alarm is forgotten."""
    quiet = (Volume(Network.VENUES, 1, ALARM_CENTS - 1), Volume(Network.CITY, 1, 0))
    loud = (Volume(Network.VENUES, 1, ALARM_CENTS), Volume(Network.CITY, 1, 0))

    def told(now: tuple[Volume, ...]) -> list[Network]:
        fresh = desk.database.run(desk.city_id, lambda work: volumes.raise_alarms(work, now))
        return [one.network for one in fresh]

    assert [[], [Network.VENUES], [], [], [Network.VENUES]] == [
        told(one) for one in (quiet, loud, loud, quiet, loud)
    ]
    assert (80, 79) == (loud[0].percent, quiet[0].percent)
