"""Linting: what is wrong or odd about a rule before it can be saved. Errors refuse it, warnings are shown.

That caps and a budget are there and no points are negative is seen earlier, when the document is read.
"""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards import amounts, conditions, contradictions, effects, questions, rules
from rewards.action_types import ActionType, FactType
from rewards.conditions import Comparison, Condition
from rewards.rules import RuleVersion


class Severity(enum.StrEnum):
    """Whether a finding refuses the rule."""

    ERROR = "error"
    WARNING = "warning"


_NOTHING = conditions.All(of=())


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing to mend, with the place in the tree."""

    severity: Severity
    code: str
    path: str
    details: Mapping[str, Any] = field(default_factory=dict)


def lint(version: RuleVersion, action: ActionType, today: dt.date) -> list[LintFinding]:
    """Return everything that is wrong or odd about a rule for an action."""
    found = list(_validity(version, today))
    if action.code not in version.actions:
        found.append(_error("action-wrong", "action", action=version.action))
    for path, node in rules.nodes(version):
        found += _fact(node, path, action)
        found += [*_reach(node, path, action), *_reach_around(node, path, version), *_repeated(node, path)]
        found += _surplus(node, path)
    found += _sense(version)
    found += _effect(version, action)
    found += _caps(version)
    return found


def _validity(version: RuleVersion, today: dt.date) -> Iterator[LintFinding]:
    first, last = version.valid_from, version.valid_until
    if first and last and first > last:
        yield _error("validity-empty", "valid_from")
    elif last and last < today:
        yield _error("validity-over", "valid_until", day=last.isoformat())
    for path, node in rules.nodes(version):
        if isinstance(node, conditions.Dates):
            begins, ends = node.first, node.last
        elif isinstance(node, questions.Window):
            begins, ends = (dt.datetime.fromisoformat(one).date() for one in (node.start, node.end))
        else:
            continue
        if (last and begins > last) or (first and ends < first):
            yield _warning("clause-outside-validity", path)


def _fact(node: Condition, path: str, action: ActionType) -> Iterator[LintFinding]:
    """Look at the fact that a node asks for: may it be asked, is it there, is its type right."""
    match node:
        case conditions.Trust():
            yield from _name("trust_level", path, action)
        case conditions.Known(fact=fact):
            yield from _name(fact, path, action)
        case conditions.CompareDay(fact=fact):
            yield from _name(fact, path, action)
            if action.facts.get(fact, FactType.DAY) is not FactType.DAY:
                yield _type_error(fact, path, action)
        case conditions.Compare(fact=fact, value=value):
            yield from _name(fact, path, action)
            yield from _values(fact, [value], path, action)
        case conditions.In(fact=fact, values=values):
            yield from _name(fact, path, action)
            yield from _values(fact, list(values), path, action)
        case _:
            pass


def _name(fact: str, path: str, action: ActionType) -> Iterator[LintFinding]:
    if rules.is_protected(fact):
        yield _error("fact-protected", path, fact=fact)
    elif fact not in action.facts:
        yield _error("fact-unknown", path, fact=fact)


def _values(
    fact: str, values: list[conditions.Value], path: str, action: ActionType
) -> Iterator[LintFinding]:
    wanted = action.facts.get(fact)
    if wanted is None:
        return
    if wanted is FactType.DAY or any(type(value) is not wanted.python_type for value in values):
        yield _type_error(fact, path, action)
    elif fact == "category" and action.categories:
        for value in values:
            if value not in action.category_codes:
                yield _warning("category-unknown", path, category=value)


def _reach(node: Condition, path: str, action: ActionType) -> Iterator[LintFinding]:
    """Find nodes that say the same whatever happens."""
    match node:
        case conditions.All(of=()) if path != "when":
            yield _warning("always-true", path)
        case conditions.Any(of=()) | conditions.In(values=()):
            yield _error("never-true", path)
        case conditions.Dates(first=first, last=last) if first > last:
            yield _error("never-true", path)
        case conditions.Hours(start=start, end=end) if start == end or (start, end) == (0, 24):
            yield _warning("always-true", path)
        case conditions.Weekday(days=days) if len(set(days)) == 7:  # noqa: PLR2004 -- a week
            yield _warning("always-true", path)
        case conditions.History(comparison=Comparison.LT, value=0):
            yield _error("never-true", path)
        case conditions.History(comparison=Comparison.GE, value=0):
            yield _warning("always-true", path)
        case conditions.Near() | questions.Inside() | questions.District() | questions.Count() if (
            _needs_place(node) and not action.needs_place and "place" not in action.facts
        ):
            yield _error("always-unknown", path)
        case _:
            pass


def _needs_place(node: Condition) -> bool:
    return not isinstance(node, questions.Count) or node.here_m is not None


def _reach_around(node: Condition, path: str, version: RuleVersion) -> Iterator[LintFinding]:
    """Do the same for questions about action, person, time and the past."""
    match node:
        case questions.Action(codes=codes):
            yield from _actions(codes, path, version)
        case questions.Window(start=start, end=end) if start >= end:
            yield _error("never-true", path)
        case questions.Season(first="01-01", last="12-31"):
            yield _warning("always-true", path)
        case questions.AgeBand():
            yield _warning("age-asked", path)
        case (
            questions.Count(comparison=comparison, value=value)
            | questions.Streak(comparison=comparison, value=value)
        ):
            least = 1 if isinstance(node, questions.Streak) else 0
            if comparison is Comparison.LT and value <= least:
                yield _error("never-true", path)
            elif comparison is Comparison.GE and value <= least:
                yield _warning("always-true", path)
        case _:
            pass


def _actions(codes: tuple[str, ...], path: str, version: RuleVersion) -> Iterator[LintFinding]:
    strange = sorted(set(codes) - set(version.actions))
    if len(strange) == len(set(codes)):
        yield _error("never-true", path)
    elif strange:
        yield _warning("action-not-of-rule", path, actions=strange)
    elif set(codes) >= set(version.actions):
        yield _warning("always-true", path)


def _surplus(node: Condition, path: str) -> Iterator[LintFinding]:
    """Find parts that can't change the answer, because another part beside them already says it."""
    parts = conditions.parts(node)
    for position, part in enumerate(parts):
        others = [other for other in parts if other != part and _NOTHING not in (part, other)]
        if isinstance(node, conditions.Any) and any(contradictions.implies(part, other) for other in others):
            yield _warning("clause-unreachable", f"{path}.{position}")
        elif isinstance(node, conditions.All) and any(contradictions.implies(o, part) for o in others):
            yield _warning("clause-implied", f"{path}.{position}")


