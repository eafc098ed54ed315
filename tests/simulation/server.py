"""A server of the simulation: the real `Writer`, made to run in this thread, with what callers ask of it."""

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import sqlalchemy as sa

from kernel import outbox, writing
from kernel.db import Database, Work, writer_sections
from kernel.errors import Conflict
from kernel.writing import Writer
from ledger import accounts, periods, posting, wallets
from tests.simulation.requests import ITEMS, Delivery, Request, Sort
from tests.simulation.storage import Journal


class Executed(NamedTuple):
    """Requests as they were executed together, with what the ledger answered to each of them."""

    now: dt.datetime
    deliveries: tuple[Delivery, ...]
    results: tuple[Any, ...]


class TroubleError(Exception):
    """A caller's code breaks down."""


class _InThread:
    """Stands in for the writer's thread: runs when it is waited for."""

    def __init__(self, target: Any, **_: Any) -> None:
        self._target = target

    def start(self) -> None:
        """Do nothing yet."""

    def join(self) -> None:
        """Run to the end."""
        self._target()


class _Threading:
    Thread = _InThread

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Let writers run in the thread that closes them."""
    real = vars(writing)["threading"]
    vars(writing)["threading"] = _Threading()
    try:
        yield
    finally:
        vars(writing)["threading"] = real


class Server:
    """One server process: a database of its own on the shared storage."""

    def __init__(self, database: Database, city_id: int, journal: Journal) -> None:
        self.database, self._city_id, self._journal = database, city_id, journal

    def serve(self, deliveries: Sequence[Delivery]) -> list[Future[Any]]:
        """Take all deliveries as if they arrived at once; each future has its outcome. Raises PowerCut."""
        writer = Writer(self.database)
        futures = [
            writer.submit_to(self._city_id, self.book, one)
            if one.request.sort in ITEMS
            else writer.submit(self._city_id, lambda work, one=one: self.command(work, one))  # type: ignore[misc]  # mypy can't infer the default
            for one in deliveries
        ]
        writer.close()
        return futures

    def book(self, work: Work, deliveries: Sequence[Delivery]) -> list[Any]:
        """Book the batches of several requests: the handler that all servers share."""
        sorts = {one.request.sort for one in deliveries}
        if Sort.BREAKS_BEFORE in sorts:
            raise TroubleError
        results = posting.post_many(work, [one.request.batch for one in deliveries])
        if Sort.BREAKS_AFTER in sorts:
            raise TroubleError
        self._journal.running.append(Executed(work.now, tuple(deliveries), tuple(results)))
        return list(results)

    def command(self, work: Work, one: Delivery) -> Any:
        """Do what a request with a transaction of its own wants."""
        sort = one.request.sort
        if sort is Sort.FAILS_BEFORE:
            raise TroubleError
        result = self._act(work, one.request)
        if sort is Sort.FAILS_AFTER:
            raise TroubleError
        if sort is Sort.VIOLATES:
            work.connection.execute(sa.insert(writer_sections).values(city_id=work.city_id))
        self._journal.running.append(Executed(work.now, (one,), (result,)))
        return result

    def _act(self, work: Work, one: Request) -> Any:
        if one.sort is Sort.EXPIRE:
            return wallets.expire_lots(work, work.now.date())
        if one.sort is Sort.CLOSE_ACCOUNT:
            return accounts.close_account(work, one.path)
        if one.sort is Sort.CLOSE_PERIOD:
            assert one.day is not None
            try:
                return periods.close(work, one.day, "treasurer")
            except Conflict:
                return None
        if one.sort is Sort.AWARD:
            _, owner, day = one.path.split("/")
            assert day == str(one.day)
            assert one.day is not None
            wallets.open_lot(work, owner, one.day)
        if one.sort is Sort.COMMAND:
            outbox.append(work, "simulated", {"number": one.number})
        return posting.post(work, one.batch)
