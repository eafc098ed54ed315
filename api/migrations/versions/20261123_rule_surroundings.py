"""What rules may ask for beyond facts: districts, campaigns, what persons say of themselves, combinations."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_rule_surroundings"
down_revision = "20261123_action_types"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "persons",
        sa.Column("age_group", sa.String(length=10), nullable=True, comment="As the person says, if at all"),
    )
    op.add_column(
        "persons",
        sa.Column(
            "home_district", sa.String(length=60), nullable=True, comment="As the person says, if at all"
        ),
    )
    op.create_table(
        "districts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "polygons", db.Json, nullable=False, comment="Lists of corners [latitude_e6, longitude_e6]"
        ),
        sa.Column("south_e6", sa.Integer(), nullable=False, comment="Box around the polygons"),
        sa.Column("north_e6", sa.Integer(), nullable=False),
        sa.Column("west_e6", sa.Integer(), nullable=False),
        sa.Column("east_e6", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "code", name=op.f("pk_districts")),
    )
    op.create_table(
        "campaigns",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("names", db.Json, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False, comment="In the city's calendar, included"),
        sa.Column("last_day", sa.Date(), nullable=False, comment="Included"),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_campaigns_days")),
        sa.PrimaryKeyConstraint("city_id", "code", name=op.f("pk_campaigns")),
    )
    op.create_table(
        "rule_combinations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("combination_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "campaign", sa.String(length=60), nullable=False, comment="Budget; empty: the whole programme"
        ),
        sa.Column("combination", sa.String(length=10), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "combination IN ('best', 'sum', 'priority')", name=op.f("ck_rule_combinations_combination")
        ),
        sa.CheckConstraint("approver_id <> author_id", name=op.f("ck_rule_combinations_four_eyes")),
        sa.PrimaryKeyConstraint("city_id", "combination_id", name=op.f("pk_rule_combinations")),
    )


def downgrade() -> None:
    op.drop_table("rule_combinations")
    op.drop_table("campaigns")
    op.drop_table("districts")
    op.drop_column("persons", "home_district")
    op.drop_column("persons", "age_group")
