"""The venue's pages: scanning with a form, today."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services, verdicts
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Forbidden
from merchants import devices, reports, venues
from merchants.devices import Device, DeviceRefused
from merchants.directions import Direction
from merchants.venues import Venue
from redemption import offers, passages, presenting, publishing_status, scans, till_receipts, undoing
from redemption.offer_terms import USES_MAX
from redemption.scans import Scanned
from redemption.verdicts import GONE_ON, Question, Verdict
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue")
Staff = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES))]
StaffForm = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES, form=True))]

DEVICE_COOKIE = "duiscoin_device"
_DEVICE_SECONDS = 365 * 24 * 3600
MANUAL_CODE_MAX = 20
"""Shorter than any scanned code, longer than a typed one with hyphens."""
framing.announce(
    {
        "device-here": ("success", N_("This device is ready to scan.")),
        "scan-undone": ("success", N_("Taken back. The guest can use the voucher again.")),
    }
)


@router.get("")
def scan(request: Request, caller: Staff) -> Response:
    """Show the scanner; on a device that is not enrolled, the button that enrols it."""
    return _scan_page(request, caller)


@router.post("")
async def decide(
    request: Request,
    caller: StaffForm,
    code: Annotated[str, Form()] = "",
    seen_moving: Annotated[str, Form()] = "",
    uses: Annotated[str, Form()] = "",
    receipt_number: Annotated[str, Form()] = "",
    direction: Annotated[str, Form()] = "",
    amount_said: Annotated[str, Form()] = "",
    idempotency_key: Annotated[str, Form()] = "",
) -> Response:
    """Decide a scan and show the verdict; the same form again gets the same verdict."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        device = device_here(request, reading, caller)
        wants_receipt = device is not None and till_receipts.wanted(reading, caller.city, device.venue_id)
    if device is None:
        raise Forbidden("device-not-here")
    given.limiter.hit("scan-device", caller.city.city_id, device.device_id)
    way = Direction(direction) if direction in set(Direction) else None
    count = int(uses[:3]) if uses.isascii() and uses.isdigit() else 1
    if len(code.strip()) < MANUAL_CODE_MAX:
        given.limiter.hit("manual-code-device", caller.city.city_id, device.device_id)

    asks = frozenset({Question.RECEIPT} if wants_receipt else ()) | (
        frozenset() if amount_said or count > 1 else frozenset({Question.AMOUNT})
    )

    def command(work: Work) -> Verdict:
        number = till_receipts.checked(receipt_number) if wants_receipt and receipt_number.strip() else ""
        devices.touch(work, [device.device_id])
        scanned = Scanned(
            code.strip(),
            device.venue_id,
            device.device_id,
            idempotency_key or str(work.ids.uuid()),
            seen_moving == "yes",
            max(1, min(count, USES_MAX)),
            way,
            asks - ({Question.RECEIPT} if number else set()),
        )
        (outcome,) = till_receipts.redeem_many(work, caller.city, [(scanned, number)], given.sealer)
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    try:
        verdict = await given.write(caller.city.city_id, command)
    except DomainError as error:
        if not error.code.startswith("till-number-"):
            raise
        return _scan_page(request, caller, receipt_refused=framing.sentence(request, caller, error))
    again = {"code": code.strip(), "direction": direction, "uses": str(count)} | (
        {"receipt_number": receipt_number} if receipt_number.strip() else {}
    )
    return _scan_page(request, caller, verdict=verdict, again=again)


@router.post("/scans/{scan_id}/undo")
async def undo(request: Request, caller: StaffForm, scan_id: int) -> Response:
    """Take a scan back."""

    def command(work: Work) -> Mapping[str, Any]:
        venue_id = scans.get(work, scan_id).venue_id
        if venue_id not in caller.venues():
            raise Forbidden("undo-not-yours")
        undone = undoing.undo(work, caller.city, scan_id, venue_id=venue_id)
        return {"scan_id": str(undone.scan_id)}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _scan_page(request, caller, refusal=framing.sentence(request, caller, error))
    return framing.go("/venue", "scan-undone")


