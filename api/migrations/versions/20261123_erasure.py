"""Erasing leaves nothing: persons go whole, the ledger knows no fines, spent evidence is a digest."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_erasure"
down_revision = "20261123_closings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_evidence",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="rewards.evidence.digest"),
        sa.PrimaryKeyConstraint("city_id", "digest", name=op.f("pk_spent_evidence")),
        comment="Evidence of erased persons, by digest alone: it is not rewarded again",
    )
    op.create_index("ix_scans_voucher_id", "scans", ["city_id", "voucher_id"])
    op.add_column(
        "fine_payments",
        sa.Column(
            "group_id",
            sa.Uuid(),
            nullable=True,
            comment="Of its transfers; the ledger does not know the reference",
        ),
    )
    erased = sa.text("DELETE FROM persons WHERE city_id = :city_id AND erased_at IS NOT NULL")
    for city_id in op.get_bind().execute(sa.text("SELECT city_id FROM cities")).scalars().all():
        op.execute(erased.bindparams(city_id=city_id))
    op.drop_column("persons", "erased_at")
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments.
        op.alter_column(
            "persons", "email", comment="Lower case", existing_comment="Lower case; empty once erased"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "persons", "email", comment="Lower case; empty once erased", existing_comment="Lower case"
        )
    op.add_column("persons", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("fine_payments", "group_id")
    op.drop_index("ix_scans_voucher_id", "scans")
    op.drop_table("spent_evidence")
