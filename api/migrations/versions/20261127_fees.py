"""Fees are paid like fines, by their reference."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_fees"
down_revision = "20261127_calling_off"
branch_labels = None
depends_on = None

_BEFORE, _AFTER = "'voucher', 'fine'", "'voucher', 'fine', 'fee'"


def upgrade() -> None:
    op.add_column("fine_payments", sa.Column("kind", sa.String(4), nullable=False, server_default="fine"))
    _change_check(_BEFORE, _AFTER)


def downgrade() -> None:
    _change_check(_AFTER, _BEFORE)
    op.drop_column("fine_payments", "kind")


def _change_check(before: str, after: str) -> None:
    """Replace the list of allowed kinds of orders.

    SQLite can't alter a constraint, and payments refer to orders, so that they can't be copied. Where nothing
    on disk changes, its documentation (ALTER TABLE, section 7) writes the schema's text.
    """
    constraint, bind = op.f("ck_orders_kind"), op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint(constraint, "orders", type_="check")
        op.create_check_constraint(constraint, "orders", f"kind IN ({after})")
        return
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'orders'",
        (f"kind IN ({before})", f"kind IN ({after})"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=OFF")
