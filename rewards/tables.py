"""Tables of the rewards: rules, submissions with their evidence and checks, awards, reviews."""

import sqlalchemy as sa

from kernel import db


def _of_submission() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["city_id", "submission_id"], ["submissions.city_id", "submissions.submission_id"]
    )


rule_versions = sa.Table(
    "rule_versions",
    db.metadata,
    db.city_column(),
    sa.Column("version_hash", sa.String(64), primary_key=True, comment="SHA-256 of the canonical document"),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("document", db.Json, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("approver_id", sa.BigInteger),
    sa.Column("approved_at", db.UtcDateTime),
    sa.Index("ix_rule_versions_code", "city_id", "code", "created_at"),
    sa.CheckConstraint("status IN ('draft', 'simulated', 'approved')", name="status"),
    sa.CheckConstraint("approver_id <> author_id", name="four_eyes"),
)

submissions = sa.Table(
    "submissions",
    db.metadata,
    db.city_column(),
    sa.Column("submission_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("owner", sa.String(40), nullable=False, comment="Opaque owner in the ledger"),
    sa.Column("evidence_key", sa.String(120), nullable=False, comment="What may be rewarded only once"),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("description", sa.String(4000), nullable=False),
    sa.Column("address", sa.String(200)),
    sa.Column("district", sa.String(60)),
    sa.Column("latitude_e6", sa.Integer),
    sa.Column("longitude_e6", sa.Integer),
    sa.Column("accuracy_m", sa.Integer),
    sa.Column("facts", db.Json, nullable=False, comment="What the rules see"),
    sa.Column("occurred_at", db.UtcDateTime, nullable=False),
    sa.Column("received_at", db.UtcDateTime, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Column("closed_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "action", "evidence_key"),
    sa.Index("ix_submissions_owner", "city_id", "owner", "submission_id"),
    sa.Index("ix_submissions_status", "city_id", "status", "submission_id"),
    sa.Index("ix_submissions_place", "city_id", "action", "latitude_e6"),
    sa.CheckConstraint("status IN ('review', 'accepted', 'declined', 'done', 'rejected')", name="status"),
)

evidence_files = sa.Table(
    "evidence_files",
    db.metadata,
    db.city_column(),
    sa.Column("evidence_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("submission_id", sa.BigInteger, nullable=False),
    sa.Column("storage_key", sa.String(120), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, comment="Of the bytes as they were uploaded"),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("taken_at", db.UtcDateTime, comment="From the picture itself, before it was stripped"),
    sa.Column("part", sa.String(6), comment="Of a pair: before or after the work"),
    sa.Column("fingerprint", sa.BigInteger, comment="rewards.fingerprints; empty if nothing can be seen"),
    sa.Index("ix_evidence_files_submission_id", "city_id", "submission_id"),
    sa.Index("ix_evidence_files_sha256", "city_id", "sha256"),
    _of_submission(),
)

check_results = sa.Table(
    "check_results",
    db.metadata,
    db.city_column(),
    sa.Column("submission_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("result", sa.String(6), nullable=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sa.Column("details", db.Json, nullable=False),
    _of_submission(),
    sa.CheckConstraint("result IN ('pass', 'review', 'hold')", name="result"),
)

awards = sa.Table(
    "awards",
    db.metadata,
    db.city_column(),
    sa.Column("award_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("award_key", sa.String(64), nullable=False, comment="SHA-256 of rule, owner and evidence"),
    sa.Column("submission_id", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("rule_code", sa.String(60), nullable=False),
    sa.Column("version_hash", sa.String(64), nullable=False),
    sa.Column("points_now", sa.Integer, nullable=False, comment="Given at triage"),
    sa.Column("points_later", sa.Integer, nullable=False, comment="Given when the outcome is known"),
    sa.Column("now_id", sa.Uuid, comment="Transfer of the first part"),
    sa.Column("hold_id", sa.Uuid, comment="Hold of the second part"),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("receipt", db.Json, nullable=False, comment="Facts seen, deciding clause, trace, sentence"),
    sa.Column("decided_at", db.UtcDateTime, nullable=False),
    sa.Column("resolved_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "award_key"),
    sa.Index("ix_awards_submission_id", "city_id", "submission_id"),
    sa.Index("ix_awards_owner", "city_id", "owner", "rule_code", "decided_at"),
    sa.Index("ix_awards_state", "city_id", "state", "decided_at"),
    _of_submission(),
    sa.CheckConstraint("state IN ('pending', 'confirmed', 'rejected')", name="state"),
)

spent_evidence = sa.Table(
    "spent_evidence",
    db.metadata,
    db.city_column(),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True, comment="rewards.evidence.digest"),
    comment="Evidence of erased persons, by digest alone: it is not rewarded again",
)

decisions = sa.Table(
    "decisions",
    db.metadata,
    db.city_column(),
    sa.Column("decision_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("submission_id", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("reviewer_id", sa.BigInteger, comment="Empty if the checks and rules decided alone"),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("receipt", db.Json, nullable=False, comment="Why points were given or not"),
    sa.Column("decided_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_decisions_submission_id", "city_id", "submission_id", "decision_id"),
    _of_submission(),
)

action_types = sa.Table(
    "action_types",
    db.metadata,
    db.city_column(),
    sa.Column("code", sa.String(60), primary_key=True),
    sa.Column("document", db.Json, nullable=False, comment="rewards.action_types.ActionType"),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    comment="Action types that the city added, or whose words it changed",
)

occasions = sa.Table(
    "occasions",
    db.metadata,
    db.city_column(),
    sa.Column("occasion_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False, comment="A category of the action: workshop, poll, ..."),
    sa.Column("titles", db.Json, nullable=False),
    sa.Column("descriptions", db.Json, nullable=False),
    sa.Column("place", sa.String(200)),
    sa.Column("options", db.Json, nullable=False, comment="Answers of a poll; empty if it is attended"),
    sa.Column("printed_code", sa.Boolean, nullable=False, comment="One code for all the time"),
    sa.Column("secret", sa.LargeBinary(32), nullable=False, comment="What the codes are made from"),
    sa.Column("opens_at", db.UtcDateTime, nullable=False),
    sa.Column("closes_at", db.UtcDateTime, nullable=False),
    sa.Column("expected", sa.Integer, nullable=False, comment="More people than this are looked at"),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("cancelled_at", db.UtcDateTime),
    sa.Index("ix_occasions_closes_at", "city_id", "closes_at"),
    sa.CheckConstraint("opens_at < closes_at", name="times"),
    sa.CheckConstraint("expected > 0", name="expected"),
    comment="Workshops, polls, consultations: what one takes part in",
)

poll_answers = sa.Table(
    "poll_answers",
    db.metadata,
    db.city_column(),
    sa.Column("occasion_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("option_code", sa.String(60), primary_key=True),
    sa.Column("answers", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["city_id", "occasion_id"], ["occasions.city_id", "occasions.occasion_id"]),
    comment="How often each answer was given; never by whom or when",
)

city_events = sa.Table(
    "city_events",
    db.metadata,
    db.city_column(),
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("client_id", sa.BigInteger, nullable=False),
    sa.Column("content_hash", sa.LargeBinary(32), nullable=False, comment="SHA-256 of what it said"),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("evidence_key", sa.String(120), nullable=False),
    sa.Column("confirmed", sa.Boolean, comment="Of an outcome; empty if an action was reported"),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("happened_at", db.UtcDateTime, nullable=False),
    sa.Column("received_at", db.UtcDateTime, nullable=False),
    sa.Column("effect", sa.String(8), nullable=False),
    sa.Index("ix_city_events_evidence_key", "city_id", "action", "evidence_key"),
    sa.CheckConstraint("effect IN ('taken', 'repeated', 'waiting', 'applied', 'ignored')", name="effect"),
    comment="Events of other systems: each has its effect once, outcomes may come first",
)

desk_entries = sa.Table(
    "desk_entries",
    db.metadata,
    db.city_column(),
    sa.Column("submission_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("staff_id", sa.BigInteger, nullable=False, comment="Who entered it; somebody else decides it"),
    sa.Column("channel", sa.String(9), nullable=False),
    sa.Column("identified_by", sa.String(5), nullable=False),
    sa.Column("entered_at", db.UtcDateTime, nullable=False),
    _of_submission(),
    sa.CheckConstraint("channel IN ('desk', 'telephone', 'paper')", name="channel"),
    sa.CheckConstraint("identified_by IN ('email', 'card')", name="identified_by"),
    comment="Submissions that staff entered for citizens",
)
