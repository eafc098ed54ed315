"""The hub's own pages: how it is, opening and closing, gates, and scanning by a form without a camera."""

import datetime as dt
import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import services
from api.access import Access, Caller, Sort
from api.hub import gates, machine, syncing
from api.hub.link import Unreachable
from api.hub.machine import Hub
from api.hub.standing import standing
from api.pages import framing, venue_devices
from api.v1 import scans
from kernel.db import Reading, Work
from kernel.errors import DomainError, Forbidden, Invalid, NotFound
from merchants import device_reports, devices, enrolling
from merchants.devices import Device, DeviceRefused, Limits
from merchants.directions import Direction
from redemption import hub_logs, hub_noting, hub_states, passages, qr
from redemption.offer_terms import USES_MAX
from redemption.scans import Scanned
from web import templating
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/hub")
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
AnyoneForm = Annotated[Caller, Depends(Access(Sort.ANYONE, form=True))]
STAFF_COOKIE = "duiscoin_staff"
DEVICE_COOKIE = "duiscoin_device"
_YEAR_SECONDS = 365 * 24 * 3600
_GROUP = 4
_PARTS = 2
framing.announce(
    {
        "hub-open": ("success", N_("The hub is open. Your entrances can scan, also without the internet.")),
        "hub-closed": (
            "success",
            N_("The hub is closed. What is left is good everywhere once this has arrived."),
        ),
        "gate-here": ("success", N_("This browser is an entrance now.")),
        "gate-gone": ("success", N_("The entrance can't scan any more.")),
        "hub-undone": ("success", N_("Taken back. The guest can use the voucher again.")),
    }
)


@router.get("")
def show(request: Request, caller: Anyone) -> Response:
    """Show how the hub is."""
    return _state_page(request, caller)


@router.post("/sign-in")
def sign_in(request: Request, caller: AnyoneForm, code: Annotated[str, Form()] = "") -> Response:
    """Let somebody change things who has the code for staff."""
    services.of(request).limiter.hit("enrol-source", caller.city.city_id, caller.source)
    typed = enrolling.normalised(code)
    if not hmac.compare_digest(typed.encode(), machine.of(request).folder.staff_code().encode()):
        return _state_page(request, caller, error=Invalid("hub-code-wrong", field="code"))
    response = framing.go("/hub")
    framing.set_cookie(request, response, STAFF_COOKIE, _proof(request))
    return response


@router.post("/open")
def begin(request: Request, caller: AnyoneForm, until: Annotated[str, Form()] = "") -> Response:
    """Have the venue's vouchers left to the hub until a time of the clock."""
    _check_staff(request)
    hub = machine.of(request)
    try:
        syncing.open_until(hub, next_time(hub, until))
    except (DomainError, Unreachable) as error:
        return _state_page(request, caller, error=_as_refusal(error))
    return framing.go("/hub", "hub-open")


@router.post("/close")
def close(request: Request, caller: AnyoneForm) -> Response:
    """Give all back."""
    _check_staff(request)
    try:
        syncing.close(machine.of(request))
    except DomainError as error:
        return _state_page(request, caller, error=error)
    return framing.go("/hub", "hub-closed")


