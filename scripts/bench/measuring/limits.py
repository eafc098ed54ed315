"""The limit: the very rows that were just booked, written again into a table of the same definition.

Nobody decides, looks up or makes anything; what is left is what the database needs for rows and indexes.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import psycopg

from scripts.bench.measuring.stages import Stage, UnsoundError

_COPIED = "limit_transfers"


class Limit(Protocol):
    """Writes rows again."""

    name: str

    def rate(self, first: int, last: int, batch: int) -> float:
        """Write transfers number `first` to `last` again, `batch` a commit; return how many a second."""
        ...


class _Copy:
    """Streams rows that are binary already through COPY."""

    name = "COPY of the same rows"

    def __init__(self, stage: Stage, connection: psycopg.Connection) -> None:
        self._city_id = stage.city_id
        self._connection = connection
        # Where the book is partitioned, a partition has indexes that the whole can't have.
        newest = connection.execute(
            "SELECT max(relid::regclass::text) FROM pg_partition_tree('ledger_transfers') WHERE isleaf"
        ).fetchone()
        alike = newest[0] if newest and newest[0] else "ledger_transfers"
        connection.execute(f"CREATE TABLE {_COPIED} (LIKE {alike} INCLUDING ALL)".encode())
        connection.commit()

    def rate(self, first: int, last: int, batch: int) -> float:
        """Write transfers number `first` to `last` again, `batch` a commit; return how many a second."""
        chunks = [self._rows(start, min(start + batch - 1, last)) for start in range(first, last + 1, batch)]
        self._connection.commit()
        began = time.perf_counter()
        for chunk in chunks:
            with (
                self._connection.cursor() as cursor,
                cursor.copy(f"COPY {_COPIED} FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.write(chunk)
            self._connection.commit()
        return (last - first + 1) / (time.perf_counter() - began)

    def _rows(self, first: int, last: int) -> bytes:
        chosen = (
            f"SELECT * FROM ledger_transfers WHERE city_id = {self._city_id} "
            f"AND sequence BETWEEN {first} AND {last} ORDER BY sequence"
        )
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY ({chosen}) TO STDOUT (FORMAT BINARY)") as copy,
        ):
            return b"".join(copy)


class _Insert:
    """Inserts tuples with one prepared statement."""

    name = "INSERT of the same rows"

    def __init__(self, stage: Stage, connection: sqlite3.Connection) -> None:
        self._city_id = stage.city_id
        self._connection = connection
        definitions = connection.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'ledger_transfers' "
            "AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC"
        ).fetchall()
        for (definition,) in definitions:
            connection.execute(definition.replace("ledger_transfers", _COPIED))

    def rate(self, first: int, last: int, batch: int) -> float:
        """Write transfers number `first` to `last` again, `batch` a commit; return how many a second."""
        rows = self._connection.execute(
            "SELECT * FROM ledger_transfers WHERE city_id = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
            (self._city_id, first, last),
        ).fetchall()
        insert = f"INSERT INTO {_COPIED} VALUES ({', '.join('?' * len(rows[0]))})"
        began = time.perf_counter()
        for start in range(0, len(rows), batch):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(insert, rows[start : start + batch])
            self._connection.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)


@contextmanager
def limit(stage: Stage) -> Iterator[Limit]:
    """Give the limit of a stage's database; it writes into the same database."""
    pooled = stage.database.engine.raw_connection()
    connection = pooled.driver_connection
    makers: dict[type, Callable[..., Limit]] = {psycopg.Connection: _Copy, sqlite3.Connection: _Insert}
    try:
        if not isinstance(connection, tuple(makers)):
            msg = f"unexpected driver {type(connection)}"
            raise UnsoundError(msg)
        yield makers[type(connection)](stage, connection)
    finally:
        pooled.close()
