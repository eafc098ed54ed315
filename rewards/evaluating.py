"""Evaluating: what a rule says to an event: award, no award, or review, and which clause decided.

Total: it can't fail. Unknown never awards; it becomes `review`, so that a person looks at it.
"""

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kernel import money
from rewards import amounts, compiling, measures, rules
from rewards.compiling import Clause, Event, Facts, FactValue, Given, Truth
from rewards.conditions import (
    Compare,
    CompareDay,
    Dates,
    History,
    Hours,
    In,
    Known,
    Near,
    Trust,
    Weekday,
)
from rewards.effects import Grid
from rewards.questions import (
    Action,
    AgeBand,
    Campaign,
    Count,
    District,
    Home,
    Inside,
    Season,
    Streak,
    Window,
)
from rewards.rules import Caps, RuleVersion

ENGINE = 1
"""Number of the way in which rules are evaluated; raised when rule and facts may come out otherwise."""


class Outcome(enum.StrEnum):
    """What a rule says to an event."""

    AWARD = "award"
    NO_AWARD = "no-award"
    REVIEW = "review"


class Decision(NamedTuple):
    """What a rule gives, the code of the reason, and the place in the rule that decided.

    `limit` is the bound that was reached where a cap decided.
    """

    outcome: Outcome
    reason: str
    points_now: int = 0
    points_later: int = 0
    clause: str = ""
    limit: int | None = None

    @property
    def points(self) -> int:
        """All points."""
        return self.points_now + self.points_later


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: where in the tree, what was asked, what was there, what came out."""

    path: str
    clause: str
    value: FactValue | None
    truth: str


_NOT_YET = Decision(Outcome.NO_AWARD, "rule-not-valid-then", clause="valid_from")
_OVER = Decision(Outcome.NO_AWARD, "rule-not-valid-then", clause="valid_until")
_TIME_UNKNOWN = Decision(Outcome.REVIEW, "fact-missing", clause="valid_from")
NOT_MET = Decision(Outcome.NO_AWARD, "condition-not-met", clause="when")
"""What a rule says whose condition is false."""
_UNCERTAIN = Decision(Outcome.REVIEW, "fact-missing", clause="when")
_EFFECT_UNCERTAIN = Decision(Outcome.REVIEW, "fact-missing", clause="effect")
_NO_POINTS = Decision(Outcome.NO_AWARD, "no-points-for-this", clause="effect")
_HISTORY_UNKNOWN = Decision(Outcome.REVIEW, "history-unknown", clause="caps")


class CompiledRule:
    """A rule version ready to be applied."""

    __slots__ = (
        "_caps",
        "_full",
        "_points",
        "_when",
        "campaigns",
        "code",
        "effect",
        "first",
        "last",
        "looks_at_action",
        "looks_at_districts",
        "looks_at_person",
        "looks_at_place",
        "measures",
        "root",
        "seen",
        "version",
        "version_hash",
    )

    def __init__(self, version: RuleVersion) -> None:
        self.version = version
        self.code = version.code
        self.version_hash = version.version_hash
        self.seen = tuple(sorted(rules.facts_used(version)))
        nodes = [node for _, node in rules.nodes(version)]
        self.measures = measures.needed(version)
        self.looks_at_place = any(isinstance(node, Near | Inside) for node in nodes)
        self.looks_at_districts = any(isinstance(node, District) for node in nodes)
        self.looks_at_person = any(isinstance(node, AgeBand | Home) for node in nodes)
        self.looks_at_action = any(isinstance(node, Action) for node in nodes)
        self.campaigns = tuple(sorted({node.code for node in nodes if isinstance(node, Campaign)}))
        self.root = compiling.compile_condition(version.when, rule=version.code)
        self._when = self.root.test
        self.first = version.valid_from or dt.date.min
        self.last = version.valid_until or dt.date.max
        self._caps = _Caps(version.caps)
        self.effect = amounts.CompiledEffect(version)
        self._points = self.effect.of
        self._full: dict[int, Decision] = {}

    def decide(self, facts: Facts) -> Decision:
        """Return what the rule gives for an event."""
        return self.judge(Event(facts), facts.given)

    def judge(self, event: Event, given: Given) -> Decision:
        """Return what the rule gives for an event made ready, to somebody who was given that much before."""
        day = event.day
        if day is None or not self.first <= day <= self.last:
            return self._invalid(day)
        truth = self._when(event, given)
        if truth:
            return self._paid(self._points(event, given), given)
        return _UNCERTAIN if truth is None else NOT_MET

    def unmet(self, event: Event) -> Decision:
        """Return what `judge` would where a part of the condition is known to be false."""
        day = event.day
        return self._invalid(day) if day is None or not self.first <= day <= self.last else NOT_MET

    def trace(self, facts: Facts) -> list[Step]:
        """Return clause by clause what came out, those too that could not matter any more."""
        event, given = Event(facts), facts.given
        return [
            *_steps(self.root, event, given),
            *(step for clause in self.effect.factors for step in _steps(clause, event, given)),
            *self._amounts(event, given),
        ]

    def deciding(self, facts: Facts) -> str:
        """Return the place of the innermost clause that decided."""
        event = Event(facts)
        decision = self.judge(event, facts.given)
        return _innermost(self.root, event, facts.given) if decision.clause == "when" else decision.clause

    def _amounts(self, event: Event, given: Given) -> Iterator[Step]:
        # What is fixed or stands in one table is told by the receipt's points already.
        worked_out = self.version.factors or self.version.share or self.version.streak
        if worked_out or isinstance(self.version.effect, Grid):
            for path, points in self.effect.steps(event, given):
                yield Step(path, "points", points, _word(None if points is None else points > 0))

    def _invalid(self, day: dt.date | None) -> Decision:
        if day is None:
            return _TIME_UNKNOWN
        return _NOT_YET if day < self.first else _OVER

    def _paid(self, points: int | None, given: Given) -> Decision:
        if not points:
            return _EFFECT_UNCERTAIN if points is None else _NO_POINTS
        left = self._caps.left(given)
        if not isinstance(left, int):
            return left
        if points > left:
            return _award(self.version, left, points)
        full = self._full.get(points)
        if full is None:
            full = self._full[points] = _award(self.version, points, points)
        return full


def compile_rule(version: RuleVersion) -> CompiledRule:
    """Return a rule ready to be applied."""
    return CompiledRule(version)


class _Caps:
    """Says how much the caps still allow."""

    __slots__ = ("_day", "_day_reached", "_month", "_month_reached", "_points", "_points_reached")

    def __init__(self, caps: Caps) -> None:
        self._day, self._month, self._points = (
            caps.awards_per_day,
            caps.awards_per_month,
            caps.points_per_month,
        )
        self._day_reached = _refusal("cap-day", "awards_per_day", self._day)
        self._month_reached = _refusal("cap-month", "awards_per_month", self._month)
        self._points_reached = _refusal("cap-points-month", "points_per_month", self._points)

    def left(self, given: Given) -> int | Decision:
        """Return how many points are left, or the decision that is forced."""
        today, month, points = given.awards_today, given.awards_month, given.points_month
        if today is None or month is None or points is None:
            return _HISTORY_UNKNOWN
        if today >= self._day:
            return self._day_reached
        if month >= self._month:
            return self._month_reached
        return self._points - points if points < self._points else self._points_reached


def _refusal(reason: str, cap: str, limit: int) -> Decision:
    return Decision(Outcome.NO_AWARD, reason, clause=f"caps.{cap}", limit=limit)


def _award(version: RuleVersion, points: int, wanted: int) -> Decision:
    now = money.share_percent(points, version.now_percent)
    if points == wanted:
        return Decision(Outcome.AWARD, "awarded", now, points - now, "when")
    limit = version.caps.points_per_month
    return Decision(Outcome.AWARD, "awarded-in-part", now, points - now, "caps.points_per_month", limit)


def _steps(clause: Clause, event: Event, given: Given) -> Iterator[Step]:
    truth = _word(clause.test(event, given))
    yield Step(clause.path, clause.asked, _looked_at(clause, event, given), truth)
    for part in clause.parts:
        yield from _steps(part, event, given)


def _innermost(clause: Clause, event: Event, given: Given) -> str:
    """Follow the parts that alone force the result; where several do so together, stay."""
    truth = clause.test(event, given)
    forcing = [part for part in clause.parts if part.test(event, given) is truth]
    if len(clause.parts) == 1:
        return _innermost(clause.parts[0], event, given)
    op = clause.node.op
    alone = (op == "all" and truth is not True) or (op == "any" and truth is not False)
    return _innermost(forcing[0], event, given) if alone and forcing else clause.path


def _looked_at(clause: Clause, event: Event, given: Given) -> FactValue | None:
    """Return what the event has where a node looks; not the place, which says where somebody was."""
    match clause.node:
        case Compare(fact=fact) | CompareDay(fact=fact) | In(fact=fact) | Known(fact=fact):
            return event.values.get(fact)
        case Trust():
            return event.values.get("trust_level")
        case History(period=period):
            counters = {"day": given.awards_today, "month": given.awards_month, "ever": given.awards_ever}
            return counters[period.value]
        case Hours() | Weekday() | Dates() | Season() | Window():
            return event.local.isoformat(timespec="minutes") if event.local else None
        case _:
            return _looked_around(clause, event)


def _looked_around(clause: Clause, event: Event) -> FactValue | None:
    match clause.node:
        case Count() | Streak() as node:
            return event.counts.get(measures.of_question(node, clause.rule).key)
        case Action():
            return event.action
        case AgeBand() | Home() as node:
            return event.person.age_group if isinstance(node, AgeBand) else event.person.home
        case Campaign(code=code):
            return event.campaigns.get(code)
        case District() if event.districts is not None:
            return ", ".join(sorted(event.districts))
    return None


def _word(truth: Truth) -> str:
    return "unknown" if truth is None else str(truth).lower()
