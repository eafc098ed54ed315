"""Combining: what all rules of a programme together say to one event."""

import enum
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from rewards import compiling, evaluating
from rewards.compiling import Event, Facts, Given
from rewards.evaluating import CompiledRule, Decision, Outcome
from rewards.rules import RuleVersion


class Combination(enum.StrEnum):
    """What happens when several rules award the same action."""

    BEST = "best"
    """The rule that gives most. A rule that can't decide asks for review only if none awards."""
    SUM = "sum"
    """Every rule that awards. If one can't decide, the whole goes to review."""
    PRIORITY = "priority"
    """The first rule that does not refuse, highest priority first. If it can't decide: review."""


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


class Programme:
    """Rules ready to be applied, found by action."""

    __slots__ = ("_by_action", "combination")

    def __init__(self, compiled: Iterable[CompiledRule], combination: Combination = Combination.BEST) -> None:
        self.combination = combination
        self._by_action: dict[str, tuple[CompiledRule, ...]] = {}
        ordered = sorted(compiled, key=lambda rule: (-rule.version.priority, rule.version.code))
        for rule in ordered:
            action = rule.version.action
            self._by_action[action] = (*self._by_action.get(action, ()), rule)

    def of_action(self, action: str) -> tuple[CompiledRule, ...]:
        """Return the rules of an action, highest priority first, then by code."""
        return self._by_action.get(action, ())

    def decide(self, action: str, facts: Facts, given: Mapping[str, Given]) -> Ruling:
        """Return what the rules of an action give.

        `given` says by rule code what the person got before; a rule without an entry can't decide.
        `facts.given` is not looked at.
        """
        found = self._by_action.get(action)
        if not found:
            return _NO_RULE
        event, unknown = Event(facts), compiling.UNKNOWN
        decisions = tuple([rule.judge(event, given.get(rule.code, unknown)) for rule in found])
        chosen = _CHOOSE[self.combination](decisions)
        leading = decisions[chosen[0]]
        return Ruling(
            leading.outcome,
            leading.reason,
            tuple([Judged(found[position], decisions[position]) for position in chosen]),
            found,
            decisions,
        )


def compile_programme(
    versions: Iterable[RuleVersion], combination: Combination = Combination.BEST
) -> Programme:
    """Return rules ready to be applied together."""
    return Programme((evaluating.compile_rule(version) for version in versions), combination)


def _best(decisions: tuple[Decision, ...]) -> list[int]:
    """Choose the highest award. Of equals the first: higher priority, then code."""
    best, most = -1, 0
    for position, decision in enumerate(decisions):
        if decision.outcome is Outcome.AWARD and decision.points > most:
            best, most = position, decision.points
    return [best] if most else [_undecided(decisions) or 0]


def _sum(decisions: tuple[Decision, ...]) -> list[int]:
    undecided = _undecided(decisions)
    if undecided is not None:
        return [undecided]
    awarding = [position for position, one in enumerate(decisions) if one.outcome is Outcome.AWARD]
    return awarding or [0]


def _first(decisions: tuple[Decision, ...]) -> list[int]:
    deciding = (position for position, one in enumerate(decisions) if one.outcome is not Outcome.NO_AWARD)
    return [next(deciding, 0)]


def _undecided(decisions: tuple[Decision, ...]) -> int | None:
    return next((position for position, one in enumerate(decisions) if one.outcome is Outcome.REVIEW), None)


_CHOOSE: Mapping[Combination, Callable[[tuple[Decision, ...]], list[int]]] = {
    Combination.BEST: _best,
    Combination.SUM: _sum,
    Combination.PRIORITY: _first,
}
"""Which decisions count: their positions."""
