"""The venue's pages of money: statements with their single lines, credit notes, contested lines, tax data."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, downloads, services, settlement_papers, settlements_due
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.postbox import reader_of
from api.pages.venue import venue_of, venues_of
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid
from merchants import contesting, crediting, reports, settlements, statements, takings, tax_data, venues
from merchants.contesting import Party
from merchants.settlements import Settlement
from merchants.tax_data import TaxData
from web import formats
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue")
Staff = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES))]
StaffForm = Annotated[Caller, Depends(Access(*framing.VENUE_ROLES, form=True))]
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, Role.ADMINISTRATOR))]
OwnerForm = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, Role.ADMINISTRATOR, form=True))]

LINES_SHOWN = 200
_EUROS = re.compile(r"(-?)(\d{1,7})(?:[,.](\d{2}))?", re.ASCII)
framing.announce(
    {
        "contested": ("success", N_("Sent. The city looks at it and answers here.")),
        "tax-data-saved": ("success", N_("Your tax data are saved.")),
    }
)
CONTEST_STATES: Mapping[str, tuple[str, str]] = {
    "open": ("amber", N_("is looked at")),
    "accepted": ("green", N_("granted, stands on your next statement")),
    "declined": ("red", N_("declined")),
}


@router.get("/statements")
def own_statements(request: Request, caller: Staff, venue_id: int = 0) -> Response:
    """Show the venue's statements."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venue_of(request, reading, caller, venue_id)
        found = settlements.of_venue(reading, venue.venue_id)
        day = reports.today(reading, caller.city, venue.venue_id)
        notes = crediting.issued(reading, [one.settlement_id for one in found])
        has_taxes = tax_data.find(reading, venue.venue_id) is not None
    return framing.show(
        request, caller, "venue/statements.html", area=Area.VENUE, venue=venue, settlements=found,
        venues=venues_of(request, caller), day=day, notes=notes, has_taxes=has_taxes,
        is_owner=_is_owner(caller, venue.venue_id),
    )  # fmt: skip


@router.get("/statements/{settlement_id}/lines")
def lines(request: Request, caller: Staff, settlement_id: int) -> Response:
    """Show the single lines behind a statement."""
    return _lines(request, caller, settlement_id)


