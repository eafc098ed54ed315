"""Action types that a city adds, or whose words it changes."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_action_types"
down_revision = "20261123_sqlite_planner"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "action_types",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("document", db.Json, nullable=False, comment="rewards.action_types.ActionType"),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "code", name=op.f("pk_action_types")),
        comment="Action types that the city added, or whose words it changed",
    )


def downgrade() -> None:
    op.drop_table("action_types")
