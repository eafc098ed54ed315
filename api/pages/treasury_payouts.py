"""The treasury's pages of money that leaves: payout runs with a second person, and the bank's statements."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import Response

from api import bank_files, commanding, downloads, services
from api.access import Access, Caller
from api.demo import bank_example
from api.pages import framing
from api.pages.framing import Area
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid, NotFound
from merchants import (
    bank_statements,
    billing,
    due_dates,
    matching,
    payout_orders,
    payout_runs,
    redirecting,
    settlements,
    venues,
)
from merchants.payout_orders import OrderState, PayeeCheck
from merchants.payout_runs import Run
from redemption import bank_receipts
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES))]
RunReader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES, Role.APPROVER))]
TreasurerForm = Annotated[Caller, Depends(Access(Role.TREASURER, form=True))]
ReleaserForm = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER, form=True))]

framing.announce(
    {
        "run-made": ("success", N_("The payout run is made. A second person releases it.")),
        "run-released": ("success", N_("Released. Fetch the file and give it to the bank.")),
        "run-cancelled": ("success", N_("Cancelled. The statements can be paid by another run.")),
        "payee-noted": ("success", N_("Noted.")),
        "bank-file-taken": ("success", N_("The bank statement is taken in.")),
        "bank-file-known": ("info", N_("Nothing new was in the file; nothing has changed.")),
        "entry-cleared": ("success", N_("Done.")),
    }
)
RUN_STATES: Mapping[str, tuple[str, str]] = {
    "made": ("amber", N_("waits for a second person")),
    "released": ("green", N_("released")),
    "cancelled": ("red", N_("cancelled")),
}
ORDER_STATES: Mapping[str, tuple[str, str]] = {
    "planned": ("amber", N_("planned")),
    "sent": ("amber", N_("in transit")),
    "paid": ("green", N_("paid")),
    "returned": ("red", N_("came back")),
    "cancelled": ("red", N_("cancelled")),
}
PAYEE_CHECKS: Mapping[PayeeCheck, str] = {
    PayeeCheck.MATCH: N_("Name and IBAN belong together"),
    PayeeCheck.CLOSE: N_("Name is written differently"),
    PayeeCheck.NO_MATCH: N_("Name and IBAN don't belong together"),
}
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "confirmed": (N_("Payout confirmed"), ""),
    "returned": (N_("Payout came back"), N_("Check the IBAN with the venue, then pay it with a new run.")),
    "differs": (
        N_("Another amount than the payout"),
        N_("Ask the bank what was paid, and book the difference by hand."),
    ),
    "unexpected": (
        N_("Payout that nobody released"),
        N_("Ask at once who told the bank to pay; the ledger did not book it."),
    ),
    "unknown": (
        N_("No payout of Duiscoin"),
        N_("If it is another payment of the city, take it off this list."),
    ),
}


@router.get("/payouts")
def overview(request: Request, caller: RunReader) -> Response:
    """Show what can be paid and the runs."""
    return _overview(request, caller)


@router.post("/payouts")
async def make(
    request: Request,
    caller: TreasurerForm,
    settlement: Annotated[list[int] | None, Form()] = None,
    execute_on: Annotated[str, Form()] = "",
) -> Response:
    """Put the chosen statements into a run."""

    def command(work: Work) -> Mapping[str, Any]:
        run = payout_runs.make(work, settlement or [], execute_on=_day(execute_on), by=caller.scope)
        details = {"orders": run.order_count, "cents": run.total_cents, "sha256": run.sha256}
        auditing.record(work, caller.scope, "payout-run-made", f"payout-run/{run.number}", details)
        return {"run_id": str(run.run_id)}

    try:
        made = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _overview(request, caller, error, execute_on)
    return framing.go(f"/treasury/payouts/{made['run_id']}", "run-made")


@router.get("/payouts/{run_id}")
def run_page(request: Request, caller: RunReader, run_id: int) -> Response:
    """Show a run with its orders."""
    return _run(request, caller, run_id)


@router.post("/payouts/{run_id}/release")
async def release(request: Request, caller: ReleaserForm, run_id: int) -> Response:
    """Release a run that somebody else made."""

    def command(work: Work) -> Run:
        return payout_runs.release(work, run_id, by=caller.scope)

    return await _act(request, caller, run_id, "payout-run-released", "run-released", command)


@router.post("/payouts/{run_id}/cancel")
async def cancel(request: Request, caller: ReleaserForm, run_id: int) -> Response:
    """Cancel a run before its file was fetched."""

    def command(work: Work) -> Run:
        return payout_runs.cancel(work, run_id, by=caller.scope)

    return await _act(request, caller, run_id, "payout-run-cancelled", "run-cancelled", command)


@router.post("/payouts/{run_id}/file")
def fetch(request: Request, caller: ReleaserForm, run_id: int) -> Response:
    """Hand the payment file out; from then on the run can't be cancelled."""

    def command(work: Work) -> Run:
        run = payout_runs.fetch(work, run_id)
        details = {"sha256": run.sha256}
        auditing.record(work, caller.scope, "payout-file-fetched", f"payout-run/{run.number}", details)
        return run

    run = services.of(request).database.run(caller.city.city_id, command)
    return downloads.attachment(
        run.document.encode(), "application/xml", f"duiscoin-{run.number}-pain.001.xml"
    )


