"""The administration's venues."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing, typed_numbers
from api.pages.framing import Area
from api.v1.shapes import ShortId
from identity import auditing, persons, roles
from identity.roles import AT_VENUE, Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from merchants import applications, contracts, devices, redirecting, venues
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, Venue, VenueKind
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
EXTRA_WORDS = {
    "receipt_numbers": N_("Each redemption names the receipt of the till"),
    "owner_publishes": N_("The owner's offers go on sale without the city"),
    "scanned_only": N_("Vouchers are always scanned, never redeemed on guests' own phones"),
}
"""What a contract may ask, by its name there (`contracts.Extras`)."""
PERIOD_WORDS = {"week": N_("week"), "month": N_("month"), "quarter": N_("quarter")}
framing.announce(
    {
        "venue-suspended": (
            "success",
            N_("The venue takes no points for now. What it took before is settled as usual."),
        ),
        "venue-reactivated": ("success", N_("The venue takes points again.")),
        "venue-corrected": ("success", N_("Name and address are corrected.")),
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
def one_venue(request: Request, caller: Office, venue_id: ShortId) -> Response:
    """Show a venue with contracts, devices and staff."""
    return _venue_page(request, caller, venue_id)


@router.post("/venues/{venue_id}/contracts")
def sign(
    request: Request,
    caller: AdministratorForm,
    venue_id: ShortId,
    rate_cents_per_point: Annotated[str, Form()] = "",
    period: Annotated[str, Form()] = "month",
    valid_from: Annotated[str, Form()] = "",
    payout_delay_days: Annotated[str, Form()] = "0",
    receipt_numbers: Annotated[str, Form()] = "",
    owner_publishes: Annotated[str, Form()] = "",
    scanned_only: Annotated[str, Form()] = "",
) -> Response:
    """Sign a contract."""
    kind = PeriodKind(period) if period in set(PeriodKind) else PeriodKind.MONTH
    extras = Extras(
        typed_numbers.whole(payout_delay_days),
        receipt_numbers == "yes",
        owner_publishes == "yes",
        scanned_only == "yes",
    )

    def command(work: Work) -> None:
        contracts.sign(
            work,
            venue_id,
            rate_cents_per_point=typed_numbers.whole(rate_cents_per_point),
            period=kind,
            valid_from=_day(valid_from),
            extras=extras,
        )
        auditing.record(work, caller.scope, "contract-signed", f"venue/{venue_id}", {})

    typed = {
        "rate_cents_per_point": rate_cents_per_point,
        "period": kind.value,
        "valid_from": valid_from,
        "payout_delay_days": payout_delay_days,
    }
    return _venue_act(request, caller, venue_id, command, "contract-signed", typed)


@router.post("/venues/{venue_id}/details")
async def correct(request: Request, caller: AdministratorForm, venue_id: ShortId) -> Response:
    """Correct name, kind and address."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    kind = typed.get("kind", "")

    def command(work: Work) -> None:
        chosen = VenueKind(kind) if kind in set(VenueKind) else venues.get(work, venue_id).kind
        venues.correct(work, venue_id, typed, chosen)
        auditing.record(work, caller.scope, "venue-corrected", f"venue/{venue_id}", {})

    return await run_in_threadpool(_venue_act, request, caller, venue_id, command, "venue-corrected")


@router.post("/venues/{venue_id}/suspension")
def suspend(request: Request, caller: AdministratorForm, venue_id: ShortId) -> Response:
    """Let a venue take no points for now."""
    return _set_active(request, caller, venue_id, "venue-suspended", venues.suspend)


@router.post("/venues/{venue_id}/reactivation")
def reactivate(request: Request, caller: AdministratorForm, venue_id: ShortId) -> Response:
    """Let a suspended venue take points again."""
    return _set_active(request, caller, venue_id, "venue-reactivated", venues.reactivate)


@router.post("/venues/{venue_id}/devices")
def enrol(
    request: Request, caller: AdministratorForm, venue_id: ShortId, name: Annotated[str, Form()] = ""
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
        return _venue_page(request, caller, venue_id, status=422, errors=errors, typed={"device": name})
    return _venue_page(request, caller, venue_id, token=token)


@router.post("/venues/{venue_id}/staff")
def grant_staff(
    request: Request,
    caller: AdministratorForm,
    venue_id: ShortId,
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

    typed = {"email": email, "role": granted.value}
    return _venue_act(request, caller, venue_id, command, "staff-granted", typed)


def _set_active(
    request: Request, caller: Caller, venue_id: int, act: str, change: Callable[[Work, int], Venue]
) -> Response:
    def command(work: Work) -> None:
        change(work, venue_id)
        auditing.record(work, caller.scope, act, f"venue/{venue_id}", {})

    return _venue_act(request, caller, venue_id, command, act)


def _day(text: str) -> dt.date:
    """Return a typed day. Raises Invalid `day-invalid`."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("day-invalid", field="valid_from") from None


def _venue_act(
    request: Request,
    caller: Caller,
    venue_id: int,
    command: Callable[[Work], None],
    done: str,
    typed: Mapping[str, str] = framing.NO_FIELDS,
) -> Response:
    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _venue_page(request, caller, venue_id, status=422, errors=errors, typed=typed)
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
    typed: Mapping[str, str] = framing.NO_FIELDS,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        signed = contracts.of_venue(reading, venue_id)
        enrolled = devices.of_venue(reading, venue_id)
        account = redirecting.newest_of(reading, venue_id)
        held = [(number, one.role) for number, one in roles.every(reading) if one.venue_id == venue_id]
        people = persons.by_ids(reading, [number for number, _ in held])
    staff = [(people[number], role) for number, role in held]
    return framing.show(
        request, caller, "office/venue.html", area=Area.OFFICE, status=status, venue=venue, contracts=signed,
        devices=enrolled, staff=staff, errors=errors or [], token=token, periods=PERIOD_WORDS,
        may_change=caller.has(Role.ADMINISTRATOR), kinds=VENUE_KIND_WORDS, extras=EXTRA_WORDS,
        account=account, typed=typed, today=caller.city.day_of(services.of(request).database.clock.now()),
    )  # fmt: skip
