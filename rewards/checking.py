"""Checks: small pure functions that look at a submission and its surroundings, with all data passed in.

Each gives pass, review or hold with a reason. Missing data never passes: it goes to a person. Thresholds
are those of the fraud playbook (docs/rules.md); a programme may set its own.
"""

import datetime as dt
import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EARTH_RADIUS_M = 6_371_000


class Result(enum.StrEnum):
    """What a check says."""

    PASS = "pass"  # noqa: S105 -- not a password
    REVIEW = "review"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Bounds of the checks, with their defaults."""

    duplicate_distance_m: int = 30
    duplicate_days: int = 14
    accuracy_good_m: int = 25
    accuracy_usable_m: int = 100
    age_max_days: int = 7
    photo_age_max_hours: int = 24
    city_radius_m: int = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map with the accuracy that the device claimed, in metres."""

    latitude_e6: int
    longitude_e6: int
    accuracy_m: int | None = None


@dataclass(frozen=True, slots=True)
class Nearby:
    """Another submission of the same action and category close in time."""

    submission_id: int
    owner: str
    place: Place
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that the checks may look at."""

    owner: str
    occurred_at: dt.datetime
    now: dt.datetime
    needs_place: bool
    needs_photo: bool
    category_known: bool
    place: Place | None
    address: str | None
    city_centre: Place | None
    photo_taken_at: dt.datetime | None
    photos: int
    photo_used_before: bool
    nearby: Sequence[Nearby] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `reason` is a code for the sentence that people read."""

    name: str
    result: Result
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


def run(subject: Subject) -> list[Finding]:
    """Return the findings of all checks, in order."""
    return [check(subject) for check in CHECKS]


def worst(findings: Sequence[Finding]) -> Result:
    """Return the strictest result; nothing found is a pass."""
    order = list(Result)
    return max((finding.result for finding in findings), key=order.index, default=Result.PASS)


def category(subject: Subject) -> Finding:
    """Expect a category of this action."""
    if subject.category_known:
        return Finding("category", Result.PASS, "category-known")
    return Finding("category", Result.REVIEW, "category-unknown")


def freshness(subject: Subject) -> Finding:
    """Expect the event neither in the future nor long ago."""
    age = subject.now - subject.occurred_at
    if age < dt.timedelta(minutes=-5):
        return Finding("freshness", Result.REVIEW, "in-the-future")
    if age > dt.timedelta(days=subject.thresholds.age_max_days):
        return Finding("freshness", Result.REVIEW, "too-old", {"days": age.days})
    return Finding("freshness", Result.PASS, "fresh")


def place(subject: Subject) -> Finding:  # noqa: PLR0911 -- one return for each thing that may be wrong
    """Expect a place within the city, known well enough."""
    if not subject.needs_place:
        return Finding("place", Result.PASS, "no-place-needed")
    if subject.place is None:
        if subject.address:
            return Finding("place", Result.REVIEW, "place-by-address")
        return Finding("place", Result.REVIEW, "no-place")
    if subject.city_centre is not None:
        distance = distance_m(subject.place, subject.city_centre)
        if distance > subject.thresholds.city_radius_m:
            return Finding("place", Result.REVIEW, "outside-city", {"distance_m": distance})
    accuracy = subject.place.accuracy_m
    if accuracy is None:
        return Finding("place", Result.PASS, "place-chosen-on-map")
    if accuracy > subject.thresholds.accuracy_good_m:
        return Finding("place", Result.REVIEW, "place-inaccurate", {"accuracy_m": accuracy})
    return Finding("place", Result.PASS, "place-plausible")


def photo(subject: Subject) -> Finding:
    """Expect a photo of this occasion that was not used before."""
    if subject.photo_used_before:
        return Finding("photo", Result.HOLD, "photo-used-before")
    if not subject.photos:
        if subject.needs_photo:
            return Finding("photo", Result.REVIEW, "no-photo")
        return Finding("photo", Result.PASS, "no-photo-needed")
    limit = dt.timedelta(hours=subject.thresholds.photo_age_max_hours)
    taken_at = subject.photo_taken_at
    if taken_at is not None and abs(subject.occurred_at - taken_at) > limit:
        return Finding("photo", Result.REVIEW, "photo-of-another-time")
    return Finding("photo", Result.PASS, "photo-plausible")


def duplicate(subject: Subject) -> Finding:
    """Expect no other report of the same thing (same category, near, recent)."""
    if subject.place is None:
        return Finding("duplicate", Result.PASS, "no-place-to-compare")
    recent = dt.timedelta(days=subject.thresholds.duplicate_days)
    for other in subject.nearby:
        both = (subject.place.accuracy_m or 0) + (other.place.accuracy_m or 0)
        near = max(subject.thresholds.duplicate_distance_m, both)
        distance = distance_m(subject.place, other.place)
        if distance <= near and abs(subject.occurred_at - other.received_at) <= recent:
            own = other.owner == subject.owner
            reason = "reported-before-by-you" if own else "reported-before"
            # Not which one: this stays when the other reporter is erased.
            return Finding(
                "duplicate", Result.HOLD if own else Result.REVIEW, reason, {"distance_m": distance}
            )
    return Finding("duplicate", Result.PASS, "not-reported-before")


CHECKS: tuple[Callable[[Subject], Finding], ...] = (category, freshness, place, photo, duplicate)


def distance_m(one: Place, other: Place) -> int:
    """Return the great-circle distance in whole metres (haversine formula)."""
    lat1, lat2 = (math.radians(p.latitude_e6 / 1e6) for p in (one, other))
    dlat = lat2 - lat1
    dlon = math.radians((other.longitude_e6 - one.longitude_e6) / 1e6)
    a = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a))))
