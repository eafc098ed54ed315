"""The postbox, and who wants it by e-mail."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_postbox"
down_revision = "20261127_euro_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "postbox_choices",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("chosen_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "owner", name=op.f("pk_postbox_choices")),
        comment="Who wants the postbox by e-mail, too; nobody is in it without having asked",
    )
    op.create_table(
        "postbox_entries",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column(
            "code",
            sa.String(length=60),
            nullable=False,
            comment="Which sentences; they are made where it is read",
        ),
        sa.Column("facts", db.Json, nullable=False, comment="What the sentences tell"),
        sa.Column("words", sa.String(length=400), nullable=False, comment="Small letters, for searching"),
        sa.Column(
            "event_key", sa.String(length=80), nullable=True, comment="What is told under it is told once"
        ),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("read_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('receipt', 'voucher', 'message')", name=op.f("ck_postbox_entries_kind")),
        sa.PrimaryKeyConstraint("city_id", "entry_id", name=op.f("pk_postbox_entries")),
        sa.UniqueConstraint(
            "city_id", "owner", "event_key", name=op.f("uq_postbox_entries_city_id_owner_event_key")
        ),
    )
    op.create_index(
        "ix_postbox_entries_owner", "postbox_entries", ["city_id", "owner", "entry_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_postbox_entries_owner", table_name="postbox_entries")
    op.drop_table("postbox_entries")
    op.drop_table("postbox_choices")
