"""Venues and their contracts."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import In, Out, ShortId, ShortNumber
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from merchants import contracts, venues
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind

router = APIRouter(tags=["venues"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]


class VenueOut(Out):
    """A venue as everybody may see it."""

    venue_id: int = Field(examples=[4])
    name: str = Field(examples=["Rhein-Ruhr-Bad"])
    kind: str = Field(examples=["pool"])
    street: str
    postcode: str
    district: str


class VenueIn(In):
    """A new venue."""

    name: str = Field(examples=["Rhein-Ruhr-Bad"])
    kind: VenueKind = Field(examples=["pool"])
    street: str = Field(examples=["Kopernikusstraße 11"])
    postcode: str = Field(examples=["47167"])
    district: str = Field(examples=["Hamborn"])
    payee_name: str = Field(examples=["DuisburgSport"])
    iban: str | None = Field(default=None, examples=["DE02100500000024290661"])


class ContractIn(In):
    """What the city pays for a point, and how often."""

    rate_cents_per_point: ShortNumber = Field(examples=[1])
    period: PeriodKind = Field(examples=["month"])
    valid_from: dt.date = Field(examples=["2026-12-01"])
    payout_delay_days: ShortNumber = Field(
        default=0, description="From the end of a period until its statement may be paid", examples=[7]
    )
    receipt_numbers: bool = Field(
        default=False, description="Whether each redemption names the receipt of the till", examples=[False]
    )
    owner_publishes: bool = Field(
        default=False, description="Whether the owner's offers go on sale without the city", examples=[False]
    )
    scanned_only: bool = Field(
        default=False, description="Whether nothing is redeemed on guests' own phones", examples=[False]
    )


class ContractOut(Out):
    """A signed contract."""

    venue_id: int
    rate_cents_per_point: int
    period: str
    valid_from: dt.date
    payout_delay_days: int
    receipt_numbers: bool
    owner_publishes: bool
    scanned_only: bool


@router.get("/venues", summary="All venues")
def every(request: Request, caller: Anyone) -> list[VenueOut]:
    """Return the venues where points can be spent."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [VenueOut.model_validate(one) for one in venues.every(reading) if one.active]


@router.post("/venues", status_code=201, summary="Open a venue", response_model=VenueOut)
async def create(request: Request, caller: Administrator, body: VenueIn, key: IdempotencyKey) -> JSONResponse:
    """Open a venue with its ledger accounts."""

    def command(work: Work) -> Mapping[str, Any]:
        venue = venues.create(work, NewVenue(**body.model_dump()))
        auditing.record(work, caller.scope, "venue-created", f"venue/{venue.venue_id}", {})
        return VenueOut.plain(venue)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/venues/{venue_id}/contracts", status_code=201, summary="Sign", response_model=ContractOut)
async def sign(
    request: Request, caller: Administrator, venue_id: ShortId, body: ContractIn, key: IdempotencyKey
) -> JSONResponse:
    """Sign a contract with a venue."""

    def command(work: Work) -> Mapping[str, Any]:
        said = body.model_dump()
        extras = Extras(**{field.name: said.pop(field.name) for field in dataclasses.fields(Extras)})
        signed = contracts.sign(work, venue_id, **said, extras=extras)
        auditing.record(work, caller.scope, "contract-signed", f"venue/{venue_id}", {})
        return ContractOut.plain(signed)

    return await commanding.answer(request, caller, key, command, status=201)
