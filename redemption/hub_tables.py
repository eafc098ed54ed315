"""The tables of hubs: what the city has left to them."""

import sqlalchemy as sa

from kernel import db

hub_sessions = sa.Table(
    "hub_sessions",
    db.metadata,
    db.city_column(),
    sa.Column("session_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("begun_at", db.UtcDateTime, nullable=False),
    sa.Column("until", db.UtcDateTime, nullable=False, comment="Exclusive: the hub lets guests in before"),
    sa.Column("free_at", db.UtcDateTime, nullable=False, comment="Nobody waits for the hub's log longer"),
    sa.Column(
        "through_index", sa.BigInteger, nullable=False, comment="Vouchers up to this place of the status list"
    ),
    sa.Column("ended_at", db.UtcDateTime),
    sa.Column("how", sa.String(8), comment="closed, over or lost"),
    sa.Index("ix_hub_sessions_venue_id", "city_id", "venue_id", "session_id"),
    sa.Index("ix_hub_sessions_device_id", "city_id", "device_id", "session_id"),
    comment="A venue's vouchers, left to its hub, which takes them without a network",
)

hub_states = sa.Table(
    "hub_states",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, nullable=False, comment="The hub, as the city numbers it"),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("server_url", sa.String(255), nullable=False),
    sa.Column("token", sa.String(64), nullable=False, comment="By which the city knows the hub"),
    sa.Column("city_state", sa.String(11), nullable=False, comment="What the city says of the hub"),
    sa.Column("heard_at", db.UtcDateTime, comment="When the city was last reached"),
    sa.Column("offset_ms", sa.BigInteger, nullable=False, comment="City's clock minus this machine's"),
    sa.Column("anchor_ms", sa.BigInteger, nullable=False, comment="City's time when last heard of"),
    sa.Column("acknowledged", sa.BigInteger, nullable=False, comment="Up to here the city has the log"),
    sa.Column("session_id", sa.BigInteger, comment="Whose vouchers are here; empty: none"),
    sa.Column("session_until", db.UtcDateTime),
    sa.Column("through_index", sa.BigInteger, nullable=False, comment="What is left to it, by place"),
    sa.Column("listed_through", sa.BigInteger, nullable=False, comment="What of that is here"),
    sa.Column("copy_tag", sa.String(80), nullable=False, comment="ETag of what is known of city and offers"),
    sa.Column("list_version", sa.Integer, nullable=False),
    sa.Column("list_issued_at", db.UtcDateTime),
    sa.Column("list_bits", sa.LargeBinary, comment="The status list, compressed"),
    sa.Column("policy", db.Json, nullable=False, comment="What it may do beside its list"),
    sa.Column("canary", sa.String(400), nullable=False, comment="A test voucher for the gates; empty: none"),
    sa.Column(
        "passages_through",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="Newest passage elsewhere that is here",
    ),
    sa.Column("passages_at", db.UtcDateTime, comment="When the city last told of passages"),
    comment="On a hub's machine: what it is and how far it is. Empty in a city's installation",
)

hub_live_keys = sa.Table(
    "hub_live_keys",
    db.metadata,
    db.city_column(),
    sa.Column("venue_group", sa.LargeBinary(8), primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False, comment="Of UTC, since 1970"),
    sa.Column("day_key", sa.LargeBinary(32), nullable=False),
    comment="On a hub's machine: by which it checks moving codes",
)
