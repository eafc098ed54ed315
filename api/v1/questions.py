"""Was that you? What citizens are asked about uses of their vouchers, and what they object to."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import IdText, In, LongId
from kernel.db import Reading, Work
from redemption import claims, objecting
from redemption.claims import REMARK_MAX, Answer, Claim
from redemption.objecting import Decision

router = APIRouter(tags=["vouchers"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class DecisionOut(BaseModel):
    """What the city decided about an objection."""

    outcome: str = Field(description="city, venue or declined", examples=["city"])
    points: int = Field(description="Given back", examples=[120])
    reason: str = Field(examples=["Die Einrichtung hat den Irrtum bestätigt."])
    decided_at: dt.datetime


class QuestionOut(BaseModel):
    """A question of the city, or an objection."""

    question_id: IdText
    kind: str = Field(
        description="used-twice: the city asks. disputed: you said that it was not you",
        examples=["used-twice"],
    )
    voucher_id: str = Field(examples=["8f0c1d2e3a4b5c6d"])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte Hallenbad", "en": "Single pool ticket"}])
    venue: str = Field(examples=["Rhein-Ruhr-Bad"])
    happened_at: dt.datetime | None = Field(description="When it was used, the second time if twice")
    first_at: dt.datetime | None = Field(description="When it was used before, if twice and known")
    asked_at: dt.datetime
    answer: str | None = Field(description="yes, no, or absent", examples=["no"])
    remark: str | None = Field(examples=["Ich war an dem Tag nicht da."])
    decision: DecisionOut | None = Field(default=None, description="Of an objection, once there is one")


class AnswerIn(In):
    """Whether it was you."""

    answer: Answer = Field(examples=["no"])
    remark: str = Field(default="", max_length=REMARK_MAX, examples=["Ich war an dem Tag nicht da."])


class ObjectionIn(In):
    """What speaks against it."""

    remark: str = Field(default="", max_length=REMARK_MAX, examples=["Ich war an dem Tag nicht da."])


@router.get("/questions", summary="Was that you?")
def every(request: Request, caller: Citizen) -> list[QuestionOut]:
    """Return what the city asks you and what you objected to, newest first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = claims.of_owner(reading, owner)
        decided = objecting.by_claim(reading, [one.claim_id for one in found])
    return [_out(one, decided.get(one.claim_id)) for one in found]


@router.post("/questions/{question_id}/answer", summary="Answer a question", response_model=QuestionOut)
async def answer(
    request: Request, caller: Citizen, question_id: LongId, body: AnswerIn, key: IdempotencyKey
) -> JSONResponse:
    """Say whether it was you. Nobody loses points by an answer; the same again changes nothing."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return _plain(work, claims.answer(work, owner, question_id, body.answer, body.remark))

    return await commanding.answer(request, caller, key, command)


@router.post(
    "/receipts/{receipt_id}/objection",
    status_code=201,
    summary="That was not me",
    response_model=QuestionOut,
)
async def object_to(
    request: Request, caller: Citizen, receipt_id: LongId, body: ObjectionIn, key: IdempotencyKey
) -> JSONResponse:
    """Object to a redemption by its receipt; the city decides who bears it. Again gives the first."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return _plain(work, objecting.object_to(work, owner, receipt_id, body.remark))

    return await commanding.answer(request, caller, key, command, status=201)


def _plain(reading: Reading, claim: Claim) -> dict[str, Any]:
    decision = objecting.by_claim(reading, [claim.claim_id]).get(claim.claim_id)
    return _out(claim, decision).model_dump(mode="json")


def _out(claim: Claim, decision: Decision | None) -> QuestionOut:
    said = claim.facts
    return QuestionOut(
        question_id=str(claim.claim_id),
        kind=claim.kind.value,
        voucher_id=claim.voucher_id,
        titles=said.get("titles", {}),
        venue=said.get("venue", ""),
        happened_at=claims.moment(claim, "second_at") or claims.moment(claim, "used_at"),
        first_at=claims.moment(claim, "first_at"),
        asked_at=claim.asked_at,
        answer=claim.answer and claim.answer.value,
        remark=claim.remark,
        decision=DecisionOut(
            outcome=decision.outcome.value, points=decision.points, reason=decision.reason,
            decided_at=decision.decided_at,
        ) if decision else None,
    )  # fmt: skip
