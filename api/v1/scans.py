"""Scanning by a device of a venue."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, languages, services, verdicts
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import Before, IdText, In, Limit, LongId, Out, Paged
from kernel.cities import City
from kernel.db import Work
from kernel.errors import DomainError
from merchants import devices
from merchants.directions import Direction
from redemption import passages, scans, till_receipts, undoing
from redemption.keys import Sealer
from redemption.offer_terms import USES_MAX
from redemption.scans import Scanned
from redemption.verdicts import PASSED, Question, Verdict
from web import formats

router = APIRouter(tags=["scans"])
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
MANUAL_CODE_MAX = 20
"""Shorter texts were typed by hand, so they might be guesses."""


class SummaryOut(BaseModel):
    """Today's scans of a venue in figures."""

    venue_id: int = Field(examples=[4])
    since: dt.datetime = Field(description="Midnight in the city")
    scans: int = Field(examples=[41])
    verdicts: dict[str, int] = Field(
        description="How many got which code", examples=[{"accepted": 39, "already-used": 2}]
    )
    inside: int = Field(description="Guests who are inside now, of offers that let in again", examples=[12])
    came: int = Field(description="Of them, how many came in today, again or not", examples=[31])
    went: int = Field(description="How many went out today", examples=[19])


class ScanIn(In):
    """What a device has read."""

    text: str = Field(max_length=600, examples=["DC1:6BFOXN..."])
    nonce: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Made by the device for each scan; taken from the Idempotency-Key if absent",
        examples=["5f0f2d39-4d0c"],
    )
    seen_moving: bool = Field(
        default=False,
        description="After `phone-clock-off`: somebody has seen that the code moves by itself",
    )
    receipt_number: str = Field(
        default="",
        max_length=till_receipts.NUMBER_MAX,
        description="Of the till's receipt, where the contract wants it; once for each venue and day",
        examples=["4711"],
    )
    uses: int = Field(
        default=1, ge=1, le=USES_MAX, description="How many uses it takes at once", examples=[1]
    )
    direction: Literal["in", "out"] | None = Field(
        default=None, description="Which way the guests go; absent: as the device does", examples=["in"]
    )
    asks: list[Question] = Field(
        default=[],
        max_length=2,
        description="What staff is asked first, if need be: a good voucher is not redeemed then but answered"
        " with `amount-needed` (of one whose value is taken in parts) or `receipt-needed`",
        examples=[["amount"]],
    )


class VerdictOut(BaseModel):
    """What the device shows."""

    scan_id: IdText
    code: str = Field(examples=["accepted"])
    colour: str = Field(examples=["green"], description="green, amber or red")
    title: str = Field(examples=["Gültig"])
    sentence: str = Field(examples=["Gast einlassen."])
    voucher_id: str | None = None
    offer_code: str | None = None
    offer_title: str | None = Field(default=None, examples=["Einzelkarte Hallenbad"])
    notes: list[str] = Field(default=[], description="What to look at besides", examples=[["3 of 10 left"]])
    uses: int | None = Field(default=None, description="How often the voucher can be used", examples=[10])
    left: int | None = Field(default=None, description="How often after this scan", examples=[3])
    undo_until: dt.datetime | None = Field(
        default=None, description="Until when the venue can take this scan back"
    )
    first_used_at: dt.datetime | None = Field(
        default=None,
        description="With `already-used`: the first use; with `already-inside`: since when they are inside",
    )
    persons: int | None = Field(
        default=None,
        description="With `let-in-again` and `let-out`: how many guests passed, without a use",
        examples=[1],
    )
    part_cents: int | None = Field(
        default=None, description="With `amount-needed`: what one use is worth", examples=[200]
    )
    reentry_until: dt.datetime | None = Field(
        default=None, description="Until when who goes out may come in again with the same code"
    )
    clock_seconds: int | None = Field(
        default=None,
        description="How far the guest's phone is ahead, where a live code says so; below zero: slow",
        examples=[-90],
    )
    scanned_at: dt.datetime
    decided_by: str = Field(default="city", description="city, or hub: the venue's own", examples=["city"])


class UndoneOut(Out):
    """A scan that was taken back: the voucher can be used again."""

    scan_id: IdText
    undone_at: dt.datetime
    count: int = Field(description="How many uses it had taken; 0: guests only passed a gate", examples=[1])
    voucher_id: str = Field(examples=["5f0f2d394d0c4f8e"])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte", "en": "Single ticket"}])
    uses: int = Field(examples=[10])
    left: int = Field(description="How often the voucher can be used now", examples=[4])


@dataclass(frozen=True, slots=True)
class _Scan:
    city: City
    sealer: Sealer
    scanned: Scanned
    seen: int | None
    """The device, if it is to be noted that it was seen."""
    receipt_number: str = ""


