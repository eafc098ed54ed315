"""What a transfer costs on disk, all columns and indexes counted, and how fast the book is verified."""

from collections.abc import Iterator
from pathlib import Path

from scripts.bench.measuring import results
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import Stage

_BATCH = 1000
_SIZES = """
SELECT sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid)), sum(pg_total_relation_size(c.oid))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


def size_and_verification(stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure bytes per transfer of a book filled in batches of 1,000, and its verification."""
    before, first = sizes(stage), stage.head()
    for _ in range(max(1, scale.filled // _BATCH // 2)):
        stage.post(stage.hot(_BATCH))
        stage.post(stage.spread(_BATCH))
    count = stage.head() - first
    for name, earlier, later in zip(("tables", "indexes", "all"), before, sizes(stage), strict=True):
        suffix = "" if name == "all" else f"-{name}"
        grown = (later - earlier) / count
        yield results.alone(f"bytes-per-transfer{suffix}", stage.backend, "bytes", [grown])
    yield results.alone("verify", stage.backend, "transfers/s", [stage.verify()])


def sizes(stage: Stage) -> tuple[int, int, int]:
    """Return bytes of all tables (with their large values), of all indexes, and of both."""
    if stage.backend == "postgresql":
        with stage.database.reading(stage.city_id) as reading:
            tables, indexes, both = reading.connection.exec_driver_sql(_SIZES).one()
            return int(tables), int(indexes), int(both)
    with stage.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'")
        names = {str(name) for (name,) in found}
        both = Path(str(stage.database.engine.url.database)).stat().st_size
        # Where this SQLite can't tell pages apart, the indexes count with the tables.
        if connection.exec_driver_sql("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").scalar() != 1:
            return both, 0, both
        pages = connection.exec_driver_sql("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").all()
        indexes = sum(size for name, size in pages if name in names)
        return both - indexes, indexes, both
