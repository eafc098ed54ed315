"""Gates: which way guests go past a device, and their passages, which nothing has written so far."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_gates"
down_revision = "20261127_presented"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("device_invitations", "venue_devices"):
        direction = sa.Column(
            "direction", sa.String(length=4), server_default="in", nullable=False, comment="devices.Direction"
        )
        op.add_column(table, direction)
    _drop()
    _create(
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "over_at", db.UtcDateTime(), nullable=False, comment="Exclusive: the day of its guests ends"
        ),
        sa.Column("undone_at", db.UtcDateTime(), comment="The venue took it back: it never happened"),
    )


def downgrade() -> None:
    _drop()
    _create(
        sa.Column("gate", sa.String(length=40), nullable=False, comment="Empty: a device that stands at none")
    )
    op.drop_column("venue_devices", "direction")
    op.drop_column("device_invitations", "direction")


def _drop() -> None:
    op.drop_index("ix_gate_passages_voucher_id", table_name="gate_passages")
    op.drop_index("ix_gate_passages_venue_id", table_name="gate_passages")
    op.drop_table("gate_passages")


def _create(*further: sa.Column[object]) -> None:
    op.create_table(
        "gate_passages",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("passage_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Of the scan"),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("voucher_id", sa.String(length=16), comment="Empty once its owner is erased"),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False, comment="Let in again, without a use"),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("passed_at", db.UtcDateTime(), nullable=False),
        *further,
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_gate_passages_direction")),
        sa.PrimaryKeyConstraint("city_id", "passage_id", name=op.f("pk_gate_passages")),
        comment="Kept for a month; no money ever follows from a row",
    )
    op.create_index("ix_gate_passages_venue_id", "gate_passages", ["city_id", "venue_id", "passed_at"])
    op.create_index("ix_gate_passages_voucher_id", "gate_passages", ["city_id", "voucher_id", "passage_id"])
