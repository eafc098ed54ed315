"""Steps and times in force of rules, so that a version can be scheduled and keeps its history."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_rule_life"
down_revision = "20261123_rule_surroundings"
branch_labels = None
depends_on = None

_TIMES = ("active_from", "retired_at")


def upgrade() -> None:
    found = _versions("'draft', 'approved', 'active', 'retired'", *_TIMES)
    found.sort(key=lambda row: (row["city_id"], row["created_at"], row["version_hash"]))
    # There are few: made anew, as SQLite can't change a constraint.
    op.drop_table("rule_versions")
    versions = op.create_table(*_columns("'draft', 'simulated', 'approved'"))
    op.create_index("ix_rule_versions_code", "rule_versions", ["city_id", "code", "created_at"])
    steps, periods = _create()
    for number, row in enumerate(found, start=1):
        stage = {"active": "approved", "retired": "approved"}.get(row["status"], row["status"])
        kept = {name: value for name, value in row.items() if name not in _TIMES}
        op.execute(sa.insert(versions).values(**kept | {"status": stage}))
        acts = [("drafted", row["author_id"], row["created_at"])]
        if row["approved_at"] is not None:
            acts.append(("approved", row["approver_id"], row["approved_at"]))
        for place, (kind, actor, at) in enumerate(acts):
            op.execute(
                sa.insert(steps).values(
                    city_id=row["city_id"],
                    step_id=2 * number + place,
                    version_hash=row["version_hash"],
                    kind=kind,
                    actor_id=actor,
                    note="",
                    details={},
                    at=at,
                )
            )
        if row["active_from"] is not None:
            op.execute(
                sa.insert(periods).values(
                    city_id=row["city_id"],
                    period_id=number,
                    code=row["code"],
                    version_hash=row["version_hash"],
                    starts_at=row["active_from"],
                    retired_at=row["retired_at"],
                )
            )


def downgrade() -> None:
    found = _versions("'draft', 'simulated', 'approved'")
    periods = _rows(sa.table("rule_periods", *(sa.column(name) for name in ("city_id", "version_hash"))))
    begun = {(row["city_id"], row["version_hash"]) for row in periods}
    op.drop_table("rule_periods")
    op.drop_table("rule_steps")
    op.drop_table("rule_versions")
    table = op.create_table(*_columns("'draft', 'approved', 'active', 'retired'", *_TIMES))
    op.create_index("ix_rule_versions_status", "rule_versions", ["city_id", "status", "code"])
    for row in found:
        # Which of them are in force has to be said anew: the older form knows no dates to come.
        known = (row["city_id"], row["version_hash"]) in begun
        status = "retired" if known else {"simulated": "draft"}.get(row["status"], row["status"])
        op.execute(sa.insert(table).values(**row | {"status": status}))


def _versions(statuses: str, *times: str) -> list[dict[str, Any]]:
    return _rows(sa.Table("rule_versions", sa.MetaData(), *_columns(statuses, *times)[1:]))


def _rows(table: sa.FromClause) -> list[dict[str, Any]]:
    bind = op.get_bind()
    cities = bind.execute(sa.text("SELECT city_id FROM cities")).scalars().all()
    return [
        dict(row._mapping)
        for city_id in cities
        for row in bind.execute(sa.select(table).where(table.c.city_id == city_id))
    ]


def _columns(statuses: str, *times: str) -> tuple[Any, ...]:
    return (
        "rule_versions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "version_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the canonical document"
        ),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("document", db.Json, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        *(sa.Column(name, db.UtcDateTime(), nullable=True) for name in times),
        sa.CheckConstraint(f"status IN ({statuses})", name=op.f("ck_rule_versions_status")),
        sa.CheckConstraint("approver_id <> author_id", name=op.f("ck_rule_versions_four_eyes")),
        sa.PrimaryKeyConstraint("city_id", "version_hash", name=op.f("pk_rule_versions")),
    )


def _create() -> tuple[sa.Table, sa.Table]:
    of_version = (["city_id", "version_hash"], ["rule_versions.city_id", "rule_versions.version_hash"])
    steps = op.create_table(
        "rule_steps",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "actor_id", sa.BigInteger(), nullable=True, comment="Empty if nobody but the installation acted"
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("details", db.Json, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("effective_at", db.UtcDateTime(), nullable=True, comment="When it takes effect"),
        sa.CheckConstraint(
            "kind IN ('drafted', 'imported', 'simulated', 'approved', 'scheduled', 'withdrawn', 'retired', "
            "'noted')",
            name=op.f("ck_rule_steps_kind"),
        ),
        sa.ForeignKeyConstraint(*of_version, name=op.f("fk_rule_steps_city_id_version_hash_rule_versions")),
        sa.PrimaryKeyConstraint("city_id", "step_id", name=op.f("pk_rule_steps")),
        comment="Append-only: what was done with a version of a rule, by whom and why",
    )
    op.create_index("ix_rule_steps_version_hash", "rule_steps", ["city_id", "version_hash", "step_id"])
    periods = op.create_table(
        "rule_periods",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version_hash", sa.String(length=64), nullable=False),
        sa.Column("starts_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "retired_at",
            db.UtcDateTime(),
            nullable=True,
            comment="Taken out of force; a successor's start ends it, too",
        ),
        sa.Column("cancelled_at", db.UtcDateTime(), nullable=True, comment="Withdrawn before it began"),
        sa.ForeignKeyConstraint(*of_version, name=op.f("fk_rule_periods_city_id_version_hash_rule_versions")),
        sa.PrimaryKeyConstraint("city_id", "period_id", name=op.f("pk_rule_periods")),
        comment="When which version of a rule is in force (rewards.validity)",
    )
    op.create_index("ix_rule_periods_code", "rule_periods", ["city_id", "code", "starts_at"])
    op.create_index("ix_rule_periods_version_hash", "rule_periods", ["city_id", "version_hash"])
    return steps, periods
