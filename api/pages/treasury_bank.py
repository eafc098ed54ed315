"""The treasury's pages of incoming money, refunds by hand and disputes, and of the nightly comparison."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import city_ways, commanding, paying, reconciling, services
from api.access import Access, Caller
from api.pages import account_words, framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from redemption import (
    bank_receipts,
    hand_refunds,
    payments,
    receiving,
    reconciliations,
    refunding,
    returning,
    takings,
)
from redemption.collection_requests import CollectionWay
from redemption.providers import DisputeStatus
from redemption.receipt_matching import Cause
from redemption.reconciliations import Trouble
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES))]
TreasurerForm = Annotated[Caller, Depends(Access(Role.TREASURER, form=True))]

framing.announce(
    {
        "receipt-assigned": ("success", N_("The money has been assigned.")),
        "money-sent-back": ("success", N_("Noted that the money was sent back.")),
        "refund-begun": ("success", N_("It is sent back once more. This may take some days.")),
        "reconciled": ("success", N_("Everything has been compared.")),
    }
)
CAUSE_WORDS: Mapping[Cause, tuple[str, str]] = {
    Cause.MATCHED: (N_("Paid"), ""),
    Cause.UNDERPAID: (
        N_("Too little"),
        N_("Wait for the rest under the same reference, or send the money back."),
    ),
    Cause.OVERPAID: (N_("Too much"), N_("What was due is taken. Send the rest back.")),
    Cause.DUPLICATE: (N_("Paid twice"), N_("The order was paid already. Send the money back.")),
    Cause.LATE: (N_("Too late"), N_("The order is over. Send the money back; it can be ordered again.")),
    Cause.UNKNOWN: (
        N_("No known reference"),
        N_("If the reference is only mistyped, assign the money; else send it back."),
    ),
    Cause.TAKEN_BACK: (
        N_("Taken back by the bank"),
        N_("The bank has taken an earlier receipt back. Look for it and speak with the bank."),
    ),
}
"""Cause and next step of a receipt."""
DISPUTE_WORDS: Mapping[DisputeStatus, tuple[str, str]] = {
    DisputeStatus.OPEN: (
        N_("Not decided"),
        N_(
            "Answer in the payment service's administration before its deadline: with the receipt, and when"
            " the voucher was used. Until then the voucher lets nobody in."
        ),
    ),
    DisputeStatus.WON: (N_("Decided for the city"), N_("Nothing is to be done: the money is back.")),
    DisputeStatus.LOST: (
        N_("Decided for the payer"),
        N_("Nothing is to be done: what was not used has been taken back, what was used is the city's loss."),
    ),
}
"""How a dispute stands, and the next step."""
TROUBLE_WORDS: Mapping[Trouble, tuple[str, str]] = {
    Trouble.BOOKS_DIFFER: (
        N_("The account and the list that it comes from differ."),
        N_("Payments may be on their way: compare again in an hour. If it stays, verify the books."),
    ),
    Trouble.PAYMENT_BEHIND: (
        N_("The payment service has more money than we know of."),
        N_("The worker will book it. If it stays until tomorrow, look whether the worker runs."),
    ),
    Trouble.PAYMENT_MISSING: (
        N_("The payment service does not know a payment that we have."),
        N_("Ask the payment service about it."),
    ),
    Trouble.PAYMENT_UNSURE: (
        N_("The payment service did not answer."),
        N_("It is asked again next night; or compare again now."),
    ),
    Trouble.MONEY_UNCLAIMED: (
        N_("Money came that nobody has claimed."),
        N_("Assign it or send it back, on the page “Incoming money”."),
    ),
    Trouble.REFUND_WAITS: (
        N_("Somebody has been waiting for their money for more than a week."),
        N_("Send it back, on the page “Incoming money” or at the desk."),
    ),
    Trouble.REFUND_FAILED: (
        N_("Money that was sent back has come back several times."),
        N_("Ask the payer for another account, or try again under “Incoming money”."),
    ),
    Trouble.DISPUTE_OPEN: (
        N_("A payer's bank has taken money back, and nothing is decided."),
        N_("Answer in the payment service's administration; see “Incoming money”."),
    ),
    Trouble.DRAWER_UNCOUNTED: (
        N_("A drawer was not counted in the evening."),
        N_("Have it counted, on the page “Cash desk”."),
    ),
    Trouble.CASH_DIFFERENCE: (
        N_("A drawer had more or less in it than it should."),
        N_("The note of the count says why. Nothing else is to be done here."),
    ),
    Trouble.FINE_UNREPORTED: (
        N_("The register has not been told of a paid fine for more than a day."),
        N_("Look whether the register can be reached; it is told again by itself."),
    ),
    Trouble.FINE_FORGOTTEN: (
        N_("The register does not have a payment that it had confirmed."),
        N_("It is told again now. If it stays until tomorrow, ask the office that keeps the register."),
    ),
    Trouble.FINE_AMOUNT: (
        N_("The register has another amount for a paid fine."),
        N_("Ask the office that keeps the register."),
    ),
    Trouble.FINE_FOREIGN: (
        N_("The register has another payment for this fine."),
        N_("It may have been paid twice. Ask the office that keeps the register."),
    ),
    Trouble.REGISTER_UNSURE: (
        N_("The register did not answer, or has no list of payments."),
        N_("It is asked again next night."),
    ),
}
"""Cause and next step of a difference."""


@router.get("/bank")
def overview(request: Request, caller: Reader) -> Response:
    """Show what came, what is open, and what has to be sent back."""
    return _page(request, caller)


@router.post("/bank/receipts/{entry_key}/assign")
async def assign(
    request: Request, caller: TreasurerForm, entry_key: str, reference: Annotated[str, Form()] = ""
) -> Response:
    """Assign money to an order."""

    def command(work: Work) -> None:
        receiving.assign(work, caller.city, entry_key, reference, by=caller.scope)

    return await _act(request, caller, "receipt-assigned", f"receipt/{entry_key}", command)


@router.post("/bank/receipts/{entry_key}/back")
async def send_back(
    request: Request, caller: TreasurerForm, entry_key: str, done_on: Annotated[str, Form()] = ""
) -> Response:
    """Note that money nobody had claimed was sent back."""

    def command(work: Work) -> None:
        receiving.send_back(work, caller.city, entry_key, on=_day(done_on), by=caller.scope)

    return await _act(request, caller, "money-sent-back", f"receipt/{entry_key}", command)


@router.post("/bank/refunds/{refund_id}")
async def refund(
    request: Request, caller: TreasurerForm, refund_id: int, done_on: Annotated[str, Form()] = ""
) -> Response:
    """Note that a refund was transferred."""

    def command(work: Work) -> None:
        returning.sent(work, caller.city, refund_id, on=_day(done_on), by=caller.scope)

    return await _act(request, caller, "money-sent-back", f"refund/{refund_id}", command)


@router.post("/bank/orders/{order_id}/refund")
async def refund_again(request: Request, caller: TreasurerForm, order_id: int) -> Response:
    """Send money back once more that has come back too often."""

    def command(work: Work) -> None:
        refunding.again(work, caller.city, order_id)

    return await _act(request, caller, "refund-begun", f"order/{order_id}", command)


@router.get("/reconciliation")
def reconciliation(request: Request, caller: Reader) -> Response:
    """Show the last comparison of books, banks, payment services and registers."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        runs = reconciliations.page(reading)
        counted = takings.last_drawers(reading, caller.city.day_of(reading.now) - dt.timedelta(days=14))
    return framing.show(
        request, caller, "treasury/reconciliation.html", area=Area.TREASURY, runs=runs,
        newest=runs[0] if runs else None, words=TROUBLE_WORDS, drawers=counted,
        account_words=lambda path: account_words.of(path, framing.gettext_of(request, caller).gettext),
    )  # fmt: skip


