"""The table of the tills' receipts behind redemptions."""

import sqlalchemy as sa

from kernel import db

till_receipts = sa.Table(
    "till_receipts",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("number", sa.String(40), primary_key=True, comment="Once for each venue and day"),
    sa.Column("device_id", sa.BigInteger, nullable=False, comment="Of the scan"),
    sa.Column("nonce", sa.String(64), nullable=False, comment="Of the scan"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
    comment="Rows are only added, and name nobody",
)
