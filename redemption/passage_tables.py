"""The table of passages: who went in and out at the gates of venues that let guests in again."""

import sqlalchemy as sa

from kernel import db

passages = sa.Table(
    "gate_passages",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("passage_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="Of the scan"),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("voucher_id", sa.String(16), comment="Empty once its owner is erased"),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("again", sa.Boolean, nullable=False, comment="Let in again, without a use"),
    sa.Column("persons", sa.Integer, nullable=False),
    sa.Column("passed_at", db.UtcDateTime, nullable=False),
    sa.Column("over_at", db.UtcDateTime, nullable=False, comment="Exclusive: the day of its guests ends"),
    sa.Column("undone_at", db.UtcDateTime, comment="The venue took it back: it never happened"),
    sa.Index("ix_gate_passages_venue_id", "city_id", "venue_id", "passed_at"),
    sa.Index("ix_gate_passages_voucher_id", "city_id", "voucher_id", "passage_id"),
    sa.CheckConstraint("direction IN ('in', 'out')", name="direction"),
    comment="Kept for a month; no money ever follows from a row",
)
