"""Group commit: callers share transactions and nothing else."""

import functools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
import sqlalchemy as sa

from kernel import outbox, writing
from kernel.db import Database, Work
from kernel.errors import Busy, Conflict, DomainError, OutcomeUnknown
from kernel.writing import Batch, Writer


@pytest.fixture
def batches() -> list[Batch]:
    """Collect what each commit was made of."""
    return []


@pytest.fixture
def writer(database: Database, batches: list[Batch]) -> Iterator[Writer]:
    """Give a writer that is closed afterwards."""
    made = Writer(database, batches.append)
    yield made
    made.close()


class Gate:
    """Holds the writer up inside a transaction, so that others gather behind it."""

    def __init__(self, writer: Writer, city_id: int) -> None:
        self._entered, self._open = threading.Event(), threading.Event()
        self.future = writer.submit(city_id, self._wait)
        assert self._entered.wait(10)

    def _wait(self, work: Work) -> str:
        self._entered.set()
        assert self._open.wait(10)
        return "gate"

    def open(self) -> None:
        """Let the writer go on."""
        self._open.set()


def note(work: Work, topic: str) -> str:
    """Write one row."""
    outbox.append(work, topic, {})
    return topic


def note_all(work: Work, topics: Sequence[str]) -> list[str | DomainError]:
    """Write a row for each topic but those that are refused; break down over a bad one."""
    outcomes: list[str | DomainError] = []
    for topic in topics:
        if topic.startswith("refused"):
            outcomes.append(Conflict(topic))
            continue
        note(work, topic)
        if topic.startswith("broken"):
            raise ZeroDivisionError(topic)
        outcomes.append(topic)
    return outcomes


def written(database: Database, city_id: int) -> list[str]:
    """Return the topics that were committed, in order."""
    with database.reading(city_id) as reading:
        return sorted(event.topic for event in outbox.due(reading, limit=1000))


def outcome(future: Future[Any]) -> object:
    """Return a result or an error."""
    error = future.exception(timeout=20)
    return future.result() if error is None else error


def test_waiting_callers_share_a_commit(
    database: Database, city_id: int, writer: Writer, batches: list[Batch]
) -> None:
    """What arrives during a commit goes into the next one together, and each gets its own result."""
    gate = Gate(writer, city_id)
    futures = [writer.submit_to(city_id, note_all, f"t{n}") for n in range(20)]
    gate.open()

    assert [outcome(future) for future in futures] == [f"t{n}" for n in range(20)]
    assert len(written(database, city_id)) == 20
    writer.close()
    assert [batch.size for batch in batches] == [1, 20]
    assert all(batch.wait_seconds >= 0 and batch.commit_seconds > 0 for batch in batches)


def test_a_refused_item_hinders_no_other(database: Database, city_id: int, writer: Writer) -> None:
    """A handler's refusal goes to the one whose item it is."""
    gate = Gate(writer, city_id)
    futures = [writer.submit_to(city_id, note_all, topic) for topic in ("a", "refused", "b")]
    gate.open()

    found = [outcome(future) for future in futures]
    assert (found[0], found[2]) == ("a", "b")
    assert isinstance(found[1], Conflict)
    assert written(database, city_id) == ["a", "b"]


@pytest.mark.parametrize("with_command", [False, True])
def test_a_handler_that_breaks_down_fails_the_culprit_alone(
    database: Database, city_id: int, writer: Writer, *, with_command: bool
) -> None:
    """An item over which a handler raises after writing fails by itself and leaves no row; nothing is twice."""
    gate = Gate(writer, city_id)
    futures = [writer.submit_to(city_id, note_all, topic) for topic in ("a", "broken", "b")]
    command = writer.submit(city_id, lambda work: note(work, "command")) if with_command else None
    gate.open()

    found = [outcome(future) for future in futures]
    assert (found[0], found[2]) == ("a", "b")
    assert isinstance(found[1], ZeroDivisionError)
    if command:
        assert outcome(command) == "command"
    assert written(database, city_id) == ["a", "b", *(["command"] if command else [])]


def test_a_command_that_fails_after_writing_leaves_nothing(
    database: Database, city_id: int, writer: Writer
) -> None:
    """Between commands that share a commit, one that raises after writing is undone alone."""

    def failing(work: Work) -> None:
        note(work, "half")
        raise Conflict("changed-my-mind")

    gate = Gate(writer, city_id)
    good = [writer.submit(city_id, functools.partial(note, topic=f"good{n}")) for n in range(2)]
    bad = writer.submit(city_id, failing)
    last = writer.submit(city_id, lambda work: note(work, "last"))
    gate.open()

    assert isinstance(outcome(bad), Conflict)
    assert [outcome(future) for future in (*good, last)] == ["good0", "good1", "last"]
    assert written(database, city_id) == ["good0", "good1", "last"]


