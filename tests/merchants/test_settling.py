"""Settling with a venue: what a statement covers, what it moves, and when it is refused."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from merchants import settlements, statements, venues
from merchants.periods import PeriodKind
from merchants.settlements import Settlement
from merchants.statements import ProductLine, Statement
from tests.merchants.town import JULY, JUNE, MAY, Town


def read(settlement: Settlement) -> Statement:
    """Return the statement of a settlement."""
    return statements.from_json(settlement.document)


def figures(settlement: Settlement) -> tuple[int, int, int, int, int]:
    """Return opening, redeemed, reversed, settled and closing points."""
    of = read(settlement)
    return (of.opening_points, of.redeemed_points, of.reversed_points, of.settled_points, of.closing_points)


def test_settling_pays_what_was_redeemed(town: Town) -> None:
    """Points leave circulation and the city owes their value; the statement says what was redeemed of what."""
    venue_id = town.open_venue(rate=2).venue_id
    town.redeem(venue_id, 80, 40)
    town.redeem(venue_id, 120)
    town.redeem(venue_id, 30, product="sauna")
    town.go_to(JUNE)
    looked_at = town.head()

    settlement = town.settle(venue_id)

    statement = read(settlement)
    assert statement.redemptions == (
        ProductLine("pool-day", 2, 240, "online"),
        ProductLine("sauna", 1, 30, "online"),
    )
    assert (settlement.number, settlement.settled_points, settlement.settled_cents) == ("2026-0001", 270, 540)
    assert (settlement.after_sequence, settlement.cut_sequence) == (0, looked_at)
    assert (statement.period, statement.first_day, statement.last_day) == ("month", MAY, dt.date(2026, 5, 31))
    assert (statement.venue_name, statement.iban) == ("Rheinbad", "DE89370400440532013000")
    assert town.left(venues.points_path(venue_id)).posted == 0
    assert town.left("redeemed").posted == 270
    assert town.left("eur/programme").posted == -540
    assert town.left(venues.payable_path(venue_id)).available == 540


def test_settling_twice_changes_nothing(town: Town) -> None:
    """The second call gives the first statement again and books nothing, whatever was redeemed since."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    first = town.settle(venue_id)
    town.redeem(venue_id, 7, on=MAY)
    booked = town.head()

    assert town.settle(venue_id) == first
    assert town.head() == booked


@pytest.mark.concurrency
def test_settling_at_the_same_time_settles_once(town: Town) -> None:
    """Several treasurers who settle at once get one and the same statement."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    with ThreadPoolExecutor(4) as treasurers:
        made = list(treasurers.map(town.settle, [venue_id] * 8))

    assert made == [made[0]] * 8
    assert town.left(venues.payable_path(venue_id)).posted == 100


def test_running_period_stays_out(town: Town) -> None:
    """What happened after the period is left for the next statement, though it was booked before this one."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(dt.date(2026, 6, 3))
    town.redeem(venue_id, 20)
    may = town.settle(venue_id)
    town.redeem(venue_id, 5)
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)

    assert (figures(may), figures(june)) == ((0, 50, 0, 50, 0), (0, 25, 0, 25, 0))
    assert june.after_sequence < may.cut_sequence
    assert read(june).previous_number == may.number
    assert town.left(venues.points_path(venue_id)).posted == 0


def test_late_booking_goes_to_the_next_statement(town: Town) -> None:
    """A redemption of a settled day that is booked late is paid with the next statement, exactly once."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(dt.date(2026, 6, 3))
    town.redeem(venue_id, 20)
    may = town.settle(venue_id)
    town.redeem(venue_id, 8, on=dt.date(2026, 5, 30))
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)
    town.go_to(dt.date(2026, 8, 1))
    july = town.settle(venue_id, JULY)

    assert [figures(made) for made in (may, june, july)] == [
        (0, 50, 0, 50, 0),
        (0, 28, 0, 28, 0),
        (0, 0, 0, 0, 0),
    ]


def test_late_booking_before_the_statement_is_on_it(town: Town) -> None:
    """A redemption of the period that was booked after one of the next is on this statement, and on no other."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(dt.date(2026, 6, 3))
    town.redeem(venue_id, 20)
    town.redeem(venue_id, 8, on=dt.date(2026, 5, 30))
    may = town.settle(venue_id)
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)

    assert (figures(may), figures(june)) == ((0, 58, 0, 58, 0), (0, 20, 0, 20, 0))


