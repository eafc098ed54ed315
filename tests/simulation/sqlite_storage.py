"""SQLite that fails: closed connections, a full file, a lock held by others, a torn log.

A power cut is played with copies of the files: the database as it was, and the log up to some byte after the
last one that was synced (https://www.sqlite.org/fileformat2.html, section 4: the write-ahead log).
"""

import random
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource
from tests.simulation.storage import Fault, Journal, Plan, PowerCut, is_due

_COMMIT = -1
_FULL_SYNC = 2
_PAGES_MAX = 4_294_967_294
_WAL_HEADER = 32
_FRAME_HEADER = 24


class SqliteStorage:
    """One file, used by several servers."""

    faults: tuple[Fault, ...] = tuple(Fault)

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._generation = 0
        self._path = folder / "0.db"
        shutil.copyfile(template, self._path)
        self.journal = Journal()
        self.struck = 0
        self._plan: Plan | None = None
        self._statement = 0
        self._intruder: sqlite3.Connection | None = None
        self._durable = (b"", 0)
        self._crash: _Crash | None = None

    def open(self, clock: FixedClock, ids: IdSource) -> Database:
        """Start a server on the file."""
        database = Database(f"sqlite:///{self._path}", clock=clock, ids=ids)
        sa.event.listen(database.engine, "do_connect", self._connect)
        return database

    def arm(self, plan: Plan) -> None:
        """Let a fault strike the next unit of work."""
        self._plan = plan
        if plan.fault is Fault.BUSY:
            self._intruder = sqlite3.connect(self._path, isolation_level=None)
            self._intruder.execute("BEGIN IMMEDIATE")

    def disarm(self) -> None:
        """Let no fault strike any more."""
        self._plan = None
        self._release()

    def recover(self, chance: random.Random) -> None:
        """Put what the disk has after the power cut in the place of the files."""
        crash, self._crash = self._crash, None
        if crash is None:
            msg = "there was no power cut"
            raise RuntimeError(msg)
        self.disarm()
        self.struck += 1
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._generation += 1
        self._path = self._folder / f"{self._generation}.db"
        whole, self._durable = crash.leave(self._path, chance)
        if whole:
            self.journal.commit()

    def close(self) -> None:
        """Remove the files."""
        self.disarm()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def statement(self, connection: sqlite3.Connection, sql: str) -> None:
        """Strike before a statement if that is the plan."""
        if sql.startswith("BEGIN IMMEDIATE"):
            self._statement = 0
            self.journal.begin()
            self._prepare(connection)
        elif sql == "BEGIN":
            self._statement = -1_000_000  # a reader: nothing strikes it
        self._statement += 1
        if is_due(self._plan, Fault.LOST_IN_STATEMENT, self._statement):
            self.struck += 1
            connection.close()
        elif is_due(self._plan, Fault.CONFLICT, self._statement):
            self.struck += 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode, error.sqlite_errorname = 517, "SQLITE_BUSY_SNAPSHOT"
            raise error
        elif is_due(self._plan, Fault.POWER_CUT, self._statement):
            self._crash = _Crash(self._path.read_bytes(), None, self._wal(), self._durable)
            raise PowerCut

    def commit(self, connection: "Connection") -> None:
        """Commit, unless the plan says otherwise."""
        plan = self._plan
        if self._statement < 0:
            connection.really_commit()
            return
        if is_due(plan, Fault.LOST_BEFORE_COMMIT, _COMMIT):
            self.struck += 1
            connection.close()
        if is_due(plan, Fault.TORN, _COMMIT):
            before = self._path.read_bytes()
            connection.really_commit()
            # The journal follows when it is known how much of the log was left.
            self._crash = _Crash(before, self._path.read_bytes(), self._wal(), self._durable)
            raise PowerCut
        connection.really_commit()
        self.journal.commit()
        if connection.execute("PRAGMA synchronous").fetchone()[0] >= _FULL_SYNC:
            self._durable = _committed_end(self._path, self._durable)
        if is_due(plan, Fault.LOST_AFTER_COMMIT, _COMMIT):
            self.struck += 1
            connection.close()
            connection.really_commit()

    def _connect(self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        storage = self

        class Bound(Connection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.storage = storage

        return sqlite3.connect(*arguments, **{**options, "timeout": 0}, factory=Bound)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        plan = self._plan
        if plan is not None and plan.fault is Fault.FULL:
            self.struck += 1
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + plan.room}")
        else:
            connection.execute(f"PRAGMA max_page_count = {_PAGES_MAX}")
        if plan is not None and plan.fault is Fault.BUSY:
            self.struck += 1
            plan.times -= 1
            if plan.times < 0:
                self._release()

    def _release(self) -> None:
        if self._intruder is not None:
            self._intruder.close()
            self._intruder = None

    def _wal(self) -> bytes:
        path = Path(f"{self._path}-wal")
        return path.read_bytes() if path.exists() else b""


class Connection(sqlite3.Connection):
    """A connection that reports to its storage before it acts."""

    storage: SqliteStorage

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that reports."""
        del factory
        return super().cursor(Cursor)

    def commit(self) -> None:
        """Ask the storage to commit."""
        self.storage.commit(self)

    def really_commit(self) -> None:
        """Commit."""
        super().commit()


class Cursor(sqlite3.Cursor):
    """A cursor that reports."""

    connection: Connection

    def execute(self, sql: str, parameters: Any = (), /) -> "Cursor":
        """Report and execute."""
        self.connection.storage.statement(self.connection, sql)
        super().execute(sql, parameters)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> "Cursor":
        """Report and execute."""
        self.connection.storage.statement(self.connection, sql)
        super().executemany(sql, parameters)
        return self


class _Crash:
    """The files at a power cut, and how much of the log had been synced."""

    def __init__(self, before: bytes, after: bytes | None, wal: bytes, durable: tuple[bytes, int]) -> None:
        self._before, self._after, self._wal, self._durable = before, after, wal, durable

    def leave(self, path: Path, chance: random.Random) -> tuple[bool, tuple[bytes, int]]:
        """Write what the disk has.

        Return whether the commit that was going on is part of it, and how far the log that is left is whole.
        """
        ends = _commit_ends(self._wal)
        written = ends[-1] if ends else 0
        salts, synced = self._durable
        if salts != self._wal[16:24]:
            # The log began anew, which it does only when all of it is in the database file, synced.
            salts, synced = self._wal[16:24], 0
        whole, end = False, max(synced, written)
        if self._after is not None and written > synced:
            whole = chance.random() < 0.3
            end = written if whole else chance.randrange(synced, written)
        lost = max(written - end, 99)
        rest = chance.choice((b"", b"\0" * lost, chance.randbytes(lost)))
        Path(f"{path}-wal").write_bytes(self._wal[:end] + rest)
        # Pages go from the log to the file only after the log was synced.
        path.write_bytes(_mixed(self._before, self._after, chance) if whole and self._after else self._before)
        kept = [one for one in ends if one <= end]
        return whole, (salts, kept[-1] if kept else min(end, _WAL_HEADER))


def _mixed(before: bytes, after: bytes, chance: random.Random) -> bytes:
    size = struct.unpack(">H", before[16:18])[0]
    size = 65536 if size == 1 else size
    pages = []
    for start in range(0, len(after), size):
        old = before[start : start + size]
        pages.append(old if len(old) == size and chance.random() < 0.5 else after[start : start + size])
    return b"".join(pages)


def _committed_end(database: Path, known: tuple[bytes, int]) -> tuple[bytes, int]:
    """Return the salts of the log and the byte after its newest commit, from what was known before."""
    path = Path(f"{database}-wal")
    if not path.exists():
        return b"", 0
    with path.open("rb") as file:
        header = file.read(_WAL_HEADER)
        if len(header) < _WAL_HEADER:
            return b"", 0
        salts = header[16:24]
        step = _FRAME_HEADER + struct.unpack(">I", header[8:12])[0]
        end = known[1] if known[0] == salts else _WAL_HEADER
        start = end
        while True:
            file.seek(start)
            frame = file.read(_FRAME_HEADER)
            if len(frame) < _FRAME_HEADER or frame[8:16] != salts:
                return salts, end
            start += step
            if frame[4:8] != b"\0\0\0\0":
                end = start


def _commit_ends(wal: bytes) -> list[int]:
    """Return the byte after each commit in a log."""
    if len(wal) < _WAL_HEADER:
        return []
    page = struct.unpack(">I", wal[8:12])[0]
    ends = []
    for start in range(_WAL_HEADER, len(wal) - _FRAME_HEADER - page + 1, _FRAME_HEADER + page):
        if wal[start + 8 : start + 16] != wal[16:24]:
            break
        if wal[start + 4 : start + 8] != b"\0\0\0\0":
            ends.append(start + _FRAME_HEADER + page)
    return ends
