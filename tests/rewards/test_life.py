"""The life of a version: each step in its order, by the right person, in force exactly from its instant."""

import datetime as dt
from collections.abc import Callable

import pytest

from kernel import cities
from kernel.cities import NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import DomainError
from ledger import chart
from rewards import awarding, programme, submissions, submitting, validity, version_steps
from rewards.programme import RuleStatus
from rewards.submissions import Status
from rewards.submitting import NewSubmission
from rewards.validity import Period
from rewards.version_steps import Kind
from tests.rewards import made

AUTHOR, APPROVER = 1, 2
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def city_id(database: Database) -> int:
    """Give a city with a budget for litter."""
    city = cities.found(database, NewCity("duisburg", "Duisburg"))

    def fund(work: Work) -> None:
        chart.open_chart(work)
        chart.fund_budget(
            work, "litter", 10_000, effective=work.now.date(), reference="DS 1", transfer_id=work.ids.uuid()
        )

    database.run(city.city_id, fund)
    return city.city_id


def _approved(work: Work, points: int) -> str:
    """Return an approved version that gives so many points for any suggestion."""
    version = made.rule(
        action="suggestion", when=made.ALWAYS, effect={"kind": "fixed", "points": points}, now_percent=100
    )
    stored = programme.draft(work, cities.get(work), version, AUTHOR)
    return programme.approve(work, stored.version_hash, APPROVER).version_hash


def _suggest(work: Work, *doubts: str) -> int:
    new = NewSubmission(
        "suggestion", "anna", "app", "A bench in the shade of the trees.", "green", doubts=doubts
    )
    return submitting.submit(work, cities.get(work), new)[0].submission_id


def _points(database: Database, city_id: int, submission_id: int) -> int:
    with database.reading(city_id) as reading:
        return sum(one.points for one in awarding.of_submission(reading, submission_id))


def _refused(database: Database, city_id: int, command: Callable[[Work], object]) -> str:
    with pytest.raises(DomainError) as refused:
        database.run(city_id, command)
    return refused.value.code


def test_each_step_has_its_time_and_its_note(database: Database, city_id: int, clock: FixedClock) -> None:
    """Draft, simulated, approved, scheduled, in force, retired: by whom, when and why stays readable."""
    version_hash = database.run(
        city_id, lambda work: programme.draft(work, cities.get(work), made.rule(), AUTHOR).version_hash
    )
    later = clock.now() + HOUR
    statuses = [
        database.run(city_id, step).status
        for step in (
            lambda work: programme.simulated(work, version_hash, AUTHOR, {"points": 900}),
            lambda work: programme.approve(work, version_hash, APPROVER, note=""),
            lambda work: programme.activate(
                work, version_hash, at=later, actor_id=APPROVER, note="As agreed"
            ),
        )
    ]
    assert [RuleStatus.SIMULATED, RuleStatus.APPROVED, RuleStatus.SCHEDULED] == statuses
    clock.advance(HOUR)
    with database.reading(city_id) as reading:
        assert programme.get(reading, version_hash).status is RuleStatus.ACTIVE
    retired = database.run(city_id, lambda work: programme.retire(work, version_hash, actor_id=APPROVER))
    assert (RuleStatus.RETIRED, later, later) == (retired.status, retired.active_from, retired.active_until)
    with database.reading(city_id) as reading:
        steps = version_steps.of_version(reading, version_hash)
    assert [
        (Kind.DRAFTED, AUTHOR, ""),
        (Kind.SIMULATED, AUTHOR, ""),
        (Kind.APPROVED, APPROVER, ""),
        (Kind.SCHEDULED, APPROVER, "As agreed"),
        (Kind.RETIRED, APPROVER, ""),
    ] == [(one.kind, one.actor_id, one.note) for one in steps]
    assert ({"points": 900}, later) == (steps[1].details, steps[3].effective_at)


