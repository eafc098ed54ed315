"""What a verifier needs: the city's keys, the status list, live keys; and the kill switch of a key."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import commanding, services, voucher_keeping
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.offline import OfflinePolicyOut
from api.v1.shapes import INTEGER_MAX, IdText, In, LongId, Out, base64url
from identity import auditing
from kernel.db import Reading, Work
from merchants.devices import Device, DeviceState
from redemption import (
    blocking,
    hub_sessions,
    keys,
    live_codes,
    live_keys,
    offers,
    offline_policies,
    publishing_status,
    reissuing,
    status_lists,
    till_receipts,
)
from redemption.keys import Sealer
from redemption.live_keys import GroupKey
from redemption.offers import Offer, OfferStatus
from redemption.offline_policy import Policy
from redemption.publishing_status import StatusList

router = APIRouter(tags=["trust"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
KeyKeeper = Annotated[Caller, Depends(Access(*voucher_keeping.KEEPERS))]
Since = Annotated[
    int | None, Query(ge=0, le=INTEGER_MAX, description="Version that the caller has; absent: none")
]
LIST_MEDIA_TYPE = status_lists.LIST_TYPE


class KeyOut(BaseModel):
    """A key by which vouchers are verified."""

    kid: str = Field(examples=["03a107bf"], description="Four bytes in hex")
    public_key: str = Field(
        description="Ed25519, 32 bytes in base64url", examples=["A6EHv_POEL4dcN0Y50vAmWfk1j..."]
    )
    status: str = Field(
        examples=["active"], description="active, retired (believed) or blocked (not believed)"
    )


class StatusChangesOut(BaseModel):
    """What makes the newest status list of an older one, or the newest one whole."""

    version: int = Field(examples=[17])
    issued_at: dt.datetime
    ttl_seconds: int = Field(examples=[60], description="Ask again after so long")
    size: int = Field(examples=[4096], description="Places: after the changes, fill up with zeros to this")
    invalid_count: int = Field(examples=[12])
    since: int | None = Field(
        examples=[16], description="The version that `invalid` and `valid` are to be applied to"
    )
    invalid: list[int] = Field(examples=[[311, 318]], description="Places whose bit becomes 1")
    valid: list[int] = Field(examples=[[]], description="Places whose bit becomes 0")
    lst: str | None = Field(description="Instead of changes the whole list: zlib, then base64url")
    head: str = Field(description="Signed CWT with version and SHA-256 of the bits, in base64url")


class LiveKeyOut(BaseModel):
    """The key of a group of venues for a day."""

    group: str = Field(examples=["5f0f2d394d0c4f8e"], description="Of the venues in a voucher, in hex")
    day: int = Field(examples=[20784], description="Days since 1970, UTC")
    key: str = Field(description="32 bytes in base64url")


class DeviceStateOut(Out):
    """What a device is, and may do, as the city sees it."""

    device_id: IdText
    name: str = Field(examples=["Handy am Tor 2"])
    kind: str = Field(examples=["scanner"], description="scanner or hub")
    state: str = Field(examples=["active"], description="active, suspended or quarantined")
    gate: str | None = Field(examples=["Tor 2"])
    offer_ids: list[int] | None = Field(description="What it may take; absent: all offers of the venue")
    direction: str = Field(examples=["in"], description="Which way it lets guests: in, out or both")


class TakenOfferOut(BaseModel):
    """An offer as a scanner shows it without a network."""

    product: int = Field(description="As the token names it", examples=[3])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte", "en": "Single ticket"}])
    undo_minutes: int = Field(examples=[5])
    reentry: str = Field(examples=["same-day"], description="Whether who goes out comes in again")
    event_ends_at: dt.datetime | None = Field(description="Until then, instead of the end of the day")
    in_parts: bool = Field(description="A use is a part of its value: staff says how much", examples=[False])


class VenueTrustOut(BaseModel):
    """Everything by which a device can verify vouchers without a network."""

    server_time: dt.datetime
    venue_id: int = Field(examples=[4])
    device: DeviceStateOut
    step_seconds: int = Field(examples=[live_codes.STEP_SECONDS])
    tolerated_steps: int = Field(examples=[live_codes.TOLERATED_STEPS])
    searched_steps: int = Field(examples=[live_codes.SEARCHED_STEPS])
    issuer_keys: list[KeyOut]
    status_list: StatusChangesOut | None = Field(description="Absent until the first list is made")
    live_keys: list[LiveKeyOut]
    offline_policy: OfflinePolicyOut
    offers: list[TakenOfferOut] = Field(description="Offers whose vouchers the venue takes")
    receipt_numbers: bool = Field(
        description="Whether the contract wants the number of the till's receipt for each redemption",
        examples=[False],
    )


class KeyDetailsOut(Out):
    """A key as who keeps it sees it."""

    kid: str = Field(examples=["03a107bf"])
    status: str = Field(examples=["active"])
    created_at: dt.datetime
    retired_at: dt.datetime | None
    blocked_at: dt.datetime | None
    issued: int = Field(examples=[1200])
    accepted: int = Field(examples=[980])
    foreign_seen: int = Field(examples=[0], description="Genuine signatures under what was never issued")
    is_suspicious: bool = Field(examples=[False])


class BlockIn(In):
    """Why a key is to be blocked."""

    reason: str = Field(examples=["Gefälschte Gutscheine im Freibad"], max_length=blocking.REASON_MAX)


class BlockOut(Out):
    """Somebody's wish to block a key."""

    block_id: IdText
    kid: str = Field(examples=["03a107bf"])
    reason: str
    status: str = Field(examples=["asked"], description="asked, confirmed or withdrawn")
    asked_at: dt.datetime
    decided_at: dt.datetime | None