@router.post("/gates")
def invite(
    request: Request,
    caller: AnyoneForm,
    name: Annotated[str, Form()] = "",
    direction: Annotated[str, Form()] = Direction.IN.value,
    here: Annotated[str, Form()] = "",
) -> Response:
    """Invite a phone or tablet to be an entrance, or make this browser one."""
    _check_staff(request)
    hub = machine.of(request)
    venue_id = hub.state().venue_id
    limits = Limits(name.strip()[: devices.GATE_MAX] or None, None, venue_devices.direction_of(direction))
    run = services.of(request).database.run
    try:
        if here:
            _, token = run(
                caller.city.city_id, lambda work: devices.enrol(work, venue_id, name, limits=limits)
            )
            response = framing.go("/hub/scan", "gate-here")
            framing.set_cookie(request, response, DEVICE_COOKIE, token, max_age=_YEAR_SECONDS)
            return response
        _, secret = run(
            caller.city.city_id,
            lambda work: enrolling.invite(work, venue_id, name, invited_by="hub", limits=limits),
        )
    except DomainError as error:
        return _state_page(request, caller, error=error, name=name)
    title = framing.gettext_of(request, caller).gettext("Code of the invitation")
    # The address by which this very browser reaches the hub is the one that phones can reach, too.
    url = f"{request.url.scheme}://{request.url.netloc}/scan/enrol#{secret}"
    return framing.show(
        request, caller, "hub/invitation.html", area=None, name=name.strip(),
        groups=[secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)],
        code=templating.safe(qr.svg(url, title=title)), host=request.url.netloc, secure=_is_secure(request),
    )  # fmt: skip


@router.post("/gates/{device_id}/turn")
def turn(
    request: Request, caller: AnyoneForm, device_id: int, direction: Annotated[str, Form()] = ""
) -> Response:
    """Say which way an entrance lets guests."""
    _check_staff(request)
    way = venue_devices.direction_of(direction)
    services.of(request).database.run(
        caller.city.city_id, lambda work: devices.turn(work, _gate(work, device_id).device_id, way)
    )
    return framing.go("/hub", "device-turned")


@router.post("/gates/{device_id}/revoke")
def revoke(request: Request, caller: AnyoneForm, device_id: int) -> Response:
    """Shut an entrance out."""
    _check_staff(request)
    services.of(request).database.run(
        caller.city.city_id, lambda work: devices.revoke(work, _gate(work, device_id).device_id)
    )
    return framing.go("/hub", "gate-gone")


