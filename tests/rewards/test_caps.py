"""Caps count by the day on which something was handed in, whenever it is decided."""

import datetime as dt

import pytest

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import chart
from rewards import action_types, awarding, programme, reviewing, submissions, submitting
from rewards.submissions import Status
from rewards.submitting import NewSubmission

OWNER, AUTHOR, APPROVER, REVIEWER = "p-anna", 1, 2, 3


@pytest.fixture
def town(database: Database, city_id: int) -> Database:
    """Give a city that rewards suggestions: 40 points, once a day, twice a month."""

    def found(work: Work) -> None:
        city = cities.get(work)
        chart.open_chart(work)
        chart.fund_budget(
            work,
            "participation",
            10_000,
            effective=dt.date(2026, 1, 1),
            reference="council",
            transfer_id=work.ids.uuid(),
        )
        (version,) = (rule for rule in action_types.starter_rules() if rule.action == "suggestion")
        stored = programme.draft(work, city, version, AUTHOR)
        programme.approve(work, stored.version_hash, APPROVER)
        programme.activate(work, stored.version_hash)

    database.run(city_id, found)
    return database


def _suggest(work: Work) -> int:
    """Hand in a suggestion that a person has to look at first."""
    new = NewSubmission(
        action="suggestion",
        owner=OWNER,
        source="app",
        category="green",
        description="A bench in the shade beside the playground in the park.",
        doubts=["look-at-it"],
    )
    submission, _ = submitting.submit(work, cities.get(work), new)
    assert submission.status is Status.REVIEW
    return submission.submission_id


def _accept(database: Database, city_id: int, submission_id: int) -> tuple[int, str]:
    """Accept a suggestion; return the points that it earned, and the reason."""

    def accept(work: Work) -> tuple[int, str]:
        reviewing.accept(
            work, cities.get(work), submission_id, reviewer_id=REVIEWER, reviewer_owner="p-other"
        )
        points = sum(award.points for award in awarding.of_submission(work, submission_id))
        (decided,) = submissions.history(work, [submission_id]).values()
        return points, str(decided[-1].receipt["reason"])

    return database.run(city_id, accept)


def _reject(database: Database, city_id: int, submission_id: int) -> None:
    """Take an acceptance back."""
    database.run(city_id, lambda work: awarding.reject(work, cities.get(work), submission_id))


def test_waiting_for_review_does_not_get_around_the_caps(
    town: Database, city_id: int, clock: FixedClock
) -> None:
    """Three handed in on one day and accepted on the next are still one award; the fourth of the month is none."""
    first = [town.run(city_id, _suggest) for _ in range(3)]
    clock.advance(dt.timedelta(days=1))
    second = [town.run(city_id, _suggest) for _ in range(2)]
    clock.advance(dt.timedelta(days=1))
    third = town.run(city_id, _suggest)

    assert [(40, "awarded"), (0, "cap-day"), (0, "cap-day")] == [_accept(town, city_id, one) for one in first]
    assert [(40, "awarded"), (0, "cap-day")] == [_accept(town, city_id, one) for one in second]
    assert (0, "cap-month") == _accept(town, city_id, third)


def test_a_pile_decided_on_one_day_is_not_one_days_worth(
    town: Database, city_id: int, clock: FixedClock
) -> None:
    """Whoever waited for the office loses nothing: each day's suggestion has its own day."""
    first = town.run(city_id, _suggest)
    clock.advance(dt.timedelta(days=1))
    second = town.run(city_id, _suggest)

    assert [(40, "awarded"), (40, "awarded")] == [_accept(town, city_id, one) for one in (first, second)]


def test_what_was_given_before_a_rejection_counts(town: Database, city_id: int, clock: FixedClock) -> None:
    """Who takes reports back again and again, and keeps what was given at triage, reaches the cap all the same."""

    def some_now(work: Work) -> None:
        (stored,) = programme.active(work)
        changed = stored.version.model_copy(update={"now_percent": 25})
        version = programme.draft(work, cities.get(work), changed, AUTHOR)
        programme.approve(work, version.version_hash, APPROVER)
        programme.activate(work, version.version_hash)

    town.run(city_id, some_now)
    earned = []
    for _ in range(3):
        number = town.run(city_id, _suggest)
        earned.append(_accept(town, city_id, number)[0])
        _reject(town, city_id, number)
        clock.advance(dt.timedelta(minutes=5))

    assert [40, 0, 0] == earned
