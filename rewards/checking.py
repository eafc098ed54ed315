"""Checks: small pure functions that look at a submission and its surroundings, with all data passed in.

Each gives pass, review or hold with a reason. Missing data never passes: it goes to a person, and so does
what a check that fails should have looked at. Which checks there are says rewards/pipeline.py.
"""

import datetime as dt
import enum
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rewards.thresholds import Thresholds

EARTH_RADIUS_M = 6_371_000
REPORT, CLEANUP = "litter-report", "litter-cleanup"
"""What is found and what is cleared: two actions at one spot."""
COUNTERPARTS: Mapping[str, str] = {REPORT: CLEANUP, CLEANUP: REPORT}
PEOPLE = frozenset(("app", "desk"))
"""Sources where a person says what they did; the others are systems that answer for what they send."""

_log = logging.getLogger(__name__)


class Result(enum.StrEnum):
    """What a check says."""

    PASS = "pass"  # noqa: S105 -- not a password
    REVIEW = "review"
    HOLD = "hold"
    """Looks like what must not be paid: a person needs a good reason to accept it."""


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
class Earlier:
    """Another submission, as far as checks look at it."""

    submission_id: int
    action: str
    owner: str
    category: str | None
    source: str
    status: str
    place: Place | None
    occurred_at: dt.datetime
    closed_at: dt.datetime | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was handed in, as far as checks look at it."""

    used_before: bool
    taken_at: dt.datetime | None
    hashes: Sequence[int] | None = None
    """Perceptual hashes of 64 bits, as it is and turned and mirrored; None if it could not be hashed."""
    place: Place | None = None
    """What the camera wrote into it."""
    part: str | None = None
    """Of a pair: `before` or `after` the work."""
    content: str = ""
    """By what a picture is known, whatever its file says beside it."""
    sure: bool = True
    """Whether no face or plate may be left in it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that the checks may look at."""

    action: str
    owner: str
    source: str
    category: str | None
    occurred_at: dt.datetime
    now: dt.datetime
    needs_place: bool
    needs_photo: bool
    needs_pair: bool
    category_known: bool
    place: Place | None
    address: str | None = None
    city_centre: Place | None = None
    service: str | None = None
    photos: Sequence[Photo] = ()
    earlier_hashes: Sequence[int] = ()
    """Of photos that it is compared with: the owner's own and those near by."""
    nearby: Sequence[Earlier] = ()
    """What was handed in around the place."""
    own: Sequence[Earlier] = ()
    """What the same person handed in lately, anywhere."""
    partners: Mapping[str, int] = field(default_factory=dict)
    """How often the person and another one reported and cleared the same spot for each other before."""
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def by_a_person(self) -> bool:
        """Whether a person says so, not a system."""
        return self.source in PEOPLE


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `reason` is a code for the sentence that people read."""

    name: str
    result: Result
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[Subject], Finding]


def run(subject: Subject, checks: Mapping[str, Check]) -> list[Finding]:
    """Return the findings of all checks, in order; a check that fails sends the subject to a person."""
    return [_guarded(name, check, subject) for name, check in checks.items()]


def _guarded(name: str, check: Check, subject: Subject) -> Finding:
    try:
        return check(subject)
    except Exception:  # noqa: BLE001 -- whatever goes wrong must neither award nor lose what was handed in
        _log.exception("a check failed", extra={"check": name})
        return Finding(name, Result.REVIEW, "check-failed")


def worst(findings: Sequence[Finding]) -> Result:
    """Return the strictest result; nothing found is a pass."""
    return max((finding.result for finding in findings), key=_severity, default=Result.PASS)


def weightiest(findings: Sequence[Finding]) -> Finding | None:
    """Return the first of the strictest findings that do not pass."""
    uncertain = [finding for finding in findings if finding.result is not Result.PASS]
    return max(uncertain, key=lambda finding: _severity(finding.result), default=None)


def _severity(result: Result) -> int:
    return list(Result).index(result)


def reach_m(one: Place, other: Place, least_m: int, thresholds: Thresholds) -> int:
    """Return within which distance two places may be the same, as far as their accuracy can tell."""
    usable = thresholds.accuracy_usable_m
    both = min(one.accuracy_m or 0, usable) + min(other.accuracy_m or 0, usable)
    return max(least_m, both)


def distance_m(one: Place, other: Place) -> int:
    """Return the great-circle distance in whole metres (haversine formula)."""
    lat1, lat2 = (math.radians(p.latitude_e6 / 1e6) for p in (one, other))
    dlat = lat2 - lat1
    dlon = math.radians((other.longitude_e6 - one.longitude_e6) / 1e6)
    a = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a))))
