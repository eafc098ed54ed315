"""Amounts: an effect ready to be applied. Whole numbers only; each step rounds down once.

Total like conditions: 0 is no points, None is unknown.
"""

from collections.abc import Callable, Iterator

from rewards import compiling, effects, measures
from rewards.canonical import WHOLE_MAX
from rewards.compiling import Event, FactValue, Given
from rewards.effects import Cell, Equally, Fixed, Grid, Line, Share, StreakBonus, Table
from rewards.rules import RuleVersion

Amount = Callable[[Event, Given], int | None]
_Base = Callable[[Event], int | None]


class CompiledEffect:
    """The points of a rule: the base, times its factors, shared, with the bonus of a streak."""

    __slots__ = ("_base", "_bonus", "_factors", "_share", "factors", "of")

    def __init__(self, version: RuleVersion) -> None:
        self._base = _base(version.effect)
        self.factors = tuple(
            compiling.compile_condition(factor.when, f"factors.{position}.when", version.code)
            for position, factor in enumerate(version.factors or ())
        )
        self._factors = tuple(
            (clause.test, factor.times, factor.over)
            for clause, factor in zip(self.factors, version.factors or (), strict=True)
        )
        self._share = _share(version.share) if version.share else None
        self._bonus = _bonus(version.streak, version.code) if version.streak else None
        plain = not self._factors and self._share is None and self._bonus is None
        self.of: Amount = (lambda event, _: self._base(event)) if plain else self._worked_out
        """Returns the points for an event: 0 for none, None if it is unknown."""

    def steps(self, event: Event, given: Given) -> list[tuple[str, int | None]]:
        """Return step by step what there is: its place in the rule, and the points; of a bonus its own."""
        points = self._base(event)
        found = [("effect", points)]
        above, below = points or 0, 1
        for position, (test, times, over) in enumerate(self._factors):
            truth = test(event, given)
            if truth:
                above, below = above * times, below * over
            points = None if points is None or truth is None else above // below
            found.append((f"factors.{position}", points))
        if self._share is not None:
            found.append(("share", self._share(points, event) if points else points))
        if self._bonus is not None:
            found.append(("streak", self._bonus(event)))
        return found

    def _worked_out(self, event: Event, given: Given) -> int | None:
        points = self._shared(event, given)
        # A bonus is no consolation: what earns nothing earns none.
        if not points or self._bonus is None:
            return points
        more = self._bonus(event)
        return None if more is None else points + more

    def _shared(self, event: Event, given: Given) -> int | None:
        points = self._base(event)
        if not points:
            return points
        above, below = points, 1
        for test, times, over in self._factors:
            truth = test(event, given)
            if truth is None:
                return None
            if truth:
                above, below = above * times, below * over
        points = above // below
        return self._share(points, event) if self._share is not None and points else points


def largest(version: RuleVersion) -> int:
    """Return the most points that a rule can give at once."""
    effect = version.effect
    if isinstance(effect, Fixed):
        points = effect.points
    else:
        rows = effect.rows if isinstance(effect, Table) else effect.lines
        points = max([row.points for row in rows] + [effect.otherwise or 0])
    above, below = points, 1
    for factor in version.factors or ():
        if factor.times > factor.over:
            above, below = above * factor.times, below * factor.over
    return above // below + (version.streak.points if version.streak else 0)


def _base(effect: effects.Effect) -> _Base:
    if isinstance(effect, Fixed):
        points = effect.points
        return lambda _: points
    return _of_table(effect) if isinstance(effect, Table) else _of_grid(effect)


def _of_table(table: Table) -> _Base:
    fact, otherwise = table.fact, table.otherwise or 0
    rows: dict[FactValue, int] = {row.value: row.points for row in table.rows}
    expected = type(table.rows[0].value)

    def base(event: Event) -> int | None:
        value = event.values.get(fact)
        return rows.get(value, otherwise) if type(value) is expected else None

    return base


def _of_grid(grid: Grid) -> _Base:
    """Try line after line. Where it is not known whether a line fits, it is not known which is the first."""
    lines = [
        ([(fact, _fits(cell)) for fact, cell in _cells(grid, line) if not cell.is_empty], line.points)
        for line in grid.lines
    ]
    otherwise = grid.otherwise or 0

    def base(event: Event) -> int | None:
        values = event.values
        for cells, points in lines:
            unknown = False
            for fact, fits in cells:
                truth = fits(values.get(fact))
                if truth is False:
                    break
                unknown |= truth is None
            else:
                return None if unknown else points
        return otherwise

    return base


def _cells(grid: Grid, line: Line) -> Iterator[tuple[str, Cell]]:
    return zip(grid.facts, line.cells, strict=True)


def _fits(cell: Cell) -> Callable[[FactValue | None], bool | None]:
    if cell.value is not None:
        value, expected = cell.value, type(cell.value)
        return lambda actual: actual == value if type(actual) is expected else None
    least = -WHOLE_MAX if cell.at_least is None else cell.at_least
    most = WHOLE_MAX if cell.at_most is None else cell.at_most
    return lambda actual: least <= actual <= most if type(actual) is int else None


def _share(share: Share) -> Callable[[int, Event], int | None]:
    fact = share.fact
    if isinstance(share, Equally):

        def shared(points: int, event: Event) -> int | None:
            people = event.values.get(fact)
            if type(people) is not int or not 1 <= people <= effects.SHARERS_MAX:
                return None
            return points // people

        return shared
    percent = share.later_percent

    def queued(points: int, event: Event) -> int | None:
        place = event.values.get(fact)
        if type(place) is not int or place < 1:
            return None
        return points if place == 1 else points * percent // 100

    return queued


def _bonus(bonus: StreakBonus, rule: str) -> Callable[[Event], int | None]:
    streak, unit = (measure.key for measure in measures.of_bonus(bonus, rule))
    length, points, again = bonus.length, bonus.points, bonus.again

    def more(event: Event) -> int | None:
        reached, earlier = event.counts.get(streak), event.counts.get(unit)
        if reached is None or earlier is None:
            return None
        if earlier:
            return 0
        complete = reached % length == 0 if again else reached == length
        return points if complete else 0

    return more
