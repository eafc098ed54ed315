"""Tables of what people do together: teams and goals."""

import sqlalchemy as sa

from kernel import db

teams = sa.Table(
    "teams",
    db.metadata,
    db.city_column(),
    sa.Column("team_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("join_code", sa.String(10), nullable=False, comment="Whoever has it may join"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("closed_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "join_code"),
)

team_members = sa.Table(
    "team_members",
    db.metadata,
    db.city_column(),
    sa.Column("owner", sa.String(40), primary_key=True, comment="Opaque owner in the ledger; in one team"),
    sa.Column("team_id", sa.BigInteger, nullable=False),
    sa.Column("joined_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_team_members_team_id", "city_id", "team_id", "owner"),
    sa.ForeignKeyConstraint(["city_id", "team_id"], ["teams.city_id", "teams.team_id"]),
)

goals = sa.Table(
    "goals",
    db.metadata,
    db.city_column(),
    sa.Column("goal_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("titles", db.Json, nullable=False),
    sa.Column("action", sa.String(60), comment="Empty: any civic action"),
    sa.Column("district", sa.String(60), comment="Empty: the whole city"),
    sa.Column("team_id", sa.BigInteger, comment="Empty: everybody"),
    sa.Column("target", sa.Integer, nullable=False, comment="Confirmed contributions"),
    sa.Column("first_day", sa.Date, nullable=False, comment="In the city's calendar, included"),
    sa.Column("last_day", sa.Date, nullable=False, comment="Included"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("withdrawn_at", db.UtcDateTime),
    sa.ForeignKeyConstraint(["city_id", "team_id"], ["teams.city_id", "teams.team_id"]),
    sa.CheckConstraint("target > 0", name="target"),
    sa.CheckConstraint("first_day <= last_day", name="days"),
)
