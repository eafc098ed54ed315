"""Confirming: seeing the same as somebody else and saying so, instead of reporting it again.

A confirmation is a contribution of its own, with an action of its own that rules may reward; its points are
settled with the case. The rules learn the place in the queue: the reporter is the first.
"""

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden
from rewards import case_files, submissions, submitting
from rewards.submissions import Submission
from rewards.submitting import NewSubmission

ACTION = "report-confirmation"


def confirm(work: Work, city: City, case_id: int, owner: str, trust_level: str = "basic") -> Submission:
    """Confirm the report of somebody else; return the contribution. Again gives the same one.

    Raises NotFound `report-not-found`, Forbidden `own-report`, Conflict `report-closed`, and what submitting
    refuses.
    """
    case = case_files.get(work, case_id)
    before = find(work, case_id, owner)
    if before is not None:
        return before
    if case.submission_id is not None and submissions.get(work, case.submission_id).owner == owner:
        raise Forbidden("own-report")
    if not case.light.is_open:
        raise Conflict("report-closed", light=case.light.value)
    new = NewSubmission(
        action=ACTION,
        owner=owner,
        source="app",
        category=case.category,
        district=case.district,
        evidence_key=_key(case_id, owner),
        trust_level=trust_level,
        facts={"queue_place": case.confirmations + 2},
    )
    submission, _ = submitting.submit(work, city, new)
    case_files.add_confirmation(work, case, submission.submission_id)
    return submission


def find(reading: Reading, case_id: int, owner: str) -> Submission | None:
    """Return somebody's confirmation of a case."""
    return submissions.by_evidence(reading, ACTION, _key(case_id, owner))


def _key(case_id: int, owner: str) -> str:
    return f"report/{case_id}/{owner}"
