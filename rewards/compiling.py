"""Compiling: conditions turned into closures over what is known of an event. Total: they can't fail.

Three-valued logic (Kleene): True, False, and None for unknown. What is not known stays unknown until it
can't matter. No clock and no place of its own: all that is known is passed in (rewards/events.py).
"""

import datetime as dt
import json
import operator
from dataclasses import dataclass

from rewards import answering, conditions, questions
from rewards.checking import Place, distance_m
from rewards.conditions import Comparison, Condition, Period, TrustLevel
from rewards.events import NOTHING as NOTHING
from rewards.events import UNKNOWN as UNKNOWN
from rewards.events import Event as Event
from rewards.events import Facts as Facts
from rewards.events import FactValue as FactValue
from rewards.events import Given as Given
from rewards.events import Person as Person
from rewards.events import Test as Test
from rewards.events import Truth as Truth
from rewards.events import local_time as local_time
from rewards.events import usable as usable
from rewards.nodes import COMPARE

_TRUST_ORDER = list(TrustLevel)


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
    rule: str = ""
    """Code of the rule that it belongs to."""


def compile_condition(node: Condition, path: str = "when", rule: str = "") -> Clause:
    """Return a condition and all in it, ready to be asked, for the rule of this code."""
    parts = tuple(
        compile_condition(part, f"{path}.{position}", rule)
        for position, part in enumerate(conditions.parts(node))
    )
    match node:
        case conditions.All():
            test = _all(_cheap_first(parts))
        case conditions.Any():
            test = _any(_cheap_first(parts))
        case conditions.Not():
            test = _not(parts[0].test)
        case _:
            test = _leaf(node, rule)
    return Clause(path, _asked(node), node, test, parts, rule)


def _asked(node: Condition) -> str:
    joins = {"of"} if conditions.parts(node) or isinstance(node, conditions.All | conditions.Any) else None
    plain = node.model_dump(mode="json", exclude=joins, exclude_none=True)
    return " ".join(part if isinstance(part, str) else json.dumps(part) for part in plain.values())


def _leaf(node: Condition, rule: str) -> Test:  # noqa: C901, PLR0911 -- one case for each sort of node
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
        case _:
            return answering.test_of(node, rule)


def _cheap_first(parts: tuple[Clause, ...]) -> list[Test]:
    """Return the tests in the order of their cost: `all` and `any` say the same in any order, but sooner."""
    return [part.test for part in sorted(parts, key=cost)]


def cost(clause: Clause) -> int:
    """Return about how long a test takes, in comparisons."""
    if clause.parts:
        return 1 + sum(map(cost, clause.parts))
    match clause.node:
        case questions.Inside(corners=corners):
            return 4 + len(corners)
        case conditions.Near():
            return 10
        case conditions.CompareDay() | questions.Window() | questions.District():
            return 3
        case _:
            return 1


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
    compare, expected = COMPARE[comparison], type(value)

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
    compare = COMPARE[comparison]

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
    compare = COMPARE[comparison]
    counter = operator.attrgetter(
        {Period.DAY: "awards_today", Period.MONTH: "awards_month", Period.EVER: "awards_ever"}[period]
    )

    def test(_: Event, given: Given) -> Truth:
        count = counter(given)
        return None if count is None else compare(count, bound)

    return test
