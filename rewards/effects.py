"""Effects: how many points a rule gives, as data.

The base (fixed, by one fact, by a grid of facts) is multiplied by each factor whose condition is true; then
it is shared; then the bonus of a streak is added. Each of these steps rounds down once, to whole points.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from rewards.conditions import Condition, FactName, Node, Value
from rewards.nodes import Whole
from rewards.questions import STREAK_MAX, Of, Unit

POINTS_MAX = 100_000
PART_MAX = 1000
"""Largest number above or below the line of a factor."""
FACTORS_MAX = 10
SHARERS_MAX = 1000

Points = Annotated[StrictInt, Field(ge=1, le=POINTS_MAX)]
Part = Annotated[StrictInt, Field(ge=1, le=PART_MAX)]


class Fixed(Node):
    """The same points each time."""

    kind: Literal["fixed"] = "fixed"
    points: Points


class Row(Node):
    """One line of a table: this value earns these points."""

    value: Value
    points: Points


class Table(Node):
    """Points by the value of one fact; without `otherwise`, another value earns nothing."""

    kind: Literal["table"] = "table"
    fact: FactName
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=100)]
    otherwise: Points | None = None

    @model_validator(mode="after")
    def _one_row_each(self) -> Self:
        if len({type(row.value) for row in self.rows}) > 1:
            msg = "the values of a table are of one type"
            raise ValueError(msg)
        if len({row.value for row in self.rows}) < len(self.rows):
            msg = "a value stands in the table twice"
            raise ValueError(msg)
        return self


class Cell(Node):
    """One cell of a grid: a value, or a number from and up to; empty for any value, an unknown one too."""

    value: Value | None = None
    at_least: Whole | None = None
    at_most: Whole | None = None

    @model_validator(mode="after")
    def _one_sense(self) -> Self:
        if self.value is not None and (self.at_least is not None or self.at_most is not None):
            msg = "a cell has a value or bounds"
            raise ValueError(msg)
        return self

    @property
    def is_empty(self) -> bool:
        """Whether anything fits."""
        return self.value is None and self.at_least is None and self.at_most is None


class Line(Node):
    """One line of a grid: where all cells fit, these points."""

    cells: Annotated[tuple[Cell, ...], Field(min_length=1, max_length=6)]
    points: Points


class Grid(Node):
    """Points by several facts: of the first line that fits. What fits none earns `otherwise` or nothing."""

    kind: Literal["grid"] = "grid"
    facts: Annotated[tuple[FactName, ...], Field(min_length=1, max_length=6)]
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=100)]
    otherwise: Points | None = None

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if len(set(self.facts)) < len(self.facts):
            msg = "a fact stands in the grid twice"
            raise ValueError(msg)
        if any(len(line.cells) != len(self.facts) for line in self.lines):
            msg = "each line has one cell for each fact"
            raise ValueError(msg)
        return self


Effect = Annotated[Fixed | Table | Grid, Field(discriminator="kind")]


class Factor(Node):
    """Multiplies the points by `times / over` where its condition is true; unknown leaves them unknown."""

    when: Condition
    times: Part
    over: Part = 1


class StreakBonus(Node):
    """More points when the person completes `length` days, weeks or months in a row.

    Given once in each unit at most, for its first contribution; if `again`, after each further `length`.
    """

    of: Of
    unit: Unit
    length: Annotated[StrictInt, Field(ge=2, le=STREAK_MAX)]
    points: Points
    again: bool = False


class Equally(Node):
    """Credit shared equally: points divided by the number of people, which a fact tells."""

    kind: Literal["equally"] = "equally"
    fact: FactName


class FirstAndLater(Node):
    """The first gets all, later ones a percentage; a fact tells the place in the queue, 1 is the first."""

    kind: Literal["first-and-later"] = "first-and-later"
    fact: FactName
    later_percent: Annotated[StrictInt, Field(ge=0, le=100)]


Share = Annotated[Equally | FirstAndLater, Field(discriminator="kind")]
