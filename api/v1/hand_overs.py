"""Handing vouchers on to somebody of the household."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import In
from api.v1.vouchers import VoucherOut, present
from kernel.db import Work
from redemption import handing_over

router = APIRouter(tags=["vouchers"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class HandOverOut(BaseModel):
    """A voucher that waits for somebody to accept it."""

    voucher_id: str = Field(examples=["8f0c1d2e3a4b5c6d"])
    code: str = Field(examples=["7K3M9-QXY2A"], description="Told once; whoever types it gets the voucher")
    link: str = Field(examples=["https://duisburg.example/hand-over?code=7K3M9-QXY2A"])
    ends_at: dt.datetime = Field(description="Exclusive")


class ReceivableOut(BaseModel):
    """What a code hands on."""

    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte Hallenbad", "en": "Single pool ticket"}])
    uses: int = Field(examples=[1])
    left: int = Field(examples=[1])
    valid_from: dt.datetime
    valid_until: dt.datetime = Field(description="Exclusive")


class AcceptRequest(In):
    """The code that the giver told."""

    code: str = Field(min_length=1, max_length=40, examples=["7K3M9-QXY2A"])


class WithdrawnOut(BaseModel):
    """A voucher that stays where it is."""

    voucher_id: str = Field(examples=["8f0c1d2e3a4b5c6d"])


@router.post(
    "/vouchers/{voucher_id}/hand-over",
    status_code=201,
    summary="Hand a voucher on",
    response_model=HandOverOut,
)
async def offer(request: Request, caller: Citizen, voucher_id: str, key: IdempotencyKey) -> JSONResponse:
    """Get a code for somebody of your household; until they type it the voucher stays yours."""
    owner, public_url = caller.person_session.person.owner, services.of(request).settings.public_url

    def command(work: Work) -> Mapping[str, Any]:
        made, code = handing_over.offer(work, owner, voucher_id)
        link = f"{public_url}/hand-over?code={code}"
        return HandOverOut(voucher_id=voucher_id, code=code, link=link, ends_at=made.ends_at).model_dump(
            mode="json"
        )

    return await commanding.answer(request, caller, key, command, status=201)


@router.post(
    "/vouchers/{voucher_id}/hand-over/withdrawal", summary="Keep a voucher", response_model=WithdrawnOut
)
async def withdraw(request: Request, caller: Citizen, voucher_id: str, key: IdempotencyKey) -> JSONResponse:
    """Take the code back: nobody can accept the voucher with it any more."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        handing_over.withdraw(work, owner, voucher_id)
        return {"voucher_id": voucher_id}

    return await commanding.answer(request, caller, key, command)


@router.get("/hand-overs/{code}", summary="What a code hands on")
def look(request: Request, caller: Citizen, code: str) -> ReceivableOut:
    """Return what you would get, before you accept it."""
    given = services.of(request)
    given.limiter.hit("hand-over-account", caller.city.city_id, caller.scope)
    with given.database.reading(caller.city.city_id) as reading:
        _, found = handing_over.look(reading, caller.person_session.person.owner, code)
    return ReceivableOut(
        titles=found.titles,
        uses=found.uses,
        left=found.left,
        valid_from=found.valid_from,
        valid_until=found.valid_until,
    )


@router.post("/hand-overs/acceptance", summary="Accept a voucher", response_model=VoucherOut)
async def accept(request: Request, caller: Citizen, body: AcceptRequest, key: IdempotencyKey) -> JSONResponse:
    """Become the holder of a voucher: it gets a new code, and the code of before is worth nothing."""
    given, owner = services.of(request), caller.person_session.person.owner
    given.limiter.hit("hand-over-account", caller.city.city_id, caller.scope)

    def command(work: Work) -> Mapping[str, Any]:
        return present(handing_over.accept(work, caller.city, owner, body.code, given.sealer))

    return await commanding.answer(request, caller, key, command)
