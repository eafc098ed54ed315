"""Checks of tags and quests: small pure functions with all data passed in. Missing data never passes.

Validity, replay and pause decide whether a code is taken at all; place and pace go along with what is handed
in, so that a person looks at it. The bounds are settings of the programme (rewards/thresholds.py).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rewards.checking import Finding, Place, Result, distance_m
from rewards.tag_codes import Mode, Shown
from rewards.thresholds import Thresholds

NEAR: Final = "tag-near"
_KMH: Final = 3.6
"""Kilometres an hour of a metre a second."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from one station to the next, straight; no distance if one of them has no coordinates."""

    distance_m: int | None
    seconds: float


def validity(shown: Shown | None) -> Finding:
    """Expect a code that the tag shows or showed a moment ago."""
    if shown is None:
        return Finding("tag-code", Result.HOLD, "tag-code-wrong")
    return Finding("tag-code", Result.PASS, "tag-code-right", {"mode": shown.mode.value})


def replay(shown: Shown, last_counter: int | None, *, used_before: bool) -> Finding:
    """Expect a code that nobody used: counters only grow, a display's step is good once.

    A printed code is the same for everybody; how often one person uses it, `pause` says.
    """
    grown = shown.mode is not Mode.NFC or last_counter is None or shown.count > last_counter
    if used_before or not grown:
        return Finding("tag-replay", Result.HOLD, "tag-code-used")
    return Finding("tag-replay", Result.PASS, "tag-code-fresh")


def rest(mode: Mode, bounds: Thresholds) -> dt.timedelta:
    """Return how long one bin rests between two uses by one person."""
    if mode is Mode.PRINTED:
        return dt.timedelta(hours=bounds.tag_pause_printed_hours)
    return dt.timedelta(minutes=bounds.tag_pause_changing_minutes)


def pause(mode: Mode, now: dt.datetime, last_used: dt.datetime | None, bounds: Thresholds) -> Finding:
    """Expect that this person did not use this bin a moment ago."""
    wait = rest(mode, bounds)
    if last_used is not None and now < last_used + wait:
        left = last_used + wait - now
        return Finding("tag-pause", Result.HOLD, "tag-pause", {"minutes": -(-left.total_seconds() // 60)})
    return Finding("tag-pause", Result.PASS, "tag-paused")


def distance(mode: Mode, phone: Place | None, tag: Place | None, bounds: Thresholds) -> Finding:
    """Expect the phone near the tag. A display's code is fresh by itself and needs no place."""
    if mode is Mode.DISPLAY and phone is None:
        return Finding("tag-place", Result.PASS, "tag-place-not-needed")
    if tag is None:
        return Finding("tag-place", Result.REVIEW, "tag-without-place")
    if phone is None:
        return Finding("tag-place", Result.REVIEW, "tag-no-place")
    if phone.accuracy_m is None or phone.accuracy_m > bounds.accuracy_usable_m:
        return Finding("tag-place", Result.REVIEW, "tag-inaccurate")
    apart = distance_m(phone, tag)
    if apart > bounds.tag_reach_m + phone.accuracy_m:
        return Finding("tag-place", Result.HOLD, "tag-too-far", {"distance_m": apart})
    return Finding("tag-place", Result.PASS, NEAR)


def speed(legs: Sequence[Leg], bounds: Thresholds) -> Finding:
    """Expect that the stations were reached on foot; the fastest way between two of them counts."""
    if any(leg.distance_m is None for leg in legs):
        return Finding("quest-pace", Result.REVIEW, "tag-without-place")
    fastest = max((pace_kmh(leg, bounds) for leg in legs), default=0.0)
    if fastest > bounds.speed_max_kmh:
        return Finding("quest-pace", Result.HOLD, "quest-too-fast")
    if fastest > bounds.quest_walk_kmh:
        return Finding("quest-pace", Result.REVIEW, "quest-not-walked")
    return Finding("quest-pace", Result.PASS, "quest-walked")


def pace_kmh(leg: Leg, bounds: Thresholds) -> float:
    """Return how fast a way was, measured straight, so that real ways are longer.

    Signs of two stations may be read from between them: that much is taken off. A second is the least time.
    """
    return max(0, (leg.distance_m or 0) - bounds.quest_slack_m) / max(leg.seconds, 1.0) * _KMH


def stations(reasons: Sequence[str]) -> Finding:
    """Sum up what the checks of the place said at each station of a quest."""
    if any(reason == "tag-too-far" for reason in reasons):
        return Finding("quest-places", Result.HOLD, "tag-too-far")
    away = sorted({one for one in reasons if one not in {NEAR, "tag-place-not-needed"}})
    if away:
        return Finding("quest-places", Result.REVIEW, away[0], {"stations": len(reasons)})
    return Finding("quest-places", Result.PASS, NEAR)
