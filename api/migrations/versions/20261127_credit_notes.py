"""Credit notes, frozen with what stands on them.

One ALTER subcommand for each statement, explicit names, referenced tables first (docs/architecture.md,
Storage). Add a column as nullable or with a constant default; drop it one release after nothing reads it.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_credit_notes"
down_revision = "20261127_offer_terms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_notes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seller", db.Json, nullable=False, comment="Tax data as they were"),
        sa.Column("buyer", db.Json, nullable=False, comment="Billing profile as it was"),
        sa.Column("texts", db.Json, nullable=False, comment="What the lines are, by sort, product and tier"),
        sa.Column(
            "sha256", sa.String(length=64), nullable=False, comment="Of the XML that follows from these"
        ),
        sa.Column("issued_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "settlement_id"],
            ["settlements.city_id", "settlements.settlement_id"],
            name="fk_credit_notes_city_id_settlement_id_settlements",
        ),
        sa.PrimaryKeyConstraint("city_id", "settlement_id", name="pk_credit_notes"),
        comment="Rows are only added: a credit note that was issued stays as it is",
    )


def downgrade() -> None:
    op.drop_table("credit_notes")
