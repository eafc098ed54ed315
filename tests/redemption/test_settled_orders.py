"""From the order to the venue's statement: what guests paid in euros reaches the venue that let them in."""

import datetime as dt
from dataclasses import replace

import pytest

from merchants import contracts, settlement_checks, settlements, settling, statements, venues
from merchants.collected import EuroLine
from merchants.periods import PeriodKind
from merchants.settlements import Settlement
from merchants.venues import Venue
from redemption.verdicts import VerdictCode
from tests.redemption.counter import Counter
from tests.redemption.office import SWIM, Office

MIXED = replace(SWIM, price_points=100, price_cents=250, terms=replace(SWIM.terms, undo_minutes=60))
MONDAY = dt.date(2026, 5, 4)
WEEK = dt.timedelta(days=7)
NEXT = MONDAY + WEEK


@pytest.fixture
def counter(office: Office) -> Counter:
    """Give a counter with a till; Anna has 1,000 points, both venues have weekly contracts."""
    office.give("anna", 1000)
    for venue in (office.pool, office.zoo):
        _sign(office, venue.venue_id)
    return Counter(office)


def _sign(office: Office, venue_id: int) -> None:
    office.database.run(
        office.city_id,
        lambda work: contracts.sign(
            work, venue_id, rate_cents_per_point=2, period=PeriodKind.WEEK, valid_from=MONDAY
        ),
    )


def settle(office: Office, venue: Venue, first_day: dt.date) -> Settlement:
    """Settle a week with a venue."""
    return office.database.run(
        office.city_id, lambda work: settling.settle(work, office.city, venue.venue_id, first_day)
    )


def go_to(office: Office, day: dt.date, hour: int, minute: int) -> None:
    """Let time pass until an hour of a day in the city."""
    office.clock.move_to(dt.datetime.combine(day, dt.time(hour, minute), office.city.zone))


def test_euros_of_orders_reach_the_venue_that_scanned(counter: Counter) -> None:
    """Of an offer of two venues the one that scans gets points and euros. A scan that is taken back after the
    settlement makes its venue owe both; the guest gets them back at once, the venue's next euros make up for it.
    """
    office = counter.office
    pool, zoo = office.pool, office.zoo
    here, either = office.offer(MIXED), office.offer(replace(MIXED, code="both"), pool, zoo)
    go_to(office, MONDAY + dt.timedelta(days=6), 23, 40)
    at_pool, at_zoo = counter.bought("anna", here), counter.bought("anna", either)
    scan = office.scan(counter.voucher(at_pool))
    other = office.scan(counter.voucher(at_zoo), venue=zoo, device=office.gate)
    assert (scan.code, other.code) == (VerdictCode.ACCEPTED, VerdictCode.ACCEPTED)
    go_to(office, NEXT, 0, 10)
    first = [settle(office, venue, MONDAY) for venue in (pool, zoo)]

    office.undo(scan)
    office.cancel("anna", counter.voucher(at_pool))
    counter.work(3)
    owing = counter.balance(venues.takings_path(pool.venue_id))
    again = counter.bought("anna", here)
    office.scan(counter.voucher(again))
    go_to(office, NEXT + WEEK, 9, 0)
    second = [settle(office, venue, NEXT) for venue in (pool, zoo)]

    assert [(one.settled_cents, one.collected_cents, one.payout_cents) for one in (*first, *second)] == [
        (200, 250, 450), (200, 250, 450), (0, 0, 0), (0, 0, 0),
    ]  # fmt: skip
    assert (owing, [one.cents for one in counter.refunds(at_pool)]) == (-250, [250])
    euros = statements.from_json(second[0].document).collected
    code = here.code
    assert (euros.opening_cents, euros.closing_cents, euros.by_product) == (0, 0, {code: 0})
    assert euros.redemptions == (EuroLine(code, 1, 250, "online"),)
    assert euros.reversals == (EuroLine(code, 1, 250, "online"),)
    assert [0, 0] == [counter.balance(venues.takings_path(one.venue_id)) for one in (pool, zoo)]
    assert office.verify().ok
    with office.database.reading(office.city_id) as reading:
        assert all(one.agrees for one in settlement_checks.owed(reading))
        assert all(settling.reproduce(reading, one) == one.document for one in settlements.page(reading))
