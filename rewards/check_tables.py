"""Table of the checks: thresholds as they were proposed and approved."""

import sqlalchemy as sa

from kernel import db

check_thresholds = sa.Table(
    "check_thresholds",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("proposal_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", db.Json, nullable=False, comment="rewards.thresholds.Thresholds"),
    sa.Column("note", sa.String(500), nullable=False, comment="Why"),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("approver_id", sa.BigInteger),
    sa.Column("approved_at", db.UtcDateTime),
    sa.Column("withdrawn_at", db.UtcDateTime),
    sa.Index("ix_check_thresholds_approved_at", "city_id", "approved_at"),
    sa.CheckConstraint("approver_id <> author_id", name="four_eyes"),
    sa.CheckConstraint("approved_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    comment="Thresholds of the checks; the latest that was approved is in force",
)
