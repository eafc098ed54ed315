"""The administration's venues."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing, persons, roles
from identity.roles import AT_VENUE, Role
from kernel.db import Work
from kernel.errors import DomainError
from merchants import applications, contracts, devices, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
VENUE_KIND_WORDS = {
    "pool": N_("Swimming pool"),
    "museum": N_("Museum"),
    "theatre": N_("Theatre"),
    "zoo": N_("Zoo"),
    "library": N_("Library"),
    "sport": N_("Sports"),
    "transit": N_("Public transport"),
    "shop": N_("Shop"),
    "food": N_("Food and drink"),
    "office": N_("Public office"),
    "club": N_("Club (takes donations)"),
    "school": N_("School (takes donations)"),
    "other": N_("Something else"),
}
PERIOD_WORDS = {"week": N_("week"), "month": N_("month"), "quarter": N_("quarter")}
framing.announce(
    {
        "venue-saved": ("success", N_("The venue has been opened. Now sign a contract.")),
        "contract-signed": ("success", N_("The contract has been signed.")),
        "staff-granted": ("success", N_("This person may now work for the venue.")),
    }
)


@router.get("/venues")
def all_venues(request: Request, caller: Office) -> Response:
    """Show all venues and the form of a new one."""
    return _venues_page(request, caller, {})


@router.post("/venues")
async def create_venue(request: Request, caller: AdministratorForm) -> Response:
    """Open a venue."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    kind = typed.get("kind", "other")
    new = NewVenue(
        name=typed.get("name", ""),
        kind=VenueKind(kind) if kind in set(VenueKind) else VenueKind.OTHER,
        street=typed.get("street", ""),
        postcode=typed.get("postcode", ""),
        district=typed.get("district", ""),
        payee_name=typed.get("payee_name", ""),
        iban=typed.get("iban") or None,
    )
    try:

        def command(work: Work) -> Mapping[str, Any]:
            venue = venues.create(work, new)
            auditing.record(work, caller.scope, "venue-created", f"venue/{venue.venue_id}", {})
            return {"venue_id": venue.venue_id}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _venues_page(request, caller, typed, status=422, errors=errors)
    return framing.go(f"/office/venues/{answer['venue_id']}", "venue-saved")


@router.get("/venues/{venue_id}")
def one_venue(request: Request, caller: Office, venue_id: int) -> Response:
    """Show a venue with contracts, devices and staff."""
    return _venue_page(request, caller, venue_id)


@router.post("/venues/{venue_id}/contracts")
def sign(
    request: Request,
    caller: AdministratorForm,
    venue_id: int,
    rate_cents_per_point: Annotated[int, Form()] = 0,
    period: Annotated[str, Form()] = "month",
    valid_from: Annotated[dt.date | None, Form()] = None,
) -> Response:
    """Sign a contract."""
    kind = PeriodKind(period) if period in set(PeriodKind) else PeriodKind.MONTH

    def command(work: Work) -> None:
        contracts.sign(
            work,
            venue_id,
            rate_cents_per_point=rate_cents_per_point,
            period=kind,
            valid_from=valid_from or caller.city.day_of(work.now),
        )
        auditing.record(work, caller.scope, "contract-signed", f"venue/{venue_id}", {})

    return _venue_act(request, caller, venue_id, command, "contract-signed")


@router.post("/venues/{venue_id}/devices")
def enrol(
    request: Request, caller: AdministratorForm, venue_id: int, name: Annotated[str, Form()] = ""
) -> Response:
    """Enrol a device and show its token this once."""

    def command(work: Work) -> str:
        device, token = devices.enrol(work, venue_id, name)
        auditing.record(work, caller.scope, "device-enrolled", f"device/{device.device_id}", {})
        return token

    try:
        token = services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _venue_page(request, caller, venue_id, status=422, errors=errors)
    return _venue_page(request, caller, venue_id, token=token)


@router.post("/venues/{venue_id}/staff")
def grant_staff(
    request: Request,
    caller: AdministratorForm,
    venue_id: int,
    email: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = Role.VENUE_STAFF.value,
) -> Response:
    """Let somebody work for the venue."""
    granted = Role(role) if role in {one.value for one in AT_VENUE} else Role.VENUE_STAFF
    granter = caller.person_session.person.person_id

    def command(work: Work) -> None:
        address = persons.normalised_email(email)
        person = persons.by_email(work, address) or persons.register(work, address)
        roles.grant(work, person.person_id, granted, venue_id=venue_id, granter_id=granter)

    return _venue_act(request, caller, venue_id, command, "staff-granted")


def _venue_act(
    request: Request, caller: Caller, venue_id: int, command: Callable[[Work], None], done: str
) -> Response:
    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _venue_page(request, caller, venue_id, status=422, errors=errors)
    return framing.go(f"/office/venues/{venue_id}", done)


def _venues_page(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = venues.every(reading)
        signed = contracts.by_venue(reading)
        waiting = applications.waiting_count(reading)
    return framing.show(
        request, caller, "office/venues.html", area=Area.OFFICE, status=status, venues=found, signed=signed,
        typed=typed, kinds=VENUE_KIND_WORDS, applications_waiting=waiting, errors=errors or [],
        by_field=dict(errors or []), may_change=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip


def _venue_page(
    request: Request,
    caller: Caller,
    venue_id: int,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    token: str | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        signed = contracts.of_venue(reading, venue_id)
        enrolled = devices.of_venue(reading, venue_id)
        held = [(number, one.role) for number, one in roles.every(reading) if one.venue_id == venue_id]
        people = persons.by_ids(reading, [number for number, _ in held])
    staff = [(people[number], role) for number, role in held]
    return framing.show(
        request, caller, "office/venue.html", area=Area.OFFICE, status=status, venue=venue, contracts=signed,
        devices=enrolled, staff=staff, errors=errors or [], token=token, periods=PERIOD_WORDS,
        may_change=caller.has(Role.ADMINISTRATOR),
        today=caller.city.day_of(services.of(request).database.clock.now()),
    )  # fmt: skip
