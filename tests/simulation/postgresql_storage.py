"""PostgreSQL that fails: connections closed at any statement, errors raised by the server itself."""

import random
from typing import Any

import psycopg
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource
from tests.simulation.storage import Fault, Journal, Plan, is_due

_COMMIT = -1
_CONFLICTS = ("40001", "40P01", "55P03")
_DISK_FULL = "53100"


class PostgresqlStorage:
    """One database, used by several servers. Power cuts are the business of tests/faults."""

    faults: tuple[Fault, ...] = (
        Fault.LOST_IN_STATEMENT,
        Fault.LOST_BEFORE_COMMIT,
        Fault.LOST_AFTER_COMMIT,
        Fault.CONFLICT,
        Fault.FULL,
    )

    def __init__(self, url: str) -> None:
        self._url = url
        self.journal = Journal()
        self.struck = 0
        self._plan: Plan | None = None
        self._statement = 0

    def open(self, clock: FixedClock, ids: IdSource) -> Database:
        """Start a server on the database."""
        database = Database(self._url, clock=clock, ids=ids)
        sa.event.listen(database.engine, "do_connect", self._connect)
        sa.event.listen(database.engine, "begin", self._begin)
        return database

    def arm(self, plan: Plan) -> None:
        """Let a fault strike the next unit of work."""
        self._plan = plan

    def disarm(self) -> None:
        """Let no fault strike any more."""
        self._plan = None

    def recover(self, chance: random.Random) -> None:
        """Nothing to do: this storage has no power cuts."""

    def close(self) -> None:
        """Nothing to do: whoever made the database removes it."""

    def statement(self, connection: psycopg.Connection[Any]) -> None:
        """Strike before a statement if that is the plan."""
        self._statement += 1
        plan = self._plan
        if is_due(plan, Fault.LOST_IN_STATEMENT, self._statement):
            self.struck += 1
            connection.close()
        elif is_due(plan, Fault.CONFLICT, self._statement):
            _fail(self, connection, _CONFLICTS[self._statement % len(_CONFLICTS)])
        elif is_due(plan, Fault.FULL, self._statement):
            _fail(self, connection, _DISK_FULL)

    def commit(self, connection: "Connection") -> None:
        """Commit, unless the plan says otherwise."""
        if self._statement < 0:
            connection.really_commit()
            return
        if is_due(self._plan, Fault.LOST_BEFORE_COMMIT, _COMMIT):
            self.struck += 1
            connection.close()
        connection.really_commit()
        self.journal.commit()
        if is_due(self._plan, Fault.LOST_AFTER_COMMIT, _COMMIT):
            self.struck += 1
            connection.close()
            connection.really_commit()

    def _begin(self, connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("duiscoin_writes", False)
        self._statement = 0 if writes else -1_000_000
        if writes:
            self.journal.begin()

    def _connect(self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        connection = Connection.connect(*arguments, **options)
        connection.storage = self
        connection.cursor_factory = Cursor
        return connection


def _fail(storage: PostgresqlStorage, connection: psycopg.Connection[Any], sqlstate: str) -> None:
    """Let the server itself raise an error, so that the transaction is really lost."""
    storage.struck += 1
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{sqlstate}'; END $$")


class Connection(psycopg.Connection[Any]):
    """A connection that reports to its storage before it acts."""

    storage: PostgresqlStorage | None = None

    def commit(self) -> None:
        """Ask the storage to commit."""
        if self.storage is None:
            self.really_commit()
        else:
            self.storage.commit(self)

    def really_commit(self) -> None:
        """Commit."""
        super().commit()


class Cursor(psycopg.Cursor[Any]):
    """A cursor that reports."""

    def execute(self, *arguments: Any, **options: Any) -> "Cursor":
        """Report and execute."""
        storage = getattr(self.connection, "storage", None)
        if storage is not None:
            storage.statement(self.connection)
        super().execute(*arguments, **options)
        return self
