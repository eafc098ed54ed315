"""The transparency log of the ledger: key, seals, witnesses, cosignatures. Seals are append-only."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_ledger_log"
down_revision = "20261123_watching"
branch_labels = None
depends_on = None

APPEND_ONLY = "ledger_seals"


def upgrade() -> None:
    op.create_table(
        "ledger_log_keys",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False, comment="Names the log for ever"),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_ledger_log_keys")),
        comment="The key with which a city signs the checkpoints of its log",
    )
    op.create_table(
        "ledger_seals",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "size", sa.BigInteger(), autoincrement=False, nullable=False, comment="Transfers 1 to size"
        ),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", db.UtcDateTime(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False, comment="Signed note"),
        sa.Column(
            "digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="Of this row and the digest before it",
        ),
        sa.PrimaryKeyConstraint("city_id", "size", name=op.f("pk_ledger_seals")),
        comment="Append-only: every checkpoint that was signed",
    )
    op.create_table(
        "ledger_witnesses",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False, comment="Submission prefix"),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("added_at", db.UtcDateTime(), nullable=False),
        sa.Column("tried_at", db.UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, comment="In a row"),
        sa.Column("last_error", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "name", name=op.f("pk_ledger_witnesses")),
    )
    op.create_table(
        "ledger_cosignatures",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Text(), nullable=False, comment="Signature line of the note"),
        sa.Column("cosigned_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "size"],
            ["ledger_seals.city_id", "ledger_seals.size"],
            name=op.f("fk_ledger_cosignatures_city_id_size_ledger_seals"),
        ),
        sa.PrimaryKeyConstraint("city_id", "size", "witness", name=op.f("pk_ledger_cosignatures")),
    )
    op.create_index("ix_ledger_cosignatures_witness", "ledger_cosignatures", ["city_id", "witness", "size"])
    _refuse_changes(postgresql=op.get_bind().dialect.name == "postgresql")


def downgrade() -> None:
    op.drop_table("ledger_cosignatures")
    op.drop_table("ledger_witnesses")
    op.drop_table("ledger_seals")
    op.drop_table("ledger_log_keys")


def _refuse_changes(*, postgresql: bool) -> None:
    for event in ("UPDATE", "DELETE"):
        name = f"{APPEND_ONLY}_refuses_{event.lower()}"
        action = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if postgresql
            else "FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {APPEND_ONLY} {action}")
    if postgresql:
        op.execute(
            f"CREATE TRIGGER {APPEND_ONLY}_refuses_truncate BEFORE TRUNCATE ON {APPEND_ONLY} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