@router.post("/reconciliation")
def compare(request: Request, caller: TreasurerForm) -> Response:
    """Compare everything now."""
    given = services.of(request)
    reconciling.run(given, caller.city, paying.providers(given, caller.city))
    return framing.go("/treasury/reconciliation", "reconciled")


async def _act(
    request: Request, caller: Caller, notice: str, subject: str, act: Callable[[Work], None]
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        act(work)
        auditing.record(work, caller.scope, notice, subject, {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, error)
    return framing.go("/treasury/bank", notice)


def _page(request: Request, caller: Caller, error: DomainError | None = None) -> Response:
    errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))] if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        account = city_ways.bank_account(reading)
        unclaimed = bank_receipts.every_open(reading)
        newest = bank_receipts.newest(reading, 50)
        files = bank_receipts.last_imports(reading)
        disputed = payments.newest_disputes(reading)
        stuck = refunding.stuck(reading)
        pending = [one for one in hand_refunds.pending(reading) if one.provider != CollectionWay.DESK.value]
    return framing.show(
        request, caller, "treasury/bank.html", area=Area.TREASURY, status=422 if error else 200,
        account=account, unclaimed=unclaimed, newest=newest, files=files, pending=pending, stuck=stuck,
        disputed=disputed, dispute_words=DISPUTE_WORDS, words=CAUSE_WORDS, errors=errors,
        may_act=caller.has(Role.TREASURER),
        today=caller.city.day_of(services.of(request).database.clock.now()).isoformat(),
    )  # fmt: skip


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("day-invalid", field="done_on") from None
