"""What the city decided about redemptions that citizens say were not theirs."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_objections"
down_revision = "20261127_scanning_offline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim_decisions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("claim_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False, comment="Given back"),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("decided_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('city', 'venue', 'declined')", name=op.f("ck_claim_decisions_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "claim_id"],
            ["redemption_claims.city_id", "redemption_claims.claim_id"],
            name="fk_claim_decisions_claim",
        ),
        sa.PrimaryKeyConstraint("city_id", "claim_id", name=op.f("pk_claim_decisions")),
    )


def downgrade() -> None:
    op.drop_table("claim_decisions")
