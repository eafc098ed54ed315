"""The tables of redemption. Points and places are not here: the ledger has them."""

import sqlalchemy as sa

from kernel import db


def _city() -> sa.Column[int]:
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


issuing_keys = sa.Table(
    "issuing_keys",
    db.metadata,
    _city(),
    sa.Column("kid", sa.String(8), primary_key=True, comment="Four bytes in hex, as in the token's header"),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("sealed_seed", sa.LargeBinary(200), nullable=False, comment="Opened by the secret key only"),
    sa.Column("status", sa.String(7), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("retired_at", db.UtcDateTime),
    sa.Column("blocked_at", db.UtcDateTime),
    sa.Column("issued", sa.BigInteger, nullable=False, comment="Vouchers signed with it"),
    sa.Column("accepted", sa.BigInteger, nullable=False, comment="Vouchers redeemed; never more than issued"),
    sa.Column("foreign_seen", sa.BigInteger, nullable=False, server_default="0", comment="Never issued here"),
    sa.Column("alarmed_at", db.UtcDateTime, comment="When administrators were told that somebody else signs"),
    sa.CheckConstraint("status IN ('active', 'retired', 'blocked')", name="status"),
)

offers = sa.Table(
    "offers",
    db.metadata,
    _city(),
    sa.Column("offer_id", sa.Integer, primary_key=True, autoincrement=False, comment="Goes into the token"),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("titles", db.Json, nullable=False),
    sa.Column("descriptions", db.Json, nullable=False),
    sa.Column("venue_ids", db.Json, nullable=False),
    sa.Column("price_points", sa.BigInteger, nullable=False, comment="0 for a fine: its amount is the price"),
    sa.Column(
        "price_cents",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="Euros due besides the points",
    ),
    sa.Column(
        "extra_points_most",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="More points instead of euros",
    ),
    sa.Column("value_cents", sa.BigInteger, nullable=False),
    sa.Column("planned_places", sa.BigInteger, comment="Empty: unlimited. In the ledger once published"),
    sa.Column("sales_from", db.UtcDateTime),
    sa.Column("sales_until", db.UtcDateTime, comment="Exclusive"),
    sa.Column("valid_days", sa.Integer, comment="Whole days after the day of purchase"),
    sa.Column("valid_from", db.UtcDateTime),
    sa.Column("valid_until", db.UtcDateTime, comment="Exclusive"),
    sa.Column("per_person_limit", sa.Integer),
    sa.Column("vat_kind", sa.String(14), nullable=False),
    sa.Column("vat_rate_percent", sa.Integer),
    sa.Column("pictogram", sa.String(40), nullable=False),
    sa.Column("live_code", sa.Boolean, nullable=False, server_default="0", comment="No still code"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("published_at", db.UtcDateTime),
    sa.Column("withdrawn_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "code"),
    sa.CheckConstraint("kind IN ('ticket', 'pool', 'discount', 'fine')", name="kind"),
    sa.CheckConstraint("status IN ('draft', 'published', 'withdrawn')", name="status"),
)

vouchers = sa.Table(
    "vouchers",
    db.metadata,
    _city(),
    sa.Column("voucher_id", sa.String(16), primary_key=True, comment="The token's cti, 8 bytes in hex"),
    sa.Column("manual_code", sa.String(10), nullable=False),
    sa.Column("status_index", sa.BigInteger, nullable=False, comment="Place in the status list"),
    sa.Column("offer_id", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column(
        "paid_cents", sa.BigInteger, nullable=False, server_default="0", comment="In euros, by an order"
    ),
    sa.Column("hold_count", sa.Integer, nullable=False, comment="Ids of the holds follow from voucher_id"),
    sa.Column("bought_at", db.UtcDateTime, nullable=False),
    sa.Column("valid_from", db.UtcDateTime, nullable=False),
    sa.Column("valid_until", db.UtcDateTime, nullable=False, comment="Exclusive; the holds expire then"),
    sa.Column("kid", sa.String(8), nullable=False),
    sa.Column("token", sa.LargeBinary(200), nullable=False),
    sa.Column("frozen_at", db.UtcDateTime, comment="While its payment is disputed nobody gets in with it"),
    sa.UniqueConstraint("city_id", "manual_code"),
    sa.UniqueConstraint("city_id", "status_index"),
    sa.Index("ix_vouchers_owner", "city_id", "owner", "status_index"),
    sa.Index("ix_vouchers_kid", "city_id", "kid", "status_index"),
    sa.Index("ix_vouchers_valid_until", "city_id", "valid_until"),
    sa.ForeignKeyConstraint(["city_id", "offer_id"], ["offers.city_id", "offers.offer_id"]),
    sa.ForeignKeyConstraint(["city_id", "kid"], ["issuing_keys.city_id", "issuing_keys.kid"]),
    comment="Whether a voucher is used, cancelled or over is the ledger's to say",
)

redemptions = sa.Table(
    "redemptions",
    db.metadata,
    _city(),
    sa.Column("voucher_id", sa.String(16), primary_key=True, comment="A voucher is redeemed once"),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("scan_id", sa.BigInteger, nullable=False),
    sa.Column("redeemed_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(["city_id", "voucher_id"], ["vouchers.city_id", "vouchers.voucher_id"]),
)

scans = sa.Table(
    "scans",
    db.metadata,
    _city(),
    sa.Column("scan_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False, comment="Made by the device, one for each scan"),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("code_digest", sa.LargeBinary(32), nullable=False, comment="SHA-256 of what was read"),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("voucher_id", sa.String(16), comment="Where the code led to a voucher of this city"),
    sa.Column("details", db.Json, nullable=False, comment="The verdict as it was given"),
    sa.Column("scanned_at", db.UtcDateTime, nullable=False),
    sa.UniqueConstraint("city_id", "device_id", "nonce"),
    sa.Index("ix_scans_venue_id", "city_id", "venue_id", "scan_id"),
    sa.Index("ix_scans_voucher_id", "city_id", "voucher_id"),
    comment="Every scan, refused ones too; rows are only added, and forget a voucher whose owner is erased",
)

fine_payments = sa.Table(
    "fine_payments",
    db.metadata,
    _city(),
    sa.Column("reference", sa.String(40), primary_key=True, comment="A fine is paid once"),
    sa.Column("payment_id", sa.BigInteger, nullable=False),
    sa.Column("offer_id", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("group_id", sa.Uuid, comment="Of its transfers; the ledger does not know the reference"),
    sa.Column("amount_cents", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column(
        "paid_cents", sa.BigInteger, nullable=False, server_default="0", comment="In euros, by an order"
    ),
    sa.Column("rate_cents_per_point", sa.Integer, nullable=False),
    sa.Column("paid_at", db.UtcDateTime, nullable=False),
    sa.Column("reported_at", db.UtcDateTime, comment="When the register had confirmed the payment"),
    sa.UniqueConstraint("city_id", "payment_id"),
    sa.Index("ix_fine_payments_owner", "city_id", "owner", "payment_id"),
    sa.ForeignKeyConstraint(["city_id", "offer_id"], ["offers.city_id", "offers.offer_id"]),
)
