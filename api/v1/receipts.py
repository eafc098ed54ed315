"""Receipts of the person who is signed in."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import downloads, receipt_papers, services
from api.access import Access, Caller, Sort
from api.v1.shapes import Before, IdText, Limit, LongId, Paged
from redemption import receipts
from redemption.receipts import Receipt

router = APIRouter(tags=["receipts"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class ReceiptOut(BaseModel):
    """A receipt as it was issued."""

    receipt_id: IdText
    number: str = Field(examples=["2026-000123"], description="Without gaps in each year")
    kind: str = Field(examples=["bought"], description="bought, redeemed, returned, fine, fee or refund")
    issued_at: dt.datetime
    points: int = Field(examples=[120])
    amount_cents: int = Field(examples=[0])
    document: dict[str, Any] = Field(
        description="All that it says, frozen", examples=[{"number": "2026-000123", "vat": []}]
    )


@router.get("/receipts", summary="Your receipts")
def page(request: Request, caller: Citizen, before: Before = None, limit: Limit = 50) -> Paged[ReceiptOut]:
    """Return a page of receipts, newest first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = receipts.page(reading, owner, before=before, limit=limit)
    following = str(found[-1].receipt_id) if len(found) == limit else None
    return Paged(items=[_out(one) for one in found], next=following)


@router.get("/receipts/{receipt_id}", summary="One receipt")
def one(request: Request, caller: Citizen, receipt_id: LongId) -> ReceiptOut:
    """Return one of your receipts."""
    return _out(_own(request, caller, receipt_id))


@router.get(
    "/receipts/{receipt_id}/paper.pdf",
    summary="A receipt on paper",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def paper(request: Request, caller: Citizen, receipt_id: LongId) -> Response:
    """Return a receipt as PDF in your language, the same bytes each time."""
    found = _own(request, caller, receipt_id)
    translation = services.of(request).translations[caller.language]
    content = receipt_papers.make(found, caller.language, translation)
    return downloads.pdf(content, receipt_papers.name_of(found))


def _own(request: Request, caller: Caller, receipt_id: int) -> Receipt:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return receipts.get(reading, receipt_id, caller.person_session.person.owner)


def _out(receipt: Receipt) -> ReceiptOut:
    return ReceiptOut(
        receipt_id=str(receipt.receipt_id),
        number=receipt.shown_number,
        kind=receipt.kind.value,
        issued_at=receipt.issued_at,
        points=receipt.points,
        amount_cents=receipt.amount_cents,
        document=receipt.facts,
    )
