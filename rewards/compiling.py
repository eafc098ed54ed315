"""Compiling: conditions turned into closures over what is known of an event. Total: they can't fail.

Three-valued logic (Kleene): True, False, and None for unknown. What is not known stays unknown until it
can't matter. No clock and no place of its own: event time, zone and history are passed in.
"""

import datetime as dt
import json
import operator
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from rewards import conditions
from rewards.canonical import WHOLE_MAX
from rewards.checking import Place, distance_m
from rewards.conditions import Comparison, Condition, Period, TrustLevel

FactValue = bool | int | str
Truth = bool | None
"""None is unknown."""

_COMPARE: Mapping[Comparison, Callable[..., bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}
_TRUST_ORDER = list(TrustLevel)
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
class Facts:
    """What is known of an event. A value that is missing, None or of no type of ours is unknown.

    `occurred_at` has a time zone; without one, what depends on time is unknown.
    """

    values: Mapping[str, object]
    occurred_at: dt.datetime
    zone: ZoneInfo
    place: Place | None = None
    given: Given = field(default=UNKNOWN)


class Event:
    """Facts made ready for many rules: values and the city's time are worked out once."""

    __slots__ = ("day", "hour", "local", "place", "values", "weekday")

    def __init__(self, facts: Facts) -> None:
        self.values = {name: usable(value) for name, value in facts.values.items()}
        self.place = facts.place if _on_earth(facts.place) else None
        self.local = local_time(facts)
        self.day = self.local.date() if self.local else None
        self.hour = self.local.hour if self.local else -1
        self.weekday = self.local.isoweekday() if self.local else 0


Test = Callable[[Event, Given], Truth]


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition ready to be asked, with its place in the tree.

    `asked` is the question in the terms of the document: `compare category == litter`.
    """

    path: str
    asked: str
    node: Condition
    test: Test
    parts: tuple["Clause", ...] = ()


def compile_condition(node: Condition, path: str = "when") -> Clause:
    """Return a condition and all in it, ready to be asked."""
    parts = tuple(
        compile_condition(part, f"{path}.{position}") for position, part in enumerate(conditions.parts(node))
    )
    match node:
        case conditions.All():
            test = _all([part.test for part in parts])
        case conditions.Any():
            test = _any([part.test for part in parts])
        case conditions.Not():
            test = _not(parts[0].test)
        case _:
            test = _leaf(node)
    return Clause(path, _asked(node), node, test, parts)


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


def _asked(node: Condition) -> str:
    plain = node.model_dump(mode="json", exclude={"of"})
    return " ".join(part if isinstance(part, str) else json.dumps(part) for part in plain.values())


def _leaf(node: Condition) -> Test:  # noqa: C901, PLR0911 -- one case for each sort of node
    match node:
        case conditions.Compare(fact=fact, comparison=comparison, value=value):
            return _compare(fact, comparison, value)
        case conditions.CompareDay(fact=fact, comparison=comparison, value=day):
            return _compare_day(fact, comparison, day)
        case conditions.In(fact=fact, values=values):
            return _in(fact, values)
        case conditions.Known(fact=fact):
            return lambda event, _: event.values.get(fact) is not None
        case conditions.Trust(at_least=least):
            allowed = _TRUST_ORDER[_TRUST_ORDER.index(least) :]
            return _trust(frozenset(level.value for level in allowed))
        case conditions.Weekday(days=days):
            return lambda event, _: event.weekday in days if event.weekday else None
        case conditions.Hours(start=start, end=end):
            return _hours(start, end)
        case conditions.Dates(first=first, last=last):
            return lambda event, _: first <= event.day <= last if event.day else None
        case conditions.Near():
            return _near(node)
        case conditions.History(period=period, comparison=comparison, value=bound):
            return _history(period, comparison, bound)
    msg = f"no test for {type(node).__name__}"
    raise TypeError(msg)


def _all(tests: list[Test]) -> Test:
    def test(event: Event, given: Given) -> Truth:
        result: Truth = True
        for part in tests:
            truth = part(event, given)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return test


def _any(tests: list[Test]) -> Test:
    def test(event: Event, given: Given) -> Truth:
        result: Truth = False
        for part in tests:
            truth = part(event, given)
            if truth:
                return True
            if truth is None:
                result = None
        return result

    return test


def _not(part: Test) -> Test:
    def test(event: Event, given: Given) -> Truth:
        truth = part(event, given)
        return None if truth is None else not truth

    return test


def _compare(fact: str, comparison: Comparison, value: FactValue) -> Test:
    compare, expected = _COMPARE[comparison], type(value)

    def test(event: Event, _: Given) -> Truth:
        actual = event.values.get(fact)
        # A text "10" is not the number 10, and True is not 1: another type is as good as missing.
        return compare(actual, value) if type(actual) is expected else None

    return test


def _in(fact: str, values: tuple[FactValue, ...]) -> Test:
    if not values:
        return lambda *_: False
    expected, members = type(values[0]), frozenset(values)

    def test(event: Event, _: Given) -> Truth:
        actual = event.values.get(fact)
        return actual in members if type(actual) is expected else None

    return test


def _compare_day(fact: str, comparison: Comparison, value: dt.date) -> Test:
    compare = _COMPARE[comparison]

    def test(event: Event, _: Given) -> Truth:
        actual = conditions.as_day(event.values.get(fact))
        return None if actual is None else compare(actual, value)

    return test


def _trust(allowed: frozenset[str]) -> Test:
    known = {level.value: level.value in allowed for level in TrustLevel}

    def test(event: Event, _: Given) -> Truth:
        actual = event.values.get("trust_level")
        return known.get(actual) if isinstance(actual, str) else None

    return test


def _hours(start: int, end: int) -> Test:
    over_midnight = start >= end

    def test(event: Event, _: Given) -> Truth:
        hour = event.hour
        if hour < 0:
            return None
        return hour >= start or hour < end if over_midnight else start <= hour < end

    return test


def _near(node: conditions.Near) -> Test:
    centre, radius_m = Place(node.latitude_e6, node.longitude_e6), node.radius_m

    def test(event: Event, _: Given) -> Truth:
        return None if event.place is None else distance_m(event.place, centre) <= radius_m

    return test


def _history(period: Period, comparison: Comparison, bound: int) -> Test:
    compare = _COMPARE[comparison]
    counter = operator.attrgetter(
        {Period.DAY: "awards_today", Period.MONTH: "awards_month", Period.EVER: "awards_ever"}[period]
    )

    def test(_: Event, given: Given) -> Truth:
        count = counter(given)
        return None if count is None else compare(count, bound)

    return test


def _on_earth(place: Place | None) -> bool:
    return (
        place is not None
        and -_LATITUDE_MAX <= place.latitude_e6 <= _LATITUDE_MAX
        and -_LONGITUDE_MAX <= place.longitude_e6 <= _LONGITUDE_MAX
    )
