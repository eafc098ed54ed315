"""Tables of the life of rules and budgets: steps and times in force, funding, what waits for money."""

import sqlalchemy as sa

from kernel import db

NOTE_MAX = 500


def _city() -> sa.Column[int]:
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


def _of_version() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["city_id", "version_hash"], ["rule_versions.city_id", "rule_versions.version_hash"]
    )


rule_steps = sa.Table(
    "rule_steps",
    db.metadata,
    _city(),
    sa.Column("step_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version_hash", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.BigInteger, comment="Empty if nobody but the installation acted"),
    sa.Column("note", sa.String(NOTE_MAX), nullable=False),
    sa.Column("details", db.Json, nullable=False),
    sa.Column("at", db.UtcDateTime, nullable=False),
    sa.Column("effective_at", db.UtcDateTime, comment="When it takes effect"),
    sa.Index("ix_rule_steps_version_hash", "city_id", "version_hash", "step_id"),
    sa.CheckConstraint(
        "kind IN ('drafted', 'imported', 'simulated', 'approved', 'scheduled', 'withdrawn', 'retired', "
        "'noted')",
        name="kind",
    ),
    _of_version(),
    comment="Append-only: what was done with a version of a rule, by whom and why",
)

rule_periods = sa.Table(
    "rule_periods",
    db.metadata,
    _city(),
    sa.Column("period_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("version_hash", sa.String(64), nullable=False),
    sa.Column("starts_at", db.UtcDateTime, nullable=False),
    sa.Column("retired_at", db.UtcDateTime, comment="Taken out of force; a successor's start ends it, too"),
    sa.Column("cancelled_at", db.UtcDateTime, comment="Withdrawn before it began"),
    sa.Index("ix_rule_periods_code", "city_id", "code", "starts_at"),
    sa.Index("ix_rule_periods_version_hash", "city_id", "version_hash"),
    _of_version(),
    comment="When which version of a rule is in force (rewards.validity)",
)
