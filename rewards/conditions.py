"""Conditions: the questions a rule may ask, as nodes of a typed tree that is data.

Each is true, false or unknown for an event (rewards/compiling.py says which). There are no loops, no clock
and no fractions. docs/rules.md explains each to administrators. Here are the questions about facts and what
joins them; those about person, time, place, history and campaign are in rewards/questions.py.
"""

import enum
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from rewards.nodes import EQUALITY as EQUALITY
from rewards.nodes import Code as Code
from rewards.nodes import Comparison as Comparison
from rewards.nodes import Day as Day
from rewards.nodes import FactName as FactName
from rewards.nodes import Latitude, Longitude
from rewards.nodes import Node as Node
from rewards.nodes import Text as Text
from rewards.nodes import Value as Value
from rewards.nodes import as_day as as_day
from rewards.questions import (
    Action,
    AgeBand,
    Campaign,
    Count,
    District,
    Home,
    Inside,
    Season,
    Streak,
    Window,
)


class All(Node):
    """True if every part is; without parts always."""

    op: Literal["all"] = "all"
    of: Annotated[tuple["Condition", ...], Field(max_length=50)]


class Any(Node):
    """True if at least one part is; without parts never."""

    op: Literal["any"] = "any"
    of: Annotated[tuple["Condition", ...], Field(max_length=50)]


class Not(Node):
    """True if its part is false."""

    op: Literal["not"] = "not"
    of: "Condition"


class Compare(Node):
    """Compares a fact with a value; unknown if the fact is missing or of another type.

    Only numbers have an order: a text is equal or not.
    """

    op: Literal["compare"] = "compare"
    fact: FactName
    comparison: Comparison
    value: Value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.comparison not in EQUALITY and type(self.value) is not int:
            msg = f"{self.comparison.value} compares numbers only"
            raise ValueError(msg)
        return self


class CompareDay(Node):
    """Compares a fact that is a day (`2026-03-29`) with a day; unknown if it is missing or no such text."""

    op: Literal["compare-day"] = "compare-day"
    fact: FactName
    comparison: Comparison
    value: Day


class In(Node):
    """True if a fact is one of the values, which are of one type; unknown if it is missing or of another."""

    op: Literal["in"] = "in"
    fact: FactName
    values: Annotated[tuple[Value, ...], Field(max_length=100)]

    @model_validator(mode="after")
    def _one_type(self) -> Self:
        if len({type(value) for value in self.values}) > 1:
            msg = "the values of a list are of one type"
            raise ValueError(msg)
        return self


class Known(Node):
    """True if a fact is there; never unknown."""

    op: Literal["known"] = "known"
    fact: FactName


class TrustLevel(enum.StrEnum):
    """How well the city knows who somebody is, weakest first; the words of `identity.persons.TrustLevel`."""

    ANONYMOUS = "anonymous"
    BASIC = "basic"
    VERIFIED = "verified"


class Trust(Node):
    """True if the person's trust level is this one or a higher one."""

    op: Literal["trust"] = "trust"
    at_least: TrustLevel


class Weekday(Node):
    """True on these days of the week in the city's time (1 = Monday, ISO 8601)."""

    op: Literal["weekday"] = "weekday"
    days: Annotated[tuple[Annotated[StrictInt, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]


class Hours(Node):
    """True from one hour until before another in the city's time; may run over midnight."""

    op: Literal["hours"] = "hours"
    start: Annotated[StrictInt, Field(ge=0, le=23)]
    end: Annotated[StrictInt, Field(ge=0, le=24)]


class Dates(Node):
    """True from one day to another, both included, in the city's time."""

    op: Literal["dates"] = "dates"
    first: Day
    last: Day


class Near(Node):
    """True within a radius around a point; unknown without a place. The place's accuracy does not count."""

    op: Literal["near"] = "near"
    latitude_e6: Latitude
    longitude_e6: Longitude
    radius_m: Annotated[StrictInt, Field(ge=1, le=100_000)]


class Period(enum.StrEnum):
    """How far back a person's awards under this rule are counted."""

    DAY = "day"
    MONTH = "month"
    EVER = "ever"


class History(Node):
    """Compares how often this rule has rewarded the person before; `ever == 0` is the first time."""

    op: Literal["history"] = "history"
    period: Period
    comparison: Comparison
    value: Annotated[StrictInt, Field(ge=0, le=100_000)]


Condition = Annotated[
    All
    | Any
    | Not
    | Compare
    | CompareDay
    | In
    | Known
    | Trust
    | Weekday
    | Hours
    | Dates
    | Near
    | History
    | Action
    | AgeBand
    | Campaign
    | Count
    | District
    | Home
    | Inside
    | Season
    | Streak
    | Window,
    Field(discriminator="op"),
]


def parts(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions directly inside a condition."""
    if isinstance(condition, All | Any):
        return condition.of
    return (condition.of,) if isinstance(condition, Not) else ()


def walk(condition: Condition, path: str = "when") -> Iterator[tuple[str, Condition]]:
    """Yield every node of a condition with its place: `when`, `when.0`, `when.0.1`."""
    yield path, condition
    for position, part in enumerate(parts(condition)):
        yield from walk(part, f"{path}.{position}")
