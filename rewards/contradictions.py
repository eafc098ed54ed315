"""Contradictions: what conditions that stand side by side leave open. What is not found may still be there.

Deciding in general whether a rule can ever be true is as hard as satisfiability; the slips of a tired
administrator are found by looking at what one list says about one fact.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rewards.conditions import (
    All,
    Any,
    Compare,
    CompareDay,
    Comparison,
    Condition,
    Dates,
    History,
    In,
    Known,
    Not,
    Trust,
    TrustLevel,
    Value,
    Weekday,
)
from rewards.questions import Action, AgeBand, Count, Home, Streak, Window

_LOW = frozenset({Comparison.GT, Comparison.GE})
_HIGH = frozenset({Comparison.LT, Comparison.LE})
_OPPOSITE = {
    Comparison.EQ: Comparison.NE,
    Comparison.NE: Comparison.EQ,
    Comparison.LT: Comparison.GE,
    Comparison.GE: Comparison.LT,
    Comparison.GT: Comparison.LE,
    Comparison.LE: Comparison.GT,
}


@dataclass(slots=True)
class _Room:
    """What a list of conditions leaves one fact to be."""

    allowed: set[tuple[type, Value]] | None = None
    forbidden: set[tuple[type, Value]] = field(default_factory=set)
    low: int | None = None
    high: int | None = None

    def take(self, comparison: Comparison, value: Value) -> None:
        if comparison is Comparison.EQ:
            self.only([value])
        elif comparison is Comparison.NE:
            self.forbidden.add((type(value), value))
        elif comparison in _LOW:
            bound = int(value) + (comparison is Comparison.GT)
            self.low = bound if self.low is None else max(self.low, bound)
        elif comparison in _HIGH:
            bound = int(value) - (comparison is Comparison.LT)
            self.high = bound if self.high is None else min(self.high, bound)

    def only(self, values: Iterable[Value]) -> None:
        # The type stands beside the value, because to Python True is 1.
        these = {(type(value), value) for value in values}
        self.allowed = these if self.allowed is None else self.allowed & these

    def is_empty(self) -> bool:
        if self.low is not None and self.high is not None and self.low > self.high:
            return True
        if self.allowed is None:
            return self.forbidden >= {(bool, True), (bool, False)}
        return not any(self._fits(*one) for one in self.allowed - self.forbidden)

    def _fits(self, kind: type, value: Value) -> bool:
        if self.low is None and self.high is None:
            return True
        number = int(value) if kind is int else None
        return (
            number is not None
            and (self.low is None or number >= self.low)
            and (self.high is None or number <= self.high)
        )


def impossible(parts: tuple[Condition, ...]) -> list[str]:
    """Return the facts, days or counters for which conditions that must all be true leave no value."""
    rooms: dict[str, _Room] = {}
    for part in parts:
        _narrow(rooms, part)
    found = sorted(name for name, room in rooms.items() if room.is_empty())
    opposed = [part for part in parts if isinstance(part, Not) and part.of in parts]
    return found or ["not"] * bool(opposed)


def asked_though_missing(parts: tuple[Condition, ...]) -> list[str]:
    """Return the facts that must be missing, and are compared beside that: the answer is never known."""
    missing = {part.of.fact for part in parts if isinstance(part, Not) and isinstance(part.of, Known)}
    asked = {part.fact for part in parts if isinstance(part, Compare | CompareDay | In)}
    if any(isinstance(part, Trust) for part in parts):
        asked.add("trust_level")
    return sorted(missing & asked)


def covers(parts: tuple[Condition, ...]) -> bool:
    """Return whether one of the conditions is true whatever a known fact is: one and its opposite."""
    if any(isinstance(part, Not) and part.of in parts for part in parts):
        return True
    compared = {
        (part.fact, part.comparison, type(part.value), part.value)
        for part in parts
        if isinstance(part, Compare)
    }
    return any(
        (fact, _OPPOSITE[comparison], kind, value) in compared for fact, comparison, kind, value in compared
    )


def implies(one: Condition, other: Condition) -> bool:
    """Return whether `other` is surely true wherever `one` is. Not found does not mean that it isn't so."""
    if one == other:
        return True
    if isinstance(other, All):
        return all(implies(one, part) for part in other.of)
    if isinstance(one, Any):
        return bool(one.of) and all(implies(part, other) for part in one.of)
    if isinstance(other, Any) and any(implies(one, part) for part in other.of):
        return True
    if isinstance(one, All):
        return any(implies(part, other) for part in one.of)
    return _narrower(one, other)


