"""Devices of venues: invited, enrolled with a key of their own, stopped and started again."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import INTEGER_MAX, IdText, In, LongId, Out, ShortId, ShortNumber, from_base64url
from api.v1.trust import DeviceStateOut
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import Invalid
from merchants import device_reports, devices, enrolling, safeguarding, venues
from merchants.device_reports import Report
from merchants.devices import Device, DeviceKind, Limits
from merchants.directions import Direction
from redemption import hub_sessions, leasing

router = APIRouter(tags=["devices"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE, cookies=False))]
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
Owner = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.VENUE_OWNER))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
_KEY_TEXT_MAX = 128


class DeviceIn(In):
    """A new device without a key of its own: it works online only."""

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
    kind: str = Field(examples=["scanner"], description="scanner or hub")
    state: str = Field(examples=["active"], description="active, suspended, lost or quarantined")
    gate: str | None = Field(examples=["Tor 2"])
    offer_ids: list[int] | None = Field(description="What it may take; absent: all offers of the venue")
    direction: str = Field(examples=["in"], description="Which way it lets guests: in, out or both")
    has_key: bool = Field(description="Whether it signs what it does, so that it may work offline")
    created_at: dt.datetime
    last_seen_at: dt.datetime | None
    quarantined_at: dt.datetime | None
    lost_at: dt.datetime | None
    revoked_at: dt.datetime | None


class InvitationIn(In):
    """A device that is to join."""

    name: str = Field(examples=["Handy am Tor 2"])
    kind: DeviceKind = Field(default=DeviceKind.SCANNER, examples=["scanner"])
    gate: str | None = Field(default=None, examples=["Tor 2"])
    offer_ids: list[ShortNumber] | None = Field(
        default=None, max_length=devices.OFFERS_MAX, description="What it may take; absent: all offers"
    )
    direction: Direction = Field(
        default=Direction.IN, examples=["both"], description="Which way it lets guests: in, out or both"
    )


class InvitationOut(BaseModel):
    """An invitation with its secret, which is told this once."""

    invitation_id: IdText
    expires_at: dt.datetime
    secret: str | None = Field(
        description="Absent when the request is repeated", examples=["7K3M9PQRST4VWXYZ"]
    )
    url: str | None = Field(
        description="For the QR code that the new device scans",
        examples=["https://duisburg.example/scan/enrol#7K3M9PQRST4VWXYZ"],
    )


class EnrolmentIn(In):
    """What a device sends to become one; docs/scan-log.md has the bytes."""

    secret: str = Field(max_length=40, examples=["7K3M-9PQR-ST4V-WXYZ"])
    public_key: str = Field(
        max_length=_KEY_TEXT_MAX,
        description="Ed25519, 32 bytes in base64url",
        examples=["A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"],
    )
    signature: str = Field(
        max_length=_KEY_TEXT_MAX, description="64 bytes in base64url", examples=["DsgOrZBqVcALAhiYNWyo..."]
    )


class EnrolledOut(BaseModel):
    """A device of its own key, with its token."""

    device_id: IdText
    token: str | None = Field(
        description="Absent when the request is repeated under the same Idempotency-Key", examples=["qY3f..."]
    )
    name: str = Field(examples=["Handy am Tor 2"])
    kind: str = Field(examples=["scanner"])
    venue_id: int = Field(examples=[4])
    venue_name: str = Field(examples=["Rhein-Ruhr-Bad"])
    gate: str | None = Field(examples=["Tor 2"])
    offer_ids: list[int] | None
    direction: str = Field(examples=["in"], description="Which way it lets guests: in, out or both")


class ReportIn(In):
    """How a device is."""

    clock_offset_ms: int = Field(
        ge=-device_reports.OFFSET_MAX, le=device_reports.OFFSET_MAX,
        description="Server's clock minus its own", examples=[-1250],
    )  # fmt: skip
    list_version: int = Field(ge=0, le=INTEGER_MAX, examples=[17])
    queue_length: int = Field(ge=0, le=INTEGER_MAX, examples=[0])
    battery_percent: int | None = Field(default=None, ge=0, le=device_reports.PERCENT_MAX, examples=[84])
    tier: int = Field(ge=0, le=device_reports.TIER_MAX, examples=[0])
    app_version: str = Field(max_length=device_reports.VERSION_MAX, examples=["2.1.0"])


class DirectionIn(In):
    """Which way a device lets guests."""

    direction: Direction = Field(examples=["out"])


class LossIn(In):
    """When a device was lost."""

    since: dt.datetime | None = Field(
        default=None, description="Absent: now", examples=["2026-11-27T18:30:00Z"]
    )


@router.get("/venues/{venue_id}/devices", summary="Devices of a venue")
def enrolled(request: Request, caller: Owner, venue_id: ShortId) -> list[DeviceOut]:
    """Return all devices of a venue, blocked ones too."""
    _check(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_out(one) for one in devices.of_venue(reading, venue_id)]


@router.post("/venues/{venue_id}/devices", status_code=201, summary="Enrol", response_model=DeviceEnrolled)
async def enrol(
    request: Request, caller: Owner, venue_id: ShortId, body: DeviceIn, key: IdempotencyKey
) -> JSONResponse:
    """Enrol a device without a key. Its token is told in this answer only and kept as a hash."""
    _check(caller, venue_id)
    tokens: list[str] = []

    def command(work: Work) -> Mapping[str, Any]:
        device, token = devices.enrol(work, venue_id, body.name)
        tokens[:] = [token]
        auditing.record(work, caller.scope, "device-enrolled", f"device/{device.device_id}", {})
        return {"device_id": str(device.device_id), "name": device.name}

    answer = await commanding.perform_once(request, caller, key, command)
    return JSONResponse({**answer, "token": tokens[0] if tokens else None}, 201)


@router.post(
    "/venues/{venue_id}/device-invitations",
    status_code=201,
    summary="Invite a device",
    response_model=InvitationOut,
)
async def invite(
    request: Request, caller: Owner, venue_id: ShortId, body: InvitationIn, key: IdempotencyKey
) -> JSONResponse:
    """Make a secret with which one device may join within 15 minutes. It is told in this answer only."""
    _check(caller, venue_id)
    secrets: list[str] = []
    offer_ids = None if body.offer_ids is None else tuple(body.offer_ids)
    limits = Limits(body.gate, offer_ids, body.direction)

    def command(work: Work) -> Mapping[str, Any]:
        invitation, secret = enrolling.invite(
            work, venue_id, body.name, invited_by=caller.scope, kind=body.kind, limits=limits
        )
        secrets[:] = [secret]
        auditing.record(work, caller.scope, "device-invited", f"venue/{venue_id}", {"name": invitation.name})
        return {
            "invitation_id": str(invitation.invitation_id),
            "expires_at": invitation.expires_at.isoformat(),
        }

    answer = await commanding.perform_once(request, caller, key, command)
    secret = secrets[0] if secrets else None
    url = secret and enrolment_url(request, secret)
    return JSONResponse({**answer, "secret": secret, "url": url}, 201)


@router.post("/devices/enrolments", status_code=201, summary="Join a venue", response_model=EnrolledOut)
async def join(request: Request, caller: Anyone, body: EnrolmentIn, key: IdempotencyKey) -> JSONResponse:
    """Enrol a device by the secret of an invitation and a signature of its own new key."""
    services.of(request).limiter.hit("enrol-source", caller.city.city_id, caller.source)
    public_key, signature = from_base64url(body.public_key), from_base64url(body.signature)
    if public_key is None:
        raise Invalid("device-key-invalid", field="public_key")
    if signature is None:
        raise Invalid("enrolment-signature-wrong", field="signature")
    tokens: list[str] = []

    def command(work: Work) -> Mapping[str, Any]:
        device, token = enrolling.accept(work, body.secret, public_key, signature)
        tokens[:] = [token]
        subject = f"device/{device.device_id}"
        auditing.record(work, subject, "device-enrolled", subject, {"venue_id": device.venue_id})
        return _joined(work, device)

    answer = await commanding.perform_once(request, caller, key, command)
    return JSONResponse({**answer, "token": tokens[0] if tokens else None}, 201)


@router.post("/venue/device-state", summary="Tell how the device is", response_model=DeviceStateOut)
async def report(request: Request, caller: DeviceCaller, body: ReportIn, key: IdempotencyKey) -> JSONResponse:
    """Keep what a device says of itself, for the venue's page of devices; answer with its state."""
    device = caller.scanning_device

    def command(work: Work) -> Mapping[str, Any]:
        device_reports.note(work, device, Report(**body.model_dump()))
        devices.touch(work, [device.device_id])
        return DeviceStateOut.plain(device)

    return await commanding.answer(request, caller, key, command)


