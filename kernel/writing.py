"""The writer and the reader: a thread each per process that acts for all callers at once (group commit).

Endpoints that post to the ledger are asynchronous and hand their command over. What arrives while one
transaction is being committed goes into the next one together: no timer, no wait when idle, and the price of
a durable commit is shared. Each caller gets its own outcome, after the commit. Two sorts of work:

- a *command* runs alone on the transaction, as `Database.run` would run it;
- an *item for a handler*: a set-based use case that takes the items of all callers at once and gives each a
  result or a DomainError of its own, at the price of a few statements for all of them.

An error of one never fails another: where several sorts of work meet, each has a savepoint, and a handler
that raises is asked again with one item at a time. A full queue refuses at once, so nobody waits in vain.

The reader answers questions that every request has (whose token is this?) in the same way: those of all
callers in one look at the database, so the event loop does not wait for it and a look is paid for once.
"""

import asyncio
import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from kernel.db import Database, Reading, Work
from kernel.errors import Busy, DomainError

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 -- an item

QUEUE_MAX = 2000
"""Commands and items that may wait: at 15,000 a second less than 0.2 seconds of work."""
BATCH_MAX = 512
"""Most commands and items in one transaction: bounds how long a caller waits for the others."""

GATHER_FROM = 4
GATHER_SECONDS = 0.0005
SWITCH_SECONDS = 0.00005
"""How long a thread may keep the interpreter: the writer comes back from the database ten times in a batch,
and must not wait 5 milliseconds for the event loop each time."""

Handler = Callable[[Work, Sequence[I]], Sequence[T | DomainError]]
"""Does the work of several items; returns a result or a refusal for each, in order."""
Question = Callable[[Reading, Sequence[I]], Sequence[T | DomainError]]
"""Answers for several items; returns an answer or a refusal for each, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit was made of: for metrics."""

    size: int
    wait_seconds: float
    """How long the first of them had waited."""
    commit_seconds: float
    """From the beginning of the transaction to the end of the commit."""


@dataclass(slots=True)
class _Entry:
    city_id: int
    handler: Handler[Any, Any] | Question[Any, Any] | None
    item: Any
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    """Of an asyncio future: only there it may be settled."""
    arrived: float = field(default_factory=time.monotonic)


class _Grouping:
    """A thread that takes what is waiting, has it done city by city, and gives each caller an own outcome."""

    def __init__(self, name: str) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many commands and items wait."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _put(self, entry: _Entry) -> None:
        if self._queue.qsize() >= QUEUE_MAX:
            raise Busy("writer-queue-full", retry_after_seconds=1)
        self._queue.put(entry)

    def _serve(self) -> None:
        going, answered = True, 0
        while going:
            taken = [self._queue.get()]
            self._gather(answered)
            while len(taken) < BATCH_MAX and taken[-1] is not None and not self._queue.empty():
                taken.append(self._queue.get())
            entries = [entry for entry in taken if entry and _begin(entry.future)]
            going, answered = taken[-1] is not None, len(taken)
            for city_id in dict.fromkeys(entry.city_id for entry in entries):
                self._act(city_id, [entry for entry in entries if entry.city_id == city_id])

    def _gather(self, answered: int) -> None:
        """Give those who were just answered a moment to come back, so that the next commit is shared by all.

        Nobody waits when idle: a single caller is not waited for.
        """
        if answered > GATHER_FROM:
            until = time.monotonic() + GATHER_SECONDS
            while self._queue.qsize() < answered and time.monotonic() < until:
                time.sleep(GATHER_SECONDS / 10)

    def _act(self, city_id: int, entries: list[_Entry]) -> None:
        begun = time.monotonic()
        outcomes = self._outcomes(city_id, entries)
        ended = time.monotonic()
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(entry.future, Future):
                _settle(entry.future, outcome)
            elif entry.loop is not None:
                by_loop.setdefault(entry.loop, []).append((entry.future, outcome))
        for loop, pairs in by_loop.items():
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle_all, pairs)
        self._done(Batch(len(entries), begun - entries[0].arrived, ended - begun))

    def _put_from_loop(self, city_id: int, handler: Any, item: Any) -> asyncio.Future[Any]:
        """Queue an item from a coroutine.

        All that is done together is handed to the loop in one call, which costs a caller a fifth of waking up
        one by one.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._put(_Entry(city_id, handler, item, future, loop))
        return future

    def _outcomes(self, city_id: int, entries: list[_Entry]) -> Sequence[Any]:
        """Return each entry's result or error, in order, after the commit."""
        try:
            return self._run(city_id, entries)
        except Busy as error:
            # The database does not answer, or not clearly: asking it again for each would make it worse.
            return [error] * len(entries)
        except Exception as error:  # noqa: BLE001 -- it belongs to the callers who wait on the futures
            if len(entries) == 1:
                return [error]
            # Whoever it was, the others do not pay for it: each has a transaction of its own now.
            return [outcome for entry in entries for outcome in self._outcomes(city_id, [entry])]

    def _run(self, city_id: int, entries: list[_Entry]) -> Sequence[Any]:
        """Return each entry's result or error, in order; raise for what concerns them all."""
        raise NotImplementedError

    def _done(self, batch: Batch) -> None:
        """Take note of what was done."""


