"""What is looked up by key is read by key: the plans of SQLite, whose planner knows nothing of a fresh database."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from kernel.db import Database
from ledger import rows
from tests.fixtures import statements


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_lookups_use_their_indexes(database: Database, city_id: int) -> None:
    """A transfer by id or by what it refers to, and accounts by path or number, are never searched city-wide."""
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    with statements.unchecked(), database.reading(city_id) as reading:
        rows.by_transfer_id(reading, [uuid4()])
        rows.by_refers_to(reading, [uuid4()])
        rows.standings(reading, paths=["issued"])
        rows.standings(reading, paths=["issued"], account_ids=[1, 2])
        sa.event.remove(database.engine, "before_cursor_execute", note)
        plans = [
            [str(row[3]) for row in reading.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]  # type: ignore[arg-type]  # as the driver got them
            for text, values in asked
            if text.startswith("SELECT")
        ]

    assert len(plans) >= 4
    whole = [
        step
        for plan in plans
        for step in plan
        if step.endswith("(city_id=?)") or step.startswith("SCAN ledger")
    ]
    assert [] == whole
