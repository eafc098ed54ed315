"""The table of accounts that payouts are to go to from now on."""

import sqlalchemy as sa

from kernel import db

changes = sa.Table(
    "venue_account_changes",
    db.metadata,
    db.city_column(),
    sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("payee_name", sa.String(70), nullable=False),
    sa.Column("iban", sa.String(34), nullable=False, comment="Without spaces; checked"),
    sa.Column("former_iban", sa.String(34), comment="Where payouts went when it was asked for"),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("asked_by", sa.String(40), nullable=False),
    sa.Column("asked_at", db.UtcDateTime, nullable=False),
    sa.Column("payee_check", sa.String(8), comment="What a bank said about name and IBAN"),
    sa.Column("answer", sa.String(500), nullable=False, server_default=""),
    sa.Column("decided_by", sa.String(40)),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Index("ix_venue_account_changes_venue_id", "city_id", "venue_id", "change_id"),
    sa.Index("ix_venue_account_changes_state", "city_id", "state", "change_id"),
    sa.CheckConstraint("state IN ('open', 'confirmed', 'declined', 'replaced')", name="state"),
    sa.CheckConstraint("payee_check IN ('match', 'close', 'no-match')", name="payee_check"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
)
