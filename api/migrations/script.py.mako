"""${message}

One ALTER subcommand for each statement, explicit names, referenced tables first (docs/architecture.md,
Storage). Add a column as nullable or with a constant default; drop it one release after nothing reads it.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "${up_revision}"
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
