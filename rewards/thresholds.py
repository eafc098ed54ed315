"""Thresholds of the checks: what they are, within which bounds, and which contradict each other. Pure.

The defaults and where they come from stand in docs/rules.md; a city sets its own (rewards/tuning.py).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kernel.errors import Invalid


class Unit(enum.StrEnum):
    """What a threshold counts."""

    METRES = "metres"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    MONTHS = "months"
    SPEED = "speed"
    """Kilometres an hour."""
    BITS = "bits"
    """Of 64 by which two pictures differ."""
    TIMES = "times"
    POINTS = "points"
    CHOICE = "choice"
    """1 for yes, 0 for no."""


class Group(enum.StrEnum):
    """What a threshold is about."""

    PLACE = "place"
    TIME = "time"
    REPEATING = "repeating"
    PHOTO = "photo"
    CLEANUP = "cleanup"
    TAG = "tag"
    PERSON = "person"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Bounds of the checks, with their defaults. `BOUNDS` says what each counts and how far it may go."""

    accuracy_good_m: int = 25
    accuracy_usable_m: int = 100
    city_radius_m: int = 20_000
    speed_max_kmh: int = 150
    same_fix_count: int = 3
    age_max_days: int = 7
    clock_ahead_minutes: int = 5
    duplicate_distance_m: int = 30
    duplicate_days: int = 14
    finds_cell_m: int = 50
    finds_days: int = 7
    finds_count: int = 3
    service_months: int = 12
    photo_time_needed: int = 1
    photo_age_max_hours: int = 24
    photo_place_m: int = 100
    photo_same_bits: int = 5
    photo_alike_bits: int = 10
    photo_cell_m: int = 200
    photo_days: int = 180
    pair_apart_min_minutes: int = 2
    pair_apart_max_hours: int = 24
    self_made_hours: int = 24
    partners_days: int = 30
    partners_count: int = 3
    tag_reach_m: int = 50
    tag_pause_printed_hours: int = 8
    tag_pause_changing_minutes: int = 60
    quest_slack_m: int = 50
    quest_walk_kmh: int = 9
    declined_days: int = 90
    declined_count: int = 3
    awards_per_day: int = 5
    points_month_anonymous: int = 300
    points_month_basic: int = 1000
    points_month_verified: int = 3000

    def points_month(self, trust_level: str) -> int:
        """Return how many points a month somebody of this trust level may get; unknown ones are weak."""
        known = {"basic": self.points_month_basic, "verified": self.points_month_verified}
        return known.get(trust_level, self.points_month_anonymous)

    def document(self) -> dict[str, int]:
        """Return all values by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a threshold is about, what it counts, and the least and the most that makes sense."""

    group: Group
    unit: Unit
    least: int
    most: int


