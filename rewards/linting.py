"""Linting: what is wrong or odd about a rule before it can be saved. Errors refuse it, warnings are shown."""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards import rules
from rewards.action_types import ActionType
from rewards.rules import Comparison, Condition, RuleVersion

PROTECTED = frozenset(
    {"age", "gender", "nationality", "religion", "income", "benefits", "fines", "debts", "criminal_record"}
)
"""What a rule may never look at: it would be scoring persons."""


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
    found = [*_facts(version, action), *_conditions(version.when, "when"), *_amounts(version)]
    if version.valid_until and version.valid_until < today:
        found.append(_error("validity-over", "valid_until", day=version.valid_until.isoformat()))
    if version.valid_from and version.valid_until and version.valid_from > version.valid_until:
        found.append(_error("validity-empty", "valid_from"))
    return found


def _facts(version: RuleVersion, action: ActionType) -> Iterator[LintFinding]:
    for fact in sorted(rules.facts_used(version)):
        if fact in PROTECTED:
            yield _error("fact-protected", "when", fact=fact)
        elif fact not in action.facts:
            yield _error("fact-unknown", "when", fact=fact)
    for _, node in rules.walk(version.when):
        if isinstance(node, rules.Compare | rules.In) and node.fact in action.facts:
            values = (node.value,) if isinstance(node, rules.Compare) else node.values
            wanted = action.facts[node.fact].python_type
            if any(type(value) is not wanted for value in values):
                yield _error("value-type-wrong", "when", fact=node.fact, type=action.facts[node.fact].value)


def _conditions(node: Condition, path: str) -> Iterator[LintFinding]:
    if isinstance(node, rules.In) and not node.values:
        yield _error("never-true", path)
    if isinstance(node, rules.All | rules.Any):
        if not node.of:
            empty = "always-true" if isinstance(node, rules.All) else "never-true"
            yield LintFinding(Severity.WARNING, empty, path)
        if isinstance(node, rules.All) and _contradicts(node.of):
            yield _error("never-true", path)
        for position, part in enumerate(node.of):
            yield from _conditions(part, f"{path}.{position}")
    if isinstance(node, rules.Not):
        yield from _conditions(node.of, f"{path}.0")
    if isinstance(node, rules.Dates) and node.first > node.last:
        yield _error("never-true", path)
    if isinstance(node, rules.Hours) and node.start == node.end:
        yield LintFinding(Severity.WARNING, "always-true", path)


def _contradicts(parts: tuple[Condition, ...]) -> bool:
    """Return whether bounds on one fact leave no value."""
    equal: dict[str, object] = {}
    low: dict[str, int] = {}
    high: dict[str, int] = {}
    for part in parts:
        if not isinstance(part, rules.Compare):
            continue
        if part.comparison is Comparison.EQ:
            if equal.setdefault(part.fact, part.value) != part.value:
                return True
        elif type(part.value) is int:
            if part.comparison in {Comparison.GT, Comparison.GE}:
                bound = part.value + (part.comparison is Comparison.GT)
                low[part.fact] = max(low.get(part.fact, bound), bound)
            elif part.comparison in {Comparison.LT, Comparison.LE}:
                bound = part.value - (part.comparison is Comparison.LT)
                high[part.fact] = min(high.get(part.fact, bound), bound)
    return any(low[fact] > high[fact] for fact in low.keys() & high.keys())


def _amounts(version: RuleVersion) -> Iterator[LintFinding]:
    effect = version.effect
    amounts = [effect.points] if isinstance(effect, rules.Fixed) else [*effect.points.values()]
    largest = max(amounts)
    if largest > version.caps.points_per_month:
        yield _error("points-above-cap", "effect", points=largest, cap=version.caps.points_per_month)
    if version.caps.awards_per_day > version.caps.awards_per_month:
        yield LintFinding(Severity.WARNING, "cap-without-effect", "caps.awards_per_day")


def _error(code: str, path: str, **details: object) -> LintFinding:
    return LintFinding(Severity.ERROR, code, path, details)
