"""Closed periods: what they refuse, what they note, and how tampering is found."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import Conflict
from ledger import periods, queries
from ledger.closing_tables import periods as table
from ledger.outcomes import Code
from ledger.periods import Closing
from ledger.tables import heads
from ledger.transfers import Transfer
from tests.ledger.desk import ANNA, DAY, Desk
from tests.ledger.histories import History
from tests.ledger.tampering import refused, tamper


def close(desk: Desk, last_day: dt.date, by: str = "person/7") -> Closing:
    """Close a period in its own unit of work."""
    return desk.database.run(desk.city_id, lambda work: periods.close(work, last_day, by))


def findings(desk: Desk) -> list[str]:
    """Check the invariant."""
    with desk.database.reading(desk.city_id) as reading:
        return list(periods.findings(reading))


@pytest.fixture
def closed(desk: Desk, clock: FixedClock) -> Desk:
    """Give a desk with two closed periods and bookings before, between and after."""
    desk.fund(500)
    desk.post(desk.move(20), desk.hold(10))
    clock.advance(dt.timedelta(days=30))
    close(desk, DAY)
    desk.post(*_later(desk, DAY + dt.timedelta(days=3)))
    close(desk, DAY + dt.timedelta(days=10), "command-line")
    desk.post(*_later(desk, DAY + dt.timedelta(days=20)))
    return desk


def _later(desk: Desk, day: dt.date) -> list[Transfer]:
    return [replace(desk.move(5), effective=day)]


def test_what_is_noted(closed: Desk, clock: FixedClock) -> None:
    """Each closing says until when, when, by whom, at which booking, with the trial balance of that moment."""
    with closed.database.reading(closed.city_id) as reading:
        newest, oldest = periods.every(reading)
        again = [periods.trial_balance_digest(reading, one.sequence) for one in (newest, oldest)]

    assert (DAY + dt.timedelta(days=10), "command-line", 4) == (
        newest.closed_until, newest.closed_by, newest.sequence,
    )  # fmt: skip
    assert (DAY, clock.now(), "person/7", 3) == (
        oldest.closed_until, oldest.closed_at, oldest.closed_by, oldest.sequence,
    )  # fmt: skip
    assert [newest.trial_balance, oldest.trial_balance] == again
    assert newest.trial_balance != oldest.trial_balance
    assert [] == findings(closed)


def test_closed_days_are_refused(closed: Desk) -> None:
    """A booking that is effective in a closed period is refused; the day after it is taken."""
    last = DAY + dt.timedelta(days=10)

    assert [Code.PERIOD_CLOSED] == closed.codes(*_later(closed, last))
    assert [Code.POSTED] == closed.codes(*_later(closed, last + dt.timedelta(days=1)))


def test_a_closing_can_not_be_undone(closed: Desk, clock: FixedClock) -> None:
    """An earlier day, the same day, today and the future are refused, and the database keeps every row."""
    last = DAY + dt.timedelta(days=10)
    for day, code in (
        (DAY, "period-not-closable"),
        (last, "period-already-closed"),
        (clock.now().date(), "period-not-closable"),
        (clock.now().date() + dt.timedelta(days=1), "period-not-closable"),
    ):
        with pytest.raises(Conflict, match=code):
            close(closed, day)
    here = table.c.city_id == closed.city_id
    for statement in (sa.delete(table).where(here), sa.update(table).where(here).values(closed_by="me")):
        assert "append-only" in refused(closed, statement)
    assert [] == findings(closed)


def test_the_trial_balance_is_of_the_whole_book(history: History) -> None:
    """Any other balance, account or number gives another digest, whatever is booked later gives the same."""
    with history.database.reading(history.city_id) as reading:
        head = queries.head_sequence(reading)
        digests = [periods.trial_balance_digest(reading, number) for number in range(head - 5, head + 1)]
    history.live(5)
    with history.database.reading(history.city_id) as reading:
        again = periods.trial_balance_digest(reading, head)

    assert len(digests) == len(set(digests))
    assert digests[-1] == again


@pytest.fixture
def history(database: Database, city_id: int, clock: FixedClock) -> History:
    """Give a city with a random past."""
    lived = History(database, city_id, clock, 3)
    lived.live(30)
    return lived


TAMPERED = {
    "closed_until": (DAY + dt.timedelta(days=1), "is not what was written"),
    "closed_at": (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "is not what was written"),
    "closed_by": ("person/8", "is not what was written"),
    "sequence": (2, "had another trial balance"),
    "trial_balance": (bytes(32), "had another trial balance"),
    "digest": (bytes(32), "is not what was written"),
}


@pytest.mark.parametrize("column", TAMPERED)
def test_altered_closings_are_found(closed: Desk, column: str) -> None:
    """Whoever gets past the triggers and changes any column of a closing is found out."""
    value, finding = TAMPERED[column]
    tamper(
        closed,
        table,
        sa.update(table)
        .where(table.c.city_id == closed.city_id, table.c.closed_until == DAY)
        .values({column: value}),
    )

    assert any(finding in message for message in findings(closed)), findings(closed)


def test_missing_closings_and_a_moved_head_are_found(closed: Desk) -> None:
    """A closing taken out in the middle, at the end, and a head that was set back are found out."""
    head = sa.update(heads).where(heads.c.city_id == closed.city_id)
    tamper(closed, table, head.values(closed_until=DAY))
    assert findings(closed)[0].startswith("the head says closed until 2026-05-04")
    closed.post(*_later(closed, DAY + dt.timedelta(days=9)))
    assert "did not stop transfer 6" in findings(closed)[-1]
    tamper(closed, table, head.values(closed_until=None))
    assert findings(closed)[0].startswith("the head says closed until None")
    tamper(
        closed, table, sa.delete(table).where(table.c.city_id == closed.city_id, table.c.closed_until == DAY)
    )
    assert any("is not what was written" in message for message in findings(closed))


def test_wallets_are_closed_with_the_rest(closed: Desk) -> None:
    """Balances are untouched by a closing."""
    assert closed.counters(ANNA).posted == 30
    assert closed.verify().ok
