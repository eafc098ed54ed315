"""Entries by staff, for citizens who come to a desk, call or write on paper."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, desks
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.v1.actions import SubmissionOut, present
from api.v1.shapes import BIGINT_MAX, In
from identity.roles import Role
from kernel.db import Work
from rewards.desk import Channel
from rewards.submitting import NewSubmission

router = APIRouter(tags=["desk"])
Clerk = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]


class DeskEntryIn(In):
    """What a citizen told staff."""

    who: str = Field(
        max_length=254,
        examples=["K7QM-3ZPX"],
        description="E-mail address, or the code of the citizen's card",
    )
    channel: Channel = Field(examples=["telephone"])
    action: str = Field(default="", max_length=60, examples=["suggestion"])
    occasion_id: int | None = Field(
        default=None, ge=0, le=BIGINT_MAX, description="In place of an action: what they took part in"
    )
    case_id: str = Field(
        default="", max_length=80, description="For an action that another system vouches for"
    )
    description: str = Field(default="", max_length=8000, examples=["Ein Trinkbrunnen am Sonnenwall."])
    category: str | None = Field(default=None, max_length=60, examples=["services"])
    address: str | None = Field(default=None, max_length=400, examples=["Königstraße 10"])
    facts: dict[str, bool | int | str] = Field(default_factory=dict, examples=[{}])


@router.post(
    "/desk/submissions", status_code=201, summary="Enter for a citizen", response_model=SubmissionOut
)
async def enter(request: Request, caller: Clerk, body: DeskEntryIn, key: IdempotencyKey) -> JSONResponse:
    """Hand something in for a citizen: the same checks and rules, and somebody else decides it."""

    def command(work: Work) -> Mapping[str, Any]:
        found = desks.find(work, body.who)
        clerk = desks.clerk(caller, body.channel, found.identified_by)
        if body.occasion_id is not None:
            made = desks.enter_presence(work, caller, caller.city, body.occasion_id, found.person, clerk)
            return present(work, made)
        evidence_key, facts = desks.case_facts(work, body.action, body.case_id)
        new = NewSubmission(
            action=body.action,
            owner=found.person.owner,
            source="desk",
            description=body.description,
            category=body.category,
            address=body.address,
            evidence_key=evidence_key,
            trust_level=found.person.trust_level.value,
            facts={**body.facts, **facts},
        )
        return present(work, desks.enter(work, caller, caller.city, new, clerk))

    return await commanding.answer(request, caller, key, command, status=201)
