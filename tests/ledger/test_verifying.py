"""Verifications are kept: when, what range, what was found."""

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import invariants, verifying
from ledger.tables import heads
from ledger.verifying import Verification
from tests.ledger.desk import Desk


def last(desk: Desk) -> Verification | None:
    """Return the newest verification."""
    with desk.database.reading(desk.city_id) as reading:
        return verifying.last(reading)


def cut_off(database: Database, city_id: int) -> None:
    """Have the head name a transfer that is not there, as after a lost tail."""

    def command(work: Work) -> None:
        mine = heads.c.city_id == city_id
        work.connection.execute(sa.update(heads).where(mine).values(sequence=heads.c.sequence + 1))

    database.run(city_id, command)


def test_a_whole_book(desk: Desk, clock: FixedClock) -> None:
    """The result says that nothing was found, up to where, and when; another city has none of it."""
    assert last(desk) is None
    desk.fund(100)
    desk.post(desk.move(10))

    made = verifying.verify(desk.database, desk.city_id)

    assert (True, 1, 2, 0, ()) == (
        made.ok,
        made.from_sequence,
        made.to_sequence,
        made.finding_count,
        made.findings,
    )
    assert (clock.now(), clock.now()) == (made.started_at, made.finished_at)
    assert made == last(desk)
    with desk.database.reading(desk.city_id + 1) as elsewhere:
        assert verifying.last(elsewhere) is None


def test_a_broken_book(desk: Desk) -> None:
    """What was found is kept with the name of its check, and the newest result counts."""
    desk.fund(100)
    verifying.verify(desk.database, desk.city_id)
    cut_off(desk.database, desk.city_id)

    made = verifying.verify(desk.database, desk.city_id)

    assert (False, ["head-matches"]) == (made.ok, [one.check for one in made.findings])
    assert made == last(desk)


def test_an_unreadable_book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that can't be read is a finding; a database that does not answer is none."""
    desk.fund(100)

    def unreadable(*_: object) -> None:
        raise ValueError

    def unreachable(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, OSError("gone"))

    monkeypatch.setattr(invariants, "verify", unreadable)
    made = verifying.verify(desk.database, desk.city_id)
    assert (False, 1, [verifying.ABORTED]) == (
        made.ok,
        made.to_sequence,
        [one.check for one in made.findings],
    )

    monkeypatch.setattr(invariants, "verify", unreachable)
    with pytest.raises(sa.exc.OperationalError):
        verifying.verify(desk.database, desk.city_id)
    assert made == last(desk)


def test_due_once_a_day(desk: Desk, clock: FixedClock) -> None:
    """At first, and again when the newest result is a day old."""

    def is_due() -> bool:
        with desk.database.reading(desk.city_id) as reading:
            return verifying.is_due(reading)

    assert is_due()
    verifying.verify(desk.database, desk.city_id)
    assert not is_due()
    clock.advance(verifying.EVERY)
    assert is_due()
