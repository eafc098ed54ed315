"""Tables of what rules refer to: districts, campaigns, and how rules are combined."""

import sqlalchemy as sa

from kernel import db

districts = sa.Table(
    "districts",
    db.metadata,
    db.city_column(),
    sa.Column("code", sa.String(60), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("polygons", db.Json, nullable=False, comment="Lists of corners [latitude_e6, longitude_e6]"),
    sa.Column("south_e6", sa.Integer, nullable=False, comment="Box around the polygons"),
    sa.Column("north_e6", sa.Integer, nullable=False),
    sa.Column("west_e6", sa.Integer, nullable=False),
    sa.Column("east_e6", sa.Integer, nullable=False),
)

campaigns = sa.Table(
    "campaigns",
    db.metadata,
    db.city_column(),
    sa.Column("code", sa.String(60), primary_key=True),
    sa.Column("names", db.Json, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False, comment="In the city's calendar, included"),
    sa.Column("last_day", sa.Date, nullable=False, comment="Included"),
    sa.CheckConstraint("first_day <= last_day", name="days"),
)

rule_combinations = sa.Table(
    "rule_combinations",
    db.metadata,
    db.city_column(),
    sa.Column("combination_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("campaign", sa.String(60), nullable=False, comment="Budget; empty: the whole programme"),
    sa.Column("combination", sa.String(10), nullable=False),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("approver_id", sa.BigInteger),
    sa.Column("approved_at", db.UtcDateTime),
    sa.CheckConstraint("combination IN ('best', 'sum', 'priority')", name="combination"),
    sa.CheckConstraint("approver_id <> author_id", name="four_eyes"),
)
