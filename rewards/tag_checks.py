"""Checks of tags and quests: small pure functions with all data passed in. Missing data never passes.

Validity, replay and pause decide whether a code is taken at all; place and pace go along with what is handed
in, so that a person looks at it. Bounds are those of the fraud playbook (docs/tags.md).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rewards.checking import Finding, Place, Result, distance_m
from rewards.tag_codes import Mode, Shown

NEAR: Final = "tag-near"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the checks, with their defaults."""

    reach_m: int = 50
    """So far from the tag one may stand, beside what the device is off."""
    accuracy_usable_m: int = 100
    pause_printed: dt.timedelta = dt.timedelta(hours=8)
    pause_changing: dt.timedelta = dt.timedelta(hours=1)
    """Between two uses of one bin by one person."""
    walking_m_per_s: float = 2.5
    """A brisk walk is 1.8, a jog 2.5; measured straight from station to station, so real ways are longer."""
    possible_m_per_s: float = 42.0
    """150 km/h: nobody gets from one station to the next so fast."""
    slack_m: int = 50
    """Signs of two stations may be read from between them."""


LIMITS: Final = Limits()


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


def pause(mode: Mode, now: dt.datetime, last_used: dt.datetime | None, limits: Limits = LIMITS) -> Finding:
    """Expect that this person did not use this bin a moment ago."""
    wait = limits.pause_printed if mode is Mode.PRINTED else limits.pause_changing
    if last_used is not None and now < last_used + wait:
        left = last_used + wait - now
        return Finding("tag-pause", Result.HOLD, "tag-pause", {"minutes": -(-left.total_seconds() // 60)})
    return Finding("tag-pause", Result.PASS, "tag-paused")


def distance(mode: Mode, phone: Place | None, tag: Place | None, limits: Limits = LIMITS) -> Finding:
    """Expect the phone near the tag. A display's code is fresh by itself and needs no place."""
    if mode is Mode.DISPLAY and phone is None:
        return Finding("tag-place", Result.PASS, "tag-place-not-needed")
    if tag is None:
        return Finding("tag-place", Result.REVIEW, "tag-without-place")
    if phone is None:
        return Finding("tag-place", Result.REVIEW, "tag-no-place")
    if phone.accuracy_m is None or phone.accuracy_m > limits.accuracy_usable_m:
        return Finding("tag-place", Result.REVIEW, "tag-inaccurate")
    apart = distance_m(phone, tag)
    if apart > limits.reach_m + phone.accuracy_m:
        return Finding("tag-place", Result.HOLD, "tag-too-far", {"distance_m": apart})
    return Finding("tag-place", Result.PASS, NEAR)


def speed(legs: Sequence[Leg], limits: Limits = LIMITS) -> Finding:
    """Expect that the stations were reached on foot; the fastest way between two of them counts."""
    if any(leg.distance_m is None for leg in legs):
        return Finding("quest-pace", Result.REVIEW, "tag-without-place")
    fastest = max((pace(leg, limits) for leg in legs), default=0.0)
    if fastest > limits.possible_m_per_s:
        return Finding("quest-pace", Result.HOLD, "quest-too-fast")
    if fastest > limits.walking_m_per_s:
        return Finding("quest-pace", Result.REVIEW, "quest-not-walked")
    return Finding("quest-pace", Result.PASS, "quest-walked")


def pace(leg: Leg, limits: Limits = LIMITS) -> float:
    """Return metres a second on a way, less what signs are read from afar; a second is the shortest time."""
    return max(0, (leg.distance_m or 0) - limits.slack_m) / max(leg.seconds, 1.0)


def stations(reasons: Sequence[str]) -> Finding:
    """Sum up what the checks of the place said at each station of a quest."""
    if any(reason == "tag-too-far" for reason in reasons):
        return Finding("quest-places", Result.HOLD, "tag-too-far")
    away = sorted({one for one in reasons if one not in {NEAR, "tag-place-not-needed"}})
    if away:
        return Finding("quest-places", Result.REVIEW, away[0], {"stations": len(reasons)})
    return Finding("quest-places", Result.PASS, NEAR)