@router.get("/log.dscl")
def save_log(request: Request, _: Anyone) -> Response:
    """Give the record as a file, for a hub that the city takes nothing from any more."""
    _check_staff(request)
    hub = machine.of(request)
    with hub.database.reading(hub.city.city_id) as reading:
        data = hub_logs.export(reading)
    headers = {"Content-Disposition": 'attachment; filename="hub-log.dscl"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get("/scan")
def form(request: Request, caller: Anyone) -> Response:
    """Show the form for hand scanners and typed codes: it needs neither a camera nor a script."""
    return _scan_page(request, caller)


@router.post("/scan")
async def decide(
    request: Request,
    caller: AnyoneForm,
    code: Annotated[str, Form()] = "",
    uses: Annotated[str, Form()] = "",
    seen_moving: Annotated[str, Form()] = "",
    idempotency_key: Annotated[str, Form()] = "",
) -> Response:
    """Decide on what was scanned into the form; the same form again gets the same verdict."""
    device = _device_here(request)
    if device is None:
        return framing.go("/hub/scan")
    count = int(uses) if uses.isdecimal() and 1 <= int(uses) <= USES_MAX else 1
    text = code.strip()
    services.of(request).limiter.hit("scan-device", caller.city.city_id, device.device_id)
    if len(text) < scans.MANUAL_CODE_MAX:
        services.of(request).limiter.hit("manual-code-device", caller.city.city_id, device.device_id)
    nonce = f"{idempotency_key[:50]}-{int(bool(seen_moving))}"
    scanned = Scanned(text, device.venue_id, device.device_id, nonce, bool(seen_moving), count)
    verdict = await gates.decided(request, caller, scanned)
    return await run_in_threadpool(_scan_page, request, caller, verdict=verdict, code=text)


@router.post("/scan/{scan_id}/undo")
def undo(request: Request, caller: AnyoneForm, scan_id: int) -> Response:
    """Take a scan back that was made with the form."""
    device, hub = _device_here(request), machine.of(request)
    if device is None:
        return framing.go("/hub/scan")

    def command(work: Work) -> None:
        hub_noting.undo(work, caller.city, hub.key, scan_id, device.device_id)

    try:
        hub.database.run(caller.city.city_id, command)
    except DomainError as error:
        return _scan_page(request, caller, error=error)
    return framing.go("/hub/scan", "hub-undone")


def next_time(hub: Hub, text: str) -> dt.datetime:
    """Return when the clock shows a time next, in the city. Raises Invalid `hub-time-invalid`."""
    parts = text.strip().split(":")
    if len(parts) < _PARTS or not all(part.isdecimal() for part in parts[:2]):
        raise Invalid("hub-time-invalid", field="until")
    now = hub.clock.now().astimezone(hub.city.zone)
    try:
        at = dt.datetime.combine(now.date(), dt.time(int(parts[0]), int(parts[1])), hub.city.zone)
    except ValueError:
        raise Invalid("hub-time-invalid", field="until") from None
    return (at if at > now else at + dt.timedelta(days=1)).astimezone(dt.UTC)


def _as_refusal(error: DomainError | Unreachable) -> DomainError:
    if isinstance(error, Unreachable):
        return Invalid("hub-no-network", field="until")
    return error


def _state_page(
    request: Request, caller: Caller, *, error: DomainError | None = None, name: str = ""
) -> Response:
    hub = machine.of(request)
    with hub.database.reading(hub.city.city_id) as reading:
        at = standing(reading, online=hub.online)
        found = [one for one in devices.of_venue(reading, at.venue_id) if one.revoked_at is None]
        reports = device_reports.of_devices(reading, found)
        counts = passages.counted_at(reading, at.venue_id)
    seen = {one.device_id: _seen(one, reports.get(one.device_id)) for one in found}
    return framing.show(
        request, caller, "hub/state.html", area=None, status=422 if error else 200, at=at, gates=found,
        seen=seen, staff=_is_staff(request), secure=_is_secure(request), name=name,
        counts=counts, ways=venue_devices.ways(framing.gettext_of(request, caller)),
        errors=framing.field_errors(request, caller, error) if error else [],
    )  # fmt: skip


def _gate(reading: Reading, device_id: int) -> Device:
    """Return an entrance of the hub; other devices of the venue are the city's. Raises NotFound."""
    device = devices.get(reading, device_id)
    if device.revoked_at is not None or device.venue_id != hub_states.get(reading).venue_id:
        raise NotFound("device-not-found", device_id=device_id)
    return device


def _seen(device: Device, report: device_reports.Report | None) -> dt.datetime | None:
    moments = [device.last_seen_at, report.reported_at if report else None]
    return max((one for one in moments if one is not None), default=None)


def _scan_page(
    request: Request,
    caller: Caller,
    *,
    verdict: dict[str, object] | None = None,
    code: str = "",
    error: DomainError | None = None,
) -> Response:
    return framing.show(
        request, caller, "hub/scan.html", area=None, device=_device_here(request), verdict=verdict, code=code,
        staff=_is_staff(request), refusal=framing.sentence(request, caller, error) if error else None,
    )  # fmt: skip


def _device_here(request: Request) -> Device | None:
    """Return the entrance that this browser is."""
    token, hub = request.cookies.get(DEVICE_COOKIE), machine.of(request)
    if not token:
        return None
    with hub.database.reading(hub.city.city_id) as reading:
        try:
            return devices.authenticate(reading, token)
        except (DeviceRefused, Forbidden):
            return None


def _proof(request: Request) -> str:
    hub = machine.of(request)
    secret = hub.settings.secret_key.get_secret_value().encode()
    return hmac.digest(secret, b"staff\0" + hub.folder.staff_code().encode(), "sha256").hex()


def _is_staff(request: Request) -> bool:
    return hmac.compare_digest(request.cookies.get(STAFF_COOKIE, "").encode(), _proof(request).encode())


def _check_staff(request: Request) -> None:
    if not _is_staff(request):
        raise Forbidden("hub-code-needed")


def _is_secure(request: Request) -> bool:
    """Whether browsers let this page use a camera."""
    return request.url.scheme == "https" or request.url.hostname in {"localhost", "127.0.0.1", "::1"}
