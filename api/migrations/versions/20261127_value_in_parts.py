"""Offers whose value is taken in parts."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_value_in_parts"
down_revision = "20261127_former_codes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "offers",
        sa.Column(
            "in_parts", sa.Boolean(), server_default="0", nullable=False, comment="A use: part of its value"
        ),
    )


def downgrade() -> None:
    op.drop_column("offers", "in_parts")
