"""Evaluating: a rule compiled to closures and applied to what is known of an event. Total: it can't fail.

Unknown never awards. It becomes `review`, so that a person looks at it.
"""

import datetime as dt
import enum
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from kernel import money
from rewards import rules
from rewards.checking import Place, distance_m
from rewards.rules import Comparison, Condition, RuleVersion, Truth

FactValue = bool | int | str
_Clause = Callable[["Facts"], Truth]
_COMPARE: Mapping[Comparison, Callable[[FactValue, FactValue], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}
_NEGATED = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


class Outcome(enum.StrEnum):
    """What a rule says to an event."""

    AWARD = "award"
    NO_AWARD = "no-award"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Given:
    """What a person got under a rule before: awards today, this month and ever, points this month."""

    awards_today: int = 0
    awards_month: int = 0
    awards_ever: int = 0
    points_month: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an event. A value that is missing or None is unknown."""

    values: Mapping[str, FactValue | None]
    occurred_at: dt.datetime
    zone: ZoneInfo
    place: Place | None = None
    given: Given = field(default_factory=Given)

    @property
    def local(self) -> dt.datetime:
        """When it happened, in the city's time."""
        return self.occurred_at.astimezone(self.zone)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule gives, and the code of the reason that decided."""

    outcome: Outcome
    reason: str
    points_now: int = 0
    points_later: int = 0

    @property
    def points(self) -> int:
        """All points."""
        return self.points_now + self.points_later


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: where in the tree, what was asked, what came out."""

    path: str
    clause: str
    truth: str


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule version ready to be applied."""

    version: RuleVersion
    version_hash: str
    when: _Clause

    def decide(self, facts: Facts) -> Decision:
        """Return what the rule gives for an event."""
        day = facts.local.date()
        version = self.version
        if (version.valid_from and day < version.valid_from) or (
            version.valid_until and day > version.valid_until
        ):
            return Decision(Outcome.NO_AWARD, "rule-not-valid-then")
        truth = self.when(facts)
        if truth is Truth.FALSE:
            return Decision(Outcome.NO_AWARD, "condition-not-met")
        points = _points(version.effect, facts)
        if truth is Truth.UNKNOWN or points is None:
            return Decision(Outcome.REVIEW, "fact-missing")
        if points == 0:
            return Decision(Outcome.NO_AWARD, "no-points-for-this")
        return _capped(version, facts.given, points)

    def trace(self, facts: Facts) -> list[Step]:
        """Return clause by clause what came out."""
        return list(_trace(self.version.when, facts, "when"))


def compile_rule(version: RuleVersion) -> CompiledRule:
    """Return a rule ready to be applied."""
    return CompiledRule(version, version.version_hash, _compile(version.when))


def _capped(version: RuleVersion, given: Given, points: int) -> Decision:
    caps = version.caps
    if given.awards_today >= caps.awards_per_day:
        return Decision(Outcome.NO_AWARD, "cap-day")
    if given.awards_month >= caps.awards_per_month or given.points_month >= caps.points_per_month:
        return Decision(Outcome.NO_AWARD, "cap-month")
    allowed = min(points, caps.points_per_month - given.points_month)
    now = money.share_percent(allowed, version.now_percent)
    reason = "awarded" if allowed == points else "awarded-in-part"
    return Decision(Outcome.AWARD, reason, now, allowed - now)


def _points(effect: rules.Effect, facts: Facts) -> int | None:
    """Return the points of an effect, 0 for none, None if the fact is missing."""
    if isinstance(effect, rules.Fixed):
        return effect.points
    value = facts.values.get(effect.fact)
    if value is None:
        return None
    return effect.points.get(str(value), effect.otherwise or 0)


def _compile(node: Condition) -> _Clause:  # noqa: C901, PLR0911 -- one case for each sort of node
    match node:
        case rules.All(of=of):
            return _all([_compile(part) for part in of])
        case rules.Any(of=of):
            return _any([_compile(part) for part in of])
        case rules.Not(of=of):
            part = _compile(of)
            return lambda facts: _NEGATED[part(facts)]
        case rules.Compare(fact=fact, comparison=comparison, value=value):
            return _compare(fact, comparison, value)
        case rules.In(fact=fact, values=values):
            return _any([_compare(fact, Comparison.EQ, value) for value in values])
        case rules.Known(fact=fact):
            return lambda facts: _truth(facts.values.get(fact) is not None)
        case rules.Weekday(days=days):
            return lambda facts: _truth(facts.local.isoweekday() in days)
        case rules.Hours(start=start, end=end):
            return lambda facts: _truth(_within(facts.local.hour, start, end))
        case rules.Dates(first=first, last=last):
            return lambda facts: _truth(first <= facts.local.date() <= last)
        case rules.Near():
            return _near(node)
        case rules.History(period=period, comparison=comparison, value=value):
            return _history(period, comparison, value)


def _all(parts: list[_Clause]) -> _Clause:
    def clause(facts: Facts) -> Truth:
        result = Truth.TRUE
        for part in parts:
            truth = part(facts)
            if truth is Truth.FALSE:
                return truth
            if truth is Truth.UNKNOWN:
                result = truth
        return result

    return clause


def _any(parts: list[_Clause]) -> _Clause:
    def clause(facts: Facts) -> Truth:
        result = Truth.FALSE
        for part in parts:
            truth = part(facts)
            if truth is Truth.TRUE:
                return truth
            if truth is Truth.UNKNOWN:
                result = truth
        return result

    return clause


def _compare(fact: str, comparison: Comparison, value: FactValue) -> _Clause:
    compare, expected = _COMPARE[comparison], type(value)

    def clause(facts: Facts) -> Truth:
        actual = facts.values.get(fact)
        # A text "10" is not the number 10, and True is not 1: another type is as good as missing.
        if type(actual) is not expected:
            return Truth.UNKNOWN
        return _truth(compare(actual, value))

    return clause


def _near(node: rules.Near) -> _Clause:
    centre = Place(node.latitude_e6, node.longitude_e6)

    def clause(facts: Facts) -> Truth:
        if facts.place is None:
            return Truth.UNKNOWN
        return _truth(distance_m(facts.place, centre) <= node.radius_m)

    return clause


def _history(period: rules.Period, comparison: Comparison, value: int) -> _Clause:
    compare = _COMPARE[comparison]
    field_of = {
        rules.Period.DAY: "awards_today",
        rules.Period.MONTH: "awards_month",
        rules.Period.EVER: "awards_ever",
    }[period]
    return lambda facts: _truth(compare(getattr(facts.given, field_of), value))


def _within(hour: int, start: int, end: int) -> bool:
    return start <= hour < end if start < end else hour >= start or hour < end


def _truth(value: bool) -> Truth:  # noqa: FBT001 -- it turns a boolean into a truth
    return Truth.TRUE if value else Truth.FALSE


def _trace(node: Condition, facts: Facts, path: str) -> list[Step]:
    plain = node.model_dump(mode="json", exclude={"of"})
    clause = " ".join(str(part) for part in plain.values())
    steps = [Step(path, clause, _compile(node)(facts).value)]
    if isinstance(node, rules.All | rules.Any):
        for position, part in enumerate(node.of):
            steps += _trace(part, facts, f"{path}.{position}")
    elif isinstance(node, rules.Not):
        steps += _trace(node.of, facts, f"{path}.0")
    return steps
