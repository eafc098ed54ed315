"""Redeeming on guests' own phones: what cities allow, what owners chose, secrets of venues, each use.

Secrets get versions. The table for them was made before anything wrote to it, so it is made anew.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_presented"
down_revision = "20261127_euros_of_guests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presented_modes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("offer_ids", db.Json, nullable=False, comment="For which of its offers"),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name=op.f("pk_presented_modes")),
        comment="Venues whose owners let guests redeem on their own phones",
    )
    op.create_table(
        "presented_policies",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "venue_id",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="0: all that have no own one",
        ),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("value_cents_max", sa.BigInteger(), nullable=False, comment="Of what is redeemed at once"),
        sa.Column(
            "person_day_cents", sa.BigInteger(), nullable=False, comment="Of one person, at all venues"
        ),
        sa.Column("venue_day_cents", sa.BigInteger(), nullable=False, comment="Of one venue in a day"),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name=op.f("pk_presented_policies")),
        comment="What guests may redeem on their own phones",
    )
    op.create_table(
        "presented_uses",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "presented_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Also the scan_id of what was redeemed by it",
        ),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column(
            "voucher_id", sa.String(length=16), nullable=True, comment="Empty once its owner is erased"
        ),
        sa.Column("owner", sa.String(length=40), nullable=True, comment="Who redeemed it; empty once erased"),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="Which staff type; not used twice in minutes"
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="Of the venue's secret"),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column("presented_at", db.UtcDateTime(), nullable=False),
        sa.Column("undone_at", db.UtcDateTime(), nullable=True, comment="The venue took it back"),
        sa.PrimaryKeyConstraint("city_id", "presented_id", name=op.f("pk_presented_uses")),
        comment="What guests redeemed on their own phones",
    )
    op.create_index(
        "ix_presented_uses_owner", "presented_uses", ["city_id", "owner", "presented_at"], unique=False
    )
    op.create_index(
        "ix_presented_uses_venue_id", "presented_uses", ["city_id", "venue_id", "presented_at"], unique=False
    )
    op.create_index(
        "ix_presented_uses_voucher_id",
        "presented_uses",
        ["city_id", "voucher_id", "presented_id"],
        unique=False,
    )
    op.add_column("venue_bounds", sa.Column("scanned_only", sa.Boolean(), server_default="0", nullable=False))
    op.add_column(
        "venue_contracts",
        sa.Column(
            "scanned_only",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Never redeemed on guests' own phones",
        ),
    )
    op.drop_table("venue_secrets")
    op.create_table(
        "venue_secrets",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "sealed", sa.LargeBinary(length=200), nullable=False, comment="Opened by the secret key only"
        ),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("begins_at", db.UtcDateTime(), nullable=False, comment="From then on codes follow from it"),
        sa.Column(
            "poster_until", db.UtcDateTime(), nullable=True, comment="Exclusive; empty: its poster holds"
        ),
        sa.PrimaryKeyConstraint("city_id", "venue_id", "version", name=op.f("pk_venue_secrets")),
        comment="From which a venue's posters, cards and the codes on guests' phones follow",
    )


def downgrade() -> None:
    op.drop_table("venue_secrets")
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
    op.drop_column("venue_contracts", "scanned_only")
    op.drop_column("venue_bounds", "scanned_only")
    op.drop_index("ix_presented_uses_voucher_id", table_name="presented_uses")
    op.drop_index("ix_presented_uses_venue_id", table_name="presented_uses")
    op.drop_index("ix_presented_uses_owner", table_name="presented_uses")
    op.drop_table("presented_uses")
    op.drop_table("presented_policies")
    op.drop_table("presented_modes")
