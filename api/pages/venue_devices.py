"""The page of a venue's devices: inviting, stopping, and how each of them is."""

from collections.abc import Callable, Mapping
from gettext import NullTranslations
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from api import services
from api.access import Access, Caller
from api.pages import framing, venue
from api.pages.framing import Area
from api.v1.devices import enrolment_url, lost, shut_out
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from merchants import device_reports, devices, enrolling, safeguarding
from merchants.devices import Device, DeviceKind, Limits
from merchants.directions import Direction
from redemption import hub_sessions, passages, qr
from web import templating
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue/devices")
Staff = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES))]
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, form=True))]
_GROUP = 4
TIERS = (N_("with a network"), N_("through the hub"), N_("offline, reserved"), N_("presented"), N_("offline"))
"""On what ground a device decides, by the number that it reports."""
WAYS: Mapping[Direction, str] = {
    Direction.IN: N_("in"),
    Direction.OUT: N_("out"),
    Direction.BOTH: N_("in and out, chosen on the device"),
}
framing.announce(
    {
        "device-revoked": ("success", N_("The device can't scan any more.")),
        "device-lost": ("success", N_("The device is shut out. What it lets in from now on is not paid.")),
        "device-turned": ("success", N_("From now on the device counts guests that way.")),
        "device-reactivated": ("success", N_("The device may scan again.")),
    }
)


@router.get("")
def own_devices(request: Request, caller: Staff, venue_id: int = 0, paused: int = 0) -> Response:
    """Show the venue's devices; above them one that was just paused."""
    return _page(request, caller, venue_id, paused=paused)


@router.post("/invitations")
def invite(
    request: Request,
    caller: Owner,
    venue_id: Annotated[int, Form()],
    name: Annotated[str, Form()] = "",
    gate: Annotated[str, Form()] = "",
    direction: Annotated[str, Form()] = "in",
    here: Annotated[str, Form()] = "",
) -> Response:
    """Invite a device: show its QR code, or take the invitation to the scanner of this very browser."""
    caller.check_venue(venue_id, Role.VENUE_OWNER)
    limits = Limits(gate.strip() or None, None, direction_of(direction))

    def command(work: Work) -> str:
        invitation, secret = enrolling.invite(work, venue_id, name, invited_by=caller.scope, limits=limits)
        auditing.record(work, caller.scope, "device-invited", f"venue/{venue_id}", {"name": invitation.name})
        return secret

    try:
        secret = services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _page(request, caller, venue_id, typed=(name, gate), error=error)
    url = enrolment_url(request, secret)
    if here:
        return RedirectResponse(f"/scan/enrol#{secret}", 303)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        where = venue.venue_of(request, reading, caller, venue_id)
    title = framing.gettext_of(request, caller).gettext("Code of the invitation")
    groups = [secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)]
    return framing.show(
        request, caller, "venue/invitation.html", area=Area.VENUE, venue=where, name=name.strip(),
        groups=groups, code=templating.safe(qr.svg(url, title=title)), host=request.url.netloc,
    )  # fmt: skip


@router.post("/hubs")
def invite_hub(
    request: Request, caller: Owner, venue_id: Annotated[int, Form()], name: Annotated[str, Form()] = ""
) -> Response:
    """Invite a computer of the venue that decides for all its entrances: show what to type there."""
    caller.check_venue(venue_id, Role.VENUE_OWNER)

    def command(work: Work) -> str:
        invitation, secret = enrolling.invite(
            work, venue_id, name, invited_by=caller.scope, kind=DeviceKind.HUB
        )
        auditing.record(work, caller.scope, "device-invited", f"venue/{venue_id}", {"name": invitation.name})
        return secret

    try:
        secret = services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _page(request, caller, venue_id, error=error)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        where = venue.venue_of(request, reading, caller, venue_id)
    scheme = urlsplit(services.of(request).settings.public_url).scheme
    return framing.show(
        request, caller, "venue/hub_invitation.html", area=Area.VENUE, venue=where, name=name.strip(),
        secret=enrolling.grouped(secret), server=f"{scheme}://{request.url.netloc}",
    )  # fmt: skip


