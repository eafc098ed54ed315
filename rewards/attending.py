"""Taking part in an occasion: what counts is having been there or having answered, never what was said.

An answer to a poll is counted in the same transaction, without a name and without a time; nothing that is
kept leads from a person to an answer.
"""

from kernel.cities import City
from kernel.db import Work
from kernel.errors import Conflict, Invalid
from rewards import attendance_codes, occasions, reviewing, submissions, submitting
from rewards.occasions import Occasion, Stage
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission

NOTED = "attendance-noted"
_REFUSED = {
    Stage.AHEAD: "occasion-ahead",
    Stage.OVER: "occasion-over",
    Stage.CANCELLED: "occasion-cancelled",
}


def attend(
    work: Work, city: City, occasion_id: int, *, owner: str, trust_level: str, code: str
) -> Submission:
    """Note that somebody was there, by the code that is shown there; again gives the first answer.

    Raises NotFound, Conflict occasion-ahead, occasion-over, occasion-cancelled, Invalid
    attendance-code-wrong, occasion-is-poll.
    """
    occasion = _open(work, occasion_id)
    if occasion.is_poll:
        raise Invalid("occasion-is-poll", field="code")
    if not attendance_codes.is_valid(occasion.secret, code, work.now, printed=occasion.printed_code):
        raise Invalid("attendance-code-wrong", field="code")
    return _take_part(work, city, occasion, owner, trust_level, "app")[0]


def answer(
    work: Work, city: City, occasion_id: int, *, owner: str, trust_level: str, option: str
) -> Submission:
    """Count an answer to a poll and note that somebody answered; a second answer is not counted.

    Raises NotFound, Conflict occasion-ahead, occasion-over, occasion-cancelled, Invalid option-missing.
    """
    occasion = _open(work, occasion_id)
    if option not in {one["code"] for one in occasion.options}:
        raise Invalid("option-missing", field="option")
    submission, known = _take_part(work, city, occasion, owner, trust_level, "app")
    if not known:
        occasions.count_answer(work, occasion_id, option)
    return submission


def note_presence(
    work: Work, city: City, occasion_id: int, *, owner: str, trust_level: str
) -> tuple[Submission, bool]:
    """Note for somebody, by a list on paper, that they were there; return it and whether it was known.

    Raises NotFound, Conflict occasion-ahead, occasion-cancelled, Invalid occasion-is-poll.
    """
    occasion = occasions.get(work, occasion_id)
    if occasion.is_poll:
        raise Invalid("occasion-is-poll", field="occasion")
    stage = occasion.stage(work.now)
    if stage in {Stage.AHEAD, Stage.CANCELLED}:
        raise Conflict(_REFUSED[stage])
    return _take_part(work, city, occasion, owner, trust_level, "desk")


def _open(work: Work, occasion_id: int) -> Occasion:
    occasion = occasions.get(work, occasion_id)
    stage = occasion.stage(work.now)
    if stage is not Stage.OPEN:
        raise Conflict(_REFUSED[stage])
    return occasion


def _take_part(
    work: Work, city: City, occasion: Occasion, owner: str, trust_level: str, source: str
) -> tuple[Submission, bool]:
    crowded = occasions.attendance(work, occasion) >= occasion.expected
    new = NewSubmission(
        action=occasion.action,
        owner=owner,
        source=source,
        category=occasion.kind,
        evidence_key=occasions.evidence_key(occasion.occasion_id, owner),
        trust_level=trust_level,
        facts={"event": str(occasion.occasion_id), "attended": True},
        doubts=["more-than-expected"] if crowded else [],
    )
    submission, known = submitting.submit(work, city, new)
    # Having been there is the outcome: nothing is left to wait for.
    if not known and submission.status is Status.ACCEPTED:
        reviewing.confirm(work, city, submission.submission_id, reviewer_id=None, reason=NOTED)
    return submissions.get(work, submission.submission_id), known