class Writer(_Grouping):
    """Runs commands and handlers of all cities on its own thread.

    Commands of a batch come first, then handler after handler, each in the order of arrival.
    """

    def __init__(self, database: Database, observe: Callable[[Batch], None] | None = None) -> None:
        self._database = database
        self._observe = observe
        super().__init__("writer")

    def submit(self, city_id: int, command: Callable[[Work], T]) -> Future[T]:
        """Queue a command; the future gives its result or its error. Raises Busy when the queue is full."""
        future: Future[T] = Future()
        self._put(_Entry(city_id, None, command, future))
        return future

    def submit_to(self, city_id: int, handler: Handler[I, T], item: I) -> Future[T]:
        """Queue an item for a handler; the future gives its result or its refusal. Raises as `submit`."""
        future: Future[T] = Future()
        self._put(_Entry(city_id, handler, item, future))
        return future

    def submit_from_loop(self, city_id: int, handler: Handler[I, T], item: I) -> asyncio.Future[T]:
        """Queue an item as `submit_to` does, from a coroutine, for it to await. Raises as `submit`."""
        return self._put_from_loop(city_id, handler, item)

    def _run(self, city_id: int, entries: list[_Entry]) -> Sequence[Any]:
        return self._database.run(city_id, lambda work: _run_all(work, entries))

    def _done(self, batch: Batch) -> None:
        if self._observe is not None:
            self._observe(batch)


class Reader(_Grouping):
    """Answers questions about all cities on its own thread, those that wait for a city in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        super().__init__("reader")

    def ask(self, city_id: int, question: Question[I, T], item: I) -> asyncio.Future[T]:
        """Queue an item for a question, from a coroutine, for it to await. Raises Busy when too many wait."""
        return self._put_from_loop(city_id, question, item)

    def _run(self, city_id: int, entries: list[_Entry]) -> Sequence[Any]:
        with self._database.reading(city_id) as reading:
            return _answered(reading, entries)


def _begin(future: Future[Any] | asyncio.Future[Any]) -> bool:
    """Return whether the caller still waits."""
    return future.set_running_or_notify_cancel() if isinstance(future, Future) else not future.cancelled()


def _settle_all(pairs: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in pairs:
        if not future.done():
            _settle(future, outcome)


def _settle(future: Future[Any] | asyncio.Future[Any], outcome: object) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _answered(reading: Reading, entries: Sequence[_Entry]) -> Sequence[Any]:
    """Return each entry's answer or refusal, in order."""
    answers: list[Any] = [None] * len(entries)
    for question, places in _by_handler(entries).items():
        if question is not None:
            found = question(reading, [entries[place].item for place in places])
            for place, answer in zip(places, found, strict=True):
                answers[place] = answer
    return answers


def _by_handler(entries: Sequence[_Entry]) -> dict[Any, list[int]]:
    """Return the places of the entries of each handler, None for commands, in order of arrival."""
    places: dict[Any, list[int]] = {}
    for place, entry in enumerate(entries):
        places.setdefault(entry.handler, []).append(place)
    return places


def _run_all(work: Work, entries: Sequence[_Entry]) -> Sequence[Any]:
    """Return each entry's result or error, in order; what an entry that failed has written is undone."""
    by_handler = _by_handler(entries)
    if len(by_handler) == 1 and entries[0].handler is not None:
        # Among themselves the items of a handler need no savepoint: it refuses each by itself.
        return entries[0].handler(work, [entry.item for entry in entries])
    if len(entries) == 1:
        return [entries[0].item(work)]
    outcomes: dict[int, Any] = {}
    for place in by_handler.pop(None, []):
        outcomes[place] = _guarded(work, entries[place].item)
    for handler, places in by_handler.items():
        if handler is not None:
            found = _handled(work, handler, [entries[place].item for place in places])
            outcomes.update(zip(places, found, strict=True))
    return [outcomes[place] for place in range(len(entries))]


def _handled(work: Work, handler: Handler[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
    outcomes = _guarded(work, lambda same: handler(same, items))
    if not isinstance(outcomes, Exception):
        return list(outcomes)
    if len(items) == 1:
        return [outcomes]
    return [outcome for item in items for outcome in _handled(work, handler, [item])]


def _guarded(work: Work, act: Callable[[Work], Any]) -> Any:
    """Return what `act` returns, or the error that it raised, after undoing what it wrote.

    Raises what only a new transaction can mend: all errors of the database but a violated constraint. After
    others (a full disk) SQLite has undone the whole transaction, with what came before the savepoint.
    """
    try:
        with work.connection.begin_nested():
            return act(work)
    except sa.exc.IntegrityError as error:
        work.memory.clear()
        return error
    except sa.exc.DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 -- it belongs to the caller who waits on the future
        work.memory.clear()
        return error