@router.get("/{device_id}/lose")
def ask_whether_lost(request: Request, caller: Staff, device_id: int) -> Response:
    """Ask once before a device counts as lost."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        device = devices.get(reading, device_id)
        caller.check_venue(device.venue_id, Role.VENUE_OWNER)
        holds = hub_sessions.running(reading, [device.venue_id]).get(device.venue_id)
    held = holds is not None and holds.device_id == device_id
    return framing.show(request, caller, "venue/device_lose.html", area=Area.VENUE, device=device, holds=held)


@router.post("/{device_id}/revoke")
def revoke(request: Request, caller: Owner, device_id: int) -> Response:
    """Shut a device out for good."""
    return _change(request, caller, device_id, "device-revoked", shut_out)


@router.post("/{device_id}/suspend")
def suspend(request: Request, caller: Owner, device_id: int) -> Response:
    """Pause a device at once; the page then offers to let it scan again."""
    return _change(request, caller, device_id, "device-suspended", safeguarding.suspend, stays=True)


@router.post("/{device_id}/turn")
def turn(request: Request, caller: Owner, device_id: int, direction: Annotated[str, Form()] = "") -> Response:
    """Say which way a device lets guests."""
    chosen = direction_of(direction)
    return _change(
        request, caller, device_id, "device-turned", lambda work, number: devices.turn(work, number, chosen)
    )


@router.post("/{device_id}/lose")
def lose(request: Request, caller: Owner, device_id: int) -> Response:
    """Report a device lost: it is refused at once."""
    return _change(request, caller, device_id, "device-lost", lost)


@router.post("/{device_id}/reactivate")
def reactivate(request: Request, caller: Owner, device_id: int) -> Response:
    """Let a device scan again that was paused, or found."""
    return _change(request, caller, device_id, "device-reactivated", safeguarding.reactivate)


def ways(translation: NullTranslations) -> list[tuple[str, str]]:
    """Return which ways a device can let guests, to be chosen from."""
    return [(one.value, translation.gettext(word)) for one, word in WAYS.items()]


def direction_of(typed: str) -> Direction:
    """Return the way that was chosen. Raises Invalid `direction-invalid`."""
    if typed not in set(Direction):
        raise Invalid("direction-invalid", field="direction")
    return Direction(typed)


def _change(
    request: Request,
    caller: Caller,
    device_id: int,
    act: str,
    change: Callable[[Work, int], Device],
    *,
    stays: bool = False,
) -> Response:
    """Change a device; `stays`: the page shows it above, with the way back."""

    def command(work: Work) -> int:
        device = devices.get(work, device_id)
        caller.check_venue(device.venue_id, Role.VENUE_OWNER)
        change(work, device_id)
        auditing.record(work, caller.scope, act, f"device/{device_id}", {})
        return device.venue_id

    venue_id = services.of(request).database.run(caller.city.city_id, command)
    if stays:
        return framing.go(f"/venue/devices?venue_id={venue_id}&paused={device_id}")
    return framing.go(f"/venue/devices?venue_id={venue_id}", act)


def _page(
    request: Request,
    caller: Caller,
    venue_id: int,
    *,
    typed: tuple[str, str] = ("", ""),
    paused: int = 0,
    error: DomainError | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        where = venue.venue_of(request, reading, caller, venue_id)
        found = devices.of_venue(reading, where.venue_id)
        counts = passages.counted_at(reading, where.venue_id)
        reports = device_reports.of_devices(reading, found)
        session = hub_sessions.running(reading, [where.venue_id]).get(where.venue_id)
        here = venue.device_here(request, reading, caller)
    owns = Role.VENUE_OWNER in {
        held.role for held in caller.person_session.roles if held.venue_id == where.venue_id
    }
    return framing.show(
        request, caller, "venue/devices.html", status=422 if error else 200, area=Area.VENUE, venue=where,
        devices=sorted(found, key=lambda one: (one.revoked_at is not None, -one.device_id)), here=here,
        reports=reports, session=session, owns=owns, counts=counts, tiers=TIERS,
        ways=ways(framing.gettext_of(request, caller)),
        venues=venue.venues_of(request, caller), name=typed[0], gate=typed[1],
        paused=next((one for one in found if one.device_id == paused and one.state == "suspended"), None),
        errors=framing.field_errors(request, caller, error) if error else [],
    )  # fmt: skip