class ReissueOut(Out):
    """How far the open vouchers of a blocked key are signed anew."""

    kid: str = Field(examples=["03a107bf"])
    total: int = Field(examples=[4000])
    looked_at: int = Field(examples=[2000])
    reissued: int = Field(examples=[1890])
    percent: int = Field(examples=[50])
    started_at: dt.datetime
    finished_at: dt.datetime | None


@router.get("/voucher-keys", summary="Keys of vouchers")
def public_keys(request: Request, response: Response, caller: Anyone) -> list[KeyOut]:
    """Return the public keys by which vouchers of the city are verified, blocked ones too."""
    response.headers["Cache-Control"] = f"public, max-age={status_lists.TTL_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return _keys(reading)


@router.get(
    "/voucher-status-list",
    summary="Status list",
    response_class=Response,
    responses={200: {"content": {LIST_MEDIA_TYPE: {}}}, 304: {"description": "Not changed"}},
)
def status_list(
    request: Request, caller: Anyone, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Return the newest status list, signed, as draft-ietf-oauth-status-list describes it."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        newest = publishing_status.newest(reading)
    headers = _caching(newest)
    if headers["ETag"] in [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(newest.token, media_type=LIST_MEDIA_TYPE, headers=headers)


@router.get("/voucher-status-list/changes", summary="Changes of the status list")
def status_changes(
    request: Request, response: Response, caller: Anyone, since: Since = None
) -> StatusChangesOut:
    """Return what changed since a version; where that is not known or longer, the whole list."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        newest = publishing_status.newest(reading)
        told = _told(reading, newest, since)
    response.headers.update(_caching(newest))
    return told


@router.get("/venue/trust", summary="What a device needs to verify")
def venue_trust(request: Request, caller: DeviceCaller, status_since: Since = None) -> VenueTrustOut:
    """Return keys, status list (or its changes), live keys for the next day, and the time."""
    given, device = services.of(request), caller.scanning_device
    with given.database.reading(caller.city.city_id) as reading:
        newest = publishing_status.find(reading)
        return VenueTrustOut(
            server_time=reading.now,
            venue_id=device.venue_id,
            device=DeviceStateOut.model_validate(device),
            step_seconds=live_codes.STEP_SECONDS,
            tolerated_steps=live_codes.TOLERATED_STEPS,
            searched_steps=live_codes.SEARCHED_STEPS,
            issuer_keys=_keys(reading),
            status_list=None if newest is None else _told(reading, newest, status_since),
            live_keys=[
                LiveKeyOut(group=one.group.hex(), day=one.day, key=base64url(one.key))
                for one in _live_keys(reading, given.sealer, device)
            ],
            offline_policy=OfflinePolicyOut.of(_policy(reading, device)),
            offers=[
                _taken(one)
                for one in offers.every(reading)
                if device.venue_id in one.venue_ids and one.status is not OfferStatus.DRAFT
            ],
            receipt_numbers=till_receipts.wanted(reading, caller.city, device.venue_id),
        )


@router.get("/voucher-keys/details", summary="Keys with their counters")
def details(request: Request, caller: KeyKeeper) -> list[KeyDetailsOut]:
    """Return all keys with what was issued and accepted, and whether somebody else seems to sign."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [KeyDetailsOut.model_validate(key) for key in keys.every(reading)]


@router.get("/voucher-keys/{kid}/reissue", summary="Progress of signing anew")
def reissue(request: Request, caller: KeyKeeper, kid: str) -> ReissueOut:
    """Return how many open vouchers of a blocked key have a new code."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return ReissueOut.model_validate(reissuing.get(reading, kid))


@router.post(
    "/voucher-keys/{kid}/blocks", status_code=201, summary="Ask to block a key", response_model=BlockOut
)
async def ask(
    request: Request, caller: KeyKeeper, kid: str, body: BlockIn, key: IdempotencyKey
) -> JSONResponse:
    """Ask for a key to be blocked. Another person has to confirm it."""

    def command(work: Work) -> Mapping[str, Any]:
        block = blocking.ask(work, kid, body.reason, caller.scope)
        auditing.record(work, caller.scope, "key-block-asked", f"key/{kid}", {})
        return BlockOut.plain(block)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/key-blocks/{block_id}/confirmation", summary="Block a key", response_model=BlockOut)
async def confirm(request: Request, caller: KeyKeeper, block_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Block the key that somebody else asked to be blocked; its open vouchers get new codes."""
    sealer = services.of(request).sealer

    def command(work: Work) -> Mapping[str, Any]:
        block = blocking.confirm(work, sealer, block_id, caller.scope)
        auditing.record(work, caller.scope, "key-blocked", f"key/{block.kid}", {})
        return BlockOut.plain(block)

    return await commanding.answer(request, caller, key, command)


@router.post("/key-blocks/{block_id}/withdrawal", summary="Do not block a key", response_model=BlockOut)
async def withdraw(
    request: Request, caller: KeyKeeper, block_id: LongId, key: IdempotencyKey
) -> JSONResponse:
    """Drop the wish to block a key."""

    def command(work: Work) -> Mapping[str, Any]:
        block = blocking.withdraw(work, block_id, caller.scope)
        auditing.record(work, caller.scope, "key-block-withdrawn", f"key/{block.kid}", {})
        return BlockOut.plain(block)

    return await commanding.answer(request, caller, key, command)


def _taken(offer: Offer) -> TakenOfferOut:
    return TakenOfferOut(
        product=offer.offer_id,
        titles=offer.titles,
        undo_minutes=offer.terms.undo_minutes,
        reentry=offer.terms.reentry.value,
        event_ends_at=offer.terms.event_ends_at,
        in_parts=offer.terms.in_parts,
    )


def _keys(reading: Reading) -> list[KeyOut]:
    return [
        KeyOut(kid=key.kid, public_key=base64url(key.public_key), status=key.status.value)
        for key in keys.every(reading)
    ]


def _live_keys(reading: Reading, sealer: Sealer, device: Device) -> list[GroupKey]:
    """Return the live keys for a device: none while it is stopped, because they are secrets."""
    if device.state is not DeviceState.ACTIVE:
        return []
    return live_keys.of_venue(reading, sealer, device.venue_id)


def _policy(reading: Reading, device: Device) -> Policy:
    """Return what a device may do without a network: beside a hub nobody else lets small values in."""
    policy = offline_policies.of_venue(reading, device.venue_id)
    session = hub_sessions.running(reading, [device.venue_id]).get(device.venue_id)
    at_hub = session is not None and session.device_id != device.device_id
    return replace(policy, capped=False) if at_hub else policy


def _told(reading: Reading, newest: StatusList, since: int | None) -> StatusChangesOut:
    changes = None if since is None else publishing_status.changes(reading, newest, since)
    return StatusChangesOut(
        version=newest.version,
        issued_at=newest.issued_at,
        ttl_seconds=status_lists.TTL_SECONDS,
        size=newest.size,
        invalid_count=newest.invalid_count,
        since=changes.since if changes else None,
        invalid=list(changes.invalid) if changes else [],
        valid=list(changes.valid) if changes else [],
        lst=None if changes else base64url(newest.lst),
        head=base64url(newest.head),
    )


def _caching(newest: StatusList) -> dict[str, str]:
    return {
        "ETag": f'"{newest.version}-{int(newest.issued_at.timestamp())}"',
        "Cache-Control": f"public, max-age={int(publishing_status.PAUSE.total_seconds())}",
        "Access-Control-Allow-Origin": "*",
    }
