"""The tables of money that comes by bank transfer or at a desk, and of money that staff send back by hand."""

import sqlalchemy as sa

from kernel import db


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


requests = sa.Table(
    "collection_requests",
    db.metadata,
    db.city_column(),
    _number("payment_id"),
    sa.Column("way", sa.String(8), nullable=False),
    sa.Column("code", sa.String(25), nullable=False, comment="RF reference of a transfer; code for a desk"),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("received_cents", sa.BigInteger, nullable=False, comment="Of it, for good"),
    sa.Column("subject", sa.String(250), nullable=False, comment="What the payer reads"),
    sa.Column("reference", sa.String(35), nullable=False, comment="What the city reads in its books"),
    sa.Column("method", sa.String(10), nullable=False, comment="How it was paid, once it was"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False),
    sa.Column("cancelled_at", db.UtcDateTime),
    sa.Column("paid_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "code"),
    sa.CheckConstraint("way IN ('transfer', 'desk')", name="way"),
    sa.CheckConstraint("received_cents BETWEEN 0 AND cents", name="received"),
)

receipts = sa.Table(
    "bank_receipts",
    db.metadata,
    db.city_column(),
    sa.Column("entry_key", sa.String(32), primary_key=True, comment="The same in every file that has it"),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="Below zero: the bank took it back"),
    sa.Column("booked_on", sa.Date, nullable=False),
    sa.Column("valued_on", sa.Date, nullable=False),
    sa.Column("payer_name", sa.String(140), nullable=False),
    sa.Column("payer_iban", sa.String(34), nullable=False),
    sa.Column("remittance", sa.String(500), nullable=False, comment="What the payer wrote"),
    sa.Column("cause", sa.String(10), nullable=False),
    sa.Column("payment_id", sa.BigInteger, comment="Of the request that it names"),
    sa.Column("matched_cents", sa.BigInteger, nullable=False, comment="Taken for that request"),
    sa.Column("open_cents", sa.BigInteger, nullable=False, comment="Nobody has claimed it yet: in suspense"),
    sa.Column("imported_at", db.UtcDateTime, nullable=False),
    sa.Column("closed_on", sa.Date, comment="When the open rest went back to the payer"),
    sa.Column("closed_by", sa.String(40)),
    sa.Index("ix_bank_receipts_payment_id", "city_id", "payment_id", "booked_on"),
    sa.Index("ix_bank_receipts_imported_at", "city_id", "imported_at", "entry_key"),
    comment="Money that came to the city's account for orders, or for nobody that is known",
)

imports = sa.Table(
    "bank_imports",
    db.metadata,
    db.city_column(),
    sa.Column("sha256", sa.String(64), primary_key=True, comment="Of the file"),
    sa.Column("imported_at", db.UtcDateTime, nullable=False),
    sa.Column("imported_by", sa.String(40), nullable=False),
    sa.Column("entries", sa.Integer, nullable=False, comment="Credits in it"),
    sa.Column("added", sa.Integer, nullable=False, comment="Of them, not known before"),
)

hand_refunds = sa.Table(
    "hand_refunds",
    db.metadata,
    db.city_column(),
    _number("refund_id"),
    sa.Column("request_key", sa.String(80), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("payment_reference", sa.String(120), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("payee_name", sa.String(140), nullable=False),
    sa.Column("payee_iban", sa.String(34), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("done_on", sa.Date),
    sa.Column("done_by", sa.String(40)),
    sa.Column("receipt_number", sa.String(40), comment="Of a desk"),
    sa.UniqueConstraint("city_id", "request_key"),
    sa.Index("ix_hand_refunds_status", "city_id", "status", "refund_id"),
    sa.Index("ix_hand_refunds_payment_reference", "city_id", "payment_reference"),
    sa.CheckConstraint("cents > 0", name="cents"),
    sa.CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
)

takings = sa.Table(
    "desk_takings",
    db.metadata,
    db.city_column(),
    sa.Column("desk", sa.String(30), primary_key=True),
    sa.Column("receipt_number", sa.String(40), primary_key=True, comment="A receipt is given once"),
    sa.Column("payment_id", sa.BigInteger, nullable=False),
    sa.Column("refund_id", sa.BigInteger, comment="If money was given back"),
    sa.Column("method", sa.String(10), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="Below zero: given back"),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("staff", sa.String(40), nullable=False),
    sa.Column("taken_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_desk_takings_day", "city_id", "desk", "day", "staff"),
    sa.CheckConstraint("method IN ('cash', 'girocard')", name="method"),
)

drawers = sa.Table(
    "cash_drawers",
    db.metadata,
    db.city_column(),
    sa.Column("desk", sa.String(30), primary_key=True),
    sa.Column("staff", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("float_cents", sa.BigInteger, nullable=False, comment="Change in it at the beginning"),
    sa.Column("expected_cents", sa.BigInteger, nullable=False),
    sa.Column("counted_cents", sa.BigInteger, nullable=False),
    sa.Column("note", sa.String(300), nullable=False),
    sa.Column("closed_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("counted_cents >= 0", name="counted"),
    comment="Counted once for each person, desk and day; then nothing more is taken there that day",
)

reconciliations = sa.Table(
    "reconciliations",
    db.metadata,
    db.city_column(),
    _number("run_id"),
    sa.Column("finished_at", db.UtcDateTime, nullable=False),
    sa.Column("compared", db.Json, nullable=False, comment="What was compared, with both sums"),
    sa.Column("differences", db.Json, nullable=False, comment="Cause and amounts of each"),
    sa.Column("volumes", db.Json, comment="Redeemed in twelve months, for each network"),
)

alarms = sa.Table(
    "volume_alarms",
    db.metadata,
    db.city_column(),
    sa.Column("network", sa.String(20), primary_key=True),
    sa.Column("raised_at", db.UtcDateTime, nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="Volume of twelve months then"),
    comment="There is a row while the volume is above the alarm's mark",
)
