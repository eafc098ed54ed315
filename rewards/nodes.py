"""What rules are made of: names, texts, values, days and months as JSON has them, read strictly."""

import datetime as dt
import enum
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
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


def _minute(text: str) -> str:
    try:
        found = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 -- the city's own time
    except ValueError:
        found = None
    if found is None or found.isoformat(timespec="minutes") != text:
        msg = "a minute is written 2026-03-29T18:30"
        raise ValueError(msg)
    return text


def _month_day(text: str) -> str:
    # A leap year, so that 29 February is a day.
    if as_day(f"2024-{text}") is None:
        msg = "a day of the year is written 03-29"
        raise ValueError(msg)
    return text


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
Minute = Annotated[StrictStr, AfterValidator(_minute)]
"""A minute in the city's time: `2026-03-29T18:30`."""
MonthDay = Annotated[StrictStr, AfterValidator(_month_day)]
"""A day of any year: `03-29`."""
Latitude = Annotated[StrictInt, Field(ge=-90_000_000, le=90_000_000)]
"""Millionths of a degree."""
Longitude = Annotated[StrictInt, Field(ge=-180_000_000, le=180_000_000)]
"""Millionths of a degree."""


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
COMPARE: Mapping[Comparison, Callable[..., bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}
