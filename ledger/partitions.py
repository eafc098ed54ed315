"""Partitions of the book on PostgreSQL: one for each range of RANGE_SIZE sequence numbers, of all cities.

The writer adds the next one when it needs it. A table is made on its own and then attached, which takes no
lock that readers or other writers would wait for (PostgreSQL documentation, ALTER TABLE ATTACH PARTITION).
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db, ids
from ledger.deciding import ID_AHEAD_MAX
from ledger.tables import transfers

RANGE_SIZE = 10_000_000
"""Transfers in a partition: about 4 GB with its indexes."""

_CLOCK_STEP_MAX = dt.timedelta(days=1)
"""How far the machine's clock may have been set back within a range."""
_BOOKED_AT = sa.select(transfers.c.sequence, transfers.c.booked_at).where(
    transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.sequence, "sequences")
)

_BOUNDS = """
    SELECT part.relname, pg_get_expr(part.relpartbound, part.oid) AS bound
    FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
    WHERE inhparent = to_regclass('ledger_transfers')
"""


def ensure(work: db.Work, first: int, last: int) -> None:
    """Make sure that transfers `first` to `last` have a partition to go to. SQLite needs none."""
    if work.connection.dialect.name != "postgresql":
        return
    # Transfer `first - 1` is booked, so its partition is there; the migrations make number 0.
    for number in range(number_of(first - 1) + 1, number_of(last) + 1):
        if not _exists(work.connection, number):
            create(work.connection, number)


def ends(reading: db.Reading, sequence: int) -> dict[int, dt.datetime]:
    """Return when the last transfer of each full range was booked; `sequence` is the newest of all."""
    last = [number * RANGE_SIZE - 1 for number in range(1, number_of(sequence) + 1)]
    if not last:
        return {}
    found = reading.connection.execute(_BOOKED_AT, {"city": reading.city_id, "sequences": last})
    return {row.sequence: row.booked_at for row in found}


def searched_after(ended: Mapping[int, dt.datetime], transfer_ids: Iterable[UUID]) -> int:
    """Return a sequence number up to which none of the ids can stand in the book; `ended` as from `ends`.

    An id that says when it was made (UUID version 7) was booked at most ID_AHEAD_MAX before that, since the
    ledger refuses ids from further ahead. So ranges that ended earlier need not be searched, and asking
    whether an id was used costs the same however long the book is.
    """
    if not ended:
        return 0
    earliest_ms = min(map(ids.time_of, transfer_ids), default=0)
    margin = ID_AHEAD_MAX + _CLOCK_STEP_MAX
    return max(
        (last for last, at in ended.items() if ids.unix_milliseconds(at + margin) < earliest_ms), default=0
    )


def findings(reading: db.Reading, newest: int) -> Iterator[str]:
    """Yield what is wrong with the partitions of the transfers up to `newest`."""
    if reading.connection.dialect.name != "postgresql":
        return
    there = {row.relname: row.bound for row in reading.connection.exec_driver_sql(_BOUNDS)}
    for number in range(number_of(newest) + 1):
        bounds = _bounds(number)
        found = there.get(name_of(number))
        if found is None:
            yield f"{name_of(number)} is not part of the book"
        elif found.replace("'", "") != f"FOR VALUES {bounds}":
            yield f"{name_of(number)} holds other transfers than it says: {found}"


def number_of(sequence: int) -> int:
    """Return the number of the partition that holds a transfer."""
    return sequence // RANGE_SIZE


def name_of(number: int) -> str:
    """Return the table name of a partition."""
    return f"ledger_transfers_p{number:04d}"


def _bounds(number: int) -> str:
    start = number * RANGE_SIZE
    return f"FROM ({start}) TO ({start + RANGE_SIZE})"


def _exists(connection: sa.Connection, number: int) -> bool:
    found = connection.exec_driver_sql("SELECT to_regclass(%s) IS NOT NULL", (name_of(number),))
    return bool(found.scalar())


def create(connection: sa.Connection, number: int) -> None:
    """Make a partition; the migrations do so for number 0."""
    name = name_of(number)
    bounds = _bounds(number)
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    for statement in (
        f"CREATE TABLE {name} (LIKE ledger_transfers INCLUDING ALL)",
        f"ALTER INDEX {name}_pkey SET (fillfactor = 100)",
        f"CREATE UNIQUE INDEX uq_{name}_transfer_id ON {name} (city_id, transfer_id) WITH (fillfactor = 100)",
        f"CREATE UNIQUE INDEX uq_{name}_refers_to ON {name} (city_id, refers_to) WHERE refers_to IS NOT NULL",
        f"ALTER TABLE ledger_transfers ATTACH PARTITION {name} FOR VALUES {bounds}",
        f"CREATE TRIGGER {name}_refuses_truncate BEFORE TRUNCATE ON {name} {refuse}",
    ):
        connection.exec_driver_sql(statement)
