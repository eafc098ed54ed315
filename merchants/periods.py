"""Settlement periods: weeks (ISO 8601, from Monday), calendar months and quarters. Pure."""

import datetime as dt
import enum
from dataclasses import dataclass

from kernel import money


class PeriodKind(enum.StrEnum):
    """How often a venue is settled with."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """The days that one statement is about, both ends included."""

    kind: PeriodKind
    first_day: dt.date
    last_day: dt.date


def containing(kind: PeriodKind, day: dt.date) -> Period:
    """Return the period of the calendar in which `day` lies."""
    if kind is PeriodKind.WEEK:
        monday = day - dt.timedelta(days=day.weekday())
        return Period(kind, monday, monday + dt.timedelta(days=6))
    if kind is PeriodKind.MONTH:
        in_next_month = day.replace(day=28) + dt.timedelta(days=4)
        return Period(kind, day.replace(day=1), in_next_month.replace(day=1) - dt.timedelta(days=1))
    last_day = money.quarter_end(day)
    return Period(kind, last_day.replace(month=last_day.month - 2, day=1), last_day)
