"""Results of verifications, and an index that finds undelivered messages among many delivered ones."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_watching"
down_revision = "20261123_first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_verifications",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verification_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "from_sequence", sa.BigInteger(), nullable=False, comment="First transfer that was checked"
        ),
        sa.Column("to_sequence", sa.BigInteger(), nullable=False, comment="Last one; 0 if there was none"),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("finding_count", sa.Integer(), nullable=False),
        sa.Column("findings", db.Json, nullable=False, comment="The first ones"),
        sa.PrimaryKeyConstraint("city_id", "verification_id", name=op.f("pk_ledger_verifications")),
    )
    undelivered = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_outbox_events_undelivered",
        "outbox_events",
        ["city_id", "created_at"],
        sqlite_where=undelivered,
        postgresql_where=undelivered,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_events_undelivered", table_name="outbox_events")
    op.drop_table("ledger_verifications")
