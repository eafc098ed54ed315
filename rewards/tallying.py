"""Tallying: what a simulation adds up while the past goes by. Pure."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rewards.checking import Place
from rewards.deeds import Deed
from rewards.evaluating import Outcome
from rewards.events import Person
from rewards.simulating import Judgement

CAPS = ("cap-day", "cap-month", "cap-points-month", "awarded-in-part")
Pair = list[int]
"""What the rules in force give, and what the draft gives."""


def _pair() -> Pair:
    return [0, 0]


@dataclass(slots=True)
class Tally:
    """Sums over the deeds of a window of days; deeds before it are only remembered, not counted."""

    first: dt.date
    last: dt.date
    person_of: Callable[[Deed], Person]
    district_of: Callable[[Place], frozenset[str] | None]
    district_names: Mapping[str, str] = field(default_factory=dict)
    before: int = 0
    """Deeds before the window."""
    deeds: int = 0
    outcomes: tuple[Counter[Outcome], Counter[Outcome]] = field(
        default_factory=lambda: (Counter(), Counter())
    )
    by_day: dict[dt.date, Pair] = field(default_factory=lambda: defaultdict(_pair))
    by_rule: dict[str, Pair] = field(default_factory=lambda: defaultdict(_pair))
    by_budget: dict[str, dict[dt.date, Pair]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(_pair))
    )
    caps: dict[tuple[str, str], Pair] = field(default_factory=lambda: defaultdict(_pair))
    by_person: dict[str, Pair] = field(default_factory=lambda: defaultdict(_pair))
    by_place: dict[tuple[str, str], Pair] = field(default_factory=lambda: defaultdict(_pair))
    """By district and person."""
    by_source: dict[tuple[str, str], Pair] = field(default_factory=lambda: defaultdict(_pair))
    """By way of handing in and person."""
    by_trust: dict[tuple[str, str], Pair] = field(default_factory=lambda: defaultdict(_pair))
    """By trust level and person."""
    said: dict[str, Person] = field(default_factory=dict)
    deeds_of: Counter[str] = field(default_factory=Counter)
    capped_months: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By person the months in which the draft's limits of a month were reached."""

    def count(self, deed: Deed, day: dt.date, active: Judgement, draft: Judgement) -> None:
        """Add a deed."""
        if day < self.first:
            self.before += 1
        if not self.first <= day <= self.last:
            return
        self.deeds += 1
        self.deeds_of[deed.owner] += 1
        if deed.owner not in self.said:
            self.said[deed.owner] = self.person_of(deed)
        sums = [self.by_day[day], self.by_person[deed.owner], *self._groups(deed)]
        for side, judgement in enumerate((active, draft)):
            self.outcomes[side][judgement.outcome] += 1
            if judgement.reason in CAPS:
                self.caps[judgement.rule, judgement.reason][side] += 1
            if judgement.outcome is Outcome.AWARD:
                points = judgement.points(kept=deed.kept)
                for pair in sums:
                    pair[side] += points
                self._add_rules(deed, day, side, judgement)
        if draft.reason in CAPS and draft.reason != "cap-day":
            self.capped_months[deed.owner].add(day.year * 12 + day.month)

    def _add_rules(self, deed: Deed, day: dt.date, side: int, judgement: Judgement) -> None:
        for one in judgement.given:
            points = one.points_now + (one.points_later if deed.kept else 0)
            self.by_rule[one.code][side] += points
            self.by_budget[one.budget][day][side] += points

    def _groups(self, deed: Deed) -> tuple[Pair, Pair, Pair]:
        owner, trust = deed.owner, deed.facts.get("trust_level")
        return (
            self.by_place[self._district(deed), owner],
            self.by_source[deed.source, owner],
            self.by_trust[str(trust) if trust else "", owner],
        )

    def _district(self, deed: Deed) -> str:
        found = self.district_of(deed.place) if deed.place is not None else None
        # A code of the map and a name that was typed are the same district.
        code = min(found) if found else deed.district or ""
        return self.district_names.get(code, code)
