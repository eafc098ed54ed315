"""Who came when, and what was sold: figures of a venue, added up by the database."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import bulk, db
from kernel.cities import LocalizedText
from redemption.tables import offers, redemptions, scans, vouchers
from redemption.verdicts import GONE_ON

HOURS = 24
WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class Hour:
    """Visits within an hour."""

    begins_at: dt.datetime
    visits: int


def by_hour(reading: db.Reading, venue_id: int, since: dt.datetime, until: dt.datetime) -> list[Hour]:
    """Return the hours with visits at a venue, in their order; what was taken back is left out."""
    hour = hour_of(reading, redemptions.c.redeemed_at).label("hour")
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


def hour_of(reading: db.Reading, at: sa.ColumnElement[dt.datetime]) -> sa.ColumnElement[str]:
    """Return the UTC hour of an instant as the beginning of its ISO form: `2026-05-04T12`."""
    if reading.connection.dialect.name == "sqlite":
        return sa.func.strftime("%Y-%m-%dT%H", at, type_=sa.String)
    return sa.func.to_char(sa.func.timezone("UTC", at), 'YYYY-MM-DD"T"HH24', type_=sa.String)


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
        scans.c.verdict.not_in(sorted(code.value for code in GONE_ON)),
    )
    return int(reading.connection.execute(statement).scalar_one())


@dataclass(frozen=True, slots=True)
class SingleUse:
    """One redemption, without whose it was."""

    redeemed_at: dt.datetime
    device_id: int | None
    titles: LocalizedText
    bought_at: dt.datetime
    undone_at: dt.datetime | None


def newest(reading: db.Reading, venue_id: int, *, limit: int = 100) -> list[SingleUse]:
    """Return the newest redemptions at a venue."""
    statement = (
        sa.select(
            redemptions.c.redeemed_at,
            redemptions.c.device_id,
            offers.c.titles,
            vouchers.c.bought_at,
            redemptions.c.undone_at,
        )
        .join(
            vouchers,
            sa.and_(
                vouchers.c.city_id == redemptions.c.city_id,
                vouchers.c.voucher_id == redemptions.c.voucher_id,
            ),
        )
        .join(
            offers,
            sa.and_(offers.c.city_id == vouchers.c.city_id, offers.c.offer_id == vouchers.c.offer_id),
        )
        .where(redemptions.c.city_id == reading.city_id, redemptions.c.venue_id == venue_id)
        .order_by(redemptions.c.redeemed_at.desc())
        .limit(limit)
    )
    return [SingleUse(**row._mapping) for row in reading.connection.execute(statement)]
