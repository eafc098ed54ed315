"""Occasions that one takes part in, events of other systems, entries at the desk, cards on paper."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_taking_part"
down_revision = "20261123_rule_life"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "city_events",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "content_hash", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of what it said"
        ),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("evidence_key", sa.String(length=120), nullable=False),
        sa.Column(
            "confirmed", sa.Boolean(), nullable=True, comment="Of an outcome; empty if an action was reported"
        ),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("happened_at", db.UtcDateTime(), nullable=False),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.Column("effect", sa.String(length=8), nullable=False),
        sa.CheckConstraint(
            "effect IN ('taken', 'repeated', 'waiting', 'applied', 'ignored')",
            name=op.f("ck_city_events_effect"),
        ),
        sa.PrimaryKeyConstraint("city_id", "source", "event_id", name=op.f("pk_city_events")),
        comment="Events of other systems: each has its effect once, outcomes may come first",
    )
    op.create_index(
        "ix_city_events_evidence_key", "city_events", ["city_id", "action", "evidence_key"], unique=False
    )
    op.create_table(
        "occasions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("occasion_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=60),
            nullable=False,
            comment="A category of the action: workshop, poll, ...",
        ),
        sa.Column("titles", db.Json, nullable=False),
        sa.Column("descriptions", db.Json, nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("options", db.Json, nullable=False, comment="Answers of a poll; empty if it is attended"),
        sa.Column("printed_code", sa.Boolean(), nullable=False, comment="One code for all the time"),
        sa.Column(
            "secret", sa.LargeBinary(length=32), nullable=False, comment="What the codes are made from"
        ),
        sa.Column("opens_at", db.UtcDateTime(), nullable=False),
        sa.Column("closes_at", db.UtcDateTime(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False, comment="More people than this are looked at"),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("expected > 0", name=op.f("ck_occasions_expected")),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_occasions_times")),
        sa.PrimaryKeyConstraint("city_id", "occasion_id", name=op.f("pk_occasions")),
        comment="Workshops, polls, consultations: what one takes part in",
    )
    op.create_index("ix_occasions_closes_at", "occasions", ["city_id", "closes_at"], unique=False)
    op.create_table(
        "citizen_cards",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False, comment="Crockford base32, printed on paper"),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "person_id"],
            ["persons.city_id", "persons.person_id"],
            name=op.f("fk_citizen_cards_city_id_person_id_persons"),
        ),
        sa.PrimaryKeyConstraint("city_id", "person_id", name=op.f("pk_citizen_cards")),
        sa.UniqueConstraint("city_id", "code", name=op.f("uq_citizen_cards_city_id_code")),
        comment="By what a citizen is known at a desk or on the telephone",
    )
    op.create_table(
        "desk_entries",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "staff_id", sa.BigInteger(), nullable=False, comment="Who entered it; somebody else decides it"
        ),
        sa.Column("channel", sa.String(length=9), nullable=False),
        sa.Column("identified_by", sa.String(length=5), nullable=False),
        sa.Column("entered_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("channel IN ('desk', 'telephone', 'paper')", name=op.f("ck_desk_entries_channel")),
        sa.CheckConstraint("identified_by IN ('email', 'card')", name=op.f("ck_desk_entries_identified_by")),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_desk_entries_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "submission_id", name=op.f("pk_desk_entries")),
        comment="Submissions that staff entered for citizens",
    )
    op.create_table(
        "poll_answers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("occasion_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("option_code", sa.String(length=60), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "occasion_id"],
            ["occasions.city_id", "occasions.occasion_id"],
            name=op.f("fk_poll_answers_city_id_occasion_id_occasions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "occasion_id", "option_code", name=op.f("pk_poll_answers")),
        comment="How often each answer was given; never by whom or when",
    )
    op.add_column(
        "clients",
        sa.Column(
            "public_key",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="Ed25519: what it sends has to be signed by it",
        ),
    )
    op.add_column(
        "evidence_files",
        sa.Column("part", sa.String(length=6), nullable=True, comment="Of a pair: before or after the work"),
    )


def downgrade() -> None:
    op.drop_column("evidence_files", "part")
    op.drop_column("clients", "public_key")
    op.drop_table("poll_answers")
    op.drop_table("desk_entries")
    op.drop_table("citizen_cards")
    op.drop_index("ix_occasions_closes_at", table_name="occasions")
    op.drop_table("occasions")
    op.drop_index("ix_city_events_evidence_key", table_name="city_events")
    op.drop_table("city_events")
