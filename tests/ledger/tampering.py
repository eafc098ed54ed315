"""Changing what is kept for good, as somebody with the rights of the database's owner could."""

import sqlalchemy as sa

from kernel.db import Work
from tests.fixtures import statements
from tests.ledger.desk import Desk


def tamper(desk: Desk, table: sa.Table, statement: sa.Executable) -> None:
    """Take the guards off a table and run a statement."""

    def command(work: Work) -> None:
        for guard in _guards(table, sqlite=work.connection.dialect.name == "sqlite"):
            work.connection.execute(sa.text(guard))
        work.connection.execute(statement)

    with statements.unchecked():
        desk.database.run(desk.city_id, command)


def refused(desk: Desk, statement: sa.Executable) -> str:
    """Run a statement that the database must refuse; return what it says."""
    try:
        desk.database.run(desk.city_id, lambda work: work.connection.execute(statement))
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    return "not refused"


def _guards(table: sa.Table, *, sqlite: bool) -> list[str]:
    if sqlite:
        triggers = [f"DROP TRIGGER IF EXISTS {table.name}_refuses_{event}" for event in ("update", "delete")]
        return [*triggers, "PRAGMA ignore_check_constraints = ON"]
    triggers = [
        f"DROP TRIGGER IF EXISTS {table.name}_refuses_{event} ON {table.name}"
        for event in ("update", "delete")
    ]
    checks = [
        f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {constraint.name}"
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    ]
    return [*triggers, *checks]
