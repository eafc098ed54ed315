"""Codes of before a voucher was handed on are known, for scans that come in late."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_former_codes"
down_revision = "20261127_gates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "hand_overs",
        sa.Column(
            "former_index",
            sa.BigInteger,
            nullable=True,
            comment="In the token that was good until it was accepted",
        ),
    )
    op.add_column(
        "hand_overs", sa.Column("former_code", sa.String(10), nullable=True, comment="Typed, until then")
    )
    op.create_index("ix_hand_overs_former_code", "hand_overs", ["city_id", "former_code"])


def downgrade() -> None:
    op.drop_index("ix_hand_overs_former_code", "hand_overs")
    op.drop_column("hand_overs", "former_code")
    op.drop_column("hand_overs", "former_index")
