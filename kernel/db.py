"""The database: engines, units of work, column types. The only place that commits.

Every write of a city runs in a unit of work that first takes the city's row in `writer_sections`. So the
writes of one city happen one after the other on every database, as on SQLite, and a use case may read,
decide and write without thinking of races or deadlocks (ADR 2).
"""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from kernel.clock import Clock, SystemClock
from kernel.errors import Busy, OutcomeUnknown
from kernel.ids import IdSource

T = TypeVar("T")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


def city_column() -> sa.Column[int]:
    """Return the column that stands first in every table and in its key: the city of the row."""
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


writer_sections = sa.Table(
    "writer_sections",
    metadata,
    city_column(),
    comment="One row per city: whoever holds its lock is the city's writer.",
)
_LOCK = (
    sa.select(writer_sections.c.city_id)
    .where(writer_sections.c.city_id == sa.bindparam("city"))
    .with_for_update()
)

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""JSON column: JSONB on PostgreSQL."""

ATTEMPTS = 5
"""How often a unit of work is run before the caller is told to come back."""
_RETRYABLE = ("40", "55P03", "57", "08")
"""SQLSTATE prefixes after which the same transaction may succeed (serialisation, lock, lost connection)."""
_STATEMENT_TIMEOUT_MS = 30_000
_BUSY_TIMEOUT_SECONDS = 10
_COMPILED_STATEMENTS_MAX = 3_000
"""All that the house has: with the default of 500 a busy process would compile some again and again."""


class UtcDateTime(sa.types.TypeDecorator[dt.datetime]):
    """An instant: aware in Python, UTC in the database (SQLite would give naive values back)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Refuse naive values; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "an instant needs a time zone"
            raise ValueError(msg)
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Give an aware UTC instant back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """A consistent look at one city: an open read-only transaction at one instant."""

    connection: sa.Connection
    city_id: int
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Work(Reading):
    """One unit of work of one city: an open transaction that its `Database` commits or rolls back.

    `memory` is what rooms remember of the city between units of work of this process. A unit may be rolled
    back and another process may have written since: whatever is in it must carry its own proof of being true.
    """

    ids: IdSource
    memory: dict[str, Any]


def insert(work: Work, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's INSERT, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if work.connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


class Database:
    """An engine with a clock and a source of ids; hands out units of work.

    Built by the application factory, the command line and tests; never at import.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, ids: IdSource | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.ids = ids or IdSource(self.clock)
        self._memories: dict[int, dict[str, Any]] = {}
        self.memory: dict[str, Any] = {}
        """What rooms remember of the whole installation."""
        self.engine = make_engine(url)
        self._readers = self.engine.execution_options(
            **(
                {}
                if self.backend == "sqlite"
                else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
        )
        self._writers = self.engine.execution_options(duiscoin_writes=True)

    @property
    def backend(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def run(self, city_id: int, command: Callable[[Work], T]) -> T:
        """Run `command` as the city's writer and commit; return its result.

        A command may run several times (after a serialisation failure or a lost connection), so it has no
        effect outside its transaction. Raises what the command raises, after rolling back; Busy when the
        database kept refusing; OutcomeUnknown when the connection was lost while committing: whether it
        happened is unknown, so asking again is for the caller, who knows by which key to recognise it.
        """
        memory = self._memories.setdefault(city_id, {})
        for attempt in range(ATTEMPTS):
            with self._writers.connect() as connection:
                transaction = _begin(connection)
                try:
                    _enter_writer_section(connection, city_id)
                    result = command(Work(connection, city_id, self.clock.now(), self.ids, memory))
                except sa.exc.DBAPIError as error:
                    memory.clear()
                    # After a lost connection there is nothing left to roll back.
                    with contextlib.suppress(sa.exc.DBAPIError):
                        transaction.rollback()
                    if not is_retryable(error):
                        raise
                    if attempt == ATTEMPTS - 1:
                        raise Busy from error
                    continue
                except BaseException:
                    # While the section is still ours: what was remembered goes with what was written.
                    memory.clear()
                    transaction.rollback()
                    raise
                try:
                    transaction.commit()
                except sa.exc.DBAPIError as error:
                    memory.clear()
                    if _is_lost(error):
                        raise OutcomeUnknown from error
                    transaction.rollback()
                    raise
                return result
        raise Busy

    @contextlib.contextmanager
    def reading(self, city_id: int) -> Iterator[Reading]:
        """Give a consistent read-only look at one city."""
        with self._readers.connect() as connection, connection.begin():
            yield Reading(connection, city_id, self.clock.now())

    def scrub(self) -> None:
        """Make the storage forget what was deleted: old row versions, and the log of writes.

        SQLite overwrites what is deleted by itself; its write-ahead log is emptied here unless somebody is
        reading, then the next time. PostgreSQL vacuums all tables but the book, in which nothing is deleted.
        Takes no lock that a reader or writer waits for.
        """
        raw = self.engine.raw_connection()
        try:
            connection = raw.driver_connection
            if isinstance(connection, sqlite3.Connection):
                connection.execute("PRAGMA busy_timeout=0")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            elif connection is not None:
                connection.autocommit = True
                connection.execute("SET statement_timeout = 0")
                for table in metadata.sorted_tables:
                    if table.dialect_options["postgresql"]["partition_by"] is None:
                        connection.execute(f"VACUUM {table.name}")
        finally:
            # Not given back: its settings are those of no other connection.
            raw.invalidate()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def make_engine(url: str) -> sa.Engine:
    """Return an engine for an `sqlite:///` or `postgresql://` URL, set up for durability."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed,
            connect_args={"timeout": _BUSY_TIMEOUT_SECONDS},
            query_cache_size=_COMPILED_STATEMENTS_MAX,
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    options = f"-c statement_timeout={_STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    return sa.create_engine(
        parsed,
        connect_args={"options": options},
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        query_cache_size=_COMPILED_STATEMENTS_MAX,
    )


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    if not isinstance(connection, sqlite3.Connection):
        msg = f"unexpected SQLite driver {type(connection)}"
        raise TypeError(msg)
    # The driver would open transactions by itself and late; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    # secure_delete: what is deleted (a person) is overwritten, not left in free pages.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE: a writer that began as a reader could fail half-way through.
    writes = connection.get_execution_options().get("duiscoin_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin(connection: sa.Connection) -> sa.RootTransaction:
    try:
        return connection.begin()
    except sa.exc.DBAPIError as error:
        if not is_retryable(error):
            raise
        # SQLite has waited for the other process as long as it may (`_BUSY_TIMEOUT_SECONDS`).
        raise Busy from error


def _enter_writer_section(connection: sa.Connection, city_id: int) -> None:
    if connection.execute(_LOCK, {"city": city_id}).first() is not None:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(make(writer_sections).values(city_id=city_id).on_conflict_do_nothing())
    connection.execute(_LOCK, {"city": city_id}).one()


def is_retryable(error: sa.exc.DBAPIError) -> bool:
    """Return whether the whole transaction may succeed if it is run again."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate).startswith(_RETRYABLE)
    return error.connection_invalidated or getattr(error.orig, "sqlite_errorname", "").startswith(
        "SQLITE_BUSY"
    )


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or sqlstate.startswith(("08", "57"))
