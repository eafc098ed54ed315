"""What is conspicuous at venues: figures of a time, added up by the database, held against thresholds.

A finding is a reason to look, never a proof: what catches cheats catches school classes. Nobody is named.
"""

import datetime as dt
import enum
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from merchants import venues
from merchants.venues import Venue
from redemption.presented_tables import presented_uses
from redemption.tables import offers, redemptions, vouchers
from redemption.visits import hour_of

LEAST: Final = 20
"""Redemptions below which shares say nothing."""
_EARTH_KM: Final = 6371.0
_NIGHT: Final = frozenset({23, 0, 1, 2, 3, 4, 5})
_E6: Final = 1_000_000


class Sign(enum.StrEnum):
    """What may be conspicuous."""

    COUNT = "count"
    """Far more redemptions than other venues, in standard deviations."""
    FULL_VALUE = "full-value"
    """Share of the dearest offer where there are several, in percent."""
    FIRST_DAY = "first-day"
    """Share of people who bought their first voucher on the same day, in percent."""
    DEVICE = "device"
    """Most people on one device, or on their own phones, within an hour."""
    NIGHT = "night"
    """Share between 23 and 6 o'clock, in percent."""
    DISTANCE = "distance"
    """Vouchers of one person at two places faster than anybody travels."""
    PRESENTED = "presented"
    """Share that guests redeemed on their own phones where a device scans, too, in percent."""


THRESHOLDS: Mapping[Sign, int] = {
    Sign.COUNT: 3,
    Sign.FULL_VALUE: 90,
    Sign.FIRST_DAY: 20,
    Sign.DEVICE: 120,
    Sign.NIGHT: 30,
    Sign.DISTANCE: 3,
    Sign.PRESENTED: 50,
}
"""From which value on a sign is conspicuous (docs/venues.md says why)."""
SPEED_MAX_KMH: Final = 120


@dataclass(frozen=True, slots=True)
class Standing:
    """How a venue stands."""

    venue: Venue
    count: int
    values: Mapping[Sign, int]

    @property
    def conspicuous(self) -> tuple[Sign, ...]:
        """The signs that are beyond their thresholds."""
        return tuple(sign for sign, least in THRESHOLDS.items() if self.values.get(sign, 0) > least)


def all_venues(reading: db.Reading, city: City, since: dt.datetime) -> list[Standing]:
    """Return how all venues stand that took anything since then, the most conspicuous first."""
    hours = _hours(reading, since)
    counts = Counter({venue_id: sum(of.values()) for venue_id, of in hours.items()})
    known = venues.by_id(reading, counts)
    shares = {
        Sign.FULL_VALUE: _full_value(reading, since),
        Sign.FIRST_DAY: _first_day(reading, since),
        Sign.NIGHT: _night(hours, city),
        Sign.PRESENTED: _presented(reading, since),
    }
    # The larger one of each venue: a stack of phones looks like a stack of codes.
    devices = _devices(reading, since) | _on_phones(reading, since)
    journeys = _journeys(reading, since, known)
    found = []
    for venue_id, count in counts.items():
        values = {sign: round(100 * of[venue_id] / count) for sign, of in shares.items() if count >= LEAST}
        values[Sign.COUNT] = _deviations(counts, venue_id)
        values |= {Sign.DEVICE: devices[venue_id], Sign.DISTANCE: journeys[venue_id]}
        found.append(Standing(known[venue_id], count, values))
    return sorted(found, key=lambda one: (-len(one.conspicuous), -one.count))


def _recent(reading: db.Reading, since: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        redemptions.c.city_id == reading.city_id,
        redemptions.c.redeemed_at >= since,
        redemptions.c.undone_at.is_(None),
    )


def _voucher_of_use() -> sa.ColumnElement[bool]:
    return sa.and_(
        vouchers.c.city_id == redemptions.c.city_id, vouchers.c.voucher_id == redemptions.c.voucher_id
    )


def _hours(reading: db.Reading, since: dt.datetime) -> Mapping[int, Counter[str]]:
    hour = hour_of(reading, redemptions.c.redeemed_at).label("hour")
    rows = reading.connection.execute(
        sa.select(redemptions.c.venue_id, hour, sa.func.count().label("number"))
        .where(_recent(reading, since))
        .group_by(redemptions.c.venue_id, hour)
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.venue_id][row.hour] += row.number
    return found


def _night(hours: Mapping[int, Counter[str]], city: City) -> Counter[int]:
    found: Counter[int] = Counter()
    for venue_id, counted in hours.items():
        for hour, number in counted.items():
            at = dt.datetime.fromisoformat(f"{hour}:00+00:00").astimezone(city.zone)
            found[venue_id] += number if at.hour in _NIGHT else 0
    return found


def _full_value(reading: db.Reading, since: dt.datetime) -> Counter[int]:
    """Return how often the dearest offer was used where guests used more than one, by venue."""
    rows = reading.connection.execute(
        sa.select(redemptions.c.venue_id, offers.c.value_cents, sa.func.count().label("number"))
        .join(vouchers, _voucher_of_use())
        .join(
            offers,
            sa.and_(offers.c.city_id == vouchers.c.city_id, offers.c.offer_id == vouchers.c.offer_id),
        )
        .where(_recent(reading, since), offers.c.city_id == reading.city_id)
        .group_by(redemptions.c.venue_id, offers.c.value_cents)
    )
    by_venue: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        by_venue[row.venue_id][row.value_cents] = row.number
    return Counter({one: of[max(of)] for one, of in by_venue.items() if len(of) > 1})


