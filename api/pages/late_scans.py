"""Scans that were handed in later: what came second or was refused, a log as a file, held devices."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing, venue, venue_devices
from api.pages.framing import Area
from api.v1.shapes import BIGINT_MAX
from api.wording import scan_logs as wording
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from merchants import devices, venues
from merchants.devices import Device
from redemption import handing_in, scan_events, scan_logs
from redemption.scan_events import LogFile
from redemption.scan_logs import Logged
from web.marking import N_

router = APIRouter(include_in_schema=False)
Staff = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES))]
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, form=True))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

PAGE = 50
FILE_BYTES_MAX = 20 * 1024 * 1024
OUTCOME_WORDS: Mapping[str, str] = {
    "accepted": N_("Booked"),
    "conflict": N_("Used before, paid all the same"),
    "known": N_("Known already"),
    "refused": N_("Not paid"),
    "held": N_("Held"),
    "unreadable": N_("Not readable, kept"),
    "gap": N_("Waits for entries before it"),
    "fork": N_("Contradicts another entry, kept"),
}
framing.announce(
    {
        "held-accepted": ("success", N_("The device works again. What it had scanned has been decided.")),
        "held-refused": ("success", N_("The device works again. What it had scanned is not paid.")),
    }
)


@router.get("/venue/late-scans")
def late(
    request: Request,
    caller: Staff,
    venue_id: int = 0,
    before: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """Show scans that somebody else had made before, or that are not paid."""
    return _page(request, caller, venue_id, before=before)


@router.post("/venue/late-scans/file")
async def hand_in(
    request: Request,
    caller: Owner,
    venue_id: Annotated[int, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Take in the log of a device whose network or screen is gone."""
    caller.check_venue(venue_id, Role.VENUE_OWNER)
    content = await file.read(FILE_BYTES_MAX + 1) if file else b""
    try:
        counted = await run_in_threadpool(_take, request, caller, venue_id, content)
    except DomainError as error:
        return await run_in_threadpool(_page, request, caller, venue_id, error=error)
    return await run_in_threadpool(_page, request, caller, venue_id, counted=counted)


@router.get("/office/devices")
def held(request: Request, caller: Administrator) -> Response:
    """Show the devices whose log is broken, with what waits for a decision."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = devices.quarantined(reading)
        waiting = {one.device_id: scan_logs.held(reading, one.device_id) for one in found}
        faults = scan_logs.faults_of(reading, waiting)
        where = venues.by_id(reading, (one.venue_id for one in found))
    return framing.show(
        request, caller, "office/devices.html", area=Area.OFFICE, found=found, waiting=waiting, venues=where,
        faults={device: wording.FAULTS.get(fault, wording.OTHER_FAULT) for device, fault in faults.items()},
    )  # fmt: skip


@router.post("/office/devices/{device_id}/release")
def release(
    request: Request, caller: AdministratorForm, device_id: int, accept: Annotated[str, Form()] = ""
) -> Response:
    """Decide on what was held, and let the device work again."""
    accepted = accept == "yes"

    def command(work: Work) -> None:
        decided = handing_in.decide_held(work, caller.city, devices.get(work, device_id), accept=accepted)
        details = {"accepted": accepted, "events": len(decided)}
        auditing.record(work, caller.scope, "device-released", f"device/{device_id}", details)

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go("/office/devices", "held-accepted" if accepted else "held-refused")


def _take(request: Request, caller: Caller, venue_id: int, content: bytes) -> Counter[str]:
    """Take a file in, as much at once as a device may send; return how many events ended how."""
    if len(content) > FILE_BYTES_MAX:
        raise Invalid("scan-log-file-too-large", field="file", megabytes=FILE_BYTES_MAX >> 20)
    log = scan_events.read_file(content)
    database, city = services.of(request).database, caller.city
    with database.reading(city.city_id) as reading:
        device = _device_of(devices.by_id(reading, [log.device_id]), log, venue_id)
    counted: Counter[str] = Counter()
    for start in range(0, len(log.events), handing_in.AT_ONCE):
        items = handing_in.read(device, log.events[start : start + handing_in.AT_ONCE])

        def command(work: Work, items: list[handing_in.Item] = items) -> handing_in.Answer:
            # Nobody has the device any more to look for what is missing before.
            return handing_in.take(
                work, city, devices.get(work, device.device_id), items, scan_events.NUMBER_MAX
            )

        answer = database.run(city.city_id, command)
        counted.update(one.outcome for one in answer.results)

    def note(work: Work) -> None:
        subject = f"device/{device.device_id}"
        auditing.record(work, caller.scope, "scan-log-file-taken", subject, {"events": len(log.events)})

    database.run(city.city_id, note)
    return counted


def _device_of(found: Mapping[int, Device], log: LogFile, venue_id: int) -> Device:
    device = found.get(log.device_id)
    if device is None or device.venue_id != venue_id or device.public_key != log.public_key:
        raise Invalid("scan-log-of-another", field="file")
    return device


def _page(
    request: Request,
    caller: Caller,
    venue_id: int,
    *,
    before: int | None = None,
    error: DomainError | None = None,
    counted: Counter[str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        where = venue.venue_of(request, reading, caller, venue_id)
        found = scan_logs.troubled(reading, where.venue_id, before=before, limit=PAGE + 1)
        names = {one.device_id: one.name for one in devices.of_venue(reading, where.venue_id)}
    shown = found[:PAGE]
    held_roles = caller.person_session.roles
    owns = any(one.role is Role.VENUE_OWNER and one.venue_id == where.venue_id for one in held_roles)
    older = None
    if len(found) > PAGE:
        older = f"/venue/late-scans?venue_id={where.venue_id}&before={shown[-1].event_id}"
    return framing.show(
        request, caller, "venue/late_scans.html", status=422 if error else 200, area=Area.VENUE, venue=where,
        venues=venue.venues_of(request, caller), lines=[_line(one, names) for one in shown], owns=owns,
        older=older, counted=counted, words=OUTCOME_WORDS,
        errors=framing.field_errors(request, caller, error) if error else [],
    )  # fmt: skip


def _line(one: Logged, names: Mapping[int, str]) -> dict[str, Any]:
    result = handing_in.described(one)
    return {
        "event": one,
        "device": names.get(one.device_id, ""),
        "outcome": result.outcome,
        "sentence": wording.sentence(result.outcome, result.reason),
        "tier": venue_devices.TIERS[one.tier],
    }