@router.post("/payouts/{run_id}/payees/{position}")
async def note_payee(
    request: Request,
    caller: ReleaserForm,
    run_id: int,
    position: int,
    result: Annotated[PayeeCheck, Form()],
) -> Response:
    """Note what the bank said about name and IBAN."""

    def command(work: Work) -> Run:
        payout_runs.note_payee(work, run_id, position, result)
        return payout_runs.get(work, run_id)

    return await _act(request, caller, run_id, "payee-check-noted", "payee-noted", command)


@router.get("/bank-statements")
def bank(request: Request, caller: Reader) -> Response:
    """Show what bank statements were taken in and what has to be looked at."""
    return _bank(request, caller)


@router.post("/bank-statements")
async def take_in(request: Request, caller: TreasurerForm, file: UploadFile | None = None) -> Response:
    """Take a bank's statement in: for payouts and for incoming money."""
    content = await file.read(bank_statements.SIZE_MAX + 1) if file else b""

    def command(work: Work) -> Mapping[str, Any]:
        done = bank_files.take_in(work, caller.city, content, by=caller.scope)
        return {"file_id": str(done.payouts.file.file_id), "is_new": done.is_new}

    try:
        if not content:
            raise Invalid("bank-file-not-xml", field="file")
        made = await commanding.perform_form(request, caller, command, content=content)
    except DomainError as error:
        return _bank(request, caller, error)
    notice = "bank-file-taken" if made["is_new"] else "bank-file-known"
    return framing.go(f"/treasury/bank-statements?file={made['file_id']}", notice)


@router.get("/bank-statements/example.xml")
def example(request: Request, caller: Reader) -> Response:
    """Give the demonstration a statement to take in."""
    given = services.of(request)
    if not given.settings.demo:
        raise NotFound("page-not-found")
    with given.database.reading(caller.city.city_id) as reading:
        made = bank_example.statement(reading, caller.city)
    return downloads.attachment(made, "application/xml", "kontoauszug-beispiel.xml")


@router.post("/bank-statements/entries/{entry_key}/clear")
def clear(request: Request, caller: TreasurerForm, entry_key: str) -> Response:
    """Take an entry off the list of what is to be looked at."""

    def command(work: Work) -> None:
        matching.clear(work, entry_key, by=caller.scope)
        auditing.record(work, caller.scope, "bank-entry-cleared", f"bank-entry/{entry_key}", {})

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go("/treasury/bank-statements", "entry-cleared")


