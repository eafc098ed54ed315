"""What the scanners at the gates ask the hub for: the same as they would ask the city."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api import commanding, languages, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.hub import machine
from api.hub.link import Refused, Unreachable
from api.v1 import scan_logs, scans
from api.v1.offline import CanaryOut
from api.v1.scan_logs import HandedInOut, LogIn
from api.v1.scans import ScanIn, UndoneOut, VerdictOut
from api.v1.shapes import LongId
from kernel.db import Work
from kernel.errors import Conflict, NotFound
from merchants.directions import Direction
from redemption import codes, hub_noting, till_receipts, tokens
from redemption.handing_in import Answer
from redemption.scans import Scanned

router = APIRouter()
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]


@router.post("/scans", response_model=VerdictOut)
async def scan(request: Request, caller: DeviceCaller, body: ScanIn, key: IdempotencyKey) -> Response:
    """Decide on a scan at a gate, exactly once for all gates of the hub."""
    given, device = services.of(request), caller.scanning_device
    nonce = body.nonce or hashlib.sha256(key.encode()).hexdigest()
    given.limiter.hit("scan-device", caller.city.city_id, device.device_id)
    if len(body.text) < scans.MANUAL_CODE_MAX:
        given.limiter.hit("manual-code-device", caller.city.city_id, device.device_id)
    way = Direction(body.direction) if body.direction else None
    scanned = Scanned(
        body.text, device.venue_id, device.device_id, nonce, body.seen_moving, body.uses, way,
        frozenset(body.asks),
    )  # fmt: skip
    number = till_receipts.checked(body.receipt_number) if body.receipt_number else ""
    return JSONResponse(await decided(request, caller, scanned, number))


@router.post("/scans/{scan_id}/undo", response_model=UndoneOut)
async def undo(request: Request, caller: DeviceCaller, scan_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Take back what the hub has let in; of what the city has decided, the city does."""
    hub, device = machine.of(request), caller.scanning_device

    def command(work: Work) -> Mapping[str, Any]:
        return UndoneOut.plain(hub_noting.undo(work, caller.city, hub.key, scan_id, device.device_id))

    try:
        return await commanding.answer(request, caller, key, command)
    except (Conflict, NotFound) as refused:
        if refused.code not in {"undo-nothing", "scan-not-found"} or not hub.online:
            raise
        try:
            return JSONResponse(await run_in_threadpool(hub.undo_at_city, scan_id))
        except (Unreachable, Refused):
            raise refused from None


@router.post("/venue/scan-log", response_model=HandedInOut)
async def hand_in(request: Request, caller: DeviceCaller, body: LogIn, key: IdempotencyKey) -> JSONResponse:
    """Take in a gate's log: all but what it did while it did not reach the hub is known already."""
    hub = machine.of(request)

    def then(work: Work, answer: Answer) -> None:
        hub_noting.pass_on(work, hub.key, answer)

    return await scan_logs.taken_in(request, caller, body, key, then)


@router.post("/venue/canary", status_code=201)
def canary(request: Request, _: DeviceCaller, __: IdempotencyKey) -> CanaryOut:
    """Return a test voucher, as long as the hub has one."""
    text = machine.of(request).state().canary
    if not text:
        raise NotFound("hub-canary-none")
    token = codes.parse(text)
    ends = tokens.own_claims(token).expires_at if isinstance(token, bytes) else 0
    return CanaryOut(text=text, valid_until=dt.datetime.fromtimestamp(ends, dt.UTC))


async def decided(request: Request, caller: Caller, scanned: Scanned, receipt: str = "") -> dict[str, Any]:
    """Return the verdict on a scan: the city's where it has to decide and can be reached, else the hub's."""
    hub, given = machine.of(request), services.of(request)
    told = await run_in_threadpool(hub.ask_city, scanned, languages.of_scanner(request), receipt)
    if told is not None:
        return told
    verdict = await given.write_with(caller.city.city_id, hub.handler, (scanned, receipt))
    return scans.present(request, caller, verdict).model_dump(mode="json") | {"decided_by": "hub"}
