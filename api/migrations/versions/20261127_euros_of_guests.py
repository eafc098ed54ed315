"""Euros that guests paid for what venues gave them are settled, can be contested, and are posted to DATEV."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_euros_of_guests"
down_revision = "20261127_hub_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "billing_profiles",
        sa.Column(
            "datev_transit_account",
            sa.Integer(),
            nullable=False,
            server_default="1590",
            comment="Money of others that is passed on",
        ),
    )
    op.add_column(
        "settlement_contests",
        sa.Column("booked_cents", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column(
        "settlement_contests",
        sa.Column("expected_cents", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column(
        "settlements",
        sa.Column(
            "collected_cents",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Euros of guests that are passed on",
        ),
    )


def downgrade() -> None:
    op.drop_column("settlements", "collected_cents")
    op.drop_column("settlement_contests", "expected_cents")
    op.drop_column("settlement_contests", "booked_cents")
    op.drop_column("billing_profiles", "datev_transit_account")
