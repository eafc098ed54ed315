"""Rules: when an action earns how many points, as a typed syntax tree that is data.

A version is immutable and named by the SHA-256 of its canonical document. There are no loops, no clock, no
fractions and no negative points, and no rule without caps and a budget. docs/rules.md explains it to
administrators.
"""

import datetime as dt
import enum
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

DEPTH_MAX = 12
NODES_MAX = 200
POINTS_MAX = 10_000


class Truth(enum.Enum):
    """Three-valued logic (Kleene): what is not known stays unknown until it can't matter."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


def _nfc(text: str) -> str:
    if not text.isprintable():
        msg = "control characters are not allowed"
        raise ValueError(msg)
    return unicodedata.normalize("NFC", text)


Text = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_nfc)]
Code = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
FactName = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
Value = StrictBool | Whole | Text
Points = Annotated[StrictInt, Field(ge=1, le=POINTS_MAX)]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(enum.StrEnum):
    """How a fact is compared with a value."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class All(_Node):
    """True if every part is."""

    op: Literal["all"] = "all"
    of: tuple["Condition", ...]


class Any(_Node):
    """True if at least one part is."""

    op: Literal["any"] = "any"
    of: tuple["Condition", ...]


class Not(_Node):
    """True if its part is false."""

    op: Literal["not"] = "not"
    of: "Condition"


class Compare(_Node):
    """Compares a fact with a value; unknown if the fact is missing or of another type."""

    op: Literal["compare"] = "compare"
    fact: FactName
    comparison: Comparison
    value: Value


class In(_Node):
    """True if a fact is one of the values."""

    op: Literal["in"] = "in"
    fact: FactName
    values: Annotated[tuple[Value, ...], Field(max_length=100)]


class Known(_Node):
    """True if a fact is there; never unknown."""

    op: Literal["known"] = "known"
    fact: FactName


class Weekday(_Node):
    """True on these days of the week in the city's time (1 = Monday, ISO 8601)."""

    op: Literal["weekday"] = "weekday"
    days: Annotated[tuple[Annotated[StrictInt, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]


class Hours(_Node):
    """True from one hour until before another in the city's time; may run over midnight."""

    op: Literal["hours"] = "hours"
    start: Annotated[StrictInt, Field(ge=0, le=23)]
    end: Annotated[StrictInt, Field(ge=0, le=24)]


class Dates(_Node):
    """True from one day to another, both included, in the city's time."""

    op: Literal["dates"] = "dates"
    first: dt.date
    last: dt.date


class Near(_Node):
    """True within a radius around a point; unknown without a place."""

    op: Literal["near"] = "near"
    latitude_e6: Annotated[StrictInt, Field(ge=-90_000_000, le=90_000_000)]
    longitude_e6: Annotated[StrictInt, Field(ge=-180_000_000, le=180_000_000)]
    radius_m: Annotated[StrictInt, Field(ge=1, le=100_000)]


class Period(enum.StrEnum):
    """How far back a person's awards under this rule are counted."""

    DAY = "day"
    MONTH = "month"
    EVER = "ever"


class History(_Node):
    """Compares how often this rule has rewarded the person before."""

    op: Literal["history"] = "history"
    period: Period
    comparison: Comparison
    value: Annotated[StrictInt, Field(ge=0, le=100_000)]


Condition = Annotated[
    All | Any | Not | Compare | In | Known | Weekday | Hours | Dates | Near | History,
    Field(discriminator="op"),
]


class Fixed(_Node):
    """The same points each time."""

    kind: Literal["fixed"] = "fixed"
    points: Points


class Table(_Node):
    """Points by the value of one fact; without `otherwise`, another value earns nothing."""

    kind: Literal["table"] = "table"
    fact: FactName
    points: Annotated[dict[Text, Points], Field(min_length=1, max_length=100)]
    otherwise: Points | None = None


Effect = Annotated[Fixed | Table, Field(discriminator="kind")]


class Caps(_Node):
    """Bounds for one person under this rule; none may be left out."""

    awards_per_day: Annotated[StrictInt, Field(ge=1, le=100)]
    awards_per_month: Annotated[StrictInt, Field(ge=1, le=1000)]
    points_per_month: Annotated[StrictInt, Field(ge=1, le=100_000)]


class RuleVersion(_Node):
    """A whole rule.

    `now_percent` of the points, rounded down, are given when the submission is accepted, the rest when its
    outcome is confirmed. `budget` is the campaign whose account pays.
    """

    code: Code
    title: dict[Literal["de", "en"], Text]
    action: Code
    when: Condition
    effect: Effect
    now_percent: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    caps: Caps
    budget: Code
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "RuleVersion":
        if "de" not in self.title:
            msg = "a title in German is needed"
            raise ValueError(msg)
        for count, (depth, _) in enumerate(walk(self.when), start=1):
            if depth > DEPTH_MAX or count > NODES_MAX:
                msg = f"more than {DEPTH_MAX} levels or {NODES_MAX} conditions"
                raise ValueError(msg)
        return self

    def canonical(self) -> bytes:
        """Return the document as canonical JSON: sorted keys, no spaces, UTF-8, whole numbers only."""
        plain = self.model_dump(mode="json")
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def version_hash(self) -> str:
        """The name of this version: SHA-256 of its canonical document."""
        return hashlib.sha256(self.canonical()).hexdigest()


def walk(condition: Condition, depth: int = 1) -> Iterator[tuple[int, Condition]]:
    """Yield every node of a condition with its depth."""
    yield depth, condition
    parts = condition.of if isinstance(condition, All | Any) else ()
    if isinstance(condition, Not):
        parts = (condition.of,)
    for part in parts:
        yield from walk(part, depth + 1)


def facts_used(version: RuleVersion) -> set[str]:
    """Return the names of the facts that a rule looks at."""
    used = {node.fact for _, node in walk(version.when) if isinstance(node, Compare | In | Known)}
    if isinstance(version.effect, Table):
        used.add(version.effect.fact)
    return used
