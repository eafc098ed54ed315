"""A hub hears who went in and out at other devices of its venue, and remembers how far."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_hub_passages"
down_revision = "20261127_hub_machines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    through = sa.Column(
        "passages_through",
        sa.BigInteger(),
        server_default="0",
        nullable=False,
        comment="Newest passage elsewhere that is here",
    )
    told: sa.Column[object] = sa.Column(
        "passages_at", db.UtcDateTime(), comment="When the city last told of passages"
    )
    op.add_column("hub_states", through)
    op.add_column("hub_states", told)


def downgrade() -> None:
    op.drop_column("hub_states", "passages_at")
    op.drop_column("hub_states", "passages_through")
