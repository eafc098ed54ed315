"""Redemptions name the receipt of the till where the contract wants it."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_receipts_of_tills"
down_revision = "20261127_objections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "till_receipts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False, comment="Once for each venue and day"),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="Of the scan"),
        sa.Column("nonce", sa.String(length=64), nullable=False, comment="Of the scan"),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_till_receipts_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "venue_id", "day", "number", name=op.f("pk_till_receipts")),
        comment="Rows are only added, and name nobody",
    )


def downgrade() -> None:
    op.drop_table("till_receipts")
