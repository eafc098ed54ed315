"""Devices join by invitation with a key of their own, and are suspended, lost or held."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_devices_by_invitation"
down_revision = "20261127_fees"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "device_invitations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("invitation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=True),
        sa.Column("offer_ids", db.Json, nullable=True, comment="Empty: all offers of the venue"),
        sa.Column("secret_hash", sa.String(length=64), nullable=False, comment="kernel.ids.secret_hash"),
        sa.Column("invited_by", sa.String(length=60), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False, comment="Exclusive"),
        sa.Column(
            "device_id", sa.BigInteger(), nullable=True, comment="What came of it: an invitation is used once"
        ),
        sa.CheckConstraint("kind IN ('scanner', 'hub')", name=op.f("ck_device_invitations_kind")),
        sa.ForeignKeyConstraint(
            ["city_id", "device_id"],
            ["venue_devices.city_id", "venue_devices.device_id"],
            name=op.f("fk_device_invitations_city_id_device_id_venue_devices"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_device_invitations_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "invitation_id", name=op.f("pk_device_invitations")),
        sa.UniqueConstraint("city_id", "secret_hash", name=op.f("uq_device_invitations_city_id_secret_hash")),
    )
    op.create_index(
        "ix_device_invitations_venue_id",
        "device_invitations",
        ["city_id", "venue_id", "invitation_id"],
        unique=False,
    )
    op.create_table(
        "device_reports",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clock_offset_ms", sa.BigInteger(), nullable=False, comment="Server's clock minus its own"),
        sa.Column("list_version", sa.Integer(), nullable=False, comment="Of its status list; 0: none"),
        sa.Column("queue_length", sa.Integer(), nullable=False, comment="Events that it has not handed in"),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("app_version", sa.String(length=20), nullable=False),
        sa.Column("reported_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("battery_percent BETWEEN 0 AND 100", name=op.f("ck_device_reports_battery")),
        sa.ForeignKeyConstraint(
            ["city_id", "device_id"],
            ["venue_devices.city_id", "venue_devices.device_id"],
            name=op.f("fk_device_reports_city_id_device_id_venue_devices"),
        ),
        sa.PrimaryKeyConstraint("city_id", "device_id", name=op.f("pk_device_reports")),
        comment="What each device last said of itself",
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "kind",
            sa.String(length=8),
            server_default="scanner",
            nullable=False,
            comment="devices.DeviceKind",
        ),
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "state",
            sa.String(length=9),
            server_default="active",
            nullable=False,
            comment="devices.DeviceState",
        ),
    )
    op.add_column(
        "venue_devices",
        sa.Column("state_since", db.UtcDateTime(), nullable=True, comment="Empty: since it was enrolled"),
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "quarantined_at",
            db.UtcDateTime(),
            nullable=True,
            comment="Its log is broken; until somebody releases it",
        ),
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "lost_at",
            db.UtcDateTime(),
            nullable=True,
            comment="What it signs from then on is not in good faith",
        ),
    )
    op.add_column(
        "venue_devices", sa.Column("gate", sa.String(length=40), nullable=True, comment="Where it stands")
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "offer_ids", db.Json, nullable=True, comment="What it may take; empty: all offers of the venue"
        ),
    )
    op.add_column(
        "venue_devices",
        sa.Column(
            "public_key",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="Ed25519; empty: works online only",
        ),
    )
    op.create_index("ix_venue_devices_public_key", "venue_devices", ["city_id", "public_key"], unique=True)


def downgrade() -> None:

    op.drop_index("ix_venue_devices_public_key", table_name="venue_devices")
    op.drop_column("venue_devices", "public_key")
    op.drop_column("venue_devices", "offer_ids")
    op.drop_column("venue_devices", "gate")
    op.drop_column("venue_devices", "lost_at")
    op.drop_column("venue_devices", "quarantined_at")
    op.drop_column("venue_devices", "state_since")
    op.drop_column("venue_devices", "state")
    op.drop_column("venue_devices", "kind")
    op.drop_table("device_reports")
    op.drop_index("ix_device_invitations_venue_id", table_name="device_invitations")
    op.drop_table("device_invitations")
