"""The photo before and the photo after: do they show one piece of work. Pure.

Bounds are those of the fraud playbook (docs/rules.md): at least two minutes apart, at most a day.
"""

import datetime as dt

from rewards.checking import Finding, Result
from rewards.pictures import Picture

APART_MIN = dt.timedelta(minutes=2)
APART_MAX = dt.timedelta(hours=24)


def check(before: Picture | None, after: Picture | None) -> Finding:
    """Expect two photos, the second taken a while after the first; what can't be told goes to a person."""
    if before is None or after is None:
        return _finding(Result.REVIEW, "pair-incomplete")
    if before.sha256 == after.sha256 or before.jpeg == after.jpeg:
        return _finding(Result.HOLD, "pair-same-photo")
    if before.taken_at_local is None or after.taken_at_local is None:
        return _finding(Result.REVIEW, "pair-time-unknown")
    reason = _apart(after.taken_at_local - before.taken_at_local)
    return _finding(Result.REVIEW if reason else Result.PASS, reason or "pair-plausible")


def _apart(apart: dt.timedelta) -> str | None:
    """Return what is odd about the time between the two."""
    if apart < dt.timedelta(0):
        return "pair-wrong-way-round"
    if apart < APART_MIN:
        return "pair-too-quick"
    return "pair-too-far-apart" if apart > APART_MAX else None


def _finding(result: Result, reason: str) -> Finding:
    return Finding("pair", result, reason)