@router.post("/devices/{device_id}/suspension", summary="Suspend a device", response_model=DeviceOut)
async def suspend(request: Request, caller: Owner, device_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Let a device do nothing but hand in its log, until it is reactivated."""
    return await _change(request, caller, device_id, key, "device-suspended", safeguarding.suspend)


@router.post("/devices/{device_id}/direction", summary="Turn a device", response_model=DeviceOut)
async def turn(
    request: Request, caller: Owner, device_id: LongId, body: DirectionIn, key: IdempotencyKey
) -> JSONResponse:
    """Let a device count guests in, out, or both ways, where they may come in again."""

    def change(work: Work, number: int) -> Device:
        return devices.turn(work, number, body.direction)

    return await _change(request, caller, device_id, key, "device-turned", change)


@router.post("/devices/{device_id}/loss", summary="Report a device lost", response_model=DeviceOut)
async def lose(
    request: Request, caller: Owner, device_id: LongId, body: LossIn, key: IdempotencyKey
) -> JSONResponse:
    """Refuse a device at once; what it decided offline since then is not paid."""
    since = body.since
    if since is not None and since.tzinfo is None:
        raise Invalid("lost-since-invalid", field="since")

    def change(work: Work, number: int) -> Device:
        return lost(work, number, since)

    return await _change(request, caller, device_id, key, "device-lost", change)


@router.post("/devices/{device_id}/reactivation", summary="Let a device work", response_model=DeviceOut)
async def reactivate(request: Request, caller: Owner, device_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Let a device work again that was suspended, or lost and found."""
    return await _change(request, caller, device_id, key, "device-reactivated", safeguarding.reactivate)


@router.delete("/devices/{device_id}", status_code=204, summary="Shut a device out")
async def revoke(request: Request, caller: Owner, device_id: LongId, key: IdempotencyKey) -> Response:
    """Refuse a device for good."""

    def command(work: Work) -> None:
        _check(caller, devices.get(work, device_id).venue_id)
        shut_out(work, device_id)
        auditing.record(work, caller.scope, "device-revoked", f"device/{device_id}", {})

    return await commanding.done(request, caller, key, command)


def lost(work: Work, device_id: int, since: dt.datetime | None = None) -> Device:
    """Report a device lost; what was left to it is free at once, so that its venue can go on."""
    device = safeguarding.lose(work, device_id, since)
    _free(work, device_id)
    return device


def shut_out(work: Work, device_id: int) -> Device:
    """Refuse a device for good; what was left to it is free at once."""
    device = devices.revoke(work, device_id)
    _free(work, device_id)
    return device


def _free(work: Work, device_id: int) -> None:
    hub_sessions.lose(work, device_id)
    leasing.lose(work, device_id)


def enrolment_url(request: Request, secret: str) -> str:
    """Return the address in an invitation's QR code; what is behind # reaches no server's log."""
    scheme = urlsplit(services.of(request).settings.public_url).scheme
    return f"{scheme}://{request.url.netloc}/scan/enrol#{secret}"


async def _change(
    request: Request,
    caller: Caller,
    device_id: int,
    key: str,
    act: str,
    change: Callable[[Work, int], Device],
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        _check(caller, devices.get(work, device_id).venue_id)
        device = change(work, device_id)
        auditing.record(work, caller.scope, act, f"device/{device_id}", {})
        return _out(device).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command)


def _joined(work: Work, device: Device) -> dict[str, Any]:
    return {
        "device_id": str(device.device_id),
        "name": device.name,
        "kind": device.kind.value,
        "venue_id": device.venue_id,
        "venue_name": venues.get(work, device.venue_id).name,
        "gate": device.gate,
        "offer_ids": device.offer_ids and list(device.offer_ids),
        "direction": device.direction.value,
    }


def _out(device: Device) -> DeviceOut:
    return DeviceOut(
        device_id=str(device.device_id),
        venue_id=device.venue_id,
        name=device.name,
        kind=device.kind.value,
        state=device.state.value,
        gate=device.gate,
        offer_ids=None if device.offer_ids is None else list(device.offer_ids),
        direction=device.direction.value,
        has_key=device.public_key is not None,
        created_at=device.created_at,
        last_seen_at=device.last_seen_at,
        quarantined_at=device.quarantined_at,
        lost_at=device.lost_at,
        revoked_at=device.revoked_at,
    )


def _check(caller: Caller, venue_id: int) -> None:
    """Raise Forbidden unless the person administrates the city or owns this very venue."""
    if not caller.has(Role.ADMINISTRATOR):
        caller.check_venue(venue_id, Role.VENUE_OWNER)
