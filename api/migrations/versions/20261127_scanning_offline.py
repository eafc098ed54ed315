"""What venues may do without a network, leases, secrets of venues, gates; re-entry of offers."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_scanning_offline"
down_revision = "20261127_visits_of_a_venue"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "gate_passages",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("passage_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Of the scan"),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column(
            "gate", sa.String(length=40), nullable=False, comment="Empty: a device that stands at none"
        ),
        sa.Column(
            "voucher_id", sa.String(length=16), nullable=True, comment="Empty once its owner is erased"
        ),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False, comment="Let in again, without a use"),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("passed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_gate_passages_direction")),
        sa.PrimaryKeyConstraint("city_id", "passage_id", name=op.f("pk_gate_passages")),
    )
    op.create_index(
        "ix_gate_passages_venue_id", "gate_passages", ["city_id", "venue_id", "passed_at"], unique=False
    )
    op.create_index(
        "ix_gate_passages_voucher_id", "gate_passages", ["city_id", "voucher_id", "passage_id"], unique=False
    )
    op.create_table(
        "offline_policies",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "venue_id",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="0: all that have no own one",
        ),
        sa.Column("capped", sa.Boolean(), nullable=False, comment="Whether small values are let in at all"),
        sa.Column("value_cents_max", sa.BigInteger(), nullable=False, comment="Of one scan"),
        sa.Column("device_day_cents", sa.BigInteger(), nullable=False, comment="Of one device in a day"),
        sa.Column("list_age_seconds", sa.Integer(), nullable=False),
        sa.Column("single_venue", sa.Boolean(), nullable=False),
        sa.Column("proof", sa.String(length=10), nullable=False),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "proof IN ('none', 'live', 'id', 'live-or-id')", name=op.f("ck_offline_policies_proof")
        ),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name=op.f("pk_offline_policies")),
        comment="What venues may let in without a network",
    )
    op.create_table(
        "venue_secrets",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "sealed", sa.LargeBinary(length=200), nullable=False, comment="Opened by the secret key only"
        ),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name=op.f("pk_venue_secrets")),
        comment="From which a venue's poster and the codes on guests' phones follow",
    )
    op.create_table(
        "voucher_leases",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lease_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voucher_id", sa.String(length=16), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("leased_at", db.UtcDateTime(), nullable=False),
        sa.Column("until", db.UtcDateTime(), nullable=False, comment="Exclusive: the device takes it before"),
        sa.Column(
            "free_at", db.UtcDateTime(), nullable=False, comment="Nobody waits for the device's log longer"
        ),
        sa.Column("token", sa.LargeBinary(length=200), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("how", sa.String(length=8), nullable=True, comment="used, closed or over"),
        sa.PrimaryKeyConstraint("city_id", "lease_id", name=op.f("pk_voucher_leases")),
        comment="Vouchers that are reserved for one device, which may take them without a network",
    )
    op.create_index(
        "ix_voucher_leases_device_id", "voucher_leases", ["city_id", "device_id", "lease_id"], unique=False
    )
    op.create_index(
        "ix_voucher_leases_voucher_id", "voucher_leases", ["city_id", "voucher_id", "lease_id"], unique=False
    )
    op.add_column(
        "offers",
        sa.Column(
            "reentry", sa.String(length=8), server_default="none", nullable=False, comment="After going out"
        ),
    )


def downgrade() -> None:

    op.drop_column("offers", "reentry")
    op.drop_index("ix_voucher_leases_voucher_id", table_name="voucher_leases")
    op.drop_index("ix_voucher_leases_device_id", table_name="voucher_leases")
    op.drop_table("voucher_leases")
    op.drop_table("venue_secrets")
    op.drop_table("offline_policies")
    op.drop_index("ix_gate_passages_voucher_id", table_name="gate_passages")
    op.drop_index("ix_gate_passages_venue_id", table_name="gate_passages")
    op.drop_table("gate_passages")