def _repeated(node: Condition, path: str) -> Iterator[LintFinding]:
    parts = conditions.parts(node)
    for position, part in enumerate(parts):
        if part in parts[:position]:
            yield _warning("clause-repeated", f"{path}.{position}")


def _sense(version: RuleVersion) -> Iterator[LintFinding]:
    """Find conditions that can't be true together, and facts that are asked for where they are missing."""
    for path, node in rules.nodes(version):
        if isinstance(node, conditions.All):
            yield from (_error("never-true", path, fact=fact) for fact in contradictions.impossible(node.of))
            yield from (
                _error("always-unknown", path, fact=fact)
                for fact in contradictions.asked_though_missing(node.of)
            )
        elif isinstance(node, conditions.Any) and contradictions.covers(node.of):
            yield _warning("always-true", path)


def _effect(version: RuleVersion, action: ActionType) -> Iterator[LintFinding]:
    effect = version.effect
    if isinstance(effect, effects.Table):
        yield from _name(effect.fact, "effect.fact", action)
        yield from _values(effect.fact, [row.value for row in effect.rows], "effect.rows", action)
        left_out = action.category_codes - {row.value for row in effect.rows}
        if effect.fact == "category" and effect.otherwise is None and left_out:
            yield _warning("category-without-points", "effect.rows", categories=sorted(left_out))
    elif isinstance(effect, effects.Grid):
        yield from _grid(effect, action)
    for position, factor in enumerate(version.factors or ()):
        if factor.times == factor.over:
            yield _warning("factor-without-effect", f"factors.{position}")
    if version.share:
        yield from _name(version.share.fact, "share.fact", action)
        if action.facts.get(version.share.fact, FactType.NUMBER) is not FactType.NUMBER:
            yield _type_error(version.share.fact, "share.fact", action)
    cap = version.caps.points_per_month
    if (largest := amounts.largest(version)) > cap:
        yield _error("points-above-cap", "effect", points=largest, cap=cap)


