"""What a hub knows on its own machine; both tables stay empty in a city's installation."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_hub_machines"
down_revision = "20261127_value_in_parts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_states",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="The hub, as the city numbers it"),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("server_url", sa.String(length=255), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False, comment="By which the city knows the hub"),
        sa.Column(
            "city_state", sa.String(length=11), nullable=False, comment="What the city says of the hub"
        ),
        sa.Column("heard_at", db.UtcDateTime(), nullable=True, comment="When the city was last reached"),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False, comment="City's clock minus this machine's"),
        sa.Column("anchor_ms", sa.BigInteger(), nullable=False, comment="City's time when last heard of"),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False, comment="Up to here the city has the log"),
        sa.Column(
            "session_id", sa.BigInteger(), nullable=True, comment="Whose vouchers are here; empty: none"
        ),
        sa.Column("session_until", db.UtcDateTime(), nullable=True),
        sa.Column("through_index", sa.BigInteger(), nullable=False, comment="What is left to it, by place"),
        sa.Column("listed_through", sa.BigInteger(), nullable=False, comment="What of that is here"),
        sa.Column(
            "copy_tag",
            sa.String(length=80),
            nullable=False,
            comment="ETag of what is known of city and offers",
        ),
        sa.Column("list_version", sa.Integer(), nullable=False),
        sa.Column("list_issued_at", db.UtcDateTime(), nullable=True),
        sa.Column("list_bits", sa.LargeBinary(), nullable=True, comment="The status list, compressed"),
        sa.Column("policy", db.Json, nullable=False, comment="What it may do beside its list"),
        sa.Column(
            "canary",
            sa.String(length=400),
            nullable=False,
            comment="A test voucher for the gates; empty: none",
        ),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_hub_states")),
        comment="On a hub's machine: what it is and how far it is. Empty in a city's installation",
    )
    op.create_table(
        "hub_live_keys",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_group", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="Of UTC, since 1970"),
        sa.Column("day_key", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "venue_group", "day", name=op.f("pk_hub_live_keys")),
        comment="On a hub's machine: by which it checks moving codes",
    )


def downgrade() -> None:
    op.drop_table("hub_live_keys")
    op.drop_table("hub_states")
