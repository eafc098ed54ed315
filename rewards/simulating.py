"""Simulating: the city's own past, or a file of deeds, once more through two programmes at a time. Pure.

One pass in the order in which things were decided. Each programme has a memory of its own of what it gave,
because caps and histories depend on it; what neither treats differently is judged once for both. It is the
compiled programme that decides in earnest (`combining.Programme`), so a simulation can't come out otherwise.
"""

import datetime as dt
import functools
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rewards import combining, measures, remembering
from rewards.campaigns import Campaign
from rewards.checking import Place
from rewards.combining import Combination, Programme
from rewards.deeds import Deed, Told, Turn
from rewards.evaluating import Outcome
from rewards.events import Facts, Person
from rewards.measures import Measure
from rewards.remembering import Asked, Awards, Contributions
from rewards.rules import RuleVersion


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules may ask for around a deed."""

    zone: ZoneInfo
    persons: Mapping[str, Person] = field(default_factory=dict)
    campaigns: Sequence[Campaign] = ()
    district_of: Callable[[Place], frozenset[str] | None] = lambda _: None
    """In which districts a place lies; None where the city has no map of them."""
    district_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """The versions of a programme and how they are combined."""

    versions: tuple[RuleVersion, ...]
    combination: Combination = Combination.BEST
    campaigns: Mapping[str, Combination] = field(default_factory=dict)

    def with_draft(self, draft: RuleVersion) -> "Rules":
        """Return these with a draft in the place of the version of the same rule, or beside them."""
        others = tuple(one for one in self.versions if one.code != draft.code)
        return Rules((*others, draft), self.combination, self.campaigns)

    def always(self) -> "Rules":
        """Return these as if they had always been valid: the past lies before a draft's first day."""
        open_ended = tuple(
            one.model_copy(update={"valid_from": None, "valid_until": None}) for one in self.versions
        )
        return Rules(open_ended, self.combination, self.campaigns)

    def compiled(self) -> Programme:
        """Return the programme."""
        return combining.compile_programme(self.versions, self.combination, self.campaigns)


class Given(NamedTuple):
    """What one rule gave for a deed; `points_later` went back if the deed was not kept."""

    code: str
    budget: str
    points_now: int
    points_later: int


class Judgement(NamedTuple):
    """What a programme said to a deed."""

    outcome: Outcome
    reason: str
    rule: str
    """Code of the rule that decided; empty if there is none."""
    given: tuple[Given, ...] = ()

    def points(self, *, kept: bool) -> int:
        """Return the points that stay with the person."""
        return sum(one.points_now + (one.points_later if kept else 0) for one in self.given)


Counter = Callable[[Deed, dt.date, Judgement, Judgement], None]
"""Is told of each deed: the day on which it came in, what the rules in force said, what the draft said."""


class Phase(NamedTuple):
    """Rules that decided about what came in from an instant on."""

    start: dt.datetime
    rules: Rules


def at_all_times(rules: Rules) -> tuple[Phase, ...]:
    """Return one phase that holds for the whole past."""
    return (Phase(dt.datetime.min.replace(tzinfo=dt.UTC), rules),)


class Replay:
    """The past through the rules in force, phase by phase, and through a draft; None for no draft."""

    def __init__(
        self, around: Surroundings, active: Sequence[Phase], draft: Rules | None, count: Counter
    ) -> None:
        self._around = around
        self._count = count
        later = () if draft is None else at_all_times(draft)
        self._touched = touched([*active, *later]) if draft else frozenset[str]()
        self._active, self._draft = _Side(active), _Side(later)
        self._contributions = Contributions([*_measures(active), *_measures(later)])
        self._seen: set[int] = set()
        self._revoked: set[int] = set()
        self._running = functools.cache(self._campaigns_on)

    def take(self, steps: Iterable[Told]) -> None:
        """Go on with the next steps of the past."""
        for turn, deed in steps:
            day = deed.received_at.astimezone(self._around.zone).date()
            if turn is Turn.REVOKED:
                self._revoke(deed, day)
            else:
                self._accept(deed, day)

    def _accept(self, deed: Deed, day: dt.date) -> None:
        if deed.number in self._seen:
            return  # accepted once more: the same evidence earns nothing twice
        self._seen.add(deed.number)
        before = self._judged(self._active, deed, day)
        after = self._judged(self._draft, deed, day) if deed.action in self._touched else before
        self._contributions.add(deed, day.toordinal())
        self._count(deed, day, before, after)

    def _revoke(self, deed: Deed, day: dt.date) -> None:
        if deed.number in self._seen and deed.number not in self._revoked:
            self._revoked.add(deed.number)
            self._contributions.remove(deed, day.toordinal())
            self._active.revoke(deed, day)
            self._draft.revoke(deed, day)

    def _judged(self, side: "_Side", deed: Deed, day: dt.date) -> Judgement:
        ready = side.ready(deed.received_at)
        around, needs = self._around, ready.programme.needs(deed.action)
        counts: dict[str, int] = {}
        if needs.measures:
            asked = ready.asked(deed.action)
            counts = self._contributions.counts(asked, deed, day)
            counts |= side.awards.counts(asked, deed, day)
        facts = Facts(
            deed.facts,
            deed.occurred_at,
            around.zone,
            deed.place,
            action=deed.action,
            person=self._person(deed) if needs.person else Person(),
            campaigns=self._campaigns(deed) if needs.campaigns else {},
            districts=around.district_of(deed.place) if needs.districts and deed.place else None,
            counts=counts,
        )
        return side.judge(ready.programme, deed, day, facts)

    def _person(self, deed: Deed) -> Person:
        return deed.person or self._around.persons.get(deed.owner) or Person()

    def _campaigns(self, deed: Deed) -> Mapping[str, bool]:
        return self._running(deed.occurred_at.astimezone(self._around.zone).date())

    def _campaigns_on(self, day: dt.date) -> Mapping[str, bool]:
        return {one.code: one.runs_on(day) for one in self._around.campaigns}


