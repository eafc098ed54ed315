"""A numbered seat is kept for its buyer while the euros are awaited."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_kept_seats"
down_revision = "20261127_handing_over"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column(
            "seat", sa.String(12), nullable=True, comment="Of numbered ones; kept while the order is open"
        ),
    )
    op.add_column(
        "offer_seats",
        sa.Column(
            "order_id",
            sa.BigInteger,
            nullable=True,
            comment="For whose payment it is kept; both empty: free",
        ),
    )


def downgrade() -> None:
    op.drop_column("offer_seats", "order_id")
    op.drop_column("orders", "seat")
