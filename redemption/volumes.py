"""The regulatory meter: what points were redeemed for in twelve months, for each network of acceptors.

An instrument that works only in a limited network needs no licence, but above one million euros in twelve
months the supervisor has to be told (ZAG section 2 (1) no. 10 and (2); docs/legal.md). Whether that applies
is for a city's lawyers; this says in time that the question comes up.
"""

import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db, money
from kernel.cities import City
from ledger import volumes
from merchants import contracts
from redemption.collecting_tables import alarms

THRESHOLD_CENTS = 100_000_000
ALARM_PERCENT = 80
ALARM_CENTS = money.share_percent(THRESHOLD_CENTS, ALARM_PERCENT)


class Network(enum.StrEnum):
    """Who accepts points: others than the city, or the city itself for what is owed to it."""

    VENUES = "venues"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Volume:
    """What was redeemed in a network within twelve months."""

    network: Network
    points: int
    cents: int
    """At the highest rate that was in force at a venue: never too little."""

    @property
    def is_alarming(self) -> bool:
        """Whether the notification threshold is near."""
        return self.cents >= ALARM_CENTS

    @property
    def percent(self) -> int:
        """How much of the threshold it is."""
        return self.cents * 100 // THRESHOLD_CENTS


def measure(reading: db.Reading, city: City) -> tuple[Volume, ...]:
    """Return the volume of each network in the twelve months up to now."""
    since = start(city, reading.now)
    highest = _highest_rates(reading, city.day_of(since))
    points = dict.fromkeys(Network, 0)
    cents = dict.fromkeys(Network, 0)
    for path, spent in volumes.spent_since(reading, since).items():
        head, _, venue_id = path.partition("/")
        network = Network.VENUES if head == "venue" else Network.CITY
        rate = (
            highest.get(int(venue_id), city.rate_cents_per_point) if venue_id else city.rate_cents_per_point
        )
        points[network] += spent
        cents[network] += money.points_to_cents(spent, rate)
    return tuple(Volume(network, points[network], cents[network]) for network in Network)


def start(city: City, now: dt.datetime) -> dt.datetime:
    """Return when the twelve months began that end now."""
    day = city.day_of(now)
    # The 29th of February began on the 28th.
    first = day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)  # noqa: PLR2004 -- February
    return dt.datetime.combine(first, dt.time(), city.zone).astimezone(dt.UTC)


def raise_alarms(work: db.Work, measured: tuple[Volume, ...]) -> list[Volume]:
    """Note which networks are near the threshold; return those that were not before: each is told once.

    One that is below again is forgotten, and told anew if it comes back.
    """
    known = {
        row.network
        for row in work.connection.execute(
            sa.select(alarms.c.network).where(alarms.c.city_id == work.city_id)
        )
    }
    fresh = [one for one in measured if one.is_alarming and one.network.value not in known]
    over = [one.network.value for one in measured if not one.is_alarming and one.network.value in known]
    work.connection.execute(
        sa.delete(alarms).where(alarms.c.city_id == work.city_id, alarms.c.network.in_(over))
    )
    for one in fresh:
        work.connection.execute(
            sa.insert(alarms).values(
                city_id=work.city_id, network=one.network.value, raised_at=work.now, cents=one.cents
            )
        )
    return fresh


def _highest_rates(reading: db.Reading, since: dt.date) -> dict[int, int]:
    """Return the highest rate of each venue that was in force on some day since then."""
    highest = {}
    for venue_id, signed in contracts.by_venue(reading).items():
        begun = [one for one in signed if one.valid_from <= since]
        in_force = [*begun[-1:], *(one for one in signed if one.valid_from > since)]
        highest[venue_id] = max(one.rate_cents_per_point for one in in_force)
    return highest