class _Ready:
    """A programme, and what its rules ask about the past, by action."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self._asked: dict[str, Asked] = {}

    def asked(self, action: str) -> Asked:
        """Return what the rules of an action ask about the past."""
        found = self._asked.get(action)
        if found is None:
            found = self._asked[action] = remembering.asked(self.programme.needs(action).measures)
        return found


_NO_PROGRAMME = _Ready(combining.compile_programme(()))


class _Side:
    """One programme, as it changed, and what it gave so far."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._starts = [phase.start for phase in phases]
        self._programmes = [_Ready(phase.rules.compiled()) for phase in phases]
        self.awards = Awards(_measures(phases))
        self._paid: set[tuple[str, str, str]] = set()
        self._revocable: dict[int, tuple[Given, ...]] = {}

    def ready(self, at: dt.datetime) -> "_Ready":
        """Return the programme that decides about what came in at an instant."""
        position = bisect_right(self._starts, at) - 1
        return self._programmes[position] if position >= 0 else _NO_PROGRAMME

    def judge(self, programme: Programme, deed: Deed, day: dt.date, facts: Facts) -> Judgement:
        """Let a programme decide, and remember what it gave."""
        awards, owner = self.awards, deed.owner
        before = {rule.code: awards.given(owner, rule.code, day) for rule in programme.of_action(deed.action)}
        ruling = programme.decide(deed.action, facts, before)
        rule = ruling.chosen[0].rule.code if ruling.chosen else ""
        if ruling.outcome is not Outcome.AWARD:
            return Judgement(ruling.outcome, ruling.reason, rule)
        given = tuple(
            Given(one.rule.code, one.rule.version.budget, one.decision.points_now, one.decision.points_later)
            for one in ruling.chosen
            if self._is_first(deed, one.rule.code, one.rule.version.actions)
        )
        for one in given:
            awards.add(deed, day.toordinal(), one.code, one.points_now + one.points_later)
        if not deed.kept:
            self._revocable[deed.number] = given
        return Judgement(ruling.outcome, ruling.reason, rule, given)

    def revoke(self, deed: Deed, day: dt.date) -> None:
        """Forget what was promised for a deed; what was given at once stays (`awarding.KEPT`)."""
        for one in self._revocable.pop(deed.number, ()):
            if one.points_later:
                self.awards.remove(deed, day.toordinal(), one.code, one.points_now + one.points_later)
                if one.points_now:
                    self.awards.add(deed, day.toordinal(), one.code, one.points_now)

    def _is_first(self, deed: Deed, code: str, actions: Collection[str]) -> bool:
        """Say whether a rule gives for this evidence for the first time (the key of `awarding.award`).

        Within one action the evidence is that of one submission alone.
        """
        if len(actions) == 1:
            return True
        key = (code, deed.owner, deed.evidence_key)
        if key in self._paid:
            return False
        self._paid.add(key)
        return True


def touched(phases: Sequence[Phase]) -> frozenset[str]:
    """Return the actions about which the rules of some phases may differ.

    A rule for several actions carries a difference from one to the others: its caps are used up otherwise.
    """
    versions = {one.version_hash: one for phase in phases for one in phase.rules.versions}
    if len({(phase.rules.combination, *sorted(phase.rules.campaigns.items())) for phase in phases}) > 1:
        return frozenset(action for one in versions.values() for action in one.actions)
    same = frozenset(versions).intersection(
        *({one.version_hash for one in phase.rules.versions} for phase in phases)
    )
    found = {action for number, one in versions.items() if number not in same for action in one.actions}
    while True:
        wider = {action for one in versions.values() if found & set(one.actions) for action in one.actions}
        if wider <= found:
            return frozenset(found)
        found |= wider


def _measures(phases: Sequence[Phase]) -> list[Measure]:
    return [one for phase in phases for version in phase.rules.versions for one in measures.needed(version)]
