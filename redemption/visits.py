"""Who came when, and what was sold: figures of a venue, added up by the database."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import bulk, db
from redemption.tables import redemptions, scans, vouchers

HOURS = 24
WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class Hour:
    """Visits within an hour."""

    begins_at: dt.datetime
    visits: int


def by_hour(reading: db.Reading, venue_id: int, since: dt.datetime, until: dt.datetime) -> list[Hour]:
    """Return the hours with visits at a venue, in their order; what was taken back is left out."""
    on_sqlite = reading.connection.dialect.name == "sqlite"
    at = redemptions.c.redeemed_at
    hour = (
        sa.func.strftime("%Y-%m-%dT%H", at, type_=sa.String)
        if on_sqlite
        else sa.func.to_char(sa.func.timezone("UTC", at), 'YYYY-MM-DD"T"HH24', type_=sa.String)
    ).label("hour")
    statement = (
        sa.select(hour, sa.func.count().label("visits"))
        .where(
            redemptions.c.city_id == reading.city_id,
            redemptions.c.venue_id == venue_id,
            redemptions.c.redeemed_at >= since,
            redemptions.c.redeemed_at < until,
            redemptions.c.undone_at.is_(None),
        )
        .group_by(hour)
        .order_by(hour)
    )
    return [
        Hour(dt.datetime.fromisoformat(f"{row.hour}:00+00:00"), row.visits)
        for row in reading.connection.execute(statement)
    ]


def sold(
    reading: db.Reading, offer_ids: Collection[int], since: dt.datetime, until: dt.datetime
) -> dict[int, int]:
    """Return how many vouchers of offers were bought, by offer."""
    statement = (
        sa.select(vouchers.c.offer_id, sa.func.count().label("sold"))
        .where(
            vouchers.c.city_id == reading.city_id,
            bulk.any_of(vouchers.c.offer_id, "offer_ids"),
            vouchers.c.bought_at >= since,
            vouchers.c.bought_at < until,
        )
        .group_by(vouchers.c.offer_id)
    )
    rows = reading.connection.execute(statement, {"offer_ids": sorted(offer_ids)})
    return {row.offer_id: row.sold for row in rows}


def refused(reading: db.Reading, venue_id: int, since: dt.datetime, until: dt.datetime) -> int:
    """Return how many scans were refused."""
    statement = sa.select(sa.func.count()).where(
        scans.c.city_id == reading.city_id,
        scans.c.venue_id == venue_id,
        scans.c.scanned_at >= since,
        scans.c.scanned_at < until,
        scans.c.verdict.not_in(("accepted", "active")),
    )
    return int(reading.connection.execute(statement).scalar_one())
