"""Conditions: the questions a rule may ask, as nodes of a typed tree that is data.

Each is true, false or unknown for an event (rewards/compiling.py says which). There are no loops, no clock
and no fractions. docs/rules.md explains each to administrators.
"""

import datetime as dt
import enum
import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from rewards import canonical

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(text: str) -> str:
    if not text.isprintable():
        msg = "control characters are not allowed"
        raise ValueError(msg)
    return unicodedata.normalize("NFC", text)


def as_day(value: object) -> dt.date | None:
    """Return the day that a text like `2026-03-29` names, None for anything else."""
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def _day(value: object) -> dt.date:
    # Left to itself, pydantic would take a number for seconds since 1970.
    day = value if type(value) is dt.date else as_day(value)
    if day is None:
        msg = "a day is written 2026-03-29"
        raise ValueError(msg)
    return day


Text = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_text)]
Code = Annotated[StrictStr, Field(pattern=r"\A[a-z][a-z0-9-]{0,59}\z")]
FactName = Annotated[StrictStr, Field(pattern=r"\A[a-z][a-z0-9_]{0,59}\z")]
Whole = Annotated[StrictInt, Field(ge=-canonical.WHOLE_MAX, le=canonical.WHOLE_MAX)]
Value = StrictBool | Whole | Text
Day = Annotated[dt.date, BeforeValidator(_day)]


class Node(BaseModel):
    """A part of a rule: immutable, and without fields that it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(enum.StrEnum):
    """How a fact is compared with a value."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


EQUALITY = frozenset({Comparison.EQ, Comparison.NE})


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
    latitude_e6: Annotated[StrictInt, Field(ge=-90_000_000, le=90_000_000)]
    longitude_e6: Annotated[StrictInt, Field(ge=-180_000_000, le=180_000_000)]
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
    All | Any | Not | Compare | CompareDay | In | Known | Trust | Weekday | Hours | Dates | Near | History,
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
