"""What devices wrote down, as it was handed in; what citizens are asked about it."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_scan_logs"
down_revision = "20261127_becoming_a_venue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redemption_claims",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("claim_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "about", sa.String(length=60), nullable=False, comment="Names what is asked about: asked once"
        ),
        sa.Column("voucher_id", sa.String(length=16), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("facts", db.Json, nullable=False, comment="What is told with the question"),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String(length=3), nullable=True, comment="yes: it was me; no: it was not"),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("answered_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f("ck_redemption_claims_answer")),
        sa.CheckConstraint("kind IN ('used-twice', 'disputed')", name=op.f("ck_redemption_claims_kind")),
        sa.PrimaryKeyConstraint("city_id", "claim_id", name=op.f("pk_redemption_claims")),
        sa.UniqueConstraint(
            "city_id", "owner", "about", name=op.f("uq_redemption_claims_city_id_owner_about")
        ),
        comment="Was that you? Asked by the city, or said by the citizen",
    )
    op.create_index(
        "ix_redemption_claims_venue_id",
        "redemption_claims",
        ["city_id", "venue_id", "claim_id"],
        unique=False,
    )
    op.create_table(
        "scan_log_events",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "event_id", sa.BigInteger(), nullable=False, comment="Also the scan_id of what was redeemed by it"
        ),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "data",
            sa.LargeBinary(),
            nullable=True,
            comment="As it was signed; empty once its voucher's owner is erased",
        ),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=24), nullable=False, comment="What the device showed"),
        sa.Column("voucher_id", sa.String(length=16), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("refers", sa.BigInteger(), nullable=False, comment="The scan that is taken back; 0: none"),
        sa.Column("happened_at", db.UtcDateTime(), nullable=False, comment="Clamped: see redemption.merging"),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True, comment="Why it is refused or held"),
        sa.Column("won", sa.Integer(), nullable=False, comment="Uses that were booked for it"),
        sa.Column(
            "lost", sa.Integer(), nullable=False, comment="Uses that the city bears: others had them before"
        ),
        sa.CheckConstraint(
            "outcome IN ('open', 'known', 'refused', 'held')", name=op.f("ck_scan_log_events_outcome")
        ),
        sa.CheckConstraint("won >= 0 AND lost >= 0", name=op.f("ck_scan_log_events_shares")),
        sa.PrimaryKeyConstraint("city_id", "device_id", "seq", name=op.f("pk_scan_log_events")),
        comment="Every event of every log; rows are only added, and what they got changes",
    )
    op.create_index(
        "ix_scan_log_events_venue_id", "scan_log_events", ["city_id", "venue_id", "event_id"], unique=False
    )
    op.create_index(
        "ix_scan_log_events_voucher_id", "scan_log_events", ["city_id", "voucher_id"], unique=False
    )
    op.create_table(
        "scan_log_oddities",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="Where it stood, or said that it stands"),
        sa.Column("fault", sa.String(length=30), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "device_id", "digest", name=op.f("pk_scan_log_oddities")),
        comment="What could not be taken in: unreadable, or against what is known. Kept as it came",
    )
    op.create_table(
        "scan_logs",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False, comment="Everything up to it is here"),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of that event"),
        sa.Column(
            "gap_since",
            db.UtcDateTime(),
            nullable=True,
            comment="When it was first seen that events are missing",
        ),
        sa.Column("fault", sa.String(length=30), nullable=True, comment="Why the device is in quarantine"),
        sa.PrimaryKeyConstraint("city_id", "device_id", name=op.f("pk_scan_logs")),
        comment="How far the log of each device is known",
    )


def downgrade() -> None:
    op.drop_table("scan_logs")
    op.drop_table("scan_log_oddities")
    op.drop_index("ix_scan_log_events_voucher_id", table_name="scan_log_events")
    op.drop_index("ix_scan_log_events_venue_id", table_name="scan_log_events")
    op.drop_table("scan_log_events")
    op.drop_index("ix_redemption_claims_venue_id", table_name="redemption_claims")
    op.drop_table("redemption_claims")