@router.post("/statements/{settlement_id}/contests")
async def contest(
    request: Request,
    caller: StaffForm,
    settlement_id: int,
    use_id: Annotated[UUID, Form()],
    expected_points: Annotated[str, Form()] = "",
    expected_euros: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Contest a line."""

    def command(work: Work) -> Mapping[str, Any]:
        caller.check_venue(settlements.get(work, settlement_id).venue_id)
        made = contesting.contest(
            work,
            caller.city,
            settlement_id,
            use_id,
            expected_points=_points(expected_points),
            expected_cents=_cents(expected_euros),
            party=Party.VENUE,
            by=caller.scope,
            reason=reason,
        )
        auditing.record(work, caller.scope, "line-contested", f"contest/{made.contest_id}", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _lines(request, caller, settlement_id, error, use_id)
    return framing.go(f"/venue/statements/{settlement_id}/lines", "contested")


@router.get("/statements/{settlement_id}/credit-note.{form}")
def credit_note_file(request: Request, caller: Staff, settlement_id: int, form: str) -> Response:
    """Return a credit note as Factur-X or XRechnung."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, settlement_id)
        return downloads.credit_note_download(reading, found, form, reader_of(request, caller))


@router.get("/statements/{settlement_id}/till.csv")
def till_file(request: Request, caller: Staff, settlement_id: int) -> Response:
    """Return the single redemptions for the till."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, settlement_id)
        return downloads.till_download(reading, found, reader_of(request, caller))


@router.get("/statements/{settlement_id}.{form}")
def statement_file(request: Request, caller: Staff, settlement_id: int, form: str) -> Response:
    """Return a statement as it was issued, as JSON, CSV or PDF."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, settlement_id)
        return downloads.statement_download(reading, found, form, reader_of(request, caller))


@router.get("/taxes")
def taxes(request: Request, caller: Owner, venue_id: int = 0) -> Response:
    """Show what stands on the venue's credit notes."""
    number = _owned(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, number)
        found = tax_data.find(reading, number)
    typed: dict[str, Any] = {"registered_name": venue.payee_name, "street": venue.street}
    typed |= {"postcode": venue.postcode, "town": caller.city.name, "rate_percent": 19}
    if found:
        typed = {name: getattr(found, name) for name in TaxData.__dataclass_fields__}
    return _taxes(request, caller, number, typed)


@router.post("/taxes")
async def save_taxes(request: Request, caller: OwnerForm, venue_id: Annotated[int, Form()]) -> Response:
    """Keep the tax data; credit notes that waited for them are issued."""
    number = _owned(caller, venue_id)
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in TaxData.__dataclass_fields__}

    def command(work: Work) -> Mapping[str, Any]:
        tax_data.save(work, number, _tax_data(typed))
        settlements_due.credit_outstanding(work, [number])
        auditing.record(work, caller.scope, "tax-data-saved", f"venue/{number}", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _taxes(request, caller, number, typed, error)
    return framing.go(f"/venue/taxes?venue_id={number}", "tax-data-saved")


def _own(reading: Reading, caller: Caller, settlement_id: int) -> Settlement:
    found = settlements.get(reading, settlement_id)
    caller.check_venue(found.venue_id)
    return found


def _lines(
    request: Request,
    caller: Caller,
    settlement_id: int,
    error: DomainError | None = None,
    refused: UUID | None = None,
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, settlement_id)
        venue = venues.get(reading, found.venue_id)
        wanted = settlements.wanted_of(reading, found)
        uses = takings.uses(reading, found.venue_id, wanted)
        shown = [use for use, _ in zip(uses, range(LINES_SHOWN), strict=False)]
        contested = {one.use_id: one for one in contesting.of_settlements(reading, [settlement_id])}
        until = contesting.last_day(reading, caller.city, found)
        today = caller.city.day_of(reading.now)
        names = {
            code: formats.localized(titles, caller.language)
            for code, titles in settlement_papers.titles(reading).items()
        }
    return framing.show(
        request, caller, "venue/statement_lines.html", area=Area.VENUE, status=422 if error else 200,
        venue=venue, settlement=found, statement=statements.from_json(found.document), uses=shown,
        contested=contested, until=until, may_contest=today <= until, names=names, errors=errors,
        refused=refused, states=CONTEST_STATES, sorts=settlement_papers.SORTS,
        is_cut=len(shown) == LINES_SHOWN, limit=LINES_SHOWN,
    )  # fmt: skip


def _taxes(
    request: Request,
    caller: Caller,
    venue_id: int,
    typed: Mapping[str, Any],
    error: DomainError | None = None,
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
    return framing.show(
        request, caller, "venue/taxes.html", area=Area.VENUE, status=422 if error else 200, venue=venue,
        typed=typed, errors=errors, by_field=dict(errors),
        rates=[(rate, f"{rate} %") for rate in tax_data.RATES],
    )  # fmt: skip


def _owned(caller: Caller, venue_id: int) -> int:
    """Return the venue, the person's first unless named. Raises Forbidden for another's."""
    if caller.has(Role.ADMINISTRATOR) and venue_id:
        return venue_id
    number = venue_id or next(iter(caller.venues()), 0)
    caller.check_venue(number, Role.VENUE_OWNER)
    return number


def _is_owner(caller: Caller, venue_id: int) -> bool:
    try:
        caller.check_venue(venue_id, Role.VENUE_OWNER)
    except DomainError:
        return False
    return True


def _tax_data(typed: Mapping[str, str]) -> TaxData:
    rate = typed["rate_percent"]
    if not (rate.isascii() and rate.isdigit() and len(rate) <= 2):  # noqa: PLR2004 -- digits of a percentage
        raise Invalid("tax-rate-invalid", field="rate_percent")
    own: dict[str, Any] = {
        "rate_percent": int(rate),
        "is_small_business": typed["is_small_business"] == "yes",
    }
    return TaxData(**{**typed, **own})


def _points(written: str) -> int:
    digits = written.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):  # noqa: PLR2004 -- more is a slip of the keyboard
        raise Invalid("expected-points-invalid", field="expected_points", points=0)
    return -int(digits) if written.strip().startswith("-") else int(digits)


def _cents(written: str) -> int | None:
    """Return euros as people write them in cents; None if nothing was written."""
    text = written.replace("€", "").strip()
    if not text:
        return None
    found = _EUROS.fullmatch(text)
    if found is None:
        raise Invalid("expected-cents-invalid", field="expected_euros")
    cents = int(found[2]) * 100 + int(found[3] or 0)
    return -cents if found[1] else cents
