"""Orders: paying a voucher, a fine or a fee with points and euros, and how that stands."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import city_ways, commanding, paying, services
from api.access import Access, Caller, Sort
from api.pages import framing, spending
from kernel.db import Reading, Work
from kernel.errors import DomainError, NotFound
from redemption import offers, ordering, orders, paying_fines, payments, refunding
from redemption.buying import Purchase
from redemption.orders import Order, OrderStatus
from redemption.providers import PaymentStatus
from redemption.sandbox_provider import How
from web.marking import N_

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
WholePoints = Annotated[int, Form(ge=0, le=2**62)]
WayName = Annotated[str, Form(max_length=20)]

STATUS_WORDS: Mapping[str, tuple[str, str]] = {
    "waiting": ("info", N_("Waiting for your payment")),
    "processing": ("info", N_("Payment on its way")),
    "ending": ("info", N_("Being called off")),
    OrderStatus.DONE.value: ("success", N_("Paid")),
    OrderStatus.FAILED.value: ("danger", N_("Not paid")),
    OrderStatus.EXPIRED.value: ("warning", N_("Time is over")),
    OrderStatus.CANCELLED.value: ("warning", N_("Broken off")),
}
PAGE = 30


@router.post("/offers/{offer_id}/order")
async def order_voucher(
    request: Request,
    caller: CitizenForm,
    offer_id: int,
    points: WholePoints = 0,
    way: WayName = "",
    seat: Annotated[str, Form()] = "",
) -> Response:
    """Order a voucher for the points that were chosen, or the next fewer that are possible."""
    given, owner = services.of(request), caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        offer = offers.get(work, offer_id)
        chosen = offer.price(caller.city).nearest(points)
        how = paying.way(given, caller, way, offer.titles)
        purchase = Purchase(owner, offer_id, chosen.points, seat=seat or None)
        made = ordering.order_voucher(work, caller.city, purchase, how, given.sealer)
        return {"order_id": made.order_id, "voucher_id": made.voucher_id}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return spending.offer_page(request, caller, offer_id, status=409, errors=errors)
    if answer["voucher_id"]:
        return framing.go(f"/vouchers/{answer['voucher_id']}", "bought")
    return framing.go(f"/orders/{answer['order_id']}")


@router.post("/fines/order")
async def order_fine(
    request: Request,
    caller: CitizenForm,
    reference: Annotated[str, Form()],
    points: WholePoints,
    way: WayName,
) -> Response:
    """Pay a fine or a fee with the points that were chosen and the rest in euros."""
    given, owner = services.of(request), caller.person_session.person.owner
    try:
        fine = paying_fines.look_up(given.fine_register(caller.city), reference)

        def command(work: Work) -> Mapping[str, Any]:
            offer = paying_fines.offer_for(work, fine.kind)
            how = paying.way(given, caller, way, offer.titles)
            chosen = paying_fines.price_of(caller.city, fine).nearest(points)
            if not chosen.cents:
                receipt = paying_fines.pay(work, caller.city, owner, fine, offer.offer_id)
                return {"order_id": None, "reference": receipt.reference}
            made = ordering.order_fine(work, caller.city, owner, fine, offer.offer_id, chosen.points, how)
            return {"order_id": made.order_id}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return spending.fine_page(request, caller, reference, status=409, errors=errors)
    if answer["order_id"] is None:
        return framing.go(f"/fines/payments/{answer['reference']}", "fine-paid")
    return framing.go(f"/orders/{answer['order_id']}")


@router.get("/orders")
def mine(request: Request, caller: Citizen, before: int | None = None) -> Response:
    """Show one's orders, newest first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = orders.page(reading, owner, before=before, limit=PAGE)
        titles = offers.by_id(reading, (one.offer_id for one in found))
        shown = [(one, titles[one.offer_id], _words(reading, one)) for one in found]
    older = f"/orders?before={found[-1].order_id}" if len(found) == PAGE else None
    return framing.show(request, caller, "citizen/orders.html", orders=shown, older=older)


@router.get("/orders/{order_id}")
def one(request: Request, caller: Citizen, order_id: int) -> Response:
    """Show how an order stands; the payment service is asked first."""
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        orders.get(reading, order_id, owner)
    paying.till(given, caller.city).hasten(order_id)
    return _order_page(request, caller, order_id)


@router.post("/orders/{order_id}/cancel")
async def call_off(request: Request, caller: CitizenForm, order_id: int) -> Response:
    """Call an order off."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return {"order_id": ordering.call_off(work, order_id, owner).order_id}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _order_page(request, caller, order_id, status=409, errors=errors)
    return framing.go(f"/orders/{order_id}")


@router.get("/test-payments/{reference}")
def test_page(request: Request, caller: Citizen, reference: str) -> Response:
    """Show the payment page of the demonstration, where no money moves."""
    row = _sandbox_row(request, caller, reference)
    return framing.show(request, caller, "citizen/test_payment.html", reference=reference, row=row)


@router.post("/test-payments/{reference}")
def pay_for_test(
    request: Request, caller: CitizenForm, reference: str, how: Annotated[How, Form()]
) -> Response:
    """Pretend to pay, and carry the service's messages as it would."""
    given = services.of(request)
    row = _sandbox_row(request, caller, reference)
    service = paying.sandbox(given, caller.city)
    service.pay(reference, how)
    till = paying.till(given, caller.city)
    for message in service.take_messages():
        till.take_event(service.name, message.body, message.headers)
    return framing.go(urlsplit(row["return_url"]).path)


def _sandbox_row(request: Request, caller: Caller, reference: str) -> Mapping[str, Any]:
    given = services.of(request)
    if not given.settings.demo or not re.fullmatch(r"pay_\d+", reference):
        raise NotFound("page-not-found")
    return paying.sandbox(given, caller.city).page(reference)


def _order_page(
    request: Request,
    caller: Caller,
    order_id: int,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        order = orders.get(reading, order_id, caller.person_session.person.owner)
        offer = offers.get(reading, order.offer_id)
        payment = payments.of_order(reading, order_id)
        refunds = payments.refunds_of(reading, order_id)
        words = _words(reading, order)
        back = refunding.refunded_cents(reading, order_id)
        collected = city_ways.shown(reading, payment, framing.gettext_of(request, caller).gettext)
    wanted = order.is_open and order.ending is None
    payable = wanted and payment is not None and payment.status is PaymentStatus.CREATED
    return framing.show(
        request, caller, "citizen/order.html", status=status, order=order, offer=offer, payment=payment,
        refunds=refunds, words=words, payable=payable, refunded=back, errors=errors or [],
        is_fine=order.kind.by_reference, waits=order.is_open, **collected,
    )  # fmt: skip


def _words(reading: Reading, order: Order) -> tuple[str, str]:
    if not order.is_open:
        return STATUS_WORDS[order.status.value]
    if order.ending is not None:
        return STATUS_WORDS["ending"]
    payment = payments.of_order(reading, order.order_id)
    processing = payment is not None and payment.status is PaymentStatus.PROCESSING
    return STATUS_WORDS["processing" if processing else "waiting"]
