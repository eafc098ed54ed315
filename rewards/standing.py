"""What a citizen's contributions add up to: level, badges, weeks in a row. Pure.

Nothing of it is stored and nobody is compared with anybody: it follows from one's own confirmed
contributions, is shown to oneself alone, earns no points, and is never lost (a streak that ends stays as the
longest one). The steps are those of civic platforms (Decidim's badges).
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEPS = (1, 5, 10, 30, 60)
"""Confirmed contributions of one action at which a badge grows."""
LEVELS = (0, 1, 5, 15, 40, 100, 250)
"""Confirmed contributions of any kind at which the next level begins."""
_WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A confirmed civic action: which, and on which day in the city."""

    action: str
    day: dt.date


@dataclass(frozen=True, slots=True)
class Badge:
    """What somebody has reached in one action."""

    action: str
    count: int
    reached: int
    """How many of STEPS are reached, 0 for none yet."""
    next_at: int | None
    """Count at which it grows next; None at the last step."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it for one person on one day."""

    total: int
    level: int
    """Place in LEVELS, from 0."""
    next_level_at: int | None
    badges: tuple[Badge, ...]
    weeks_in_a_row: int
    """Weeks with a contribution up to this or the last one: the running week may still be empty."""
    longest_weeks: int
    active_this_week: bool


def of(contributions: Sequence[Contribution], actions: Iterable[str], today: dt.date) -> Standing:
    """Return what contributions add up to; with a badge, perhaps not begun yet, for each of `actions`."""
    counts = Counter(one.action for one in contributions)
    total = len(contributions)
    weeks = {_monday(one.day) for one in contributions}
    this_week = _monday(today)
    end = this_week if this_week in weeks else this_week - _WEEK
    return Standing(
        total=total,
        level=_reached(LEVELS, total) - 1,
        next_level_at=_next(LEVELS, total),
        badges=tuple(_badge(action, counts[action]) for action in actions),
        weeks_in_a_row=_run_up_to(weeks, end),
        longest_weeks=max(
            (_run_up_to(weeks, week) for week in weeks if week + _WEEK not in weeks), default=0
        ),
        active_this_week=this_week in weeks,
    )


def _badge(action: str, count: int) -> Badge:
    return Badge(action, count, _reached(STEPS, count), _next(STEPS, count))


def _reached(steps: Sequence[int], count: int) -> int:
    return sum(step <= count for step in steps)


def _next(steps: Sequence[int], count: int) -> int | None:
    return next((step for step in steps if step > count), None)


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _run_up_to(weeks: set[dt.date], last: dt.date) -> int:
    """Return how many weeks up to `last`, that one included, follow one another."""
    length = 0
    while last - length * _WEEK in weeks:
        length += 1
    return length
