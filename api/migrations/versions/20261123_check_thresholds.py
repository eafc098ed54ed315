"""Thresholds of the checks, proposed by one person and approved by another; fingerprints of photos."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_check_thresholds"
down_revision = "20261123_together"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "evidence_files",
        sa.Column(
            "fingerprint",
            sa.BigInteger(),
            nullable=True,
            comment="rewards.fingerprints; empty if nothing can be seen",
        ),
    )
    op.create_table(
        "check_thresholds",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", db.Json, nullable=False, comment="rewards.thresholds.Thresholds"),
        sa.Column("note", sa.String(length=500), nullable=False, comment="Why"),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("approver_id <> author_id", name=op.f("ck_check_thresholds_four_eyes")),
        sa.CheckConstraint(
            "approved_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_check_thresholds_one_end")
        ),
        sa.PrimaryKeyConstraint("city_id", "proposal_id", name=op.f("pk_check_thresholds")),
        comment="Thresholds of the checks; the latest that was approved is in force",
    )
    op.create_index(op.f("ix_check_thresholds_approved_at"), "check_thresholds", ["city_id", "approved_at"])


def downgrade() -> None:
    op.drop_table("check_thresholds")
    op.drop_column("evidence_files", "fingerprint")