def _first_day(reading: db.Reading, since: dt.datetime) -> Counter[int]:
    first = (
        sa.select(vouchers.c.owner, sa.func.min(vouchers.c.bought_at).label("first_at"))
        .where(vouchers.c.city_id == reading.city_id)
        .group_by(vouchers.c.owner)
        .subquery("firsts")
    )
    rows = reading.connection.execute(
        sa.select(redemptions.c.venue_id, sa.func.count().label("number"))
        .join(vouchers, _voucher_of_use())
        .join(first, first.c.owner == vouchers.c.owner)
        .where(
            _recent(reading, since),
            vouchers.c.city_id == reading.city_id,
            sa.func.date(redemptions.c.redeemed_at) == sa.func.date(first.c.first_at),
        )
        .group_by(redemptions.c.venue_id)
    )
    return Counter({row.venue_id: row.number for row in rows})


def _presented(reading: db.Reading, since: dt.datetime) -> Counter[int]:
    """Return the uses on guests' own phones by venue, of those where a device scanned, too.

    A venue without a device has no others; there the people in an hour are looked at.
    """
    scanned = sa.func.count(redemptions.c.device_id)
    rows = reading.connection.execute(
        sa.select(redemptions.c.venue_id, sa.func.count(presented_uses.c.presented_id).label("number"))
        .outerjoin(
            presented_uses,
            sa.and_(
                presented_uses.c.city_id == redemptions.c.city_id,
                presented_uses.c.presented_id == redemptions.c.scan_id,
            ),
        )
        .where(_recent(reading, since))
        .group_by(redemptions.c.venue_id)
        .having(scanned > 0)
    )
    return Counter({row.venue_id: row.number for row in rows})


def _on_phones(reading: db.Reading, since: dt.datetime) -> Counter[int]:
    """Return by venue the most people within an hour who redeemed on their own phones."""
    hour = hour_of(reading, presented_uses.c.presented_at).label("hour")
    people = sa.func.count(presented_uses.c.owner.distinct()).label("people")
    busy = (
        sa.select(presented_uses.c.venue_id, people)
        .where(
            presented_uses.c.city_id == reading.city_id,
            presented_uses.c.presented_at >= since,
            presented_uses.c.undone_at.is_(None),
        )
        .group_by(presented_uses.c.venue_id, hour)
        .subquery("busy")
    )
    most = sa.func.max(busy.c.people).label("people")
    rows = reading.connection.execute(sa.select(busy.c.venue_id, most).group_by(busy.c.venue_id))
    return Counter({row.venue_id: row.people for row in rows})


def _devices(reading: db.Reading, since: dt.datetime) -> Counter[int]:
    hour = hour_of(reading, redemptions.c.redeemed_at).label("hour")
    people = sa.func.count(vouchers.c.owner.distinct()).label("people")
    busy = (
        sa.select(redemptions.c.venue_id, people)
        .join(vouchers, _voucher_of_use())
        .where(
            _recent(reading, since),
            vouchers.c.city_id == reading.city_id,
            redemptions.c.device_id.is_not(None),
        )
        .group_by(redemptions.c.venue_id, redemptions.c.device_id, hour)
        .subquery("busy")
    )
    most = sa.func.max(busy.c.people).label("people")
    rows = reading.connection.execute(sa.select(busy.c.venue_id, most).group_by(busy.c.venue_id))
    return Counter({row.venue_id: row.people for row in rows})


def _journeys(reading: db.Reading, since: dt.datetime, known: Mapping[int, Venue]) -> Counter[int]:
    """Return by venue how often somebody's vouchers were used there too soon after another venue."""
    at = redemptions.c.redeemed_at
    in_order: Any = {"partition_by": vouchers.c.owner, "order_by": redemptions.c.redeemed_at}
    uses = (
        sa.select(
            redemptions.c.venue_id,
            redemptions.c.redeemed_at,
            sa.func.lag(redemptions.c.venue_id).over(**in_order).label("from_id"),
            sa.func.lag(at, type_=at.type).over(**in_order).label("from_at"),
        )
        .join(vouchers, _voucher_of_use())
        .where(_recent(reading, since), vouchers.c.city_id == reading.city_id)
        .subquery("uses")
    )
    moved = sa.select(uses).where(
        uses.c.from_id != uses.c.venue_id, sa.func.date(uses.c.from_at) == sa.func.date(uses.c.redeemed_at)
    )
    found: Counter[int] = Counter()
    for row in reading.connection.execute(moved):
        hours = max((row.redeemed_at - row.from_at).total_seconds(), 1) / 3600
        distance = _distance_km(known.get(row.from_id), known.get(row.venue_id))
        if distance > 1 and distance / hours > SPEED_MAX_KMH:
            found.update((row.from_id, row.venue_id))
    return found


def _distance_km(one: Venue | None, other: Venue | None) -> float:
    """Return how far two venues are apart; 0 where one does not say where it is."""
    if one is None or other is None:
        return 0.0
    if one.latitude_e6 is None or other.latitude_e6 is None:
        return 0.0
    if one.longitude_e6 is None or other.longitude_e6 is None:
        return 0.0
    north = math.radians((other.latitude_e6 - one.latitude_e6) / _E6)
    middle = math.radians((other.latitude_e6 + one.latitude_e6) / 2 / _E6)
    east = math.radians((other.longitude_e6 - one.longitude_e6) / _E6) * math.cos(middle)
    return _EARTH_KM * math.hypot(north, east)


def _deviations(counts: Counter[int], venue_id: int) -> int:
    """Return by how many standard deviations a venue has more than at least four others; else 0."""
    others = [count for one, count in counts.items() if one != venue_id]
    if len(others) < 4:  # noqa: PLR2004 -- fewer have no usual spread
        return 0
    spread = statistics.pstdev(others) or 1.0
    return max(0, round((counts[venue_id] - statistics.fmean(others)) / spread))