def test_reversal_in_the_period_is_taken_off(town: Town) -> None:
    """A redemption that was undone before settling stands on both sides and pays nothing."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.undo(town.redeem(venue_id, 30, 4))
    town.go_to(JUNE)

    settlement = town.settle(venue_id)

    assert figures(settlement) == (0, 84, 34, 50, 0)
    assert read(settlement).reversals == (ProductLine("pool-day", 1, 34, "online"),)


def test_reversal_after_settlement_is_carried_over(town: Town) -> None:
    """What is undone after it was paid is taken off later statements until it is made good; nobody pays less than 0."""
    venue_id = town.open_venue().venue_id
    paid = town.redeem(venue_id, 50, 10)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    town.undo(paid)
    town.redeem(venue_id, 15)
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)
    booked = town.head()
    town.redeem(venue_id, 100)
    town.go_to(dt.date(2026, 8, 1))
    july = town.settle(venue_id, JULY)

    assert [figures(made) for made in (may, june, july)] == [
        (0, 60, 0, 60, 0),
        (0, 15, 60, 0, -45),
        (-45, 100, 0, 55, 0),
    ]
    assert (june.settled_cents, june.cut_sequence) == (0, booked)
    assert town.left(venues.points_path(venue_id)).posted == 0
    assert town.left(venues.payable_path(venue_id)).posted == 2 * (60 + 55)


def test_quiet_period_gets_a_statement_of_zeros(town: Town) -> None:
    """Without redemptions there is a statement, so that numbers and periods have no hole, but no transfer."""
    venue_id = town.open_venue().venue_id
    town.go_to(JUNE)
    before = town.head()

    settlement = town.settle(venue_id)

    assert (figures(settlement), settlement.settled_cents) == ((0, 0, 0, 0, 0), 0)
    assert town.head() == before
    assert town.settle(venue_id) == settlement


def test_contract_changes_between_periods(town: Town) -> None:
    """Each statement pays the rate of its period, and a new rhythm begins with the new contract."""
    venue_id = town.open_venue(rate=2).venue_id
    town.sign(venue_id, rate=3, period=PeriodKind.QUARTER, valid_from=JULY)
    for day in (MAY, JUNE, JULY, dt.date(2026, 9, 30)):
        town.go_to(max(day, town.city.day_of(town.clock.now())))
        town.redeem(venue_id, 10)
    town.go_to(dt.date(2026, 10, 1))

    due = town.due()
    made = [town.settle(*which) for which in due]

    assert due == [(venue_id, MAY), (venue_id, JUNE), (venue_id, JULY)]
    assert [(one.settled_points, one.settled_cents) for one in made] == [(10, 20), (10, 20), (20, 60)]
    assert made[-1].last_day == dt.date(2026, 9, 30)


def test_new_contract_cuts_the_running_period_short(town: Town) -> None:
    """When months follow weeks, the last week ends on the day before the first month."""
    venue_id = town.open_venue(period=PeriodKind.WEEK, valid_from=dt.date(2026, 5, 25)).venue_id
    town.sign(venue_id, rate=5, valid_from=JULY)
    town.go_to(dt.date(2026, 6, 30))
    town.redeem(venue_id, 10)
    town.go_to(JULY)
    town.redeem(venue_id, 20)

    made = [town.settle(*which) for which in town.due()]

    assert [one.first_day.isoformat()[5:] for one in made] == [
        "05-25", "06-01", "06-08", "06-15", "06-22", "06-29"
    ]  # fmt: skip
    assert (made[-1].last_day, figures(made[-1])) == (dt.date(2026, 6, 30), (0, 10, 0, 10, 0))


def test_periods_are_settled_in_order_and_when_over(town: Town) -> None:
    """A period that still runs, one before which another is open, and days that begin none are refused."""
    venue_id = town.open_venue().venue_id
    town.go_to(dt.date(2026, 5, 31))
    with pytest.raises(Conflict, match="period-not-finished") as refusal:
        town.settle(venue_id)
    assert refusal.value.details == {"last_day": "2026-05-31"}
    town.go_to(JULY)
    with pytest.raises(Conflict, match="earlier-period-not-settled") as refusal:
        town.settle(venue_id, JUNE)
    assert refusal.value.details == {"first_day": "2026-05-01"}
    with pytest.raises(Invalid, match="settlement-period-invalid"):
        town.settle(venue_id, dt.date(2026, 5, 4))
    with pytest.raises(Conflict, match="contract-missing"):
        town.settle(venue_id, dt.date(2026, 4, 1))
    with pytest.raises(NotFound, match="venue-not-found"):
        town.settle(99)


def test_the_day_ends_where_the_city_is(town: Town) -> None:
    """The period is over at the city's midnight, not at Greenwich's."""
    venue_id = town.open_venue().venue_id
    town.clock.move_to(dt.datetime(2026, 5, 31, 21, 59, 59, tzinfo=dt.UTC))
    assert town.due() == []
    town.clock.advance(dt.timedelta(seconds=1))

    assert town.due() == [(venue_id, MAY)]
    assert read(town.settle(venue_id)).issued_on == JUNE


def test_due_are_finished_periods_without_statement(town: Town) -> None:
    """Suspended venues are paid too; venues without contract are not asked about."""
    first, second, _ = town.open_venue(), town.open_venue(valid_from=JUNE), town.open_venue(rate=None)
    town.database.run(town.city_id, lambda work: venues.suspend(work, first.venue_id))
    assert town.due() == []
    town.go_to(JULY)

    due = town.due()

    assert due == [(first.venue_id, MAY), (first.venue_id, JUNE), (second.venue_id, JUNE)]
    for which in due[:2]:
        town.settle(*which)
    assert town.due() == due[2:]


def test_numbers_have_no_gap(town: Town) -> None:
    """Statements are numbered through in each year in the order in which they are made; a refusal takes no number."""
    one, two = town.open_venue().venue_id, town.open_venue().venue_id
    town.go_to(dt.date(2026, 12, 31))
    numbers = [town.settle(one).number, town.settle(two).number]
    with pytest.raises(Conflict):
        town.settle(two, dt.date(2026, 12, 1))
    numbers.append(town.settle(one, JUNE).number)
    town.go_to(dt.date(2027, 1, 1))
    numbers.append(town.settle(two, JUNE).number)

    assert numbers == ["2026-0001", "2026-0002", "2026-0003", "2027-0001"]


def test_cities_settle_apart(town: Town, other_town: Town) -> None:
    """Another city has its own numbers and sees neither statements nor what is due."""
    here, there = town.open_venue().venue_id, other_town.open_venue().venue_id
    town.redeem(here, 50)
    other_town.redeem(there, 7)
    town.go_to(JUNE)
    settlement = town.settle(here)

    assert other_town.due() == [(there, MAY)]
    with other_town.database.reading(other_town.city_id) as reading:
        assert settlements.page(reading) == []
        with pytest.raises(NotFound, match="settlement-not-found"):
            settlements.get(reading, settlement.settlement_id)
    assert other_town.settle(there).settled_points == 7
    assert other_town.left("redeemed").posted == 7


def test_statement_is_made_anew_from_the_ledger(town: Town) -> None:
    """A statement can be made again byte for byte much later; a changed figure doesn't survive that."""
    venue_id = town.open_venue().venue_id
    kept = town.redeem(venue_id, 50)
    town.go_to(JUNE)
    settlement = town.settle(venue_id)
    town.redeem(venue_id, 9, on=MAY)
    town.undo(kept)
    town.go_to(JULY)
    town.settle(venue_id, JUNE)

    forged = replace(settlement, document=settlement.document.replace('"points":50', '"points":90'))
    assert town.made_anew(settlement).encode() == settlement.document.encode()
    assert statements.sha256(settlement.document) == settlement.sha256
    assert forged.document != settlement.document
    assert town.made_anew(forged) == settlement.document


def test_settlements_are_listed(town: Town) -> None:
    """A venue's statements come newest period first, those of the city last made first, page by page."""
    one, two = town.open_venue().venue_id, town.open_venue().venue_id
    town.go_to(JULY)
    made = [town.settle(*which) for which in ((one, MAY), (two, MAY), (one, JUNE))]

    with town.database.reading(town.city_id) as reading:
        first = settlements.page(reading, limit=2)
        rest = settlements.page(reading, limit=2, before=first[-1].settlement_id)
        of_one = settlements.of_venue(reading, one)
    assert first + rest == made[::-1]
    assert of_one == [made[2], made[0]]


def test_busy_venue_is_read_page_by_page(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """More redemptions than a page of the ledger holds are all counted, those across a page's edge once."""
    venue_id = town.open_venue().venue_id
    for _ in range(5):
        town.redeem(venue_id, 3, 4)
    town.go_to(JUNE)
    monkeypatch.setattr("ledger.queries.PAGE_MAX", 3)

    assert read(town.settle(venue_id)).redemptions == (ProductLine("pool-day", 5, 35, "online"),)
