"""The treasury's pages of settlements: statements and credit notes, contested lines, billing data, DATEV."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import commanding, datev_export, downloads, services, settlements_due
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.postbox import reader_of
from api.v1.shapes import BIGINT_MAX
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid
from merchants import billing, contesting, crediting, paying, settlements, venues
from merchants.billing import Profile
from merchants.contesting import Contest
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury/settlements")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES))]
TreasurerForm = Annotated[Caller, Depends(Access(Role.TREASURER, form=True))]
Number = Annotated[int, Query(ge=0, le=BIGINT_MAX)]

PAGE = 50
framing.announce(
    {
        "settled": ("success", N_("What was due has been settled.")),
        "nothing-due": ("info", N_("Nothing was due: every finished period is settled.")),
        "paid-out": ("success", N_("The payout has been booked.")),
        "contest-accepted": ("success", N_("Granted. The correction stands on the next statement.")),
        "contest-declined": ("success", N_("Declined. The venue reads your answer.")),
        "billing-saved": ("success", N_("The billing data are saved.")),
    }
)


@router.get("")
def settled(request: Request, caller: Reader, before: Number | None = None) -> Response:
    """Show all settlements and whether any is due."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = settlements.page(reading, before=before, limit=PAGE)
        names = {venue.venue_id: venue.name for venue in venues.every(reading)}
        due = settlements_due.count(reading, caller.city)
        notes = crediting.issued(reading, [one.settlement_id for one in found])
        contested = len(contesting.waiting(reading))
        profile = billing.find(reading)
    older = f"/treasury/settlements?before={found[-1].settlement_id}" if len(found) == PAGE else None
    return framing.show(
        request, caller, "treasury/settlements.html", area=Area.TREASURY, settlements=found, names=names,
        due=due, older=older, notes=notes, contested=contested, has_profile=profile is not None,
        today=_today(request, caller), may_settle=caller.has(Role.TREASURER),
    )  # fmt: skip


@router.post("")
def settle(request: Request, caller: TreasurerForm) -> Response:
    """Settle every finished period with every venue; again changes nothing."""
    database = services.of(request).database
    made = settlements_due.settle(database, caller.city, caller.scope)
    return framing.go("/treasury/settlements", "settled" if made else "nothing-due")


@router.get("/contests")
def contests(request: Request, caller: Reader) -> Response:
    """Show the contested lines that wait for a decision."""
    return _contests(request, caller)


