"""Offers that were called off, and how far their vouchers are given back."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_calling_off"
down_revision = "20261127_volumes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_cancellations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("after_index", sa.BigInteger(), nullable=False, comment="Of the last one seen"),
        sa.Column("finished_at", db.UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_offer_cancellations_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "offer_id", name=op.f("pk_offer_cancellations")),
        comment="Offers that were called off, and how far their vouchers are given back",
    )


def downgrade() -> None:
    op.drop_table("offer_cancellations")
