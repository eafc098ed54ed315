"""Measures: numbers about the past that rules ask for, and how each is counted from a list of what happened.

A rule's compiled form names the measures that it needs; rewards/recalling.py reads what they are counted
from. What was handed in before counts, by the day on which it came in, in the city's calendar.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rewards import rules
from rewards.checking import Place, distance_m
from rewards.effects import StreakBonus
from rewards.questions import Count, Of, Streak, Unit, Who
from rewards.rules import RuleVersion

STREAK_REACH = dt.timedelta(days=1830)
"""How far back a streak is followed."""


class Sort(enum.StrEnum):
    """What is counted."""

    COUNT = "count"
    STREAK = "streak"
    """Units in a row, this one included."""
    UNIT = "unit"
    """What came in earlier in the same day, week or month."""


class Measure(NamedTuple):
    """One number about the past. `key` is its name in receipts."""

    sort: Sort
    of: Of
    rule: str = ""
    who: Who = Who.PERSON
    days: int | None = None
    here_m: int | None = None
    unit: Unit = Unit.DAY

    @property
    def key(self) -> str:
        """Its name: `count action person 30 days here 50 m`."""
        what = f"{self.of.value} {self.rule}".strip()
        if self.sort is not Sort.COUNT:
            return f"{self.sort.value} {what} {self.unit.value}"
        reach = f"{self.days} days" if self.days else "ever"
        here = f" here {self.here_m} m" if self.here_m else ""
        return f"count {what} {self.who.value} {reach}{here}"


class Past(NamedTuple):
    """Something that happened: an accepted contribution, or an award where `rule` is set."""

    at: dt.datetime
    action: str
    rule: str | None
    place: Place | None
    own: bool


class Moment(NamedTuple):
    """What the past is looked at from: when something came in, what it is and where."""

    at: dt.datetime
    action: str
    place: Place | None
    zone: ZoneInfo


def of_question(node: Count | Streak, rule: str) -> Measure:
    """Return the measure that a question asks for."""
    mine = rule if node.of is Of.RULE else ""
    if isinstance(node, Streak):
        return Measure(Sort.STREAK, node.of, mine, unit=node.unit)
    return Measure(Sort.COUNT, node.of, mine, node.who, node.days, node.here_m)


def of_bonus(bonus: StreakBonus, rule: str) -> tuple[Measure, Measure]:
    """Return what the bonus of a streak asks for: the streak, and what came in earlier in the same unit."""
    mine = rule if bonus.of is Of.RULE else ""
    return (
        Measure(Sort.STREAK, bonus.of, mine, unit=bonus.unit),
        Measure(Sort.UNIT, bonus.of, mine, unit=bonus.unit),
    )


def needed(version: RuleVersion) -> tuple[Measure, ...]:
    """Return all measures that a rule asks for."""
    return tuple(dict.fromkeys(_needed(version)))


def count(measures: Iterable[Measure], past: Iterable[Past], moment: Moment) -> dict[str, int]:
    """Return the measures by key. What needs a place is left out where there is none: it is unknown."""
    earlier = [one for one in past if one.at < moment.at]
    return {
        measure.key: _count(measure, earlier, moment)
        for measure in measures
        if measure.here_m is None or moment.place is not None
    }


def unit_of(day: dt.date, unit: Unit) -> int:
    """Return the number of the day, week or month that a day belongs to."""
    if unit is Unit.MONTH:
        return day.year * 12 + day.month
    # The first day of the calendar was a Monday.
    return day.toordinal() if unit is Unit.DAY else (day.toordinal() - 1) // 7


def _needed(version: RuleVersion) -> Iterator[Measure]:
    for _, node in rules.nodes(version):
        if isinstance(node, Count | Streak):
            yield of_question(node, version.code)
    if version.streak:
        yield from of_bonus(version.streak, version.code)


def _count(measure: Measure, earlier: list[Past], moment: Moment) -> int:
    today = moment.at.astimezone(moment.zone).date()
    matching = [one for one in earlier if _matches(measure, one, moment)]
    if measure.sort is Sort.COUNT:
        if measure.days is None:
            return len(matching)
        first = today - dt.timedelta(days=measure.days - 1)
        return sum(one.at.astimezone(moment.zone).date() >= first for one in matching)
    units = [unit_of(one.at.astimezone(moment.zone).date(), measure.unit) for one in matching]
    this = unit_of(today, measure.unit)
    if measure.sort is Sort.UNIT:
        return units.count(this)
    active, length = set(units), 1
    while this - length in active:
        length += 1
    return length


def _matches(measure: Measure, one: Past, moment: Moment) -> bool:
    if measure.of is Of.RULE:
        fits = one.rule == measure.rule
    else:
        fits = one.rule is None and (measure.of is Of.ANY or one.action == moment.action)
    if not fits or (measure.who is Who.PERSON and not one.own):
        return False
    if measure.here_m is None or moment.place is None:
        return True
    return one.place is not None and distance_m(one.place, moment.place) <= measure.here_m
