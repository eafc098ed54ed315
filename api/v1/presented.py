"""Redeeming on one's own phone, in front of a venue's staff who have no scanner."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, sentences, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import INTEGER_MAX, IdText, In, LongId
from kernel.db import Reading, Work
from merchants import venues
from redemption import presented_venues, presenting, vouchers
from redemption.keys import Sealer
from redemption.offer_terms import USES_MAX
from redemption.presenting import Presented

router = APIRouter(tags=["vouchers"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class PosterOut(BaseModel):
    """To which venue a poster belongs."""

    venue_id: int = Field(examples=[4])
    name: str = Field(examples=["Freibad Kaiserberg"])
    version: int = Field(examples=[2], description="Of the poster")
    open: bool = Field(description="Whether guests redeem on their own phones there now")
    offer_ids: list[int] = Field(description="For which offers", examples=[[3, 7]])


class PlaceOut(BaseModel):
    """A venue that takes a voucher, and whether on the guest's own phone."""

    venue_id: int = Field(examples=[4])
    name: str = Field(examples=["Freibad Kaiserberg"])
    refusal: str | None = Field(
        default=None, description="Code of why not; absent: it does", examples=["presented-off"]
    )
    sentence: str | None = Field(default=None, description="The same in words")


class PresentIn(In):
    """Where, how many, and how many there were when the owner looked."""

    venue_id: int = Field(ge=1, le=INTEGER_MAX, examples=[4])
    uses: int = Field(default=1, ge=1, le=USES_MAX, description="How many uses at once", examples=[1])
    left: int = Field(
        ge=0,
        le=USES_MAX,
        description="`left` of the voucher as its owner saw it. If it was used since, nothing is taken: 409",
        examples=[1],
    )


class MinuteOut(BaseModel):
    """Six digits and from when they are the right ones, for a minute."""

    begins_at: dt.datetime
    code: str = Field(examples=["234471"])


class PresentedOut(BaseModel):
    """A use on the guest's own phone, with what its staff compare."""

    presented_id: IdText
    voucher_id: str = Field(examples=["8f0c1d2e3a4b5c6d"])
    venue_id: int = Field(examples=[4])
    venue: str = Field(examples=["Freibad Kaiserberg"])
    number: int = Field(description="Staff type it, with three digits", examples=[417])
    card: int = Field(description="Version of the card that the staff compare with", examples=[2])
    uses: int = Field(examples=[1])
    value_cents: int = Field(description="Staff type it as the price", examples=[450])
    presented_at: dt.datetime
    shown_until: dt.datetime = Field(description="Until when the digits run; exclusive")
    undone_at: dt.datetime | None = Field(default=None, description="The venue took it back")
    server_time: dt.datetime
    codes: list[MinuteOut] = Field(description="The digits of the minutes that are left")

    @classmethod
    def of(cls, reading: Reading, sealer: Sealer, one: Presented) -> "PresentedOut":
        """Return a use in this shape, with the digits that it has now."""
        return cls(
            presented_id=str(one.presented_id),
            voucher_id=one.voucher_id or "",
            venue_id=one.venue_id,
            venue=venues.get(reading, one.venue_id).name,
            number=one.number,
            card=one.version,
            uses=one.uses,
            value_cents=one.value_cents,
            presented_at=one.presented_at,
            shown_until=one.shown_until,
            undone_at=one.undone_at,
            server_time=reading.now,
            codes=[
                MinuteOut(begins_at=minute.begins_at, code=minute.code)
                for minute in presenting.minutes_of(reading, sealer, one)
            ],
        )


@router.get("/posters/{poster}", summary="Whose poster it is")
def poster(
    request: Request,
    caller: Anyone,
    poster: Annotated[str, Path(min_length=20, max_length=40, examples=["4-2-4ZVMT6LK3EREKBGK"])],
) -> PosterOut:
    """Return the venue whose poster has this text at the end of its address (`/at/...`)."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = presented_venues.by_poster(reading, given.sealer, poster)
        venue = venues.get(reading, found.venue_id)
        mode = presented_venues.mode_of(reading, found.venue_id)
        hindered = presented_venues.hindrance(reading, caller.city, found.venue_id)
    return PosterOut(
        venue_id=venue.venue_id,
        name=venue.name,
        version=found.version,
        open=mode.is_on and venue.active and hindered is None,
        offer_ids=list(mode.offer_ids) if mode.is_on else [],
    )


@router.get("/vouchers/{voucher_id}/presented", summary="Where it can be redeemed without a scanner")
def places(request: Request, caller: Citizen, voucher_id: str) -> list[PlaceOut]:
    """Return the venues of a voucher, each with what speaks against redeeming it on one's own phone."""
    given, owner = services.of(request), caller.person_session.person.owner
    translation = given.translations[caller.language]
    with given.database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, owner, voucher_id)
        listed = presenting.places(reading, caller.city, found)
    return [
        PlaceOut(
            venue_id=one.venue.venue_id,
            name=one.venue.name,
            refusal=one.refusal.code if one.refusal else None,
            sentence=sentences.of(one.refusal, translation) if one.refusal else None,
        )
        for one in listed
    ]


@router.post(
    "/vouchers/{voucher_id}/presented",
    status_code=201,
    summary="Redeem in front of the staff",
    response_model=PresentedOut,
)
async def present(
    request: Request, caller: Citizen, voucher_id: str, body: PresentIn, key: IdempotencyKey
) -> JSONResponse:
    """Redeem exactly once on one's own phone. Repeated with the same key: the same use, the digits of now."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        made = presenting.present(
            work, caller.city, owner, voucher_id, venue_id=body.venue_id, uses=body.uses, left=body.left
        )
        return {"presented_id": str(made.presented_id)}

    # The digits are not kept with the answer: they belong to the minute in which somebody asks.
    done = await commanding.perform_once(request, caller, key, command)
    return JSONResponse(_shown(request, caller, voucher_id, int(done["presented_id"])), 201)


@router.get("/vouchers/{voucher_id}/presented/{presented_id}", summary="Its digits now")
def one(request: Request, caller: Citizen, voucher_id: str, presented_id: LongId) -> PresentedOut:
    """Return a use on one's own phone, with the digits of the minutes that are left."""
    return PresentedOut.model_validate(_shown(request, caller, voucher_id, presented_id))


def _shown(request: Request, caller: Caller, voucher_id: str, presented_id: int) -> dict[str, Any]:
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        found = presenting.get(reading, owner, presented_id, voucher_id)
        return PresentedOut.of(reading, given.sealer, found).model_dump(mode="json")
