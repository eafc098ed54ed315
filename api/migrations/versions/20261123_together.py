"""What people do together: teams and goals."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_together"
down_revision = "20261123_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("join_code", sa.String(length=10), nullable=False, comment="Whoever has it may join"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "team_id", name=op.f("pk_teams")),
        sa.UniqueConstraint("city_id", "join_code", name=op.f("uq_teams_city_id_join_code")),
    )
    op.create_table(
        "team_members",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "owner", sa.String(length=40), nullable=False, comment="Opaque owner in the ledger; in one team"
        ),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "owner", name=op.f("pk_team_members")),
        sa.ForeignKeyConstraint(
            ["city_id", "team_id"],
            ["teams.city_id", "teams.team_id"],
            name=op.f("fk_team_members_city_id_team_id_teams"),
        ),
    )
    op.create_index("ix_team_members_team_id", "team_members", ["city_id", "team_id", "owner"])
    op.create_table(
        "goals",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("goal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("titles", db.Json, nullable=False),
        sa.Column("action", sa.String(length=60), nullable=True, comment="Empty: any civic action"),
        sa.Column("district", sa.String(length=60), nullable=True, comment="Empty: the whole city"),
        sa.Column("team_id", sa.BigInteger(), nullable=True, comment="Empty: everybody"),
        sa.Column("target", sa.Integer(), nullable=False, comment="Confirmed contributions"),
        sa.Column("first_day", sa.Date(), nullable=False, comment="In the city's calendar, included"),
        sa.Column("last_day", sa.Date(), nullable=False, comment="Included"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "goal_id", name=op.f("pk_goals")),
        sa.ForeignKeyConstraint(
            ["city_id", "team_id"],
            ["teams.city_id", "teams.team_id"],
            name=op.f("fk_goals_city_id_team_id_teams"),
        ),
        sa.CheckConstraint("target > 0", name=op.f("ck_goals_target")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_goals_days")),
    )


def downgrade() -> None:
    op.drop_table("goals")
    op.drop_index("ix_team_members_team_id", table_name="team_members")
    op.drop_table("team_members")
    op.drop_table("teams")
