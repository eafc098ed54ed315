"""Budgets asked for by one and released by another, what waits for them; keys for rules of other cities."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_budget_life"
down_revision = "20261123_taking_part"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budget_policies",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("when_dry", sa.String(length=8), nullable=False),
        sa.Column(
            "dry_since",
            db.UtcDateTime(),
            nullable=True,
            comment="When it first could not pay since it was funded",
        ),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "when_dry IN ('stop', 'queue', 'announce')", name=op.f("ck_budget_policies_when_dry")
        ),
        sa.PrimaryKeyConstraint("city_id", "campaign", name=op.f("pk_budget_policies")),
        comment="What happens when a campaign's budget runs dry",
    )
    op.create_table(
        "budget_requests",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False, comment="Of the council's decision"),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", db.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False, comment="Why it was declined"),
        sa.Column("transfer_id", sa.Uuid(), nullable=True, comment="Of the ledger, once released"),
        sa.Column("available_after", sa.BigInteger(), nullable=True, comment="What the budget then had"),
        sa.CheckConstraint(
            "state <> 'released' OR decided_by <> requested_by", name=op.f("ck_budget_requests_four_eyes")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'released', 'declined')", name=op.f("ck_budget_requests_state")
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_budget_requests_points")),
        sa.PrimaryKeyConstraint("city_id", "request_id", name=op.f("pk_budget_requests")),
        comment="Points for a campaign: asked for by one person, released by another",
    )
    op.create_index(
        "ix_budget_requests_campaign", "budget_requests", ["city_id", "campaign", "request_id"], unique=False
    )
    op.create_index(
        "ix_budget_requests_state", "budget_requests", ["city_id", "state", "request_id"], unique=False
    )
    op.create_table(
        "rule_keys",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_rule_keys")),
        comment="The key with which a city signs the rules that it gives to others",
    )
    op.create_table(
        "trusted_cities",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True, comment="Empty if by the command line"),
        sa.Column("added_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "public_key", name=op.f("pk_trusted_cities")),
        comment="Cities whose rules may be brought in as drafts",
    )
    op.create_table(
        "waiting_awards",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("waiting_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The order"),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("since", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_waiting_awards_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "waiting_id", name=op.f("pk_waiting_awards")),
        sa.UniqueConstraint("city_id", "submission_id", name=op.f("uq_waiting_awards_city_id_submission_id")),
        comment="What is paid as soon as a campaign is funded again; a row goes when it is settled",
    )
    op.create_index(
        "ix_waiting_awards_campaign", "waiting_awards", ["city_id", "campaign", "waiting_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_waiting_awards_campaign", table_name="waiting_awards")
    op.drop_table("waiting_awards")
    op.drop_table("trusted_cities")
    op.drop_table("rule_keys")
    op.drop_index("ix_budget_requests_state", table_name="budget_requests")
    op.drop_index("ix_budget_requests_campaign", table_name="budget_requests")
    op.drop_table("budget_requests")
    op.drop_table("budget_policies")
