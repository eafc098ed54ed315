"""Verifications are kept: when, what range, what was found."""

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import chunks, invariants, surveying, transfers, verifying
from ledger.findings import Finding, Report
from ledger.tables import heads
from ledger.verifying import Verification
from tests.ledger.desk import DAY, Desk


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


@pytest.fixture
def long_book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Give a book that is longer than several chunks."""
    monkeypatch.setattr(chunks, "CHUNK", 16)
    monkeypatch.setattr(invariants, "CHUNK", 16)
    monkeypatch.setattr(surveying, "CHUNK", 16)
    desk.fund(1000)
    holds = [desk.hold(3) for _ in range(30)]
    desk.post(*holds)
    desk.post(*(transfers.capture(desk.id(), hold.transfer_id, effective=DAY) for hold in holds[:20]))
    return desk


def test_chunks_follow_each_other(long_book: Desk) -> None:
    """Wherever a verification begins, the chunks before it tell what the accounts had."""
    with long_book.database.reading(long_book.city_id) as reading:
        for start, first in ((1, 1), (16, 1), (17, 17), (40, 33), (51, 49), (60, 49)):
            report = invariants.verify(reading, resume_from=start)
            assert ((), first, 51) == (report.findings, report.from_sequence, report.transfers)


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_share_the_work(long_book: Desk, processes: int) -> None:
    """One process finds what several find, and says how far it is."""
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))

    cut_off(long_book.database, long_book.city_id)
    report = surveying.verify(long_book.database, long_book.city_id, progress, processes=processes)

    assert ["head-matches"] == [one.check for one in report.findings]
    assert seen[-1] == (51, 51)


def test_resuming_begins_after_what_was_found_right(desk: Desk) -> None:
    """The first verification that found something has to be repeated; a gap between two is not skipped."""

    def keep(first: int, last: int, *findings: Finding) -> int:
        report = Report(last, 0, (), findings, first)
        started_at = desk.database.clock.now()
        desk.database.run(desk.city_id, lambda work: verifying.keep(work, started_at, report))
        with desk.database.reading(desk.city_id) as reading:
            return verifying.resume_at(reading)

    assert [101, 201, 201, 151, 301] == [
        keep(1, 100),
        keep(101, 200),
        keep(300, 400),
        keep(151, 200, Finding("commitment", "altered", 160)),
        keep(151, 300),
    ]
