"""Venues, their contracts and devices."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import IdText, In, LongId, Out, ShortId, ShortNumber
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from merchants import contracts, devices, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind

router = APIRouter(tags=["venues"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
Owner = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.VENUE_OWNER))]


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


class ContractOut(Out):
    """A signed contract."""

    venue_id: int
    rate_cents_per_point: int
    period: str
    valid_from: dt.date


class DeviceIn(In):
    """A new device."""

    name: str = Field(examples=["Kasse 1"])


class DeviceEnrolled(BaseModel):
    """A device with its token, which is told this once."""

    device_id: IdText
    name: str
    token: str | None = Field(description="Absent when the request is repeated", examples=["qY3f..."])


class DeviceOut(Out):
    """A device."""

    device_id: IdText
    venue_id: int = Field(examples=[4])
    name: str = Field(examples=["Kasse 1"])
    created_at: dt.datetime
    last_seen_at: dt.datetime | None
    revoked_at: dt.datetime | None


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
        signed = contracts.sign(work, venue_id, **body.model_dump())
        auditing.record(work, caller.scope, "contract-signed", f"venue/{venue_id}", {})
        return ContractOut.plain(signed)

    return await commanding.answer(request, caller, key, command, status=201)


@router.get("/venues/{venue_id}/devices", summary="Devices of a venue")
def enrolled(request: Request, caller: Owner, venue_id: ShortId) -> list[DeviceOut]:
    """Return all devices of a venue, blocked ones too."""
    _check(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [DeviceOut.model_validate(one) for one in devices.of_venue(reading, venue_id)]


@router.post("/venues/{venue_id}/devices", status_code=201, summary="Enrol", response_model=DeviceEnrolled)
async def enrol(
    request: Request, caller: Owner, venue_id: ShortId, body: DeviceIn, key: IdempotencyKey
) -> JSONResponse:
    """Enrol a device. Its token is told in this answer only and kept as a hash."""
    _check(caller, venue_id)
    tokens: list[str] = []

    def command(work: Work) -> Mapping[str, Any]:
        device, token = devices.enrol(work, venue_id, body.name)
        tokens[:] = [token]
        auditing.record(work, caller.scope, "device-enrolled", f"device/{device.device_id}", {})
        return {"device_id": str(device.device_id), "name": device.name}

    answer = await commanding.perform_once(request, caller, key, command)
    return JSONResponse({**answer, "token": tokens[0] if tokens else None}, 201)


@router.delete("/devices/{device_id}", status_code=204, summary="Shut a device out")
async def revoke(request: Request, caller: Owner, device_id: LongId, key: IdempotencyKey) -> Response:
    """Refuse a device from now on."""

    def command(work: Work) -> None:
        _check(caller, devices.get(work, device_id).venue_id)
        devices.revoke(work, device_id)
        auditing.record(work, caller.scope, "device-revoked", f"device/{device_id}", {})

    return await commanding.done(request, caller, key, command)


def _check(caller: Caller, venue_id: int) -> None:
    """Raise Forbidden unless the person administrates the city or owns this very venue."""
    if not caller.has(Role.ADMINISTRATOR):
        caller.check_venue(venue_id, Role.VENUE_OWNER)
