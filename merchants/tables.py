"""The tables of the venues: who they are, on what terms, with which devices, and what they were paid."""

import sqlalchemy as sa

from kernel import db


def _of_venue() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"])


venues = sa.Table(
    "venues",
    db.metadata,
    db.city_column(),
    sa.Column(
        "venue_id", sa.Integer, primary_key=True, autoincrement=False, comment="Small: goes into vouchers"
    ),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("street", sa.String(120), nullable=False, comment="With house number"),
    sa.Column("postcode", sa.String(10), nullable=False),
    sa.Column("district", sa.String(80), nullable=False, comment="Part of the city"),
    sa.Column("latitude_e6", sa.Integer, comment="Millionths of a degree, WGS 84"),
    sa.Column("longitude_e6", sa.Integer),
    sa.Column("payee_name", sa.String(70), nullable=False, comment="Account holder, as the bank knows it"),
    sa.Column("iban", sa.String(34), comment="Without spaces; checked"),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("status IN ('active', 'suspended')", name="status"),
    sa.CheckConstraint("(latitude_e6 IS NULL) = (longitude_e6 IS NULL)", name="location"),
)

devices = sa.Table(
    "venue_devices",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False, comment="kernel.ids.secret_hash"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("last_seen_at", db.UtcDateTime, comment="Touched rarely, see devices.touch"),
    sa.Column("revoked_at", db.UtcDateTime),
    sa.Column("kind", sa.String(8), nullable=False, server_default="scanner", comment="devices.DeviceKind"),
    sa.Column("state", sa.String(9), nullable=False, server_default="active", comment="devices.DeviceState"),
    sa.Column("state_since", db.UtcDateTime, comment="Empty: since it was enrolled"),
    sa.Column("quarantined_at", db.UtcDateTime, comment="Its log is broken; until somebody releases it"),
    sa.Column("lost_at", db.UtcDateTime, comment="What it signs from then on is not in good faith"),
    sa.Column("gate", sa.String(40), comment="Where it stands"),
    sa.Column("offer_ids", db.Json, comment="What it may take; empty: all offers of the venue"),
    sa.Column("public_key", sa.LargeBinary(32), comment="Ed25519; empty: works online only"),
    sa.Column("direction", sa.String(4), nullable=False, server_default="in", comment="devices.Direction"),
    sa.UniqueConstraint("city_id", "token_hash"),
    sa.Index("ix_venue_devices_public_key", "city_id", "public_key", unique=True),
    sa.Index("ix_venue_devices_venue_id", "city_id", "venue_id", "device_id"),
    _of_venue(),
)

contracts = sa.Table(
    "venue_contracts",
    db.metadata,
    db.city_column(),
    sa.Column("contract_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("rate_cents_per_point", sa.Integer, nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False, comment="First day of a period"),
    sa.Column("signed_at", db.UtcDateTime, nullable=False),
    sa.Column(
        "payout_delay_days",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="From the end of a period until its statement may be paid",
    ),
    sa.Column(
        "receipt_numbers",
        sa.Boolean,
        nullable=False,
        server_default="0",
        comment="Each redemption names the receipt of the till",
    ),
    sa.Column(
        "owner_publishes",
        sa.Boolean,
        nullable=False,
        server_default="0",
        comment="The owner's offers need no administrator",
    ),
    sa.Column(
        "scanned_only",
        sa.Boolean,
        nullable=False,
        server_default="0",
        comment="Never redeemed on guests' own phones",
    ),
    sa.Index("ix_venue_contracts_venue_id", "city_id", "venue_id", "valid_from"),
    sa.CheckConstraint("rate_cents_per_point > 0", name="rate"),
    sa.CheckConstraint("period IN ('week', 'month', 'quarter')", name="period"),
    _of_venue(),
    comment="Rows are only added: the one that began last is in force",
)

settlements = sa.Table(
    "settlements",
    db.metadata,
    db.city_column(),
    sa.Column("settlement_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("year", sa.Integer, nullable=False, comment="In which the statement was made"),
    sa.Column("ordinal", sa.Integer, nullable=False, comment="Without gap within city and year"),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("after_sequence", sa.BigInteger, nullable=False, comment="Settled before, up to and with it"),
    sa.Column("cut_sequence", sa.BigInteger, nullable=False, comment="Newest transfer that was looked at"),
    sa.Column(
        "settled_through", sa.BigInteger, nullable=False, comment="The next statement's after_sequence"
    ),
    sa.Column("settled_points", sa.BigInteger, nullable=False),
    sa.Column("settled_cents", sa.BigInteger, nullable=False),
    sa.Column(
        "collected_cents",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="Euros of guests that are passed on",
    ),
    sa.Column("closing_points", sa.BigInteger, nullable=False, comment="Carried over; below zero or zero"),
    sa.Column("document", sa.Text, nullable=False, comment="The statement: canonical JSON, frozen"),
    sa.Column("sha256", sa.String(64), nullable=False, comment="Of the document in UTF-8, in hex"),
    sa.Column("issued_at", db.UtcDateTime, nullable=False),
    sa.UniqueConstraint("city_id", "year", "ordinal"),
    sa.UniqueConstraint("city_id", "venue_id", "first_day"),
    sa.CheckConstraint("settled_points >= 0 AND settled_cents >= 0", name="settled"),
    sa.CheckConstraint("after_sequence <= cut_sequence", name="sequences"),
    sa.CheckConstraint("first_day <= last_day", name="days"),
    _of_venue(),
    comment="Rows are only added",
)

payouts = sa.Table(
    "payouts",
    db.metadata,
    db.city_column(),
    sa.Column("settlement_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="Paid once"),
    sa.Column("paid_on", sa.Date, nullable=False, comment="Value date at the bank"),
    sa.Column("confirmed_by", sa.String(40), nullable=False),
    sa.Column("confirmed_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(
        ["city_id", "settlement_id"], ["settlements.city_id", "settlements.settlement_id"]
    ),
)