@router.post("/devices/here")
def enrol_here(request: Request, caller: StaffForm, venue_id: Annotated[int, Form()]) -> Response:
    """Make the browser that asks a scanning device of a venue."""
    caller.check_venue(venue_id)
    person = caller.person_session.person
    name = (person.name or framing.gettext_of(request, caller).gettext("Browser"))[: devices.NAME_MAX]

    def command(work: Work) -> str:
        device, token = devices.enrol(work, venue_id, name)
        subject = f"device/{device.device_id}"
        auditing.record(work, caller.scope, "device-enrolled", subject, {"venue_id": venue_id})
        return token

    token = services.of(request).database.run(caller.city.city_id, command)
    response = framing.go("/venue", "device-here")
    framing.set_cookie(request, response, DEVICE_COOKIE, token, max_age=_DEVICE_SECONDS)
    return response


@router.get("/today")
def today(request: Request, caller: Staff, venue_id: int = 0) -> Response:
    """Show today's redemptions and refusals."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venue_of(request, reading, caller, venue_id)
        day = reports.today(reading, caller.city, venue.venue_id)
        midnight = dt.datetime.combine(day.day, dt.time(), caller.city.zone).astimezone(dt.UTC)
        recent = scans.recent(reading, venue_id=venue.venue_id, since=midnight, limit=100)
        counted = scans.counts(reading, venue_id=venue.venue_id, since=midnight)
        names = {one.device_id: one.name for one in devices.of_venue(reading, venue.venue_id)}
        named = [one.verdict.voucher.voucher_id for one in recent if one.verdict.voucher]
        undone = undoing.undone_scans(reading, [number for number in named if number])
        undone |= passages.taken_back(reading, venue.venue_id, midnight)
        guests = passages.guests(reading, venue.venue_id, midnight)
        on_phones = presenting.of_venue(reading, venue.venue_id, since=midnight, limit=100)
        sold = offers.by_id(reading, (one.offer_id for one in on_phones))
        now = reading.now
        status_list = publishing_status.find(reading)
        age = reading.now - status_list.issued_at if status_list else dt.timedelta()
    translation = framing.gettext_of(request, caller)
    lines = [
        (
            one,
            verdicts.words(one.verdict, caller.city, caller.language, translation),
            names.get(one.device_id),
        )
        for one in recent
    ]
    refused = sum(count for code, count in counted.items() if code not in GONE_ON)
    return framing.show(
        request, caller, "venue/today.html", area=Area.VENUE, venue=venue, venues=venues_of(request, caller),
        day=day, lines=lines, refused=refused, guests=guests,
        on_phones=on_phones, sold=sold, undone=undone, now=now, status_list=status_list,
        status_list_age=age.total_seconds(), status_list_late=age > publishing_status.LATE_AFTER,
    )  # fmt: skip


def _scan_page(
    request: Request,
    caller: Caller,
    verdict: Verdict | None = None,
    again: Mapping[str, str] = MappingProxyType({}),
    refusal: str = "",
    receipt_refused: str = "",
) -> Response:
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        device = device_here(request, reading, caller)
        venue = venues.get(reading, device.venue_id) if device else None
        wants_receipt = device is not None and till_receipts.wanted(reading, caller.city, device.venue_id)
    shown = _verdict(request, caller, verdict) if verdict else {"verdict": None}
    return framing.show(
        request, caller, "venue/scan.html", status=409 if refusal else 200, area=Area.VENUE, device=device,
        venue=venue, venues=venues_of(request, caller), refusal=refusal,
        receipt_refused=receipt_refused, wants_receipt=wants_receipt,
        again=again, **shown,
    )  # fmt: skip


def _verdict(request: Request, caller: Caller, verdict: Verdict) -> Mapping[str, Any]:
    translation = framing.gettext_of(request, caller)
    return {
        "verdict": verdict,
        "words": verdicts.words(verdict, caller.city, caller.language, translation),
    }


def device_here(request: Request, reading: Reading, caller: Caller) -> Device | None:
    """Return the device that this browser is, if it belongs to a venue of this person."""
    token = request.cookies.get(DEVICE_COOKIE)
    if not token:
        return None
    try:
        device = devices.authenticate(reading, token)
    except DeviceRefused:
        return None
    return device if device.venue_id in caller.venues() else None


def venues_of(request: Request, caller: Caller) -> list[Venue]:
    """Return the venues of this person."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [venues.get(reading, venue_id) for venue_id in caller.venues()]


def venue_of(request: Request, reading: Reading, caller: Caller, venue_id: int) -> Venue:
    """Return the venue asked for, else that of this device, else the person's first."""
    here = device_here(request, reading, caller)
    chosen = venue_id or (here.venue_id if here else caller.venues()[0])
    caller.check_venue(chosen, Role.VENUE_OWNER, Role.VENUE_STAFF)
    return venues.get(reading, chosen)
