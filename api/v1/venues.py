"""Venues, their contracts and devices, and scanning by a device."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services, verdicts
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import IdText, In, Out, ShortId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from merchants import contracts, devices, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind
from redemption import redeeming, scans
from redemption.verdicts import Verdict

router = APIRouter(tags=["venues"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
MANUAL_CODE_MAX = 20


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

    rate_cents_per_point: int = Field(examples=[1])
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


class ScanIn(In):
    """What a device has read."""

    text: str = Field(max_length=600, examples=["DC1:6BFOXN..."])
    nonce: str = Field(
        min_length=1,
        max_length=64,
        description="Made by the device for each scan",
        examples=["5f0f2d39-4d0c"],
    )


class VerdictOut(BaseModel):
    """What the device shows."""

    code: str = Field(examples=["accepted"])
    colour: str = Field(examples=["green"], description="green, amber or red")
    title: str = Field(examples=["Gültig"])
    sentence: str = Field(examples=["Gast einlassen."])
    voucher_id: str | None = None
    offer_code: str | None = None
    first_used_at: dt.datetime | None = None
    scanned_at: dt.datetime


@router.get("/venues", summary="All venues")
def every(request: Request, caller: Anyone) -> list[VenueOut]:
    """Return the venues where points can be spent."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [VenueOut.model_validate(one) for one in venues.every(reading) if one.active]


@router.post("/venues", status_code=201, summary="Open a venue", response_model=VenueOut)
async def create(
    request: Request, caller: Administrator, body: VenueIn, key: IdempotencyKey = None
) -> JSONResponse:
    """Open a venue with its ledger accounts."""

    def command(work: Work) -> Mapping[str, Any]:
        venue = venues.create(work, NewVenue(**body.model_dump()))
        auditing.record(work, caller.scope, "venue-created", f"venue/{venue.venue_id}", {})
        return VenueOut.plain(venue)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/venues/{venue_id}/contracts", status_code=201, summary="Sign", response_model=ContractOut)
async def sign(
    request: Request, caller: Administrator, venue_id: ShortId, body: ContractIn, key: IdempotencyKey = None
) -> JSONResponse:
    """Sign a contract with a venue."""

    def command(work: Work) -> Mapping[str, Any]:
        signed = contracts.sign(work, venue_id, **body.model_dump())
        auditing.record(work, caller.scope, "contract-signed", f"venue/{venue_id}", {})
        return ContractOut.plain(signed)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/venues/{venue_id}/devices", status_code=201, summary="Enrol", response_model=DeviceEnrolled)
async def enrol(
    request: Request, caller: Administrator, venue_id: ShortId, body: DeviceIn, key: IdempotencyKey = None
) -> JSONResponse:
    """Enrol a device. Its token is told in this answer only and kept as a hash."""
    tokens: list[str] = []

    def command(work: Work) -> Mapping[str, Any]:
        device, token = devices.enrol(work, venue_id, body.name)
        tokens[:] = [token]
        auditing.record(work, caller.scope, "device-enrolled", f"device/{device.device_id}", {})
        return {"device_id": str(device.device_id), "name": device.name}

    answer = await commanding.perform(request, caller, key, command)
    return JSONResponse({**answer, "token": tokens[0] if tokens else None}, 201)


@router.delete("/devices/{device_id}", status_code=204, summary="Shut a device out")
async def revoke(request: Request, caller: Administrator, device_id: int) -> None:
    """Refuse a device from now on."""

    def command(work: Work) -> None:
        devices.revoke(work, device_id)
        auditing.record(work, caller.scope, "device-revoked", f"device/{device_id}", {})

    await services.of(request).write(caller.city.city_id, command)


@router.post("/scans", summary="Scan a voucher")
async def scan(request: Request, caller: DeviceCaller, body: ScanIn) -> VerdictOut:
    """Redeem a voucher exactly once. The same nonce gets the same verdict again, so repeating is safe."""
    given, device = services.of(request), caller.scanning_device
    given.limiter.hit("scan-device", caller.city.city_id, device.device_id)
    if len(body.text) < MANUAL_CODE_MAX:
        given.limiter.hit("manual-code-device", caller.city.city_id, device.device_id)

    def command(work: Work) -> Verdict:
        devices.touch(work, device.device_id)
        return redeeming.redeem(
            work,
            caller.city,
            body.text,
            venue_id=device.venue_id,
            device_id=device.device_id,
            scan_nonce=body.nonce,
        )

    return _present(request, caller, await given.write(caller.city.city_id, command))


@router.get("/scans", summary="Scans of today")
def today(request: Request, caller: DeviceCaller) -> list[VerdictOut]:
    """Return today's scans of this device, newest first."""
    device = caller.scanning_device
    with services.of(request).database.reading(caller.city.city_id) as reading:
        day = caller.city.day_of(reading.now)
        midnight = dt.datetime.combine(day, dt.time(), caller.city.zone)
        found = scans.recent(
            reading, venue_id=device.venue_id, device_id=device.device_id, since=midnight, limit=200
        )
    return [_present(request, caller, one.verdict) for one in found]


def _present(request: Request, caller: Caller, verdict: Verdict) -> VerdictOut:
    translation = services.of(request).translations[caller.language]
    words = verdicts.words(verdict, caller.city, caller.language, translation)
    return VerdictOut(
        code=verdict.code.value,
        colour=verdict.colour.value,
        title=words.title,
        sentence=words.sentence,
        voucher_id=verdict.voucher.voucher_id if verdict.voucher else None,
        offer_code=verdict.voucher.offer_code if verdict.voucher else None,
        first_used_at=verdict.first_use.at if verdict.first_use else None,
        scanned_at=verdict.at,
    )
