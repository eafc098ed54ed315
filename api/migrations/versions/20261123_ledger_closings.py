"""Periods that are closed, and the monthly statements of the supply; what stands there is never changed."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_closings"
down_revision = "20261123_ledger_log"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_periods", "ledger_supply_months", "ledger_supply_statements")


def upgrade() -> None:
    op.create_table(
        "ledger_periods",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "closed_until",
            sa.Date(),
            autoincrement=False,
            nullable=False,
            comment="No new effective date up to this day",
        ),
        sa.Column("closed_at", db.UtcDateTime(), nullable=False),
        sa.Column("closed_by", sa.String(length=60), nullable=False, comment="Actor as in the audit log"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="Newest transfer at the closing"),
        sa.Column(
            "trial_balance",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="Of all accounts at that transfer",
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="Of this row and the digest before it",
        ),
        sa.PrimaryKeyConstraint("city_id", "closed_until", name=op.f("pk_ledger_periods")),
        comment="Append-only: every closing of a period",
    )
    op.create_table(
        "ledger_supply_months",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), autoincrement=False, nullable=False, comment="Its first day"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="Newest transfer of the month"),
        sa.Column(
            "checkpoint_size", sa.BigInteger(), nullable=True, comment="Of the seal it was computed at"
        ),
        sa.Column("checkpoint_root", sa.LargeBinary(length=32), nullable=True),
        sa.Column("computed_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "state",
            sa.LargeBinary(),
            nullable=False,
            comment="Whose points stand where: ledger.attribution",
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="Of this month and the digest before it",
        ),
        sa.PrimaryKeyConstraint("city_id", "month", name=op.f("pk_ledger_supply_months")),
        comment="Append-only: the months whose supply is stated",
    )
    op.create_table(
        "ledger_supply_statements",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), autoincrement=False, nullable=False, comment="Its first day"),
        sa.Column("campaign", sa.String(length=120), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False, comment="At venues or settled"),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False, comment="Promised awards, vouchers not used yet"),
        sa.Column("outstanding", sa.BigInteger(), nullable=False, comment="In budgets and wallets"),
        sa.Column("in_budgets", sa.BigInteger(), nullable=False, comment="Contained in outstanding"),
        sa.Column("in_wallets", sa.BigInteger(), nullable=False, comment="Contained in outstanding"),
        sa.Column(
            "recipients",
            sa.SmallInteger(),
            nullable=False,
            comment="Persons ever given to, counted up to 5",
        ),
        sa.CheckConstraint(
            "issued = redeemed + expired + held + outstanding",
            name=op.f("ck_ledger_supply_statements_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "month"],
            ["ledger_supply_months.city_id", "ledger_supply_months.month"],
            name=op.f("fk_ledger_supply_statements_city_id_month_ledger_supply_months"),
        ),
        sa.PrimaryKeyConstraint("city_id", "month", "campaign", name=op.f("pk_ledger_supply_statements")),
        comment="Append-only: where the points of each campaign were at the end of a month",
    )
    _make_append_only()


def downgrade() -> None:
    # What is closed stays closed.
    msg = "closings can't be undone"
    raise NotImplementedError(msg)


def _make_append_only() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            action = (
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                if postgresql
                else "FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
            )
            op.execute(f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table} {action}")
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
