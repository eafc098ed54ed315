"""Another account for a venue's payouts is asked for and confirmed.

One ALTER subcommand for each statement, explicit names, referenced tables first (docs/architecture.md,
Storage). Add a column as nullable or with a constant default; drop it one release after nothing reads it.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_accounts_of_venues"
down_revision = "20261127_hub_passages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "venue_account_changes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("payee_name", sa.String(length=70), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False, comment="Without spaces; checked"),
        sa.Column(
            "former_iban",
            sa.String(length=34),
            nullable=True,
            comment="Where payouts went when it was asked for",
        ),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "payee_check", sa.String(length=8), nullable=True, comment="What a bank said about name and IBAN"
        ),
        sa.Column("answer", sa.String(length=500), server_default="", nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "payee_check IN ('match', 'close', 'no-match')", name=op.f("ck_venue_account_changes_payee_check")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'declined', 'replaced')",
            name=op.f("ck_venue_account_changes_state"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_venue_account_changes_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "change_id", name=op.f("pk_venue_account_changes")),
    )
    op.create_index(
        "ix_venue_account_changes_state",
        "venue_account_changes",
        ["city_id", "state", "change_id"],
        unique=False,
    )
    op.create_index(
        "ix_venue_account_changes_venue_id",
        "venue_account_changes",
        ["city_id", "venue_id", "change_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_venue_account_changes_venue_id", table_name="venue_account_changes")
    op.drop_index("ix_venue_account_changes_state", table_name="venue_account_changes")
    op.drop_table("venue_account_changes")
