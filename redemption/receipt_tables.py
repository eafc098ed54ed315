"""Tables of receipts."""

import sqlalchemy as sa

from kernel import db

receipts = sa.Table(
    "receipts",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("receipt_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False, comment="Without gaps in each year"),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("owner", sa.String(40), comment="Empty once the person is erased"),
    sa.Column("subject", sa.String(60), comment="What it is for: it gets one receipt of a kind"),
    sa.Column("issued_at", db.UtcDateTime, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("amount_cents", sa.BigInteger, nullable=False),
    sa.Column("vat", db.Json, nullable=False, comment="Lines of rate, net, tax and gross"),
    sa.Column("document", sa.Text, comment="All that it says, frozen; empty once the person is erased"),
    sa.UniqueConstraint("city_id", "year", "number"),
    sa.UniqueConstraint("city_id", "kind", "subject"),
    sa.Index("ix_receipts_owner", "city_id", "owner", "receipt_id"),
    sa.CheckConstraint("kind IN ('bought', 'redeemed', 'returned', 'fine', 'fee', 'refund')", name="kind"),
    comment="A row stays when its person is erased, without what leads to them: numbers have no gaps",
)

receipt_numbers = sa.Table(
    "receipt_numbers",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.Integer, nullable=False),
)

receipt_progress = sa.Table(
    "receipt_progress",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False, comment="Bookings up to here have their receipts"),
)