def test_a_step_out_of_order_is_refused(database: Database, city_id: int, clock: FixedClock) -> None:
    """Nobody approves their own or what was not tried without a word; dates lie ahead and are free."""
    run = database.run
    draft = run(
        city_id, lambda work: programme.draft(work, cities.get(work), made.rule(), AUTHOR)
    ).version_hash
    first, second = run(city_id, lambda work: (_approved(work, 5), _approved(work, 6)))
    soon = clock.now() + HOUR

    def refused(command: Callable[[Work], object]) -> str:
        return _refused(database, city_id, command)

    assert "own-rule" == refused(lambda work: programme.approve(work, draft, AUTHOR))
    assert "approval-without-simulation" == refused(
        lambda work: programme.approve(work, draft, APPROVER, note=" ")
    )
    assert "note-too-long" == refused(lambda work: programme.approve(work, draft, APPROVER, note="x" * 501))
    assert "note-missing" == refused(lambda work: version_steps.note(work, draft, AUTHOR, " "))
    assert "rule-not-draft" == refused(lambda work: programme.approve(work, first, 3))
    assert "rule-not-found" == refused(lambda work: programme.simulated(work, "feed", AUTHOR))
    assert "rule-not-scheduled" == refused(lambda work: programme.withdraw(work, first))
    assert "rule-not-active" == refused(lambda work: programme.retire(work, first))
    assert "rule-not-approved" == refused(lambda work: programme.activate(work, draft))
    past, far = clock.now() - HOUR, clock.now() + programme.AHEAD_MAX + HOUR
    assert "activation-in-the-past" == refused(lambda work: programme.activate(work, first, at=past))
    assert "activation-too-far-ahead" == refused(lambda work: programme.activate(work, first, at=far))
    run(city_id, lambda work: programme.activate(work, first, at=soon))
    assert "rule-already-scheduled" == refused(lambda work: programme.activate(work, first))
    assert "instant-taken" == refused(lambda work: programme.activate(work, second, at=soon))
    clock.advance(HOUR)
    assert "rule-already-active" == refused(lambda work: programme.activate(work, first))


def test_a_schedule_takes_effect_at_its_instant(database: Database, city_id: int, clock: FixedClock) -> None:
    """No worker runs: what comes in before the instant follows the old version, from it on the new one."""
    run = database.run
    old, new = run(city_id, lambda work: (_approved(work, 5), _approved(work, 7)))
    run(city_id, lambda work: programme.activate(work, old))
    run(city_id, lambda work: programme.activate(work, new, at=work.now + HOUR))
    clock.advance(HOUR - dt.timedelta(microseconds=1))
    before = run(city_id, _suggest)
    waiting = run(city_id, lambda work: _suggest(work, "look-at-it"))
    clock.advance(dt.timedelta(microseconds=1))
    after = run(city_id, _suggest)

    assert (5, 7) == (_points(database, city_id, before), _points(database, city_id, after))

    def accept(work: Work) -> Status:
        submission = submissions.get(work, waiting)
        submitting.decide(work, cities.get(work), submission, reviewer_id=9)
        return submissions.get(work, waiting).status

    assert Status.ACCEPTED is run(city_id, accept)
    assert 5 == _points(database, city_id, waiting), "what was in force when it was handed in counts"


def test_a_date_taken_back_leaves_the_old_version_in_force(
    database: Database, city_id: int, clock: FixedClock
) -> None:
    """And a retired version can come back: its old times in force stay on record."""
    run = database.run
    old, new = run(city_id, lambda work: (_approved(work, 5), _approved(work, 7)))
    run(city_id, lambda work: programme.activate(work, old))
    run(city_id, lambda work: programme.activate(work, new, at=work.now + HOUR))
    withdrawn = run(city_id, lambda work: programme.withdraw(work, new))
    clock.advance(2 * HOUR)
    with database.reading(city_id) as reading:
        assert ([old], RuleStatus.APPROVED) == (programme.active_hashes(reading), withdrawn.status)

    run(city_id, lambda work: programme.activate(work, new))
    clock.advance(HOUR)
    back = run(city_id, lambda work: programme.activate(work, old))
    assert (RuleStatus.ACTIVE, 2) == (back.status, len(back.spans))
    with database.reading(city_id) as reading:
        assert RuleStatus.RETIRED is programme.get(reading, new).status
        begun = [programme.active_hashes(reading, clock.now() - hours * HOUR) for hours in (0, 1, 2, 4)]
    assert [[old], [new], [old], []] == begun


def test_a_retired_rule_does_not_give_way_to_an_older_one() -> None:
    """What a version replaced stays replaced when it is taken out of force itself."""
    at = made.NOON
    periods = [
        Period(1, "litter", "a", at, None),
        Period(2, "litter", "b", at + HOUR, at + 2 * HOUR),
        Period(3, "other", "c", at + HOUR, None),
    ]

    found = [validity.in_force(periods, at + hours * HOUR) for hours in (-1, 0, 1, 2)]

    assert [[], ["a"], ["b", "c"], ["c"]] == found
