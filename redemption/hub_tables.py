"""The tables of hubs: what the city has left to them."""

import sqlalchemy as sa

from kernel import db


def _city() -> sa.Column[int]:
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


hub_sessions = sa.Table(
    "hub_sessions",
    db.metadata,
    _city(),
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
