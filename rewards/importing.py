"""Importing reports that another system has taken in (Open311 GeoReport v2).

Each entry ends as exactly one result: an award, a review or a stated refusal. A report is known by its
origin's id, so importing a file again awards nothing.
"""

import enum
from dataclasses import dataclass

from kernel.cities import City
from kernel.db import Work
from rewards import awarding, reviewing, submissions, submitting
from rewards.open311 import Open311Report, Refusal, ReportStatus
from rewards.submissions import Status
from rewards.submitting import NewSubmission

SOURCE = "open311"
_ADDRESS_MAX = submitting.ADDRESS_MAX


class Ending(enum.StrEnum):
    """How an entry ended."""

    AWARD = "award"
    REVIEW = "review"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one entry of the file; `reason` is a code."""

    index: int
    request_id: str | None
    ending: Ending
    reason: str
    points: int = 0
    known_before: bool = False


def import_entry(
    work: Work, city: City, entry: Open311Report | Refusal, *, origin: str, owner: str
) -> Imported:
    """Take one entry of a file in. `origin` names the system it comes from, `owner` who reported it."""
    if isinstance(entry, Refusal):
        return Imported(entry.index, entry.service_request_id, Ending.REFUSED, entry.reason)
    if entry.action is None:
        return Imported(
            entry.index, entry.service_request_id, Ending.REFUSED, f"not-rewarded:{entry.category}"
        )
    submission, known = submitting.submit(
        work,
        city,
        NewSubmission(
            action=entry.action,
            owner=owner,
            source=SOURCE,
            description=entry.description or "",
            category=entry.category,
            address=entry.address[:_ADDRESS_MAX] if entry.address else None,
            latitude_e6=None if entry.latitude is None else round(entry.latitude * 1_000_000),
            longitude_e6=None if entry.longitude is None else round(entry.longitude * 1_000_000),
            occurred_at=entry.requested_at,
            evidence_key=f"{SOURCE}/{origin}/{entry.service_request_id}",
            doubts=entry.reasons,
        ),
    )
    if entry.status is ReportStatus.CLOSED and submission.status is Status.ACCEPTED:
        submission = reviewing.confirm(work, city, submission.submission_id, reviewer_id=None, reason="")
    return _result(work, entry, submission.submission_id, submission.status, known=known)


def _result(work: Work, entry: Open311Report, submission_id: int, status: Status, *, known: bool) -> Imported:
    awards = awarding.of_submission(work, submission_id)
    points = sum(award.points for award in awards)
    steps = submissions.history(work, [submission_id])[submission_id]
    last = steps[-1] if steps else None
    reason = (last.reason or str(last.receipt.get("reason", ""))) if last else ""
    decided = Ending.AWARD if points else Ending.REFUSED
    ending = Ending.REVIEW if status is Status.REVIEW else decided
    return Imported(
        entry.index, entry.service_request_id, ending, reason, 0 if known else points, known_before=known
    )
