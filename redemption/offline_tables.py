"""The tables of scanning without a network: what a city lets venues do, and leases."""

import sqlalchemy as sa

from kernel import db

offline_policies = sa.Table(
    "offline_policies",
    db.metadata,
    db.city_column(),
    sa.Column(
        "venue_id", sa.Integer, primary_key=True, autoincrement=False, comment="0: all that have no own one"
    ),
    sa.Column("capped", sa.Boolean, nullable=False, comment="Whether small values are let in at all"),
    sa.Column("value_cents_max", sa.BigInteger, nullable=False, comment="Of one scan"),
    sa.Column("device_day_cents", sa.BigInteger, nullable=False, comment="Of one device in a day"),
    sa.Column("list_age_seconds", sa.Integer, nullable=False),
    sa.Column("single_venue", sa.Boolean, nullable=False),
    sa.Column("proof", sa.String(10), nullable=False),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("proof IN ('none', 'live', 'id', 'live-or-id')", name="proof"),
    comment="What venues may let in without a network",
)

leases = sa.Table(
    "voucher_leases",
    db.metadata,
    db.city_column(),
    sa.Column("lease_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("voucher_id", sa.String(16), nullable=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("leased_at", db.UtcDateTime, nullable=False),
    sa.Column("until", db.UtcDateTime, nullable=False, comment="Exclusive: the device takes it before"),
    sa.Column("free_at", db.UtcDateTime, nullable=False, comment="Nobody waits for the device's log longer"),
    sa.Column("token", sa.LargeBinary(200), nullable=False),
    sa.Column("ended_at", db.UtcDateTime),
    sa.Column("how", sa.String(8), comment="used, closed, over or lost"),
    sa.Index("ix_voucher_leases_voucher_id", "city_id", "voucher_id", "lease_id"),
    sa.Index("ix_voucher_leases_device_id", "city_id", "device_id", "lease_id"),
    comment="Vouchers that are reserved for one device, which may take them without a network",
)
