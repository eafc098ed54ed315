"""Tables of the life of rules and budgets: steps and times in force, funding, what waits for money."""

import sqlalchemy as sa

from kernel import db

NOTE_MAX = 500


def _of_version() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["city_id", "version_hash"], ["rule_versions.city_id", "rule_versions.version_hash"]
    )


rule_steps = sa.Table(
    "rule_steps",
    db.metadata,
    db.city_column(),
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
    db.city_column(),
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

budget_requests = sa.Table(
    "budget_requests",
    db.metadata,
    db.city_column(),
    sa.Column("request_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("campaign", sa.String(60), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.String(100), nullable=False, comment="Of the council's decision"),
    sa.Column("note", sa.String(NOTE_MAX), nullable=False),
    sa.Column("requested_by", sa.BigInteger, nullable=False),
    sa.Column("requested_at", db.UtcDateTime, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("decided_by", sa.BigInteger),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Column("reason", sa.String(NOTE_MAX), nullable=False, comment="Why it was declined"),
    sa.Column("transfer_id", sa.Uuid, comment="Of the ledger, once released"),
    sa.Column("available_after", sa.BigInteger, comment="What the budget then had"),
    sa.Index("ix_budget_requests_state", "city_id", "state", "request_id"),
    sa.Index("ix_budget_requests_campaign", "city_id", "campaign", "request_id"),
    sa.CheckConstraint("state IN ('open', 'released', 'declined')", name="state"),
    sa.CheckConstraint("points > 0", name="points"),
    sa.CheckConstraint("state <> 'released' OR decided_by <> requested_by", name="four_eyes"),
    comment="Points for a campaign: asked for by one person, released by another",
)

budget_policies = sa.Table(
    "budget_policies",
    db.metadata,
    db.city_column(),
    sa.Column("campaign", sa.String(60), primary_key=True),
    sa.Column("when_dry", sa.String(8), nullable=False),
    sa.Column("dry_since", db.UtcDateTime, comment="When it first could not pay since it was funded"),
    sa.Column("changed_by", sa.BigInteger),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("when_dry IN ('stop', 'queue', 'announce')", name="when_dry"),
    comment="What happens when a campaign's budget runs dry",
)

waiting_awards = sa.Table(
    "waiting_awards",
    db.metadata,
    db.city_column(),
    sa.Column("waiting_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="The order"),
    sa.Column("campaign", sa.String(60), nullable=False),
    sa.Column("submission_id", sa.BigInteger, nullable=False),
    sa.Column("since", db.UtcDateTime, nullable=False),
    sa.UniqueConstraint("city_id", "submission_id"),
    sa.Index("ix_waiting_awards_campaign", "city_id", "campaign", "waiting_id"),
    sa.ForeignKeyConstraint(
        ["city_id", "submission_id"], ["submissions.city_id", "submissions.submission_id"]
    ),
    comment="What is paid as soon as a campaign is funded again; a row goes when it is settled",
)

rule_keys = sa.Table(
    "rule_keys",
    db.metadata,
    db.city_column(),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    comment="The key with which a city signs the rules that it gives to others",
)

trusted_cities = sa.Table(
    "trusted_cities",
    db.metadata,
    db.city_column(),
    sa.Column("public_key", sa.LargeBinary(32), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("added_by", sa.BigInteger, comment="Empty if by the command line"),
    sa.Column("added_at", db.UtcDateTime, nullable=False),
    comment="Cities whose rules may be brought in as drafts",
)
