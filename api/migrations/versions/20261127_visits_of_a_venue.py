"""Visits of a venue are found by time."""

from alembic import op

revision = "20261127_visits_of_a_venue"
down_revision = "20261127_scan_logs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_redemptions_venue_id", "redemptions", ["city_id", "venue_id", "redeemed_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_redemptions_venue_id", table_name="redemptions")
