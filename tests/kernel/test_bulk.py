"""Lists bound as one value."""

import sqlalchemy as sa

from kernel import bulk
from ledger.tables import transfers

QUERY = sa.select(transfers.c.sequence).where(
    transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.transfer_id, "transfer_ids")
)


def _written(backend: str) -> str:
    dialect = sa.create_mock_engine(f"{backend}://", print).dialect
    return str(QUERY.compile(dialect=dialect))


def test_a_list_is_a_condition_that_an_index_can_serve() -> None:
    """Membership stands in a condition by itself; written as `... = 1`, SQLite would read the whole book."""
    assert _written("sqlite").endswith("IN (SELECT value FROM json_each(?))")
    assert _written("postgresql+psycopg").endswith("= ANY (%(transfer_ids)s)")
