"""Spending: offers, vouchers with their code, fines and fees."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from api import commanding, paying, receipt_papers, services, voucher_papers, wallet_passes
from api.access import Access, Caller, Sort
from api.pages import framing
from kernel.db import Work
from kernel.errors import DomainError
from ledger import wallets
from merchants import devices, venues
from redemption import (
    activating,
    buying,
    cancelling,
    codes,
    euro_receipts,
    gates,
    handing_over,
    hub_sessions,
    leasing,
    offers,
    paying_fines,
    presenting,
    qr,
    receipts,
    seats,
    tokens,
    vouchers,
)
from redemption.handing_over import HandOver
from redemption.receipts import PaidBy
from redemption.tokens import Flags
from redemption.vouchers import VoucherStatus
from web import templating
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce(
    {
        "bought": ("success", N_("Here is your voucher. Show it at the entrance.")),
        "ticket-activated": ("success", N_("Activated. Show the code when somebody asks for it.")),
        "given-back": ("success", N_("Given back: the points are yours again.")),
        "fine-paid": ("success", N_("Paid. The city's register has been told.")),
    }
)
STATUS_WORDS: Mapping[VoucherStatus, tuple[str, str]] = {
    VoucherStatus.USABLE: ("success", N_("Ready to use")),
    VoucherStatus.ACTIVE: ("success", N_("Activated")),
    VoucherStatus.REDEEMED: ("info", N_("Used")),
    VoucherStatus.CANCELLED: ("warning", N_("Given back")),
    VoucherStatus.EXPIRED: ("warning", N_("Not used in time")),
}
PAGE = 30


@router.get("/offers")
def every(request: Request, caller: Anyone, kind: str = "") -> Response:
    """Show what points can be spent on."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = [offer for offer in offers.published(reading) if offer.on_sale(reading.now)]
        available = _available(reading, caller)
        names = {venue.venue_id: venue.name for venue in venues.every(reading)}
    on_offer = {offer.kind.value for offer in found}
    kinds = [kind for kind in KIND_WORDS if kind in on_offer]
    shown = [offer for offer in found if kind in {"", offer.kind.value}]
    return framing.show(
        request, caller, "citizen/offers.html", offers=shown, kinds=kinds, kind=kind, available=available,
        venue_names=names, kind_words=KIND_WORDS,
    )  # fmt: skip


KIND_WORDS: Mapping[str, str] = {
    "ticket": N_("Tickets"),
    "pool": N_("Swimming"),
    "discount": N_("Discounts"),
    "fine": N_("Fines"),
    "fee": N_("Fees"),
}


@router.get("/offers/{offer_id}")
def offer(request: Request, caller: Anyone, offer_id: int) -> Response:
    """Show one offer."""
    return offer_page(request, caller, offer_id)


@router.post("/offers/{offer_id}/buy")
async def buy(
    request: Request, caller: CitizenForm, offer_id: int, seat: Annotated[str, Form()] = ""
) -> Response:
    """Buy a voucher."""
    sealer, owner = services.of(request).sealer, caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        bought = buying.buy(work, caller.city, owner, offer_id, sealer, seat=seat or None)
        return {"voucher_id": bought.voucher_id}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return offer_page(request, caller, offer_id, status=409, errors=errors)
    return framing.go(f"/vouchers/{answer['voucher_id']}", "bought")


@router.get("/vouchers")
def my_vouchers(request: Request, caller: Citizen, before: int | None = None) -> Response:
    """Show one's vouchers, those to be used first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.page(reading, owner, before=before, limit=PAGE)
        paid = paying_fines.page(reading, owner) if before is None else []
    found_first = sorted(
        found, key=lambda one: one.status not in {VoucherStatus.USABLE, VoucherStatus.ACTIVE}
    )
    older = f"/vouchers?before={found[-1].status_index}" if len(found) == PAGE else None
    return framing.show(
        request, caller, "citizen/vouchers.html", vouchers=found_first, older=older, words=STATUS_WORDS,
        receipts=paid, is_first=before is None, shown_at=services.of(request).database.clock.now(),
    )  # fmt: skip


@router.get("/vouchers/{voucher_id}")
def voucher(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Show a voucher with its code."""
    return voucher_page(request, caller, voucher_id)


