"""Receipts, their numbers, and how far the book was followed."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_receipts"
down_revision = "20261127_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_numbers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "year", name=op.f("pk_receipt_numbers")),
    )
    op.create_table(
        "receipt_progress",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="Bookings up to here have their receipts"
        ),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_receipt_progress")),
    )
    op.create_table(
        "receipts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="Without gaps in each year"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True, comment="Empty once the person is erased"),
        sa.Column(
            "subject",
            sa.String(length=60),
            nullable=True,
            comment="What it is for: it gets one receipt of a kind",
        ),
        sa.Column("issued_at", db.UtcDateTime(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat", db.Json, nullable=False, comment="Lines of rate, net, tax and gross"),
        sa.Column(
            "document",
            sa.Text(),
            nullable=True,
            comment="All that it says, frozen; empty once the person is erased",
        ),
        sa.CheckConstraint(
            "kind IN ('bought', 'redeemed', 'returned', 'fine', 'fee', 'refund')",
            name=op.f("ck_receipts_kind"),
        ),
        sa.PrimaryKeyConstraint("city_id", "receipt_id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("city_id", "kind", "subject", name=op.f("uq_receipts_city_id_kind_subject")),
        sa.UniqueConstraint("city_id", "year", "number", name=op.f("uq_receipts_city_id_year_number")),
        comment="A row stays when its person is erased, without what leads to them: numbers have no gaps",
    )
    op.create_index("ix_receipts_owner", "receipts", ["city_id", "owner", "receipt_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_receipts_owner", table_name="receipts")
    op.drop_table("receipts")
    op.drop_table("receipt_progress")
    op.drop_table("receipt_numbers")
