"""Concluding: how one contribution ends, with its pending points given or taken back, each once.

No question of who may: that is asked by reviewing and handling.
"""

from typing import NamedTuple

from kernel.cities import City
from kernel.db import Work
from rewards import awarding, submissions
from rewards.cases import Points
from rewards.submissions import Status, Submission


class Said(NamedTuple):
    """Who concluded and what the citizen reads; no reviewer if another system or time did."""

    reviewer_id: int | None = None
    reason: str = ""


POINTS: dict[Status, Points] = {
    Status.REVIEW: Points.UNDECIDED,
    Status.ACCEPTED: Points.PENDING,
    Status.DECLINED: Points.RELEASED,
    Status.DONE: Points.CONFIRMED,
    Status.REJECTED: Points.RELEASED,
}
"""How far the points of a submission are."""


def conclude(work: Work, city: City, submission: Submission, points: Points, said: Said) -> None:
    """Bring the points of a submission to where they belong; being there already changes nothing."""
    if POINTS[submission.status] is points:
        return
    if points is Points.CONFIRMED and submission.status is Status.ACCEPTED:
        awarding.confirm(work, city, submission.submission_id)
        _close(work, submission, Status.DONE, said)
    elif points is Points.RELEASED and submission.status is Status.ACCEPTED:
        awarding.reject(work, city, submission.submission_id)
        _close(work, submission, Status.REJECTED, said)
    elif points is Points.RELEASED and submission.status is Status.REVIEW:
        submissions.set_status(work, submission.submission_id, Status.DECLINED, decided_at=work.now)
        _note(work, submission, Status.DECLINED, said)


def _close(work: Work, submission: Submission, status: Status, said: Said) -> None:
    submissions.set_status(work, submission.submission_id, status, closed_at=work.now)
    _note(work, submission, status, said)


def _note(work: Work, submission: Submission, status: Status, said: Said) -> None:
    submissions.note(
        work, submission.submission_id, status, reason=said.reason, receipt={}, reviewer_id=said.reviewer_id
    )