@router.post("/vouchers/{voucher_id}/activate")
async def activate(request: Request, caller: CitizenForm, voucher_id: str) -> Response:
    """Begin the time of a ticket."""
    sealer, owner = services.of(request).sealer, caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return {"voucher_id": activating.activate(work, caller.city, owner, voucher_id, sealer).voucher_id}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return voucher_page(request, caller, voucher_id, status=409, errors=errors)
    return framing.go(f"/vouchers/{voucher_id}", "ticket-activated")


@router.get("/vouchers/{voucher_id}/cancel")
def ask_before_cancelling(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Ask once more before a voucher is given back."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, owner, voucher_id)
    return framing.show(request, caller, "citizen/voucher_return.html", voucher=found)


@router.post("/vouchers/{voucher_id}/cancel")
async def cancel(request: Request, caller: CitizenForm, voucher_id: str) -> Response:
    """Give a voucher back."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return {"voucher_id": cancelling.cancel(work, caller.city, owner, voucher_id).voucher_id}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return voucher_page(request, caller, voucher_id, status=409, errors=errors)
    return framing.go(f"/vouchers/{voucher_id}", "given-back")


@router.get("/fines")
def ask_fine(request: Request, caller: Citizen, reference: str = "") -> Response:
    """Show the form for a reference, or the fine that was found."""
    if reference:
        return fine_page(request, caller, reference)
    return framing.show(request, caller, "citizen/fines.html", reference="", errors=[], fine=None)


@router.post("/fines/pay")
async def pay_fine(request: Request, caller: CitizenForm, reference: Annotated[str, Form()]) -> Response:
    """Pay a fine or a fee in full with points."""
    given, owner = services.of(request), caller.person_session.person.owner
    try:
        fine = paying_fines.look_up(given.fine_register(caller.city), reference)

        def command(work: Work) -> Mapping[str, Any]:
            by = paying_fines.offer_for(work, fine.kind)
            receipt = paying_fines.pay(work, caller.city, owner, fine, by.offer_id)
            return {"reference": receipt.reference}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return fine_page(request, caller, reference, status=409, errors=errors)
    return framing.go(f"/fines/payments/{answer['reference']}", "fine-paid")


@router.get("/fines/payments/{reference}")
def fine_receipt(request: Request, caller: Citizen, reference: str) -> Response:
    """Show the receipt for a paid fine or fee."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        receipt = paying_fines.get(reading, reference, caller.person_session.person.owner)
        by = euro_receipts.of_fine(reading, reference) if receipt.paid_cents else PaidBy.NOTHING
    return framing.show(
        request, caller, "citizen/receipt.html", receipt=receipt, paid_by=receipt_papers.PAID_BY.get(by, "")
    )


@router.get("/V/{token}")
def paper(caller: Anyone, token: str) -> Response:
    """Explain a paper voucher that somebody scanned with an ordinary camera."""
    del caller, token
    return RedirectResponse("/about#vouchers", 303)


def _available(reading: Any, caller: Caller) -> int | None:
    if caller.session is None:
        return None
    return wallets.wallet(reading, caller.session.person.owner).available


def offer_page(
    request: Request,
    caller: Caller,
    offer_id: int,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    """Show one offer, with what is wrong with a form that was sent from it."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = offers.get(reading, offer_id)
        available = _available(reading, caller)
        where = [venues.get(reading, venue_id) for venue_id in found.venue_ids]
        free = seats.free(reading, [offer_id])[offer_id] if found.terms.seats else []
        now = reading.now
    if found.kind.by_reference and not errors:
        return framing.go("/fines")
    return framing.show(
        request, caller, "citizen/offer.html", status=status, offer=found, available=available, venues=where,
        errors=errors or [], on_sale=found.on_sale(now), price=found.price(caller.city),
        ways=list(paying.ways(services.of(request), caller.city).items()),
        by_field=dict(errors or []), seats=free,
    )  # fmt: skip


def voucher_page(
    request: Request,
    caller: Caller,
    voucher_id: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    """Show a voucher, with what is wrong with a form that was sent from it."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        handed = handing_over.given(reading, owner, voucher_id)
        if handed is not None and vouchers.get(reading, voucher_id).owner != owner:
            return _handed_on_page(request, caller, handed)
        waits = handing_over.waiting(reading, voucher_id)
        found = vouchers.of_owner(reading, owner, voucher_id)
        where = [venues.get(reading, venue_id) for venue_id in found.venue_ids]
        papers = receipts.of_subject(reading, found.owner, found.voucher_id)
        until, now = found.returnable_until, reading.now
        back_until = gates.back_until(
            found.terms, found.valid_until, found.redeemed_at, caller.city, reading.now
        )
        lease = leasing.running(reading, [voucher_id]).get(voucher_id)
        session = hub_sessions.holding(reading, [found]).get(voucher_id) if found.left else None
        free = lease is None and leasing.may_be_leased(found, now)
        entrances = leasing.gates_for(reading, found) if free else []
        gate = devices.get(reading, lease.device_id) if lease else None
        presentable = any(one.refusal is None for one in presenting.places(reading, caller.city, found))
        running = presenting.running(reading, voucher_id)
    lease_open = lease is not None and now < lease.until
    translation = framing.gettext_of(request, caller)
    title = translation.gettext("QR code of your voucher")
    shown = lease.token if lease is not None and lease_open else found.token
    code = templating.safe(qr.svg(codes.app_text(shown), title=title))
    return framing.show(
        request, caller, "citizen/voucher.html", status=status, voucher=found, venues=where, code=code,
        needs_live=Flags.LIVE in tokens.own_claims(found.token).flags,
        typed=codes.grouped(found.manual_code), words=STATUS_WORDS, papers=papers,
        receipt_words=receipt_papers.TITLES, wallets=wallet_passes.configured(services.of(request).settings),
        printable=voucher_papers.printable(found),
        errors=errors or [],
        returnable=until is not None and now < until and lease is None and session is None,
        session=session, session_open=session is not None and now < session.until,
        lease=lease, lease_open=lease_open, gate=gate, gates=entrances,
        back_until=back_until, is_shown=found.status in vouchers.SHOWN or back_until is not None,
        waits=waits, presentable=presentable, shown_at=now,
        running=running if running and running.owner == owner else None,
    )  # fmt: skip


def _handed_on_page(request: Request, caller: Caller, handed: HandOver) -> Response:
    """Show a voucher that somebody else has now, to who gave it to them."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.get(reading, handed.voucher_id)
        papers = receipts.of_subject(reading, handed.giver, found.voucher_id)
    return framing.show(
        request, caller, "citizen/handed_on.html", voucher=found, handed=handed, papers=papers,
        receipt_words=receipt_papers.TITLES,
    )  # fmt: skip


def fine_page(
    request: Request,
    caller: Caller,
    reference: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    """Show a fine, with what is wrong with a form that was sent from it."""
    given = services.of(request)
    fine = points = None
    shown = list(errors or [])
    given.limiter.hit("fine-lookup-account", caller.city.city_id, caller.scope)
    try:
        fine = paying_fines.look_up(given.fine_register(caller.city), reference)
        points = paying_fines.price(caller.city, fine)
        with given.database.reading(caller.city.city_id) as reading:
            paying_fines.check(
                reading, caller.city, fine, paying_fines.offer_for(reading, fine.kind).offer_id
            )
    except DomainError as error:
        fine = None
        if not shown:
            status = 422
            shown = [("reference", framing.sentence(request, caller, error))]
    with given.database.reading(caller.city.city_id) as reading:
        available = _available(reading, caller)
    return framing.show(
        request, caller, "citizen/fines.html", status=status, reference=reference, errors=shown, fine=fine,
        points=points, available=available, price=fine and paying_fines.price_of(caller.city, fine),
        ways=list(paying.ways(given, caller.city).items()),
    )  # fmt: skip
