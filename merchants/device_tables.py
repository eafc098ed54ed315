"""The tables of devices besides the devices: how they become some, and how they say they are."""

import sqlalchemy as sa

from kernel import db

device_invitations = sa.Table(
    "device_invitations",
    db.metadata,
    db.city_column(),
    sa.Column("invitation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("gate", sa.String(40)),
    sa.Column("offer_ids", db.Json, comment="Empty: all offers of the venue"),
    sa.Column("direction", sa.String(4), nullable=False, server_default="in", comment="devices.Direction"),
    sa.Column("secret_hash", sa.String(64), nullable=False, comment="kernel.ids.secret_hash"),
    sa.Column("invited_by", sa.String(60), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False, comment="Exclusive"),
    sa.Column("device_id", sa.BigInteger, comment="What came of it: an invitation is used once"),
    sa.UniqueConstraint("city_id", "secret_hash"),
    sa.Index("ix_device_invitations_venue_id", "city_id", "venue_id", "invitation_id"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
    sa.ForeignKeyConstraint(["city_id", "device_id"], ["venue_devices.city_id", "venue_devices.device_id"]),
    sa.CheckConstraint("kind IN ('scanner', 'hub')", name="kind"),
)

device_reports = sa.Table(
    "device_reports",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("clock_offset_ms", sa.BigInteger, nullable=False, comment="Server's clock minus its own"),
    sa.Column("list_version", sa.Integer, nullable=False, comment="Of its status list; 0: none"),
    sa.Column("queue_length", sa.Integer, nullable=False, comment="Events that it has not handed in"),
    sa.Column("battery_percent", sa.Integer),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Column("app_version", sa.String(20), nullable=False),
    sa.Column("reported_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(["city_id", "device_id"], ["venue_devices.city_id", "venue_devices.device_id"]),
    sa.CheckConstraint("battery_percent BETWEEN 0 AND 100", name="battery"),
    comment="What each device last said of itself",
)
