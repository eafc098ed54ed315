"""Vouchers are handed on to somebody of the household."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_handing_over"
down_revision = "20261127_receipts_of_tills"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_overs",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hand_over_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voucher_id", sa.String(16), nullable=False),
        sa.Column("giver", sa.String(40), nullable=False),
        sa.Column("receiver", sa.String(40), comment="Who accepted it"),
        sa.Column(
            "code_digest", sa.LargeBinary(32), nullable=False, comment="SHA-256; the code is told once"
        ),
        sa.Column("offered_at", db.UtcDateTime(), nullable=False),
        sa.Column("ends_at", db.UtcDateTime(), nullable=False),
        sa.Column("accepted_at", db.UtcDateTime()),
        sa.Column("withdrawn_at", db.UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["city_id", "voucher_id"],
            ["vouchers.city_id", "vouchers.voucher_id"],
            name=op.f("fk_hand_overs_city_id_voucher_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "hand_over_id", name=op.f("pk_hand_overs")),
        sa.UniqueConstraint("city_id", "code_digest", name=op.f("uq_hand_overs_city_id_code_digest")),
        comment="Vouchers handed on to somebody of the household, and offers of it",
    )
    op.create_index("ix_hand_overs_voucher_id", "hand_overs", ["city_id", "voucher_id"])
    op.create_index("ix_hand_overs_giver", "hand_overs", ["city_id", "giver"])
    op.create_index("ix_hand_overs_receiver", "hand_overs", ["city_id", "receiver"])
    op.create_index("ix_vouchers_payer", "vouchers", ["city_id", "payer", "offer_id"])


def downgrade() -> None:
    op.drop_index("ix_vouchers_payer", "vouchers")
    op.drop_table("hand_overs")