def _grid(grid: effects.Grid, action: ActionType) -> Iterator[LintFinding]:
    for column, fact in enumerate(grid.facts):
        yield from _name(fact, f"effect.facts.{column}", action)
        values = [line.cells[column].value for line in grid.lines]
        yield from _values(fact, [v for v in values if v is not None], "effect.lines", action)
        bounded = any(
            line.cells[column].at_least is not None or line.cells[column].at_most is not None
            for line in grid.lines
        )
        if bounded and action.facts.get(fact, FactType.NUMBER) is not FactType.NUMBER:
            yield _type_error(fact, "effect.lines", action)
    for position, line in enumerate(grid.lines):
        path = f"effect.lines.{position}"
        if any(_is_empty_range(cell) for cell in line.cells):
            yield _error("never-true", path)
        elif any(_covers(earlier, line) for earlier in grid.lines[:position]):
            yield _error("line-unreachable", path, line=position + 1)


def _is_empty_range(cell: effects.Cell) -> bool:
    return cell.at_least is not None and cell.at_most is not None and cell.at_least > cell.at_most


def _covers(earlier: effects.Line, line: effects.Line) -> bool:
    """Return whether whatever fits a line fits an earlier one."""
    pairs = zip(earlier.cells, line.cells, strict=True)
    return all(wide.is_empty or wide == narrow or _range_within(narrow, wide) for wide, narrow in pairs)


def _range_within(narrow: effects.Cell, wide: effects.Cell) -> bool:
    if wide.value is not None or narrow.is_empty:
        return False
    if narrow.value is not None:
        low = high = narrow.value if type(narrow.value) is int else None
        if low is None:
            return False
    else:
        low, high = narrow.at_least, narrow.at_most
    return (wide.at_least is None or (low is not None and low >= wide.at_least)) and (
        wide.at_most is None or (high is not None and high <= wide.at_most)
    )


def _caps(version: RuleVersion) -> Iterator[LintFinding]:
    caps = version.caps
    if caps.awards_per_day > caps.awards_per_month:
        yield _warning("cap-without-effect", "caps.awards_per_day")
    if caps.awards_per_month > caps.awards_per_day * 31:
        yield _warning("cap-without-effect", "caps.awards_per_month")
    bounds = {
        conditions.Period.DAY: caps.awards_per_day,
        conditions.Period.MONTH: caps.awards_per_month,
    }
    for path, node in rules.nodes(version):
        if isinstance(node, conditions.History) and node.period in bounds:
            least = node.value + (node.comparison is Comparison.GT)
            reaches = node.comparison in {Comparison.EQ, Comparison.GE, Comparison.GT}
            if reaches and least >= bounds[node.period]:
                yield _warning("history-beyond-cap", path, cap=bounds[node.period])


def _type_error(fact: str, path: str, action: ActionType) -> LintFinding:
    return _error("value-type-wrong", path, fact=fact, type=action.facts[fact].value)


def _error(code: str, path: str, **details: object) -> LintFinding:
    return LintFinding(Severity.ERROR, code, path, details)


def _warning(code: str, path: str, **details: object) -> LintFinding:
    return LintFinding(Severity.WARNING, code, path, details)
