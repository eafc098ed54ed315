"""Combining: what all rules of a programme together say to one event.

The rules that are paid from one budget are a campaign. A campaign may combine its own rules in its own way;
what comes out of the campaigns is then combined as the programme says.
"""

import enum
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rewards import compiling, evaluating, gating
from rewards.compiling import Event, Facts, Given
from rewards.evaluating import CompiledRule, Decision, Outcome
from rewards.gating import Gates
from rewards.measures import Measure
from rewards.rules import RuleVersion


class Combination(enum.StrEnum):
    """What happens when several rules award the same action."""

    BEST = "best"
    """What gives most. What can't decide asks for review only if nothing awards."""
    SUM = "sum"
    """Everything that awards. If one can't decide, the whole goes to review."""
    PRIORITY = "priority"
    """The first that does not refuse, highest priority first. If it can't decide: review."""


class Judged(NamedTuple):
    """A rule and what it says."""

    rule: CompiledRule
    decision: Decision


class Ruling(NamedTuple):
    """What the programme says. `chosen` are the rules that give the points, or the one that says why not."""

    outcome: Outcome
    reason: str
    chosen: tuple[Judged, ...] = ()
    rules: tuple[CompiledRule, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def judged(self) -> tuple[Judged, ...]:
        """What every rule of the action says."""
        return tuple(itertools.starmap(Judged, zip(self.rules, self.decisions, strict=True)))

    @property
    def points(self) -> int:
        """All points that are given."""
        return sum(one.decision.points for one in self.chosen)


_NO_RULE = Ruling(Outcome.NO_AWARD, "no-rule")
_NONE: Mapping[str, Combination] = MappingProxyType({})


class Needs(NamedTuple):
    """What the rules of an action look at beyond the facts of an event."""

    person: bool = False
    campaigns: bool = False
    districts: bool = False
    measures: tuple[Measure, ...] = ()


class _Together(NamedTuple):
    """The rules of one action, and the positions of each campaign's with how it combines them.

    Without campaigns of their own mind there are none: then all rules are combined as one.
    """

    rules: tuple[CompiledRule, ...]
    campaigns: tuple[tuple[Combination, tuple[int, ...]], ...]
    needs: Needs
    gates: Gates
    unmet: Ruling = _NO_RULE
    """What is said where none of the rules is met."""


class Programme:
    """Rules ready to be applied, found by action."""

    __slots__ = ("_by_action", "campaigns", "combination")

    def __init__(
        self,
        compiled: Iterable[CompiledRule],
        combination: Combination = Combination.BEST,
        campaigns: Mapping[str, Combination] = _NONE,
    ) -> None:
        self.combination = combination
        self.campaigns = campaigns
        found: dict[str, list[CompiledRule]] = {}
        for rule in sorted(compiled, key=lambda rule: (-rule.version.priority, rule.version.code)):
            for action in rule.version.actions:
                found.setdefault(action, []).append(rule)
        self._by_action = {action: self._together(tuple(those)) for action, those in found.items()}

    def of_action(self, action: str) -> tuple[CompiledRule, ...]:
        """Return the rules of an action, highest priority first, then by code."""
        found = self._by_action.get(action)
        return found.rules if found else ()

    def needs(self, action: str) -> Needs:
        """Return what the rules of an action have to know beyond the facts of an event."""
        found = self._by_action.get(action)
        return found.needs if found else Needs()

    def decide(self, action: str, facts: Facts, given: Mapping[str, Given]) -> Ruling:
        """Return what the rules of an action give.

        `given` says by rule code what the person got before; a rule without an entry can't decide.
        `facts.given` is not looked at.
        """
        found = self._by_action.get(action)
        if not found:
            return _NO_RULE
        event = Event(facts, action)
        rules = found.rules
        closed = found.gates.shut(event)
        if closed == found.gates.everything and found.gates.in_time(event):
            return found.unmet
        unknown = compiling.UNKNOWN
        return self._ruling(
            found,
            tuple(
                [
                    rule.unmet(event)
                    if closed >> at & 1
                    else rule.judge(event, given.get(rule.code, unknown))
                    for at, rule in enumerate(rules)
                ]
            ),
        )

    def _ruling(self, found: _Together, decisions: tuple[Decision, ...]) -> Ruling:
        chosen = self._chosen(found, decisions)
        leading, rules = decisions[chosen[0]], found.rules
        return Ruling(
            leading.outcome,
            leading.reason,
            tuple([Judged(rules[position], decisions[position]) for position in chosen]),
            rules,
            decisions,
        )

    def _together(self, rules: tuple[CompiledRule, ...]) -> _Together:
        budgets: dict[str, list[int]] = {}
        for position, rule in enumerate(rules):
            budgets.setdefault(rule.version.budget, []).append(position)
        ways = {budget: self.campaigns.get(budget, self.combination) for budget in budgets}
        needs = Needs(
            any(rule.looks_at_person for rule in rules),
            any(rule.campaigns for rule in rules),
            any(rule.looks_at_districts for rule in rules),
            tuple(dict.fromkeys(measure for rule in rules for measure in rule.measures)),
        )
        apart = tuple((ways[budget], tuple(those)) for budget, those in budgets.items())
        same = all(way is self.combination for way in ways.values())
        made = _Together(rules, () if same else apart, needs, gating.Gates(rules))
        return made._replace(unmet=self._ruling(made, (evaluating.NOT_MET,) * len(rules)))

    def _chosen(self, found: _Together, decisions: tuple[Decision, ...]) -> list[int]:
        if not found.campaigns:
            return _CHOOSE[self.combination](decisions)
        groups = [
            [positions[one] for one in _CHOOSE[way]([decisions[position] for position in positions])]
            for way, positions in found.campaigns
        ]
        # Where priority decides between campaigns, the first rule that was chosen stands for its own.
        groups.sort(key=lambda group: group[0])
        said = [_said(group, decisions) for group in groups]
        return [position for one in _CHOOSE[self.combination](said) for position in groups[one]]


def compile_programme(
    versions: Iterable[RuleVersion],
    combination: Combination = Combination.BEST,
    campaigns: Mapping[str, Combination] = _NONE,
) -> Programme:
    """Return rules ready to be applied together; `campaigns` says by budget which combine otherwise."""
    return Programme((evaluating.compile_rule(version) for version in versions), combination, campaigns)


def _said(group: list[int], decisions: Sequence[Decision]) -> Decision:
    """Return what the chosen rules of a campaign say as one."""
    first = decisions[group[0]]
    points = sum(decisions[position].points for position in group)
    return first if len(group) == 1 else first._replace(points_now=points, points_later=0)


def _best(decisions: Sequence[Decision]) -> list[int]:
    """Choose the highest award. Of equals the first: higher priority, then code."""
    best, most = -1, 0
    for position, decision in enumerate(decisions):
        if decision.outcome is Outcome.AWARD and decision.points > most:
            best, most = position, decision.points
    return [best] if most else [_undecided(decisions) or 0]


def _sum(decisions: Sequence[Decision]) -> list[int]:
    undecided = _undecided(decisions)
    if undecided is not None:
        return [undecided]
    awarding = [position for position, one in enumerate(decisions) if one.outcome is Outcome.AWARD]
    return awarding or [0]


def _first(decisions: Sequence[Decision]) -> list[int]:
    deciding = (position for position, one in enumerate(decisions) if one.outcome is not Outcome.NO_AWARD)
    return [next(deciding, 0)]


def _undecided(decisions: Sequence[Decision]) -> int | None:
    return next((position for position, one in enumerate(decisions) if one.outcome is Outcome.REVIEW), None)


_CHOOSE: Mapping[Combination, Callable[[Sequence[Decision]], list[int]]] = {
    Combination.BEST: _best,
    Combination.SUM: _sum,
    Combination.PRIORITY: _first,
}
"""Which decisions count: their positions."""
