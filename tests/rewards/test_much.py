"""Much of something hides nothing and leaves nothing undone."""

import pytest

from api import working
from kernel.clock import FixedClock
from kernel.db import Database
from rewards import gathering, reviewing, submissions
from rewards.submissions import Status
from tests.rewards.suspects import DAY, Town


def test_whatever_else_somebody_does_the_same_service_is_seen(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More contributions of other kinds than are looked at do not push an application out of sight."""
    monkeypatch.setattr(gathering, "ROWS_MAX", 3)
    town = Town(database, clock)
    assert Status.ACCEPTED is town.apply("p-anna", "2026-1", "residence").status
    for _ in range(5):
        clock.advance(DAY)
        town.suggest("p-anna")

    again = town.apply("p-anna", "2026-2", "residence")

    with database.reading(town.city.city_id) as reading:
        found = {one.reason for one in submissions.findings(reading, again.submission_id)}
    assert (Status.REVIEW, True) == (again.status, "service-again" in found)
    assert Status.ACCEPTED is town.apply("p-ben", "2026-3", "residence").status


def test_a_backlog_is_cleared_in_one_day(database: Database, clock: FixedClock) -> None:
    """However many are overdue at once: in units so short that others can write between them."""
    town, rounds = Town(database, clock), []
    people = [f"p-{number}" for number in range(5)]
    for number, owner in enumerate(people):
        town.apply(owner, f"2026-{number}", "residence")
    clock.advance(31 * DAY)

    def step() -> int:
        done = database.run(
            town.city.city_id, lambda work: reviewing.confirm_overdue(work, town.city, limit=2)
        )
        rounds.append(done)
        return done

    working.in_rounds(step)

    assert [2, 2, 1, 0] == rounds
    with database.reading(town.city.city_id) as reading:
        statuses = {one.status for owner in people for one in submissions.of_owner(reading, owner)}
    assert {Status.DONE} == statuses
