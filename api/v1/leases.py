"""Going in now: a voucher is reserved for one entrance, which takes it without a network."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import BIGINT_MAX, IdText, In
from kernel.db import Reading, Work
from kernel.errors import Invalid
from merchants import devices, venues
from merchants.devices import Device
from redemption import codes, leasing, vouchers
from redemption.leasing import Lease

router = APIRouter(tags=["vouchers"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class EntranceOut(BaseModel):
    """A device for which a voucher can be reserved."""

    device_id: IdText
    venue_id: int = Field(examples=[4])
    venue: str = Field(examples=["Rhein-Ruhr-Bad"])
    name: str = Field(examples=["Tor 2"], description="The gate, or what the device is called")


class LeaseOut(BaseModel):
    """A reservation."""

    lease_id: IdText
    entrance: EntranceOut
    until: dt.datetime = Field(description="Exclusive: before it the entrance takes the voucher")
    free_at: dt.datetime = Field(
        description="From then on every entrance takes it again, if the device has not given it back before"
    )
    text: str = Field(
        description="What the QR code holds meanwhile; with a moving code see `live-keys`",
        examples=["DC1:6BFOXN..."],
    )


class LeasesOut(BaseModel):
    """Whether a voucher is reserved, and where it can be."""

    lease: LeaseOut | None = Field(description="The reservation that runs", default=None)
    entrances: list[EntranceOut] = Field(
        description="Where it can be reserved now; empty while it is, or if no entrance works offline"
    )


class LeaseIn(In):
    """Where somebody goes in."""

    device_id: str = Field(
        max_length=19, description="Of one of the `entrances`", examples=["271828182845904523"]
    )


@router.get("/vouchers/{voucher_id}/lease", summary="Is it reserved, and where can it be?")
def look(request: Request, caller: Citizen, voucher_id: str) -> LeasesOut:
    """Return the reservation that runs, and the entrances that there are.

    It ends when the entrance's device hands in its log and gives the voucher back, or at `free_at`.
    """
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, owner, voucher_id)
        lease = leasing.running(reading, [voucher_id]).get(voucher_id)
        free = lease is None and leasing.may_be_leased(found, reading.now)
        gates = leasing.gates_for(reading, found) if free else []
        return LeasesOut(
            lease=_lease(reading, lease) if lease else None,
            entrances=[_entrance(reading, one) for one in gates],
        )


@router.post("/vouchers/{voucher_id}/lease", status_code=201, summary="Going in now", response_model=LeaseOut)
async def reserve(
    request: Request, caller: Citizen, voucher_id: str, body: LeaseIn, key: IdempotencyKey
) -> JSONResponse:
    """Reserve a voucher for an entrance, for two hours at most; for the same entrance again: what runs."""
    sealer, owner = services.of(request).sealer, caller.person_session.person.owner
    text = body.device_id
    if not (text.isascii() and text.isdigit() and int(text) <= BIGINT_MAX):
        raise Invalid("request-invalid", field="device_id")

    def command(work: Work) -> Mapping[str, Any]:
        made = leasing.lease(work, sealer, owner, voucher_id, int(text))
        return _lease(work, made).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=201)


def _lease(reading: Reading, lease: Lease) -> LeaseOut:
    return LeaseOut(
        lease_id=str(lease.lease_id),
        entrance=_entrance(reading, devices.get(reading, lease.device_id)),
        until=lease.until,
        free_at=lease.free_at,
        text=codes.app_text(lease.token),
    )


def _entrance(reading: Reading, device: Device) -> EntranceOut:
    return EntranceOut(
        device_id=str(device.device_id),
        venue_id=device.venue_id,
        venue=venues.get(reading, device.venue_id).name,
        name=device.place,
    )
