"""Tables of tags: bins, wayfinding quests with their stations, and who is on the way."""

import sqlalchemy as sa

from kernel import db

NAME_MAX = 120
ADDRESS_MAX = 200


tags = sa.Table(
    "tags",
    db.metadata,
    db.city_column(),
    sa.Column("tag_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.String(5), nullable=False, comment="Stands on the tag, says nothing"),
    sa.Column("purpose", sa.String(7), nullable=False),
    sa.Column("mode", sa.String(7), nullable=False),
    sa.Column("name", sa.String(NAME_MAX), nullable=False, comment="Of the place"),
    sa.Column("address", sa.String(ADDRESS_MAX)),
    sa.Column("latitude_e6", sa.Integer),
    sa.Column("longitude_e6", sa.Integer),
    sa.Column("secret", sa.LargeBinary(32), nullable=False, comment="What its codes are made from"),
    sa.Column("generation", sa.Integer, nullable=False, comment="Grows when its codes are replaced"),
    sa.Column("counter", sa.BigInteger, comment="The last one that an NFC tag was believed"),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("rotated_at", db.UtcDateTime, comment="When its codes were replaced last"),
    sa.Column("retired_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "number"),
    sa.Index("ix_tags_purpose", "city_id", "purpose", "tag_id"),
    sa.CheckConstraint("purpose IN ('bin', 'station')", name="purpose"),
    sa.CheckConstraint("mode IN ('printed', 'display', 'nfc')", name="mode"),
    comment="Tags in the town: on bins, and at the stations of quests",
)

quests = sa.Table(
    "quests",
    db.metadata,
    db.city_column(),
    sa.Column("quest_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("titles", db.Json, nullable=False),
    sa.Column("descriptions", db.Json, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False, comment="About how long it takes"),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("opened_at", db.UtcDateTime, comment="From then on its stations stay as they are"),
    sa.Column("retired_at", db.UtcDateTime, comment="Nobody sets out any more; who is on the way may finish"),
    sa.Index("ix_quests_opened_at", "city_id", "opened_at"),
    sa.CheckConstraint("minutes > 0", name="minutes"),
    comment="Routes of stations",
)

stations = sa.Table(
    "stations",
    db.metadata,
    db.city_column(),
    sa.Column("quest_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False, comment="From 1"),
    sa.Column("tag_id", sa.BigInteger, nullable=False),
    sa.Column("directions", db.Json, nullable=False, comment="How to get there from the one before"),
    sa.Column("pictogram", sa.String(40), nullable=False),
    sa.UniqueConstraint("city_id", "tag_id"),
    sa.ForeignKeyConstraint(["city_id", "quest_id"], ["quests.city_id", "quests.quest_id"]),
    sa.ForeignKeyConstraint(["city_id", "tag_id"], ["tags.city_id", "tags.tag_id"]),
    comment="Stations of quests, each with a tag",
)

walks = sa.Table(
    "walks",
    db.metadata,
    db.city_column(),
    sa.Column("quest_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(40), primary_key=True, comment="Opaque owner in the ledger"),
    sa.Column("started_at", db.UtcDateTime, nullable=False),
    sa.Column("finished_at", db.UtcDateTime),
    sa.Column("submission_id", sa.BigInteger, comment="What was handed in at the end"),
    sa.Index("ix_walks_owner", "city_id", "owner"),
    sa.ForeignKeyConstraint(["city_id", "quest_id"], ["quests.city_id", "quests.quest_id"]),
    comment="Who set out on which quest",
)

visits = sa.Table(
    "visits",
    db.metadata,
    db.city_column(),
    sa.Column("quest_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(40), primary_key=True, comment="Opaque owner in the ledger"),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("visited_at", db.UtcDateTime, nullable=False),
    sa.Column("near", sa.String(20), nullable=False, comment="What the check of the place said; no place"),
    sa.ForeignKeyConstraint(
        ["city_id", "quest_id", "owner"], ["walks.city_id", "walks.quest_id", "walks.owner"]
    ),
    comment="Stations reached by who is on the way; gone as soon as the walk is finished",
)
