"""Linting: what is wrong or odd about a rule before it can be saved. Errors refuse it, warnings are shown.

That caps and a budget are there and no points are negative is seen earlier, when the document is read.
"""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards import conditions, contradictions, rules
from rewards.action_types import ActionType, FactType
from rewards.conditions import Comparison, Condition
from rewards.rules import RuleVersion


class Severity(enum.StrEnum):
    """Whether a finding refuses the rule."""

    ERROR = "error"
    WARNING = "warning"


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
    if version.action != action.code:
        found.append(_error("action-wrong", "action", action=version.action))
    for path, node in conditions.walk(version.when):
        found += _fact(node, path, action)
        found += [*_reach(node, path, action), *_repeated(node, path)]
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
    for path, node in conditions.walk(version.when):
        if isinstance(node, conditions.Dates) and (
            (last and node.first > last) or (first and node.last < first)
        ):
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
        case conditions.Near() if not action.needs_place and "place" not in action.facts:
            yield _error("always-unknown", path)
        case _:
            pass


def _repeated(node: Condition, path: str) -> Iterator[LintFinding]:
    parts = conditions.parts(node)
    for position, part in enumerate(parts):
        if part in parts[:position]:
            yield _warning("clause-repeated", f"{path}.{position}")


def _sense(version: RuleVersion) -> Iterator[LintFinding]:
    """Find conditions that can't be true together, and facts that are asked for where they are missing."""
    for path, node in conditions.walk(version.when):
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
    if isinstance(effect, rules.Table):
        yield from _name(effect.fact, "effect.fact", action)
        yield from _values(effect.fact, [row.value for row in effect.rows], "effect.rows", action)
        left_out = action.category_codes - {row.value for row in effect.rows}
        if effect.fact == "category" and effect.otherwise is None and left_out:
            yield _warning("category-without-points", "effect.rows", categories=sorted(left_out))
    cap = version.caps.points_per_month
    if (largest := max(_amounts(effect))) > cap:
        yield _error("points-above-cap", "effect", points=largest, cap=cap)


def _amounts(effect: rules.Effect) -> list[int]:
    if isinstance(effect, rules.Fixed):
        return [effect.points]
    return [row.points for row in effect.rows] + [effect.otherwise or 0]


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
    for path, node in conditions.walk(version.when):
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
