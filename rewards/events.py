"""Events: what is known of something that happened, and the same made ready for many rules.

No clock and no place of its own: event time, zone, history and surroundings are passed in.
"""

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from rewards.canonical import WHOLE_MAX
from rewards.checking import Place

FactValue = bool | int | str
Truth = bool | None
"""None is unknown."""

_LATITUDE_MAX, _LONGITUDE_MAX = 90_000_000, 180_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """What a person got under a rule before, in the city's day and month. None is unknown."""

    awards_today: int | None = None
    awards_month: int | None = None
    awards_ever: int | None = None
    points_month: int | None = None


UNKNOWN = Given()
NOTHING = Given(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody says of themselves, if anything: an age group, the district where they live."""

    age_group: str | None = None
    home: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an event. A value that is missing, None or of no type of ours is unknown.

    `occurred_at` has a time zone; without one, what depends on time is unknown. `campaigns` says of each
    campaign that the city has whether it runs, `districts` in which of them the place lies, `counts` are
    measures of the past by key (rewards/measures.py).
    """

    values: Mapping[str, object]
    occurred_at: dt.datetime
    zone: ZoneInfo
    place: Place | None = None
    given: Given = field(default=UNKNOWN)
    action: str | None = None
    person: Person = Person()
    campaigns: Mapping[str, bool] = field(default_factory=dict)
    districts: frozenset[str] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


class Event:
    """Facts made ready for many rules: values and the city's time are worked out once."""

    __slots__ = (
        "action",
        "campaigns",
        "counts",
        "day",
        "districts",
        "hour",
        "local",
        "person",
        "place",
        "values",
        "weekday",
    )

    def __init__(self, facts: Facts, action: str | None = None) -> None:
        self.action = action or facts.action
        self.person = facts.person
        self.campaigns = facts.campaigns
        self.districts = facts.districts
        self.counts = facts.counts
        self.values = {name: usable(value) for name, value in facts.values.items()}
        self.place = facts.place if _on_earth(facts.place) else None
        self.local = local_time(facts)
        self.day = self.local.date() if self.local else None
        self.hour = self.local.hour if self.local else -1
        self.weekday = self.local.isoweekday() if self.local else 0


Test = Callable[[Event, Given], Truth]


def usable(value: object) -> FactValue | None:
    """Return a fact's value, or None if it is unknown: missing, empty, of another type, inexact."""
    if type(value) is int:
        return value if -WHOLE_MAX <= value <= WHOLE_MAX else None
    if type(value) is str:
        return (value if value.isascii() else unicodedata.normalize("NFC", value)) or None
    return value if type(value) is bool else None


def local_time(facts: Facts) -> dt.datetime | None:
    """Return when it happened in the city's time; None without a time zone or beyond the calendar."""
    try:
        return facts.occurred_at.astimezone(facts.zone) if facts.occurred_at.tzinfo else None
    except OverflowError:
        return None


def _on_earth(place: Place | None) -> bool:
    return (
        place is not None
        and -_LATITUDE_MAX <= place.latitude_e6 <= _LATITUDE_MAX
        and -_LONGITUDE_MAX <= place.longitude_e6 <= _LONGITUDE_MAX
    )