@router.post("/contests/{contest_id}")
async def decide(
    request: Request,
    caller: TreasurerForm,
    contest_id: int,
    decision: Annotated[str, Form()] = "",
    answer: Annotated[str, Form()] = "",
) -> Response:
    """Grant or decline what somebody contested."""
    granted = decision == "accept"

    def command(work: Work) -> Mapping[str, Any]:
        if granted:
            contesting.accept(work, caller.city, contest_id, by=caller.scope, answer=answer)
        else:
            contesting.decline(work, contest_id, by=caller.scope, answer=answer)
        action = "contest-accepted" if granted else "contest-declined"
        auditing.record(work, caller.scope, action, f"contest/{contest_id}", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _contests(request, caller, error, contest_id)
    return framing.go("/treasury/settlements/contests", "contest-accepted" if granted else "contest-declined")


@router.get("/billing")
def billing_data(request: Request, caller: Reader) -> Response:
    """Show what stands on invoices and payment files."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = billing.find(reading)
    typed = {name: getattr(found, name) for name in Profile.__dataclass_fields__} if found else {}
    return _billing(request, caller, typed)


@router.post("/billing")
async def save_billing(request: Request, caller: TreasurerForm) -> Response:
    """Keep the billing data; credit notes that waited for them are issued."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in Profile.__dataclass_fields__}

    def command(work: Work) -> Mapping[str, Any]:
        billing.save(work, _profile(typed))
        settlements_due.credit_outstanding(work, [one.venue_id for one in venues.every(work)])
        auditing.record(work, caller.scope, "billing-profile-saved", "billing", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _billing(request, caller, typed, error)
    return framing.go("/treasury/settlements/billing", "billing-saved")


@router.get("/datev.csv")
def datev_file(request: Request, caller: Reader, first_day: str = "", last_day: str = "") -> Response:
    """Return the postings of a period for DATEV."""
    first, last = _day(first_day, "first_day"), _day(last_day, "last_day")
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        content = datev_export.make(reading, caller.city, first, last)
    return downloads.attachment(content, "text/csv; charset=windows-1252", datev_export.name_of(first, last))


@router.get("/{settlement_id}/credit-note.{form}")
def credit_note_file(request: Request, caller: Reader, settlement_id: int, form: str) -> Response:
    """Return a credit note as Factur-X or XRechnung."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = settlements.get(reading, settlement_id)
        return downloads.credit_note_download(reading, found, form, reader_of(request, caller))


@router.get("/{settlement_id}/till.csv")
def till_file(request: Request, caller: Reader, settlement_id: int) -> Response:
    """Return the single redemptions for a till."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = settlements.get(reading, settlement_id)
        return downloads.till_download(reading, found, reader_of(request, caller))


@router.get("/{settlement_id}.{form}")
def settlement_file(request: Request, caller: Reader, settlement_id: int, form: str) -> Response:
    """Return a statement as it was issued, as JSON, CSV or PDF."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = settlements.get(reading, settlement_id)
        return downloads.statement_download(reading, found, form, reader_of(request, caller))


@router.post("/{settlement_id}/payout")
def pay_out(
    request: Request, caller: TreasurerForm, settlement_id: int, paid_on: Annotated[dt.date, Form()]
) -> Response:
    """Book that the bank has paid a settlement."""

    def command(work: Work) -> None:
        paying.confirm(work, settlement_id, paid_on=paid_on, by=caller.scope)
        details = {"paid_on": paid_on.isoformat()}
        auditing.record(work, caller.scope, "payout-confirmed", f"settlement/{settlement_id}", details)

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go("/treasury/settlements", "paid-out")


def _contests(
    request: Request, caller: Caller, error: DomainError | None = None, refused: int = 0
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        waiting = contesting.waiting(reading)
        found = settlements.by_id(reading, [one.settlement_id for one in waiting])
        names = {venue.venue_id: venue.name for venue in venues.every(reading)}
        people = people_of(reading, waiting)
    return framing.show(
        request, caller, "treasury/contests.html", area=Area.TREASURY, status=422 if error else 200,
        waiting=waiting, settlements=found, names=names, people=people, errors=errors, refused=refused,
        may_decide=caller.has(Role.TREASURER), own=caller.scope,
    )  # fmt: skip


def people_of(reading: Reading, found: list[Contest]) -> dict[str, str]:
    """Return the names of who contested."""
    actors = {one.raised_by for one in found if one.raised_by.startswith("person/")}
    known = persons.by_ids(reading, [int(actor.partition("/")[2]) for actor in actors])
    return {f"person/{number}": one.name or one.email or "" for number, one in known.items()}


def _billing(
    request: Request, caller: Caller, typed: Mapping[str, Any], error: DomainError | None = None
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    return framing.show(
        request, caller, "treasury/billing.html", area=Area.TREASURY, status=422 if error else 200,
        typed=typed, errors=errors, by_field=dict(errors), may_save=caller.has(Role.TREASURER),
    )  # fmt: skip


def _profile(typed: Mapping[str, str]) -> Profile:
    numbers = ("contest_days", *(name for name in Profile.__dataclass_fields__ if name.startswith("datev_")))
    values: dict[str, Any] = dict(typed)
    for name in numbers:
        if not (typed[name].isascii() and typed[name].isdigit() and len(typed[name]) <= 8):  # noqa: PLR2004 -- digits of the largest
            raise Invalid("datev-number-invalid", field=name, maximum=billing.DATEV_NUMBER_MAX)
        values[name] = int(typed[name])
    return Profile(**values | {"settles_itself": typed["settles_itself"] == "yes"})


def _day(written: str, field: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise Invalid("day-invalid", field=field) from None


def _today(request: Request, caller: Caller) -> dt.date:
    return caller.city.day_of(services.of(request).database.clock.now())