def test_a_violated_constraint_hits_its_own_caller(database: Database, city_id: int, writer: Writer) -> None:
    """A statement that the database refuses fails one command; the transaction goes on for the others."""

    def twice(work: Work) -> None:
        row = {
            "city_id": work.city_id,
            "event_id": 7,
            "topic": "twice",
            "payload": {},
            "created_at": work.now,
            "attempts": 0,
        }
        work.connection.execute(sa.insert(outbox.events), row)
        work.connection.execute(sa.insert(outbox.events), row)

    gate = Gate(writer, city_id)
    bad = writer.submit(city_id, twice)
    good = writer.submit_to(city_id, note_all, "good")
    gate.open()

    assert isinstance(outcome(bad), sa.exc.IntegrityError)
    assert outcome(good) == "good"
    assert written(database, city_id) == ["good"]


def test_cities_do_not_share_a_transaction(
    database: Database, city_id: int, other_city_id: int, writer: Writer
) -> None:
    """Work of two cities that waits together is committed city by city."""
    gate = Gate(writer, city_id)
    futures = [writer.submit_to(city, note_all, f"of{city}") for city in (city_id, other_city_id) * 3]
    gate.open()

    assert [outcome(future) for future in futures] == [f"of{city_id}", f"of{other_city_id}"] * 3
    assert written(database, city_id) == [f"of{city_id}"] * 3
    assert written(database, other_city_id) == [f"of{other_city_id}"] * 3


def test_a_full_queue_refuses_at_once(city_id: int, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond QUEUE_MAX a caller is told when to come back; who waits already is served."""
    monkeypatch.setattr(writing, "QUEUE_MAX", 3)
    gate = Gate(writer, city_id)
    futures = [writer.submit_to(city_id, note_all, f"t{n}") for n in range(3)]
    with pytest.raises(Busy) as refused:
        writer.submit_to(city_id, note_all, "late")
    gate.open()

    assert refused.value.code == "writer-queue-full"
    assert refused.value.details == {"retry_after_seconds": 1}
    assert [outcome(future) for future in futures] == ["t0", "t1", "t2"]


def test_an_unknown_outcome_is_told_to_all(
    database: Database, city_id: int, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it is not known whether the commit happened, nobody is told that it did and nothing is run again."""
    gate = Gate(writer, city_id)
    runs = 0

    def lost(*_: object) -> object:
        nonlocal runs
        runs += 1
        raise OutcomeUnknown

    monkeypatch.setattr(database, "run", lost)
    futures = [writer.submit_to(city_id, note_all, f"t{n}") for n in range(3)]
    gate.open()

    assert all(isinstance(outcome(future), OutcomeUnknown) for future in futures)
    assert runs == 1


def test_a_cancelled_caller_is_left_out(database: Database, city_id: int, writer: Writer) -> None:
    """Who gave up before their turn changes nothing."""
    gate = Gate(writer, city_id)
    gone = writer.submit_to(city_id, note_all, "gone")
    there = writer.submit_to(city_id, note_all, "there")
    assert gone.cancel()
    gate.open()

    assert outcome(there) == "there"
    assert written(database, city_id) == ["there"]


def test_closing_finishes_what_is_queued(database: Database, city_id: int, writer: Writer) -> None:
    """Nothing that was accepted is dropped."""
    futures = [writer.submit_to(city_id, note_all, f"t{n:02}") for n in range(50)]
    writer.close()

    assert all(future.done() for future in futures)
    assert written(database, city_id) == [f"t{n:02}" for n in range(50)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_full_disk_loses_nobody_who_was_before(database: Database, city_id: int, writer: Writer) -> None:
    """When SQLite runs out of space it undoes the whole transaction: those who came before are done again."""

    def filling(work: Work) -> None:
        work.connection.exec_driver_sql("PRAGMA max_page_count = 1")
        try:
            outbox.append(work, "large", {"large": "x" * 500_000})
        finally:
            work.connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")

    gate = Gate(writer, city_id)
    good = [writer.submit(city_id, lambda work, n=n: note(work, f"good{n}")) for n in range(2)]  # type: ignore[misc]  # mypy can't infer the default
    full = writer.submit(city_id, filling)
    last = writer.submit(city_id, lambda work: note(work, "last"))
    gate.open()

    assert isinstance(outcome(full), sa.exc.OperationalError)
    assert [outcome(future) for future in (*good, last)] == ["good0", "good1", "last"]
    assert written(database, city_id) == ["good0", "good1", "last"]
