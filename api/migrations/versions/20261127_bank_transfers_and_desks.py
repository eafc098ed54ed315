"""Money that comes by bank transfer or at a desk, and the nightly comparison of books and banks."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_city_collects"
down_revision = "20261127_postbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_imports",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the file"),
        sa.Column("imported_at", db.UtcDateTime(), nullable=False),
        sa.Column("imported_by", sa.String(length=40), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False, comment="Credits in it"),
        sa.Column("added", sa.Integer(), nullable=False, comment="Of them, not known before"),
        sa.PrimaryKeyConstraint("city_id", "sha256", name=op.f("pk_bank_imports")),
    )
    op.create_table(
        "bank_receipts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "entry_key", sa.String(length=32), nullable=False, comment="The same in every file that has it"
        ),
        sa.Column("cents", sa.BigInteger(), nullable=False, comment="Below zero: the bank took it back"),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("payer_name", sa.String(length=140), nullable=False),
        sa.Column("payer_iban", sa.String(length=34), nullable=False),
        sa.Column("remittance", sa.String(length=500), nullable=False, comment="What the payer wrote"),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True, comment="Of the request that it names"),
        sa.Column("matched_cents", sa.BigInteger(), nullable=False, comment="Taken for that request"),
        sa.Column(
            "open_cents", sa.BigInteger(), nullable=False, comment="Nobody has claimed it yet: in suspense"
        ),
        sa.Column("imported_at", db.UtcDateTime(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True, comment="When the open rest went back to the payer"),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "entry_key", name=op.f("pk_bank_receipts")),
        comment="Money that came to the city's account for orders, or for nobody that is known",
    )
    op.create_index(
        "ix_bank_receipts_imported_at", "bank_receipts", ["city_id", "imported_at", "entry_key"], unique=False
    )
    op.create_index(
        "ix_bank_receipts_payment_id", "bank_receipts", ["city_id", "payment_id", "booked_on"], unique=False
    )
    op.create_table(
        "cash_drawers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("desk", sa.String(length=30), nullable=False),
        sa.Column("staff", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("float_cents", sa.BigInteger(), nullable=False, comment="Change in it at the beginning"),
        sa.Column("expected_cents", sa.BigInteger(), nullable=False),
        sa.Column("counted_cents", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("closed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("counted_cents >= 0", name=op.f("ck_cash_drawers_counted")),
        sa.PrimaryKeyConstraint("city_id", "desk", "staff", "day", name=op.f("pk_cash_drawers")),
        comment="Counted once for each person, desk and day; then nothing more is taken there that day",
    )
    op.create_table(
        "collection_requests",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column(
            "code",
            sa.String(length=25),
            nullable=False,
            comment="RF reference of a transfer; code for a desk",
        ),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("received_cents", sa.BigInteger(), nullable=False, comment="Of it, for good"),
        sa.Column("subject", sa.String(length=250), nullable=False, comment="What the payer reads"),
        sa.Column(
            "reference", sa.String(length=35), nullable=False, comment="What the city reads in its books"
        ),
        sa.Column("method", sa.String(length=10), nullable=False, comment="How it was paid, once it was"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", db.UtcDateTime(), nullable=True),
        sa.Column("paid_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("way IN ('transfer', 'desk')", name=op.f("ck_collection_requests_way")),
        sa.CheckConstraint(
            "received_cents BETWEEN 0 AND cents", name=op.f("ck_collection_requests_received")
        ),
        sa.PrimaryKeyConstraint("city_id", "payment_id", name=op.f("pk_collection_requests")),
        sa.UniqueConstraint("city_id", "code", name=op.f("uq_collection_requests_city_id_code")),
    )
    op.create_table(
        "desk_takings",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("desk", sa.String(length=30), nullable=False),
        sa.Column("receipt_number", sa.String(length=40), nullable=False, comment="A receipt is given once"),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True, comment="If money was given back"),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False, comment="Below zero: given back"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("staff", sa.String(length=40), nullable=False),
        sa.Column("taken_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("method IN ('cash', 'girocard')", name=op.f("ck_desk_takings_method")),
        sa.PrimaryKeyConstraint("city_id", "desk", "receipt_number", name=op.f("pk_desk_takings")),
    )
    op.create_index("ix_desk_takings_day", "desk_takings", ["city_id", "desk", "day", "staff"], unique=False)
    op.create_table(
        "hand_refunds",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refund_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("payment_reference", sa.String(length=120), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("payee_name", sa.String(length=140), nullable=False),
        sa.Column("payee_iban", sa.String(length=34), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by", sa.String(length=40), nullable=True),
        sa.Column("receipt_number", sa.String(length=40), nullable=True, comment="Of a desk"),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_hand_refunds_status")
        ),
        sa.CheckConstraint("cents > 0", name=op.f("ck_hand_refunds_cents")),
        sa.PrimaryKeyConstraint("city_id", "refund_id", name=op.f("pk_hand_refunds")),
        sa.UniqueConstraint("city_id", "request_key", name=op.f("uq_hand_refunds_city_id_request_key")),
    )
    op.create_index(
        "ix_hand_refunds_payment_reference", "hand_refunds", ["city_id", "payment_reference"], unique=False
    )
    op.create_index(
        "ix_hand_refunds_status", "hand_refunds", ["city_id", "status", "refund_id"], unique=False
    )
    op.create_table(
        "reconciliations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("finished_at", db.UtcDateTime(), nullable=False),
        sa.Column("compared", db.Json, nullable=False, comment="What was compared, with both sums"),
        sa.Column("differences", db.Json, nullable=False, comment="Cause and amounts of each"),
        sa.PrimaryKeyConstraint("city_id", "run_id", name=op.f("pk_reconciliations")),
    )
    op.create_table(
        "volume_alarms",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("network", sa.String(length=20), nullable=False),
        sa.Column("raised_at", db.UtcDateTime(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False, comment="Volume of twelve months then"),
        sa.PrimaryKeyConstraint("city_id", "network", name=op.f("pk_volume_alarms")),
        comment="There is a row while the volume is above the alarm's mark",
    )


def downgrade() -> None:
    op.drop_table("volume_alarms")
    op.drop_table("reconciliations")
    op.drop_index("ix_hand_refunds_status", table_name="hand_refunds")
    op.drop_index("ix_hand_refunds_payment_reference", table_name="hand_refunds")
    op.drop_table("hand_refunds")
    op.drop_index("ix_desk_takings_day", table_name="desk_takings")
    op.drop_table("desk_takings")
    op.drop_table("collection_requests")
    op.drop_table("cash_drawers")
    op.drop_index("ix_bank_receipts_payment_id", table_name="bank_receipts")
    op.drop_index("ix_bank_receipts_imported_at", table_name="bank_receipts")
    op.drop_table("bank_receipts")
    op.drop_table("bank_imports")
