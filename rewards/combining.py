"""Combining: what all rules of a programme together say to one event."""

import enum
from collections.abc import Iterable, Mapping
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
    chosen: tuple[Judged, ...]
    judged: tuple[Judged, ...]

    @property
    def points(self) -> int:
        """All points that are given."""
        return sum(one.decision.points for one in self.chosen)


_NO_RULE = Ruling(Outcome.NO_AWARD, "no-rule", (), ())
_RANK = {Outcome.AWARD: 0, Outcome.REVIEW: 1, Outcome.NO_AWARD: 2}


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
        event = Event(facts)
        unknown = compiling.UNKNOWN
        judged = tuple(
            [Judged(rule, rule.judge(event, given.get(rule.version.code, unknown))) for rule in found]
        )
        match self.combination:
            case Combination.BEST:
                return _best(judged)
            case Combination.SUM:
                return _sum(judged)
            case Combination.PRIORITY:
                return _first(judged)


def compile_programme(
    versions: Iterable[RuleVersion], combination: Combination = Combination.BEST
) -> Programme:
    """Return rules ready to be applied together."""
    return Programme((evaluating.compile_rule(version) for version in versions), combination)


def _best(judged: tuple[Judged, ...]) -> Ruling:
    best = judged[0]
    for one in judged[1:]:
        rank, rank_best = _RANK[one.decision.outcome], _RANK[best.decision.outcome]
        # Of equals the earlier stays: higher priority, then code.
        if rank < rank_best or (rank == rank_best and one.decision.points > best.decision.points):
            best = one
    return _of(best, judged)


def _sum(judged: tuple[Judged, ...]) -> Ruling:
    awarding = tuple(one for one in judged if one.decision.outcome is Outcome.AWARD)
    if not awarding or any(one.decision.outcome is Outcome.REVIEW for one in judged):
        undecided = (one for one in judged if one.decision.outcome is Outcome.REVIEW)
        return _of(next(undecided, judged[0]), judged)
    return Ruling(Outcome.AWARD, awarding[0].decision.reason, awarding, judged)


def _first(judged: tuple[Judged, ...]) -> Ruling:
    deciding = (one for one in judged if one.decision.outcome is not Outcome.NO_AWARD)
    return _of(next(deciding, judged[0]), judged)


def _of(one: Judged, judged: tuple[Judged, ...]) -> Ruling:
    return Ruling(one.decision.outcome, one.decision.reason, (one,), judged)
