"""The wallet of the person who is signed in."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import Field

from api import histories, receipts, services
from api.access import Access, Caller, Sort
from api.v1.shapes import Before, CountersOut, Limit, Out, Paged, paged
from ledger import wallets

router = APIRouter(tags=["wallet"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class LotOut(Out):
    """Points that expire on one day."""

    expires_on: dt.date = Field(examples=["2028-12-31"])
    counters: CountersOut


class WalletOut(Out):
    """All points of a person."""

    available: int = Field(examples=[340])
    pending: int = Field(description="Awarded, not confirmed yet", examples=[40])
    reserved: int = Field(description="Held for vouchers that are not used yet", examples=[120])
    lots: list[LotOut]


class LineOut(Out):
    """A movement of points with its reason in the reader's language."""

    sequence: int = Field(examples=[1042])
    transfer_id: UUID = Field(description="Names the movement, for its receipt")
    at: dt.datetime
    title: str = Field(examples=["Müll melden"])
    reason: str = Field(examples=["50 Punkte: 10 sofort, 40, wenn es bestätigt ist."])
    change: int = Field(description="Of the points that can be spent", examples=[10])
    pending: int = Field(description="Change of the pending points", examples=[40])


@router.get("/wallet", summary="Your points")
def wallet(request: Request, caller: Citizen) -> WalletOut:
    """Return balance and lots."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return WalletOut.model_validate(wallets.wallet(reading, caller.person_session.person.owner))


@router.get("/wallet/transactions", summary="Your history")
def transactions(
    request: Request, caller: Citizen, before: Before = None, limit: Limit = 50
) -> Paged[LineOut]:
    """Return a page of movements, newest first, each with its reason."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        lines = histories.page(
            reading,
            caller.person_session.person.owner,
            given.translations[caller.language],
            caller.language,
            before=before,
            limit=limit,
        )
    return paged(lines, LineOut, limit, "sequence")


@router.get(
    "/wallet/movements/{transfer_id}/proof",
    summary="Receipt of a movement",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "A C2SP tlog-proof with the opening"}},
)
def proof(
    request: Request,
    caller: Citizen,
    transfer_id: Annotated[UUID, Path(examples=["0190a5b2-7c1e-7f3a-9b1d-2f6c8e4a1b3c"])],
) -> Response:
    """Return a file that proves a movement of your points without this system. 409 until it is sealed."""
    return receipts.download(
        services.of(request), caller.city, caller.person_session.person.owner, transfer_id
    )
