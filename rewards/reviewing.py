"""Reviewing: a case worker decides what the checks could not, and the outcome of what was accepted.

Accepting lets the rules give their points; declining gives none. Later the outcome (the litter is cleared,
the application granted) confirms pending points or releases them. Each step happens once; repeating it
changes nothing. A public report follows: its case moves with the decision.
"""

from kernel.cities import City
from kernel.db import Work
from kernel.errors import Conflict, Forbidden, Invalid
from rewards import awarding, checking, concluding, early_outcomes, handling, submissions, submitting
from rewards.cases import Event, Points
from rewards.checking import Result
from rewards.concluding import Said
from rewards.submissions import Status, Submission

REASON_MAX = 500
OVERDUE_AT_ONCE = 100
"""Of one unit of work: everybody else's writes wait meanwhile."""


def accept(
    work: Work, city: City, submission_id: int, *, reviewer_id: int, reviewer_owner: str, reason: str = ""
) -> Submission:
    """Accept a submission that waits for review; the rules give their points.

    What a check holds needs a reason. Raises NotFound, Invalid `hold-without-reason`, Forbidden
    `own-submission` or `own-entry`, Conflict `submission-already-decided`.
    """
    submission = _waiting(work, submission_id, reviewer_owner, reviewer_id, Status.ACCEPTED)
    if submission.status is Status.REVIEW:
        findings = submissions.findings(work, submission_id)
        if not reason.strip() and checking.worst(findings) is Result.HOLD:
            raise Invalid("hold-without-reason", field="reason")
        submitting.decide(work, city, submission, reviewer_id=reviewer_id, reason=_checked(reason))
        apply_early_outcome(work, city, submissions.get(work, submission_id))
        handling.settle(work, city, submission_id)
    return submissions.get(work, submission_id)


def decline(
    work: Work, city: City, submission_id: int, *, reviewer_id: int, reviewer_owner: str, reason: str
) -> Submission:
    """Decline a submission that waits for review, with a reason that the citizen reads.

    Raises NotFound, Forbidden `own-submission` or `own-entry`, Invalid `reason-missing`, Conflict
    `submission-already-decided`.
    """
    submission = _waiting(work, submission_id, reviewer_owner, reviewer_id, Status.DECLINED)
    if submission.status is Status.REVIEW:
        if not reason.strip():
            raise Invalid("reason-missing", field="reason")
        _end(work, city, submission, Event.REFUSE, Said(reviewer_id, _checked(reason)))
    return submissions.get(work, submission_id)


def confirm(
    work: Work,
    city: City,
    submission_id: int,
    *,
    reviewer_id: int | None,
    reviewer_owner: str = "",
    reason: str = "",
) -> Submission:
    """Note that the outcome confirms an accepted submission: pending points are given.

    Without a reviewer the outcome came from another city system or from time passing. Raises NotFound,
    Forbidden `own-submission` or `own-entry`, Conflict `submission-not-accepted`.
    """
    submission = _accepted(work, submission_id, reviewer_owner, reviewer_id, Status.DONE)
    if submission.status is Status.ACCEPTED:
        _end(work, city, submission, Event.DONE, Said(reviewer_id, _checked(reason)))
    return submissions.get(work, submission_id)


def reject(
    work: Work,
    city: City,
    submission_id: int,
    *,
    reviewer_id: int | None,
    reviewer_owner: str = "",
    reason: str,
) -> Submission:
    """Note that the outcome does not confirm an accepted submission: pending points go back.

    Raises NotFound, Forbidden `own-submission` or `own-entry`, Invalid `reason-missing`, Conflict
    `submission-not-accepted`.
    """
    submission = _accepted(work, submission_id, reviewer_owner, reviewer_id, Status.REJECTED)
    if submission.status is Status.ACCEPTED:
        if not reason.strip():
            raise Invalid("reason-missing", field="reason")
        _end(work, city, submission, Event.DECLINE, Said(reviewer_id, _checked(reason)))
    return submissions.get(work, submission_id)


def apply_early_outcome(work: Work, city: City, submission: Submission) -> None:
    """Let an outcome that was told too early have its effect, once the submission is accepted."""
    if submission.status is not Status.ACCEPTED:
        return
    early = early_outcomes.waiting(work, submission.action, submission.evidence_key)
    if early is None:
        return
    decide = confirm if early.confirmed else reject
    decide(work, city, submission.submission_id, reviewer_id=None, reason=early.reason)
    early_outcomes.close(work, submission.action, submission.evidence_key)


def confirm_overdue(work: Work, city: City, *, limit: int = OVERDUE_AT_ONCE) -> int:
    """Confirm what nobody rejected within `awarding.CONFIRM_AFTER`; return how many. There may be more.

    A public report stays as it is: its reporter is not to wait for the city, and the city is not done.
    """
    overdue = submissions.by_ids(work, awarding.overdue(work, limit)).values()
    said = Said(reason="not-rejected-in-time")
    for submission in overdue:
        concluding.conclude(work, city, submission, Points.CONFIRMED, said)
    return sum(submission.status is Status.ACCEPTED for submission in overdue)


def _end(work: Work, city: City, submission: Submission, event: Event, said: Said) -> None:
    if not handling.follow(work, city, submission, event, said):
        points = Points.CONFIRMED if event is Event.DONE else Points.RELEASED
        concluding.conclude(work, city, submission, points, said)


def _waiting(
    work: Work, submission_id: int, reviewer_owner: str, reviewer_id: int | None, wanted: Status
) -> Submission:
    submission = _not_own(work, submission_id, reviewer_owner, reviewer_id)
    if submission.status not in {Status.REVIEW, wanted}:
        raise Conflict("submission-already-decided", status=submission.status.value)
    return submission


def _accepted(
    work: Work, submission_id: int, reviewer_owner: str, reviewer_id: int | None, wanted: Status
) -> Submission:
    submission = _not_own(work, submission_id, reviewer_owner, reviewer_id)
    if submission.status not in {Status.ACCEPTED, wanted}:
        raise Conflict("submission-not-accepted", status=submission.status.value)
    return submission


def _not_own(work: Work, submission_id: int, reviewer_owner: str, reviewer_id: int | None) -> Submission:
    submission = submissions.get(work, submission_id)
    if submission.owner == reviewer_owner:
        raise Forbidden("own-submission")
    if reviewer_id is not None and submissions.entered_by(work, submission_id) == reviewer_id:
        raise Forbidden("own-entry")
    return submission


def _checked(reason: str) -> str:
    if len(reason) > REASON_MAX:
        raise Invalid("reason-too-long", field="reason", maximum=REASON_MAX)
    return reason.strip()
