"""Ruling: what the rules in force give for a submission.

Rules are compiled once for each set of versions in force and then remembered: a version's hash says all
about it, so the hashes read in the same transaction prove that what is remembered is still true.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from kernel.cities import City
from kernel.db import Reading, Work
from ledger import chart
from rewards import awarding, capping, combinations, combining, programme, recalling, receipts
from rewards.awarding import Grant, Spans
from rewards.combining import Combination, Programme, Ruling
from rewards.compiling import NOTHING, Facts, Given
from rewards.evaluating import Outcome
from rewards.submissions import Submission

_MEMORY = "rewards.ruling"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the programme says to a submission; `grants` are there exactly when points are given."""

    outcome: str
    receipt: Mapping[str, Any]
    grants: tuple[Grant, ...] = ()


class _Remembered(NamedTuple):
    hashes: tuple[str, ...]
    combined: tuple[Combination, dict[str, Combination]]
    programme: Programme


def decide(work: Work, city: City, submission: Submission) -> Verdict:
    """Return what the rules in force give for a submission.

    Those count that were in force when it came in, whenever it is decided: they stood in the public register
    when it was handed in, and no clock but ours says when that was. If none awards but one can't decide, a
    person has to look.
    """
    compiled = in_force(work, submission.received_at)
    codes = [rule.code for rule in compiled.of_action(submission.action)]
    given = _given(work, city, submission, codes)
    facts = recalling.facts(work, city, submission, compiled.needs(submission.action))
    verdict = _verdict(compiled.decide(submission.action, facts, given), facts, given)
    return _capped(work, city, submission, verdict)


def in_force(work: Work, at: dt.datetime | None = None) -> Programme:
    """Return the city's rules in force, now or at another instant, ready to be applied."""
    hashes, combined = tuple(programme.active_hashes(work, at)), combinations.in_force(work, at)
    known: _Remembered | None = work.memory.get(_MEMORY)
    if known is None or known[:2] != (hashes, combined):
        versions = [stored.version for stored in programme.by_hashes(work, hashes)]
        compiled = combining.compile_programme(versions, *combined)
        known = work.memory[_MEMORY] = _Remembered(hashes, combined, compiled)
    return known.programme


def _capped(work: Work, city: City, submission: Submission, verdict: Verdict) -> Verdict:
    """Return the verdict, or that the person already has all that the programme gives to one."""
    if not verdict.grants:
        return verdict
    points = sum(grant.points_now + grant.points_later for grant in verdict.grants)
    refusal = capping.of_submission(work, city, submission, points)
    if refusal is None:
        return verdict
    outcome = Outcome.NO_AWARD.value
    return Verdict(outcome, {"outcome": outcome, "reason": refusal.reason, "limit": refusal.limit})


def _verdict(ruling: Ruling, facts: Facts, given: Mapping[str, Given]) -> Verdict:
    if not ruling.chosen:
        return Verdict(ruling.outcome.value, {"outcome": ruling.outcome.value, "reason": ruling.reason})
    explained = [
        (one, receipts.of(one.rule, replace(facts, given=given[one.rule.code]))) for one in ruling.chosen
    ]
    if ruling.outcome is not Outcome.AWARD:
        return Verdict(ruling.outcome.value, explained[0][1])
    grants = tuple(
        Grant(
            one.rule.code,
            one.rule.version_hash,
            chart.budget_path(one.rule.version.budget),
            one.decision.points_now,
            one.decision.points_later,
            receipt,
        )
        for one, receipt in explained
    )
    return Verdict(ruling.outcome.value, explained[0][1], grants)


def _given(reading: Reading, city: City, submission: Submission, codes: list[str]) -> dict[str, Given]:
    """Return what the owner has under rules for what came in on the same day, in the same month, ever."""
    local = submission.received_at.astimezone(city.zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    # Adding a day to a local midnight gives the next local midnight, also when the clock changes.
    spans = Spans(day, day + dt.timedelta(days=1), month, (month + dt.timedelta(days=31)).replace(day=1))
    found = awarding.given(reading, submission.owner, codes, spans)
    return {code: Given(*found[code]) if code in found else NOTHING for code in codes}