BOUNDS: Mapping[str, Bound] = {
    "accuracy_good_m": Bound(Group.PLACE, Unit.METRES, 1, 1_000),
    "accuracy_usable_m": Bound(Group.PLACE, Unit.METRES, 1, 1_000),
    "city_radius_m": Bound(Group.PLACE, Unit.METRES, 1_000, 100_000),
    "speed_max_kmh": Bound(Group.PLACE, Unit.SPEED, 30, 1_000),
    "same_fix_count": Bound(Group.PLACE, Unit.TIMES, 2, 20),
    "age_max_days": Bound(Group.TIME, Unit.DAYS, 1, 90),
    "clock_ahead_minutes": Bound(Group.TIME, Unit.MINUTES, 0, 60),
    "duplicate_distance_m": Bound(Group.REPEATING, Unit.METRES, 5, 250),
    "duplicate_days": Bound(Group.REPEATING, Unit.DAYS, 1, 90),
    "finds_cell_m": Bound(Group.REPEATING, Unit.METRES, 5, 500),
    "finds_days": Bound(Group.REPEATING, Unit.DAYS, 1, 90),
    "finds_count": Bound(Group.REPEATING, Unit.TIMES, 2, 50),
    "service_months": Bound(Group.REPEATING, Unit.MONTHS, 1, 36),
    "photo_time_needed": Bound(Group.PHOTO, Unit.CHOICE, 0, 1),
    "photo_age_max_hours": Bound(Group.PHOTO, Unit.HOURS, 1, 168),
    "photo_place_m": Bound(Group.PHOTO, Unit.METRES, 10, 5_000),
    "photo_same_bits": Bound(Group.PHOTO, Unit.BITS, 0, 16),
    "photo_alike_bits": Bound(Group.PHOTO, Unit.BITS, 1, 20),
    "photo_cell_m": Bound(Group.PHOTO, Unit.METRES, 10, 2_000),
    "photo_days": Bound(Group.PHOTO, Unit.DAYS, 7, 730),
    "pair_apart_min_minutes": Bound(Group.CLEANUP, Unit.MINUTES, 0, 120),
    "pair_apart_max_hours": Bound(Group.CLEANUP, Unit.HOURS, 1, 168),
    "self_made_hours": Bound(Group.CLEANUP, Unit.HOURS, 1, 336),
    "partners_days": Bound(Group.CLEANUP, Unit.DAYS, 1, 365),
    "partners_count": Bound(Group.CLEANUP, Unit.TIMES, 2, 50),
    "tag_reach_m": Bound(Group.TAG, Unit.METRES, 5, 500),
    "tag_pause_printed_hours": Bound(Group.TAG, Unit.HOURS, 1, 168),
    "tag_pause_changing_minutes": Bound(Group.TAG, Unit.MINUTES, 1, 1440),
    "quest_slack_m": Bound(Group.TAG, Unit.METRES, 0, 500),
    "quest_walk_kmh": Bound(Group.TAG, Unit.SPEED, 3, 29),
    "declined_days": Bound(Group.PERSON, Unit.DAYS, 1, 365),
    "declined_count": Bound(Group.PERSON, Unit.TIMES, 1, 50),
    "awards_per_day": Bound(Group.LIMIT, Unit.TIMES, 1, 50),
    "points_month_anonymous": Bound(Group.LIMIT, Unit.POINTS, 0, 100_000),
    "points_month_basic": Bound(Group.LIMIT, Unit.POINTS, 1, 100_000),
    "points_month_verified": Bound(Group.LIMIT, Unit.POINTS, 1, 100_000),
}
"""Every threshold, in the order in which people read them."""


class ThresholdsRefused(Invalid):
    """Thresholds that make no sense; `details["faults"]` list field, code and the bounds that are broken."""

    code = "thresholds-invalid"


def read(document: Mapping[str, Any]) -> Thresholds:
    """Return the thresholds in a complete document. Raises ThresholdsRefused with all that is wrong."""
    faults: list[dict[str, object]] = [
        {"field": name, "code": "threshold-unknown"} for name in sorted(document.keys() - BOUNDS.keys())
    ]
    for name, bound in BOUNDS.items():
        value = document.get(name)
        if type(value) is not int:
            faults.append({"field": name, "code": "threshold-not-a-number"})
        elif not bound.least <= value <= bound.most:
            limits = {"least": bound.least, "most": bound.most}
            faults.append({"field": name, "code": "threshold-out-of-bounds", **limits})
    if not faults:
        faults = contradictions(Thresholds(**document))
    if faults:
        raise ThresholdsRefused(faults=faults)
    return Thresholds(**document)


def stored(document: Mapping[str, Any]) -> Thresholds:
    """Return thresholds as they were kept: what came later has its default, what is gone is left out."""
    return Thresholds(**{name: value for name, value in document.items() if name in BOUNDS})


def contradictions(one: Thresholds) -> list[dict[str, object]]:
    """Return which thresholds make each other senseless: each must be less than, or at most, the other."""
    hours = one.pair_apart_max_hours * 60
    pairs = (
        (one.accuracy_good_m <= one.accuracy_usable_m, "accuracy_good_m", "accuracy_usable_m"),
        (one.accuracy_usable_m < one.city_radius_m, "accuracy_usable_m", "city_radius_m"),
        (one.photo_same_bits < one.photo_alike_bits, "photo_same_bits", "photo_alike_bits"),
        (one.duplicate_days <= one.photo_days, "duplicate_days", "photo_days"),
        (one.duplicate_distance_m <= one.photo_cell_m, "duplicate_distance_m", "photo_cell_m"),
        (one.pair_apart_min_minutes < hours, "pair_apart_min_minutes", "pair_apart_max_hours"),
        (one.photo_age_max_hours <= one.age_max_days * 24, "photo_age_max_hours", "age_max_days"),
        (
            one.points_month_anonymous <= one.points_month_basic,
            "points_month_anonymous",
            "points_month_basic",
        ),
        (one.points_month_basic <= one.points_month_verified, "points_month_basic", "points_month_verified"),
    )
    return [
        {"field": lesser, "code": "thresholds-contradict", "other": greater}
        for fits, lesser, greater in pairs
        if not fits
    ]
