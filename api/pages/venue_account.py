"""Where a venue's payouts go: its owner asks for another account, the treasury confirms it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.treasury_payouts import PAYEE_CHECKS
from api.pages.venue import venues_of
from api.pages.venue_owning import Owner, OwnerForm, owned
from api.v1.shapes import ChosenVenue, LongId, ShortId
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from merchants import redirecting, venues
from merchants.payout_orders import PayeeCheck
from merchants.redirecting import Change
from web.marking import N_

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER, Role.AUDITOR))]
ConfirmerForm = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER, form=True))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "open": ("warning", N_("The treasury looks at it")),
    "confirmed": ("success", N_("Confirmed")),
    "declined": ("danger", N_("Declined")),
    "replaced": ("info", N_("Replaced by another one")),
}
framing.announce(
    {
        "account-asked": (
            "success",
            N_("The treasury looks at the new account. Until then payouts go to the old one."),
        ),
        "account-confirmed": ("success", N_("From now on payouts go to the new account.")),
        "account-declined": ("success", N_("Declined. Payouts go where they went before.")),
    }
)


@router.get("/venue/account")
def account(request: Request, caller: Owner, venue_id: ChosenVenue = 0) -> Response:
    """Show where payouts go, and ask for another account."""
    return _page(request, caller, owned(caller, venue_id), {})


@router.post("/venue/account")
async def ask(
    request: Request,
    caller: OwnerForm,
    venue_id: Annotated[ShortId, Form()],
    payee_name: Annotated[str, Form()] = "",
    iban: Annotated[str, Form()] = "",
) -> Response:
    """Ask for another account."""
    number = owned(caller, venue_id)
    try:
        await _ask(request, caller, number, payee_name, iban)
    except DomainError as error:
        return _page(request, caller, number, {"payee_name": payee_name, "iban": iban}, error)
    return framing.go(f"/venue/account?venue_id={number}", "account-asked")


@router.post("/office/venues/{venue_id}/account")
async def ask_for_a_venue(
    request: Request,
    caller: AdministratorForm,
    venue_id: ShortId,
    payee_name: Annotated[str, Form()] = "",
    iban: Annotated[str, Form()] = "",
) -> Response:
    """Ask for another account where a venue has written to the city."""
    await _ask(request, caller, venue_id, payee_name, iban)
    return framing.go(f"/office/venues/{venue_id}", "account-asked")


@router.get("/treasury/venue-accounts")
def waiting(request: Request, caller: Reader) -> Response:
    """Show the accounts that wait for a second person."""
    return _list(request, caller)


@router.post("/treasury/venue-accounts/{change_id}/confirmed")
async def confirm(
    request: Request, caller: ConfirmerForm, change_id: LongId, payee_check: Annotated[str, Form()] = ""
) -> Response:
    """Let payouts go to the account from now on."""
    person_id = caller.person_session.person.person_id
    said = PayeeCheck(payee_check) if payee_check in set(PayeeCheck) else None
    return await _decide(
        request,
        caller,
        "account-confirmed",
        lambda work: redirecting.confirm(work, change_id, by=person_id, payee_check=said),
    )


@router.post("/treasury/venue-accounts/{change_id}/declined")
async def decline(
    request: Request, caller: ConfirmerForm, change_id: LongId, answer: Annotated[str, Form()] = ""
) -> Response:
    """Leave everything as it is."""
    person_id = caller.person_session.person.person_id
    return await _decide(
        request,
        caller,
        "account-declined",
        lambda work: redirecting.decline(work, change_id, answer, by=person_id),
    )


async def _ask(request: Request, caller: Caller, venue_id: int, payee_name: str, iban: str) -> None:
    person_id = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        made = redirecting.ask(work, venue_id, payee_name, iban, by=person_id)
        _record(work, caller, "account-asked", made)
        return {}

    await commanding.perform_form(request, caller, command)


async def _decide(request: Request, caller: Caller, action: str, act: Callable[[Work], Change]) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        _record(work, caller, action, act(work))
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _list(request, caller, error)
    return framing.go("/treasury/venue-accounts", action)


def _record(work: Work, caller: Caller, action: str, change: Change) -> None:
    details = {"venue_id": change.venue_id, "ending": change.iban[-4:]}
    auditing.record(work, caller.scope, action, f"account-change/{change.change_id}", details)


def _page(
    request: Request,
    caller: Caller,
    venue_id: int,
    typed: Mapping[str, str],
    error: DomainError | None = None,
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        newest = redirecting.newest_of(reading, venue_id)
    return framing.show(
        request, caller, "venue/account.html", area=Area.VENUE, status=422 if error else 200, venue=venue,
        venues=venues_of(request, caller), change=newest, typed=typed, errors=errors,
        by_field=dict(errors), words=STATE_WORDS,
    )  # fmt: skip


def _list(request: Request, caller: Caller, error: DomainError | None = None) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = redirecting.waiting(reading)
        known = venues.by_id(reading, [one.venue_id for one in found])
        numbers = [int(one.asked_by.partition("/")[2]) for one in found]
        people = {f"person/{key}": one for key, one in persons.by_ids(reading, numbers).items()}
    owns = set(caller.venues())
    return framing.show(
        request, caller, "treasury/venue_accounts.html", area=Area.TREASURY, status=422 if error else 200,
        changes=found, venues=known, people=people, payee_checks=PAYEE_CHECKS,
        own=[one.change_id for one in found if one.asked_by == caller.scope or one.venue_id in owns],
        may_act=caller.has(Role.TREASURER, Role.APPROVER),
        errors=[(None, said) for _, said in framing.field_errors(request, caller, error)] if error else [],
    )  # fmt: skip
