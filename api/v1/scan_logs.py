"""The scan log of a device: handed in by itself, released from quarantine by an administrator."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api import commanding, languages, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import IdText, In, LongId, base64url, from_base64url
from api.wording import scan_logs as wording
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import Invalid
from merchants import devices
from redemption import handing_in
from redemption.handing_in import Answer, Result
from redemption.scan_events import NUMBER_MAX
from redemption.scan_logs import Log

router = APIRouter(tags=["scans"])
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
_TEXT_MAX = 8192


class LogOut(BaseModel):
    """How far the log of the device is known."""

    device_id: IdText
    through_seq: int = Field(description="Everything up to this number is here", examples=[512])
    head: str = Field(
        description="SHA-256 of that event, in base64url; of the public key before the first",
        examples=["3aO0Ez4mFzCuFg8Qm3W0hDk9Kc0b4YyZ3c1q7vXx0hM"],
    )
    quarantined: bool = Field(examples=[False])


class LogIn(In):
    """Events in order, at most 500."""

    events: list[Annotated[str, Field(max_length=_TEXT_MAX)]] = Field(
        max_length=handing_in.AT_ONCE, description="Each in base64url", examples=[["0oROogEyBEgq..."]]
    )
    lost_through: int = Field(
        default=0, ge=0, le=NUMBER_MAX, description="Highest number that the device can't send any more"
    )


class ResultOut(BaseModel):
    """What became of an event."""

    seq: int = Field(examples=[512])
    outcome: str = Field(
        description="accepted, conflict, refused, held, known, unreadable, gap or fork", examples=["accepted"]
    )
    reason: str | None = Field(description="Why it is refused, held or kept aside", examples=[None])
    sentence: str = Field(examples=["Gebucht."])


class HandedInOut(LogOut):
    """How far the log is known now, and what became of what was sent."""

    results: list[ResultOut]


class ReleaseIn(In):
    """What becomes of what was held."""

    accept: bool = Field(
        description="True: judged like everything else. False: not paid, kept all the same", examples=[True]
    )


class ReleaseOut(BaseModel):
    """What became of what was held."""

    device_id: IdText
    results: list[ResultOut]


@router.get("/venue/scan-log", summary="How far the log is known")
def known(request: Request, caller: DeviceCaller) -> LogOut:
    """Return where the device goes on after a restart."""
    device = caller.scanning_device
    with services.of(request).database.reading(caller.city.city_id) as reading:
        log = handing_in.known(reading, device)
    return LogOut(**_log(log, quarantined=device.quarantined_at is not None))


@router.post("/venue/scan-log", summary="Hand in events", response_model=HandedInOut)
async def hand_in(request: Request, caller: DeviceCaller, body: LogIn, key: IdempotencyKey) -> JSONResponse:
    """Take in events of the device's log; the same ones again get the same answer. Nothing is dropped."""
    return await taken_in(request, caller, body, key)


async def taken_in(
    request: Request,
    caller: Caller,
    body: LogIn,
    key: str,
    then: Callable[[Work, Answer], None] = lambda work, answer: None,  # noqa: ARG005 -- the city does no more
) -> JSONResponse:
    """Take in events, and do what follows from them in the same transaction."""
    data = [from_base64url(text) for text in body.events]
    if None in data:
        raise Invalid("scan-log-not-base64", field="events")
    device = caller.scanning_device
    items = await run_in_threadpool(handing_in.read, device, [one for one in data if one is not None])

    def command(work: Work) -> Mapping[str, Any]:
        current = devices.get(work, device.device_id)
        answer = handing_in.take(work, caller.city, current, items, body.lost_through)
        if answer.quarantined and current.quarantined_at is None:
            subject = f"device/{device.device_id}"
            auditing.record(work, caller.scope, "device-quarantined", subject, {"fault": answer.log.fault})
        then(work, answer)
        return told(request, caller, answer)

    return await commanding.answer(request, caller, key, command)


@router.post("/devices/{device_id}/release", summary="End a quarantine", response_model=ReleaseOut)
async def release(
    request: Request, caller: Administrator, device_id: LongId, body: ReleaseIn, key: IdempotencyKey
) -> JSONResponse:
    """Decide on what a device with a broken log did offline, and let it work again."""

    def command(work: Work) -> Mapping[str, Any]:
        device = devices.get(work, device_id)
        decided = handing_in.decide_held(work, caller.city, device, accept=body.accept)
        details = {"accepted": body.accept, "events": len(decided)}
        auditing.record(work, caller.scope, "device-released", f"device/{device_id}", details)
        results = [handing_in.described(one) for one in decided]
        return {"device_id": str(device_id), "results": _results(request, caller, results)}

    return await commanding.answer(request, caller, key, command)


def told(request: Request, caller: Caller, answer: Answer) -> dict[str, Any]:
    """Return an answer as plain JSON values, with sentences in the caller's language."""
    return {
        **_log(answer.log, quarantined=answer.quarantined),
        "results": _results(request, caller, answer.results),
    }


def _results(
    request: Request, caller: Caller, results: tuple[Result, ...] | list[Result]
) -> list[dict[str, Any]]:
    given = services.of(request)
    translation = given.translations[caller.language]
    if caller.device is not None:
        translation = given.scanner_translations[languages.of_scanner(request)]
    return [
        {
            "seq": one.seq,
            "outcome": one.outcome,
            "reason": one.reason,
            "sentence": translation.gettext(wording.sentence(one.outcome, one.reason)),
        }
        for one in results
    ]


def _log(log: Log, *, quarantined: bool) -> dict[str, Any]:
    return {
        "device_id": str(log.device_id),
        "through_seq": log.link.seq,
        "head": base64url(log.link.head),
        "quarantined": quarantined,
    }
