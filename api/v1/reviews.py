"""The review queue and the outcomes of submissions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, services
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.v1 import actions
from api.v1.actions import SubmissionOut
from api.v1.shapes import BIGINT_MAX, In, Limit, LongId, Paged
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from rewards import reviewing, submissions

router = APIRouter(tags=["review"])
CaseWorker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]


class _Reviewer(TypedDict):
    reviewer_id: int
    reviewer_owner: str
    reason: str


class ReasonIn(In):
    """Why; the citizen reads it."""

    reason: str = Field(default="", max_length=500, examples=["Vor Ort war nichts zu finden."])


@router.get("/review/queue", summary="What waits for a person")
def queue(
    request: Request,
    caller: CaseWorker,
    after: Annotated[int, Query(ge=0, le=BIGINT_MAX, description="`next` of the page before")] = 0,
    limit: Limit = 50,
) -> Paged[SubmissionOut]:
    """Return a page of the queue, the longest waiting first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = submissions.waiting(reading, after=after, limit=limit)
        items = [SubmissionOut.model_validate(actions.present(reading, one)) for one in found]
    return Paged(items=items, next=str(found[-1].submission_id) if len(found) == limit else None)


@router.post("/review/submissions/{submission_id}/{decision}", summary="Decide", response_model=SubmissionOut)
async def decide(
    request: Request,
    caller: CaseWorker,
    submission_id: LongId,
    decision: Literal["accept", "decline", "confirm", "reject"],
    body: ReasonIn,
    key: IdempotencyKey,
) -> JSONResponse:
    """Accept or decline what waits; confirm or reject the outcome of what was accepted."""
    person = caller.person_session.person
    who = _Reviewer(reviewer_id=person.person_id, reviewer_owner=person.owner, reason=body.reason)

    def command(work: Work) -> Mapping[str, Any]:
        if decision == "accept":
            found = reviewing.accept(work, caller.city, submission_id, **who)
        elif decision == "decline":
            found = reviewing.decline(work, caller.city, submission_id, **who)
        elif decision == "confirm":
            found = reviewing.confirm(work, caller.city, submission_id, **who)
        else:
            found = reviewing.reject(work, caller.city, submission_id, **who)
        auditing.record(work, caller.scope, f"submission-{decision}", f"submission/{submission_id}", {})
        return actions.present(work, found)

    return await commanding.answer(request, caller, key, command)
