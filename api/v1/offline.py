"""Scanning without a network: what a city lets venues do, and test vouchers before opening."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import Out
from kernel.db import Work
from redemption import canary, codes
from redemption.offline_policy import Policy

router = APIRouter(tags=["scans"])
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]


class OfflinePolicyOut(BaseModel):
    """What the device may let in without a network. Leased vouchers are not limited by it."""

    capped: bool = Field(description="Whether anything that is not leased may be let in", examples=[True])
    value_cents_max: int = Field(description="Of what one scan takes", examples=[1000])
    device_day_cents: int = Field(description="Of this device in a day", examples=[20000])
    list_age_max_seconds: int = Field(description="Of the list of invalid vouchers", examples=[3600])
    single_venue: bool = Field(description="Only vouchers that no other venue takes", examples=[True])
    proof: str = Field(
        description="What has to be seen besides: none, live, id or live-or-id", examples=["live-or-id"]
    )

    @classmethod
    def of(cls, policy: Policy) -> "OfflinePolicyOut":
        """Return a policy in this shape."""
        return cls(
            capped=policy.capped,
            value_cents_max=policy.value_cents_max,
            device_day_cents=policy.device_day_cents,
            list_age_max_seconds=int(policy.list_age_max.total_seconds()),
            single_venue=policy.single_venue,
            proof=policy.proof.value,
        )


class CanaryOut(Out):
    """A test voucher. Scanning it gives `test-passed`; it is never booked."""

    text: str = Field(description="As a QR code holds it", examples=["DC1:6BFOXN..."])
    valid_until: dt.datetime


@router.post("/venue/canary", status_code=201, summary="Fetch a test voucher", response_model=CanaryOut)
async def fetch_canary(request: Request, caller: DeviceCaller, key: IdempotencyKey) -> JSONResponse:
    """Return a test voucher of the device's venue, good for a day: to be scanned before opening."""
    given, venue_id = services.of(request), caller.scanning_device.venue_id

    def command(work: Work) -> Mapping[str, Any]:
        token, until = canary.issue(work, given.sealer, venue_id)
        return CanaryOut(text=codes.app_text(token), valid_until=until).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=201)
