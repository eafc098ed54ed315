"""Simulations: drafts of rules tried on the past."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_simulations"
down_revision = "20261123_tags"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("simulation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "author_id",
            sa.BigInteger(),
            nullable=True,
            comment="Empty if it was asked for at the command line",
        ),
        sa.Column(
            "first_day",
            sa.Date(),
            nullable=True,
            comment="Of the days that count; empty for the usual window",
        ),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column(
            "file",
            sa.LargeBinary(),
            nullable=True,
            comment="Deeds to replay instead of the past; gone once it has ended",
        ),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False, comment="0 as long as it is not known"),
        sa.Column("report", db.Json, nullable=True, comment="rewards.simulation_reports"),
        sa.Column("fault", db.Json, nullable=True, comment="Code and details of what ended it"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("beat_at", db.UtcDateTime(), nullable=True, comment="Last sign of life of who works on it"),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_simulations_state"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "version_hash"],
            ["rule_versions.city_id", "rule_versions.version_hash"],
            name=op.f("fk_simulations_city_id_version_hash_rule_versions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "simulation_id", name=op.f("pk_simulations")),
        comment="Drafts of rules tried on the past",
    )
    op.create_index(
        "ix_simulations_version_hash", "simulations", ["city_id", "version_hash", "simulation_id"]
    )
    op.create_index("ix_simulations_state", "simulations", ["city_id", "state", "simulation_id"])


def downgrade() -> None:
    op.drop_table("simulations")
