"""Fines and fees: looking one up by its reference and paying it in full with points."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import Before, IdText, Limit, Out, Paged, paged
from kernel.db import Work
from redemption import paying_fines
from redemption.fines import Fine, FineAlreadyPaid

router = APIRouter(tags=["fines"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class FineOut(BaseModel):
    """An unpaid fine or fee and what it costs in points."""

    kind: str = Field(examples=["fee"], description="fine or fee")
    title: str = Field(
        examples=["Bewohnerparkausweis 2026"], description="What a fee is for; empty for a fine"
    )
    reference: str = Field(examples=["DU-MKWT-53VY-46JB"])
    amount_cents: int = Field(examples=[2500])
    points: int = Field(examples=[2500])
    committed_at: dt.datetime
    place: str = Field(examples=["Königstraße 10"])


class ReceiptOut(Out):
    """A fine or fee that was paid in full."""

    payment_id: IdText
    kind: str = Field(examples=["fine"], description="fine or fee")
    reference: str = Field(examples=["DU-MKWT-53VY-46JB"])
    amount_cents: int = Field(examples=[2500])
    points: int = Field(examples=[2500])
    paid_cents: int = Field(examples=[0], description="What of it was paid in euros")
    paid_at: dt.datetime
    reported_at: dt.datetime | None = Field(description="When the city's register confirmed it")


@router.get("/fines/payments", summary="Fines and fees that you paid")
def payments(
    request: Request, caller: Citizen, before: Before = None, limit: Limit = 50
) -> Paged[ReceiptOut]:
    """Return a page of receipts."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        owner = caller.person_session.person.owner
        found = paying_fines.page(reading, owner, before=before, limit=limit)
    return paged(found, ReceiptOut, limit, "payment_id")


@router.get("/fines/{reference}", summary="Look a fine or fee up")
def look_up(request: Request, caller: Citizen, reference: str) -> FineOut:
    """Return an unpaid fine or fee."""
    fine = _find(request, caller, reference)
    return FineOut(
        kind=fine.kind.value,
        title=fine.title,
        reference=fine.reference,
        amount_cents=fine.amount_cents,
        points=paying_fines.price(caller.city, fine),
        committed_at=fine.committed_at,
        place=fine.place,
    )


@router.post(
    "/fines/{reference}/payment", status_code=201, summary="Pay a fine or fee", response_model=ReceiptOut
)
async def pay(request: Request, caller: Citizen, reference: str, key: IdempotencyKey) -> JSONResponse:
    """Pay a fine or a fee in full with points, or not at all."""
    owner = caller.person_session.person.owner
    try:
        fine = await run_in_threadpool(_find, request, caller, reference)
    except FineAlreadyPaid as paid:
        # Perhaps by this very request, which then gets its first answer again.
        fine, refusal = None, paid

    def command(work: Work) -> Mapping[str, Any]:
        if fine is None:
            raise refusal
        offer = paying_fines.offer_for(work, fine.kind)
        return ReceiptOut.plain(paying_fines.pay(work, caller.city, owner, fine, offer.offer_id))

    return await commanding.answer(request, caller, key, command, status=201)


def _find(request: Request, caller: Caller, reference: str) -> Fine:
    given = services.of(request)
    # Paying counts as looking up: otherwise it would be the way around the limit.
    given.limiter.hit("fine-lookup-account", caller.city.city_id, caller.scope)
    return paying_fines.look_up(given.fine_register(caller.city), reference)
