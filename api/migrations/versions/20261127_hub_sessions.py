"""A venue's vouchers are left to its hub for a while."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_hub_sessions"
down_revision = "20261127_kept_seats"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_sessions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "until", db.UtcDateTime(), nullable=False, comment="Exclusive: the hub lets guests in before"
        ),
        sa.Column(
            "free_at", db.UtcDateTime(), nullable=False, comment="Nobody waits for the hub's log longer"
        ),
        sa.Column(
            "through_index",
            sa.BigInteger(),
            nullable=False,
            comment="Vouchers up to this place of the status list",
        ),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("how", sa.String(length=8), nullable=True, comment="closed, over or lost"),
        sa.PrimaryKeyConstraint("city_id", "session_id", name=op.f("pk_hub_sessions")),
        comment="A venue's vouchers, left to its hub, which takes them without a network",
    )
    op.create_index(
        "ix_hub_sessions_venue_id", "hub_sessions", ["city_id", "venue_id", "session_id"], unique=False
    )
    op.create_index(
        "ix_hub_sessions_device_id", "hub_sessions", ["city_id", "device_id", "session_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("hub_sessions")