def _redeem(work: Work, waiting: Sequence[_Scan]) -> list[Verdict | DomainError]:
    """Decide on all scans that wait in one city."""
    if seen := [one.seen for one in waiting if one.seen is not None]:
        devices.touch(work, seen)
    city, sealer = waiting[0].city, waiting[0].sealer
    asked = [(one.scanned, one.receipt_number) for one in waiting]
    return till_receipts.redeem_many(work, city, asked, sealer)


@router.post("/scans", summary="Scan a voucher")
async def scan(request: Request, caller: DeviceCaller, body: ScanIn, key: IdempotencyKey) -> VerdictOut:
    """Redeem a voucher exactly once. The same nonce gets the same verdict again, so repeating is safe."""
    given, device = services.of(request), caller.scanning_device
    # A key may be longer than a nonce.
    nonce = body.nonce or hashlib.sha256(key.encode()).hexdigest()
    given.limiter.hit("scan-device", caller.city.city_id, device.device_id)
    if len(body.text) < MANUAL_CODE_MAX:
        given.limiter.hit("manual-code-device", caller.city.city_id, device.device_id)

    seen = device.device_id if devices.is_due(device, given.database.clock.now()) else None
    way = Direction(body.direction) if body.direction else None
    scanned = Scanned(
        body.text, device.venue_id, device.device_id, nonce, body.seen_moving, body.uses, way,
        frozenset(body.asks),
    )  # fmt: skip
    number = till_receipts.checked(body.receipt_number) if body.receipt_number else ""
    scan = _Scan(caller.city, given.sealer, scanned, seen, number)
    return present(request, caller, await given.write_with(caller.city.city_id, _redeem, scan))


@router.post("/scans/{scan_id}/undo", summary="Take a scan back", response_model=UndoneOut)
async def undo(request: Request, caller: DeviceCaller, scan_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Take back what a scan of the device's venue took, within the offer's time; again: the same answer."""
    venue_id = caller.scanning_device.venue_id

    def command(work: Work) -> Mapping[str, Any]:
        return UndoneOut.plain(undoing.undo(work, caller.city, scan_id, venue_id=venue_id))

    return await commanding.answer(request, caller, key, command)


@router.get("/scans", summary="Scans of today")
def today(
    request: Request, caller: DeviceCaller, before: Before = None, limit: Limit = 50
) -> Paged[VerdictOut]:
    """Return a page of today's scans of this device, newest first."""
    device = caller.scanning_device
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = scans.recent(
            reading,
            venue_id=device.venue_id,
            device_id=device.device_id,
            since=_midnight(caller, reading.now),
            before=before,
            limit=limit,
        )
    items = [present(request, caller, one.verdict) for one in found]
    return Paged(items=items, next=items[-1].scan_id if len(items) == limit else None)


@router.get("/scans/summary", summary="Today in figures")
def summary(request: Request, caller: DeviceCaller) -> SummaryOut:
    """Return how many scans of the device's venue got which verdict today."""
    venue_id = caller.scanning_device.venue_id
    with services.of(request).database.reading(caller.city.city_id) as reading:
        since = _midnight(caller, reading.now)
        counted = scans.counts(reading, venue_id=venue_id, since=since)
        guests = passages.guests(reading, venue_id, since)
    return SummaryOut(
        venue_id=venue_id,
        since=since,
        scans=sum(counted.values()),
        verdicts={code.value: count for code, count in counted.items()},
        inside=guests.inside,
        came=guests.came,
        went=guests.went,
    )


def _midnight(caller: Caller, now: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(caller.city.day_of(now), dt.time(), caller.city.zone)


def present(request: Request, caller: Caller, verdict: Verdict) -> VerdictOut:
    """Return a verdict in the words of the scanner's language."""
    language = languages.of_scanner(request)
    translation = services.of(request).scanner_translations[language]
    words = verdicts.words(verdict, caller.city, language, translation)
    until = verdict.voucher.reentry_until if verdict.voucher else None
    return VerdictOut(
        scan_id=str(verdict.scan_id),
        code=verdict.code.value,
        colour=verdict.colour.value,
        title=words.title,
        sentence=words.sentence,
        voucher_id=(verdict.voucher.voucher_id or None) if verdict.voucher else None,
        offer_code=verdict.voucher.offer_code if verdict.voucher else None,
        offer_title=formats.localized(verdict.voucher.titles, language) if verdict.voucher else None,
        notes=list(words.notes),
        uses=verdict.voucher.uses if verdict.voucher else None,
        left=verdict.voucher.left if verdict.voucher else None,
        undo_until=verdict.undo_until,
        first_used_at=verdict.first_use.at if verdict.first_use else None,
        persons=verdict.voucher.taken if verdict.voucher and verdict.code in PASSED else None,
        part_cents=verdict.part_cents,
        reentry_until=dt.datetime.fromisoformat(until) if until else None,
        clock_seconds=verdict.clock_seconds,
        scanned_at=verdict.at,
    )
