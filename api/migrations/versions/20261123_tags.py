"""Tags on bins and at the stations of quests, and who is on the way."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261123_tags"
down_revision = "20261123_check_thresholds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quests",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quest_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("titles", db.Json, nullable=False),
        sa.Column("descriptions", db.Json, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False, comment="About how long it takes"),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "opened_at", db.UtcDateTime(), nullable=True, comment="From then on its stations stay as they are"
        ),
        sa.Column(
            "retired_at",
            db.UtcDateTime(),
            nullable=True,
            comment="Nobody sets out any more; who is on the way may finish",
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_quests_minutes")),
        sa.PrimaryKeyConstraint("city_id", "quest_id", name=op.f("pk_quests")),
        comment="Routes of stations",
    )
    op.create_index("ix_quests_opened_at", "quests", ["city_id", "opened_at"], unique=False)
    op.create_table(
        "tags",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=5), nullable=False, comment="Stands on the tag, says nothing"),
        sa.Column("purpose", sa.String(length=7), nullable=False),
        sa.Column("mode", sa.String(length=7), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False, comment="Of the place"),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("latitude_e6", sa.Integer(), nullable=True),
        sa.Column("longitude_e6", sa.Integer(), nullable=True),
        sa.Column(
            "secret", sa.LargeBinary(length=32), nullable=False, comment="What its codes are made from"
        ),
        sa.Column("generation", sa.Integer(), nullable=False, comment="Grows when its codes are replaced"),
        sa.Column(
            "counter", sa.BigInteger(), nullable=True, comment="The last one that an NFC tag was believed"
        ),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("rotated_at", db.UtcDateTime(), nullable=True, comment="When its codes were replaced last"),
        sa.Column("retired_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("mode IN ('printed', 'display', 'nfc')", name=op.f("ck_tags_mode")),
        sa.CheckConstraint("purpose IN ('bin', 'station')", name=op.f("ck_tags_purpose")),
        sa.PrimaryKeyConstraint("city_id", "tag_id", name=op.f("pk_tags")),
        sa.UniqueConstraint("city_id", "number", name=op.f("uq_tags_city_id_number")),
        comment="Tags in the town: on bins, and at the stations of quests",
    )
    op.create_index("ix_tags_purpose", "tags", ["city_id", "purpose", "tag_id"], unique=False)
    op.create_table(
        "stations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quest_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="From 1"),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("directions", db.Json, nullable=False, comment="How to get there from the one before"),
        sa.Column("pictogram", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "quest_id"],
            ["quests.city_id", "quests.quest_id"],
            name=op.f("fk_stations_city_id_quest_id_quests"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "tag_id"],
            ["tags.city_id", "tags.tag_id"],
            name=op.f("fk_stations_city_id_tag_id_tags"),
        ),
        sa.PrimaryKeyConstraint("city_id", "quest_id", "position", name=op.f("pk_stations")),
        sa.UniqueConstraint("city_id", "tag_id", name=op.f("uq_stations_city_id_tag_id")),
        comment="Stations of quests, each with a tag",
    )
    op.create_table(
        "walks",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quest_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False, comment="Opaque owner in the ledger"),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.Column("submission_id", sa.BigInteger(), nullable=True, comment="What was handed in at the end"),
        sa.ForeignKeyConstraint(
            ["city_id", "quest_id"],
            ["quests.city_id", "quests.quest_id"],
            name=op.f("fk_walks_city_id_quest_id_quests"),
        ),
        sa.PrimaryKeyConstraint("city_id", "quest_id", "owner", name=op.f("pk_walks")),
        comment="Who set out on which quest",
    )
    op.create_index("ix_walks_owner", "walks", ["city_id", "owner"], unique=False)
    op.create_table(
        "visits",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quest_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False, comment="Opaque owner in the ledger"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("visited_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "near", sa.String(length=20), nullable=False, comment="What the check of the place said; no place"
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "quest_id", "owner"],
            ["walks.city_id", "walks.quest_id", "walks.owner"],
            name=op.f("fk_visits_city_id_quest_id_owner_walks"),
        ),
        sa.PrimaryKeyConstraint("city_id", "quest_id", "owner", "position", name=op.f("pk_visits")),
        comment="Stations reached by who is on the way; gone as soon as the walk is finished",
    )


def downgrade() -> None:
    op.drop_table("visits")
    op.drop_index("ix_walks_owner", table_name="walks")
    op.drop_table("walks")
    op.drop_table("stations")
    op.drop_index("ix_tags_purpose", table_name="tags")
    op.drop_table("tags")
    op.drop_index("ix_quests_opened_at", table_name="quests")
    op.drop_table("quests")
