"""Alembic environment: knows every room's tables, takes its connection from `api.migrating`."""

from typing import Literal

import sqlalchemy as sa
from alembic import context

from api import migrating
from kernel import db

DDL_LOCK_TIMEOUT_MS = 5_000


def render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what they are called in the code."""
    if kind == "type" and isinstance(item, db.UtcDateTime):
        return "db.UtcDateTime()"
    if kind == "type" and isinstance(item, sa.JSON):
        return "db.Json"
    return False


def run(connection: sa.Connection) -> None:
    """Run the migrations on a connection that the caller opened."""
    context.configure(
        connection=connection,
        target_metadata=migrating.metadata(),
        compare_type=True,
        include_object=migrating.is_ours,
        render_item=render,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # A migration that can't get its lock must not queue all citizens behind it.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {DDL_LOCK_TIMEOUT_MS}")
        context.run_migrations()


run(context.config.attributes["connection"])
