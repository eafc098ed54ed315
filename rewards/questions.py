"""Questions about action, person, time, place, history and campaign: leaves of the tree of conditions."""

import enum
from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from rewards import polygons
from rewards.nodes import Code, Comparison, Latitude, Longitude, Minute, MonthDay, Node

DAYS_MAX = 366
"""How far back a window may reach, in days."""
RADIUS_MAX_M = 500
"""How far `here` may reach."""
STREAK_MAX = 60
"""Longest streak that is counted, in its units."""
RING_MAX = 200
"""Corners of a polygon."""

Codes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=50)]


class Action(Node):
    """True if the action is one of these; for rules that hold for several."""

    op: Literal["action"] = "action"
    codes: Codes


class AgeGroup(enum.StrEnum):
    """Ages in years as persons may say them of themselves; never a birthday."""

    UNDER_14 = "under-14"
    FROM_14 = "14-17"
    FROM_18 = "18-26"
    FROM_27 = "27-64"
    FROM_65 = "65-plus"


class AgeBand(Node):
    """True if the person says to belong to one of these age groups; unknown if nothing was said."""

    op: Literal["age-band"] = "age-band"
    groups: Annotated[tuple[AgeGroup, ...], Field(min_length=1, max_length=5)]


class Home(Node):
    """True if the person says to live in one of these districts; unknown if nothing was said."""

    op: Literal["home"] = "home"
    districts: Codes


class Season(Node):
    """True from one day of the year to another, both included, each year; may run over New Year."""

    op: Literal["season"] = "season"
    first: MonthDay
    last: MonthDay


class Window(Node):
    """True from one minute until before another in the city's time: an event, a day of action."""

    op: Literal["window"] = "window"
    start: Minute
    end: Minute


class District(Node):
    """True if the place lies in one of the city's districts; unknown without a place or without polygons."""

    op: Literal["district"] = "district"
    districts: Codes


class Inside(Node):
    """True if the place lies in a polygon, its edge included; unknown without a place.

    Corners are pairs of latitude and longitude in millionths of a degree; the last is joined to the first.
    Between two corners the edge is straight in these numbers, as on a map of a city.
    """

    op: Literal["inside"] = "inside"
    corners: Annotated[tuple[tuple[Latitude, Longitude], ...], Field(min_length=3, max_length=RING_MAX)]

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        if polygons.doubled_area(self.corners) == 0:
            msg = "the polygon has no area"
            raise ValueError(msg)
        return self


class Campaign(Node):
    """True while a campaign of the city runs; unknown if the city has no such campaign."""

    op: Literal["campaign"] = "campaign"
    code: Code


class Of(enum.StrEnum):
    """What of a person's past is looked at."""

    RULE = "rule"
    """Awards under this rule."""
    ACTION = "action"
    """Accepted contributions of the same action."""
    ANY = "any"
    """Accepted contributions of any action."""


class Who(enum.StrEnum):
    """Whose past is looked at."""

    PERSON = "person"
    ANYONE = "anyone"


class Count(Node):
    """Compares how often something happened before; `== 0` is the first time.

    Within the last `days` days of the city's calendar, the day on which it came in included; without, ever.
    With `here_m` only what happened within so many metres of the place; unknown without a place. What
    anyone did is counted only here, of the same action and within days.
    """

    op: Literal["count"] = "count"
    of: Of
    who: Who = Who.PERSON
    days: Annotated[StrictInt, Field(ge=1, le=DAYS_MAX)] | None = None
    here_m: Annotated[StrictInt, Field(ge=1, le=RADIUS_MAX_M)] | None = None
    comparison: Comparison
    value: Annotated[StrictInt, Field(ge=0, le=100_000)]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.who is Who.ANYONE and (self.of is not Of.ACTION or self.days is None or self.here_m is None):
            msg = "what anyone did is counted of the same action, within days and metres"
            raise ValueError(msg)
        return self


class Unit(enum.StrEnum):
    """What a streak is made of, in the city's calendar; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Streak(Node):
    """Compares for how many days, weeks or months in a row the person was active, this one included."""

    op: Literal["streak"] = "streak"
    of: Of
    unit: Unit
    comparison: Comparison
    value: Annotated[StrictInt, Field(ge=1, le=STREAK_MAX)]
