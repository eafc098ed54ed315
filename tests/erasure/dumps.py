"""Everything that a stolen copy of the database tells: each table, column and value, and the bytes of the file."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from api import migrating
from kernel.db import Database
from ledger.leaves import Committer, Party
from ledger.outcomes import BookedTransfer


class Cell(NamedTuple):
    """A value and where it stands."""

    table: str
    column: str
    value: object


@dataclass(frozen=True)
class Dump:
    """All cells of a database."""

    cells: tuple[Cell, ...]

    def places(self, wanted: object) -> set[str]:
        """Return the columns in which something is found: a text or bytes within a value, or a whole number."""
        return {f"{one.table}.{one.column}" for one in self.cells if _holds(one.value, wanted)}

    def possible_secrets(self) -> set[bytes]:
        """Return every value that could be a secret of 32 bytes."""
        return {one.value for one in self.cells if isinstance(one.value, bytes) and len(one.value) == 32}


def take(database: Database, city_id: int) -> Dump:
    """Return a dump of every table as far as it is of a city."""
    with database.engine.connect() as connection:
        tables = migrating.metadata().sorted_tables
        return Dump(tuple(cell for table in tables for cell in _cells(connection, table, city_id)))


def files(database: Database) -> dict[str, bytes]:
    """Return the raw bytes of an SQLite database and of what lies beside it; nothing for other databases."""
    if database.backend != "sqlite":
        return {}
    path = Path(str(database.engine.url.database))
    return {one.name: one.read_bytes() for one in path.parent.glob(f"{path.name}*")}


def vacuum(database: Database) -> None:
    """Rewrite an SQLite database."""
    raw = database.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.execute("VACUUM")
    raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def opened(
    dump: Dump, city_id: int, booked: Iterable[BookedTransfer], parties: dict[int, Party], lost: set[int]
) -> set[UUID]:
    """Return the transfers whose commitment somebody can compute who knows all but the secrets of `lost`.

    They know every field, the accounts' names of that time and the other side's secret, and try each value
    of the dump that could be the missing one.
    """
    kept = _commitments(dump)
    found: set[UUID] = set()
    for transfer in booked:
        sides = {side: parties[side] for side in (transfer.debit_account_id, transfer.credit_account_id)}
        for secret in dump.possible_secrets():
            guess = {
                side: one._replace(secret=secret) if side in lost else one for side, one in sides.items()
            }
            if Committer(city_id, guess).commitment(transfer) == kept[transfer.sequence]:
                found.add(transfer.transfer_id)
    return found


def _commitments(dump: Dump) -> dict[object, object]:
    rows = [one for one in dump.cells if one.table == "ledger_transfers"]
    sequences = [one.value for one in rows if one.column == "sequence"]
    return dict(zip(sequences, (one.value for one in rows if one.column == "commitment"), strict=True))


def _cells(connection: sa.Connection, table: sa.Table, city_id: int) -> Iterator[Cell]:
    for row in connection.execute(sa.select(table).where(table.c.city_id == city_id)):
        for name, value in row._mapping.items():
            yield Cell(table.name, name, value)


def _holds(value: object, wanted: object) -> bool:
    if isinstance(wanted, int) and isinstance(value, int):
        return value == wanted
    if isinstance(wanted, bytes):
        return isinstance(value, bytes) and wanted in value
    text = _text(value)
    return str(wanted) in text


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace") + value.hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, UUID):
        return f"{value} {value.hex}"
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value)
