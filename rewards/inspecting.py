"""Inspecting: linting a rule in its city, with what the city has and the rules beside which it stands."""

from collections.abc import Iterable, Iterator

from kernel.cities import City
from kernel.db import Reading
from ledger import accounts, chart
from rewards import (
    action_types,
    amounts,
    campaigns,
    combinations,
    contradictions,
    districts,
    linting,
    questions,
    rules,
)
from rewards.combining import Combination
from rewards.conditions import All, Condition
from rewards.linting import LintFinding, Severity
from rewards.rules import RuleVersion


def inspect(
    reading: Reading, city: City, version: RuleVersion, in_force: Iterable[RuleVersion]
) -> list[LintFinding]:
    """Return what is wrong or odd about a version in this city, beside the rules that are in force.

    Raises NotFound `action-unknown`.
    """
    today, found = city.day_of(reading.now), list[LintFinding]()
    for code in version.actions:
        more = linting.lint(version, action_types.get(reading, code), today)
        found += [one for one in more if one not in found]
    found += _unknown(reading, version)
    found += _twice(reading, version, in_force)
    if not accounts.by_path(reading, [chart.budget_path(version.budget)]):
        found.append(_warning("budget-not-funded", "budget", budget=version.budget))
    return found


def _unknown(reading: Reading, version: RuleVersion) -> Iterator[LintFinding]:
    """Find campaigns and districts that the city does not have: what asks for them is never known."""
    nodes = list(rules.nodes(version))
    if any(isinstance(node, questions.Campaign) for _, node in nodes):
        known = {one.code for one in campaigns.every(reading)}
        for path, node in nodes:
            if isinstance(node, questions.Campaign) and node.code not in known:
                yield LintFinding(Severity.ERROR, "campaign-unknown", path, {"campaign": node.code})
    if any(isinstance(node, questions.District | questions.Home) for _, node in nodes):
        names = districts.names(reading)
        for path, node in nodes:
            if isinstance(node, questions.District | questions.Home):
                for code in sorted(set(node.districts) - names.keys()):
                    yield LintFinding(Severity.ERROR, "district-unknown", path, {"district": code})


def _twice(reading: Reading, version: RuleVersion, in_force: Iterable[RuleVersion]) -> Iterator[LintFinding]:
    """Find rules in force that would pay for the same thing as well."""
    programme, own = combinations.in_force(reading)
    for other in in_force:
        if other.code == version.code or not set(other.actions) & set(version.actions):
            continue
        way = own.get(version.budget, programme) if other.budget == version.budget else programme
        if way is Combination.SUM and _may_meet(version, other):
            together = amounts.largest(version) + amounts.largest(other)
            yield _warning("pays-twice", "when", rule=other.code, points=together)


def _may_meet(one: RuleVersion, other: RuleVersion) -> bool:
    apart = (one.valid_until and other.valid_from and one.valid_until < other.valid_from) or (
        other.valid_until and one.valid_from and other.valid_until < one.valid_from
    )
    return not apart and not contradictions.impossible((*_flat(one.when), *_flat(other.when)))


def _flat(condition: Condition) -> tuple[Condition, ...]:
    return condition.of if isinstance(condition, All) else (condition,)


def _warning(code: str, path: str, **details: object) -> LintFinding:
    return LintFinding(Severity.WARNING, code, path, details)
