"""Table of simulations: what is waiting, how far one is, and what came out."""

import sqlalchemy as sa

from kernel import db

simulations = sa.Table(
    "simulations",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("simulation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version_hash", sa.String(64), nullable=False),
    sa.Column("author_id", sa.BigInteger, comment="Empty if it was asked for at the command line"),
    sa.Column("first_day", sa.Date, comment="Of the days that count; empty for the usual window"),
    sa.Column("last_day", sa.Date),
    sa.Column("file", sa.LargeBinary, comment="Deeds to replay instead of the past; gone once it has ended"),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False, comment="0 as long as it is not known"),
    sa.Column("report", db.Json, comment="rewards.simulation_reports"),
    sa.Column("fault", db.Json, comment="Code and details of what ended it"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("beat_at", db.UtcDateTime, comment="Last sign of life of who works on it"),
    sa.Column("ended_at", db.UtcDateTime),
    sa.ForeignKeyConstraint(
        ["city_id", "version_hash"], ["rule_versions.city_id", "rule_versions.version_hash"]
    ),
    sa.Index("ix_simulations_version_hash", "city_id", "version_hash", "simulation_id"),
    sa.Index("ix_simulations_state", "city_id", "state", "simulation_id"),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
    comment="Drafts of rules tried on the past",
)