def _narrower(one: Condition, other: Condition) -> bool:
    match one, other:
        case (Compare() | In() as narrow, Compare() | In() as wide) if narrow.fact == wide.fact:
            return _values_within(narrow, wide)
        case Trust(at_least=high), Trust(at_least=low):
            return list(TrustLevel).index(high) >= list(TrustLevel).index(low)
        case Weekday(days=few), Weekday(days=many):
            return set(few) <= set(many)
        case Dates() as narrow, Dates() as wide:
            return wide.first <= narrow.first and narrow.last <= wide.last
        case (History() | Count() | Streak() as narrow, History() | Count() | Streak() as wide):
            same = _asked(narrow) == _asked(wide)
            return same and _bounds_within(narrow.comparison, narrow.value, wide.comparison, wide.value)
        case _:
            return False


def _values_within(one: Compare | In, other: Compare | In) -> bool:
    fits = _allowed(other)
    listed = one.values if isinstance(one, In) else [one.value] if one.comparison is Comparison.EQ else None
    if listed is not None and fits is not None:
        return {(type(value), value) for value in listed} <= fits
    if isinstance(one, In) or isinstance(other, In):
        return False
    return type(one.value) is int is type(other.value) and _bounds_within(
        one.comparison, one.value, other.comparison, int(other.value)
    )


def _allowed(one: Compare | In) -> set[tuple[type, Value]] | None:
    if isinstance(one, In):
        return {(type(value), value) for value in one.values}
    return {(type(one.value), one.value)} if one.comparison is Comparison.EQ else None


def _asked(node: History | Count | Streak) -> str:
    """Return what is counted, without the number that it is compared with."""
    plain = node.model_dump(mode="json", exclude={"comparison", "value"}, exclude_none=True)
    return " ".join(map(str, plain.values()))


def _bounds_within(how: Comparison, value: int, other_how: Comparison, other: int) -> bool:
    """Return whether what compares so with one number surely compares so with the other."""
    lowest = {Comparison.EQ: value, Comparison.GE: value, Comparison.GT: value + 1}.get(how)
    highest = {Comparison.EQ: value, Comparison.LE: value, Comparison.LT: value - 1}.get(how)
    match other_how:
        case Comparison.GE | Comparison.GT:
            return lowest is not None and lowest >= other + (other_how is Comparison.GT)
        case Comparison.LE | Comparison.LT:
            return highest is not None and highest <= other - (other_how is Comparison.LT)
        case Comparison.EQ:
            return lowest == highest == other
        case Comparison.NE:
            return (lowest is not None and lowest > other) or (highest is not None and highest < other)


def _narrow(rooms: dict[str, _Room], part: Condition) -> None:
    def room(name: str) -> _Room:
        return rooms.setdefault(name, _Room())

    match part:
        case Compare(fact=fact, comparison=comparison, value=value):
            room(fact).take(comparison, value)
        case CompareDay(fact=fact, comparison=comparison, value=day):
            room(fact).take(comparison, day.toordinal())
        case In(fact=fact, values=values):
            room(fact).only(values)
        case History(comparison=comparison, value=count) | Count(comparison=comparison, value=count):
            room(_asked(part)).take(Comparison.GE, 0)
            room(_asked(part)).take(comparison, count)
        case Streak(comparison=comparison, value=length):
            room(_asked(part)).take(Comparison.GE, 1)
            room(_asked(part)).take(comparison, length)
        case _:
            _narrow_around(room, part)


def _narrow_around(room: Callable[[str], _Room], part: Condition) -> None:
    match part:
        case Weekday(days=days):
            room("weekday").only(days)
        case Action(codes=codes):
            room("action").only(codes)
        case AgeBand(groups=groups):
            room("age-band").only([group.value for group in groups])
        case Home(districts=codes):
            room("home").only(codes)
        case Dates(first=first, last=last):
            room("dates").take(Comparison.GE, first.toordinal())
            room("dates").take(Comparison.LE, last.toordinal())
        case Window(start=start, end=end):
            room("window").take(Comparison.GE, _minutes(start))
            room("window").take(Comparison.LT, _minutes(end))
        case _:
            pass


def _minutes(text: str) -> int:
    moment = dt.datetime.fromisoformat(text)
    return moment.toordinal() * 1440 + moment.hour * 60 + moment.minute