async def _act(
    request: Request, caller: Caller, run_id: int, action: str, notice: str, act: Callable[[Work], Run]
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        run = act(work)
        details = {"sha256": run.sha256, "cents": run.total_cents}
        auditing.record(work, caller.scope, action, f"payout-run/{run.number}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code == "own-payout-run":
            return _run(request, caller, run_id, framing.sentence(request, caller, error))
        return _run(request, caller, run_id, framing.field_errors(request, caller, error)[0][1])
    return framing.go(f"/treasury/payouts/{run_id}", notice)


def _overview(
    request: Request, caller: Caller, error: DomainError | None = None, typed: str = ""
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    given = services.of(request)
    today = caller.city.day_of(given.database.clock.now())
    with given.database.reading(caller.city.city_id) as reading:
        unpaid = settlements.unpaid(reading)
        orders = payout_orders.of_settlements(reading, [one.settlement_id for one in unpaid])
        due = due_dates.earliest(reading, unpaid)
        known = {venue.venue_id: venue for venue in venues.every(reading)}
        runs = payout_runs.page(reading)
        has_profile = billing.find(reading) is not None
        accounts_waiting = len(redirecting.waiting(reading))
    under_way = {one.settlement_id for one in orders if one.state in payout_orders.OPEN}
    returned = {one.settlement_id: one for one in orders if one.state is OrderState.RETURNED}
    return framing.show(
        request, caller, "treasury/payouts.html", area=Area.TREASURY, status=422 if error else 200,
        unpaid=[one for one in unpaid if one.settlement_id not in under_way], venues=known, runs=runs,
        due=due, returned=returned, errors=errors, by_field=dict(errors), has_profile=has_profile,
        accounts_waiting=accounts_waiting, states=RUN_STATES, may_pay=caller.has(Role.TREASURER),
        execute_on=typed or (today + dt.timedelta(days=1)).isoformat(), today=today.isoformat(),
        latest=(today + payout_runs.AHEAD_MAX).isoformat(),
    )  # fmt: skip


def _run(request: Request, caller: Caller, run_id: int, refusal: str | None = None) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        run = payout_runs.get(reading, run_id)
        orders = payout_orders.of_run(reading, run_id)
        found = settlements.by_id(reading, [one.settlement_id for one in orders])
        people = _people(reading, [run.made_by, run.released_by, run.cancelled_by])
        bank_iban = profile.iban if (profile := billing.find(reading)) else ""
    translation = framing.gettext_of(request, caller)
    return framing.show(
        request, caller, "treasury/payout_run.html", area=Area.TREASURY, status=422 if refusal else 200,
        run=run, orders=orders, settlements=found, people=people, refusal=refusal, bank_iban=bank_iban,
        payee_options=[(one.value, translation.gettext(text)) for one, text in PAYEE_CHECKS.items()],
        run_states=RUN_STATES, order_states=ORDER_STATES, payee_checks=PAYEE_CHECKS,
        is_own=run.made_by == caller.scope, may_act=caller.has(Role.TREASURER, Role.APPROVER),
    )  # fmt: skip


def _bank(request: Request, caller: Caller, error: DomainError | None = None) -> Response:
    errors = [("file", said) for _, said in framing.field_errors(request, caller, error)] if error else []
    chosen = request.query_params.get("file", "")
    with services.of(request).database.reading(caller.city.city_id) as reading:
        files = matching.files(reading)
        waiting = matching.to_look_at(reading)
        shown = next((one for one in files if str(one.file_id) == chosen), None)
        entries = matching.entries_of(reading, shown.file_id) if shown else []
        people = _people(reading, [one.uploaded_by for one in files])
        profile = billing.find(reading)
        open_count = len(bank_receipts.every_open(reading))
    return framing.show(
        request, caller, "treasury/bank_statements.html", area=Area.TREASURY, status=422 if error else 200,
        files=files, waiting=waiting, shown=shown, entries=entries, people=people, errors=errors,
        by_field=dict(errors), outcomes=OUTCOMES, has_profile=profile is not None,
        iban=profile.iban if profile else "", open_count=open_count, may_take=caller.has(Role.TREASURER),
        is_demo=services.of(request).settings.demo,
    )  # fmt: skip


def _people(reading: Reading, actors: list[str | None]) -> dict[str, str]:
    numbers = [int(one.partition("/")[2]) for one in actors if one and one.startswith("person/")]
    found = persons.by_ids(reading, numbers)
    return {f"person/{number}": one.name or one.email or "" for number, one in found.items()}


def _day(written: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise Invalid("day-invalid", field="execute_on") from None
