"""What was redeemed in twelve months is kept with each comparison."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_volumes"
down_revision = "20261127_credit_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "reconciliations",
        sa.Column("volumes", db.Json, nullable=True, comment="Redeemed in twelve months, for each network"),
    )


def downgrade() -> None:
    op.drop_column("reconciliations", "volumes")
