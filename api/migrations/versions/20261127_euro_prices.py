"""Offers that cost euros besides points."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_euro_prices"
down_revision = "20261123_simulations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "offers",
        sa.Column(
            "price_cents",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Euros due besides the points",
        ),
    )
    op.add_column(
        "offers",
        sa.Column(
            "extra_points_most",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="More points instead of euros",
        ),
    )


def downgrade() -> None:
    op.drop_column("offers", "extra_points_most")
    op.drop_column("offers", "price_cents")
