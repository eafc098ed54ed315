"""Contradictions: what conditions that stand side by side leave open. What is not found may still be there.

Deciding in general whether a rule can ever be true is as hard as satisfiability; the slips of a tired
administrator are found by looking at what one list says about one fact.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rewards.conditions import (
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
    Value,
    Weekday,
)

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
        case History(period=period, comparison=comparison, value=count):
            room(f"history {period.value}").take(Comparison.GE, 0)
            room(f"history {period.value}").take(comparison, count)
        case Weekday(days=days):
            room("weekday").only(days)
        case Dates(first=first, last=last):
            room("dates").take(Comparison.GE, first.toordinal())
            room("dates").take(Comparison.LE, last.toordinal())
        case _:
            pass
