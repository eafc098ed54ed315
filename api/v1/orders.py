"""Orders: vouchers, fines and fees for points and euros together."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, paying, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import INTEGER_MAX, Before, IdText, In, Limit, LongId, LongNumber, Out, Paged, paged
from kernel.db import Reading, Work
from redemption import offers, ordering, orders, paying_fines, payments, refunding
from redemption.buying import Purchase
from redemption.orders import Order

router = APIRouter(tags=["orders"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]


class WayOut(BaseModel):
    """A way of paying euros."""

    way: str = Field(examples=["stripe"])
    title: str = Field(examples=["Card, PayPal or direct debit"])


class OrderIn(In):
    """What to order, and how to pay for it."""

    offer_id: int = Field(ge=1, le=INTEGER_MAX, examples=[3])
    points: LongNumber | None = Field(
        default=None, examples=[200], description="How many points to use; if absent, as few as possible"
    )
    way: str | None = Field(
        default=None, max_length=20, examples=["stripe"], description="How the euros are paid, if any remain"
    )
    seat: str | None = Field(
        default=None,
        max_length=12,
        examples=["A7"],
        description="Of numbered seats; absent: the best free one",
    )


class FineOrderIn(In):
    """How to pay a fine or a fee."""

    points: LongNumber = Field(
        examples=[500], description="How many points to use; the rest is paid in euros"
    )
    way: str = Field(max_length=20, examples=["stripe"])


class OrderOut(Out):
    """An order as its buyer sees it."""

    order_id: IdText
    kind: str = Field(examples=["voucher"], description="voucher, fine or fee")
    status: str = Field(
        examples=["open"],
        description="open: the euros are awaited; done: paid in full; failed, expired, cancelled: nothing is "
        "held, and euros that came all the same go back",
    )
    offer_id: int = Field(examples=[3])
    points: int = Field(examples=[200])
    cents: int = Field(examples=[170], description="The part in euros")
    seat: str | None = Field(
        default=None, examples=["A7"], description="Kept for its buyer while the order is open"
    )
    reference: str | None = Field(examples=[None], description="Of the fine or fee")
    voucher_id: str | None = Field(examples=[None], description="What was bought, once it is paid")
    expires_at: dt.datetime
    page_url: str | None = Field(
        default=None,
        examples=["https://checkout.stripe.com/c/pay/cs_1"],
        description="Where to pay; absent while the page is being made, and once it is over",
    )
    refunded_cents: int = Field(default=0, examples=[0])


@router.get("/payment-ways", summary="Ways of paying euros")
def ways(request: Request, caller: Anyone) -> list[WayOut]:
    """Return the ways of paying that this city offers."""
    given = services.of(request)
    translation = given.translations[caller.language]
    offered = paying.ways(given, caller.city)
    return [WayOut(way=name, title=translation.gettext(words)) for name, words in offered.items()]


@router.post("/orders", status_code=201, summary="Order a voucher", response_model=OrderOut)
async def order_voucher(
    request: Request, caller: Citizen, body: OrderIn, key: IdempotencyKey
) -> JSONResponse:
    """Reserve points and a place until the euros are there; without euros the voucher is there at once."""
    given, owner = services.of(request), caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        offer = offers.get(work, body.offer_id)
        way = paying.way(given, caller, body.way, offer.titles)
        purchase = Purchase(owner, body.offer_id, body.points, seat=body.seat)
        return present(work, ordering.order_voucher(work, caller.city, purchase, way, given.sealer))

    return await _ordered(request, caller, key, command)


@router.post(
    "/fines/{reference}/orders",
    status_code=201,
    summary="Pay a fine or fee in euros",
    response_model=OrderOut,
)
async def order_fine(
    request: Request, caller: Citizen, reference: str, body: FineOrderIn, key: IdempotencyKey
) -> JSONResponse:
    """Pay a fine or a fee with points and euros: in full once the euros are there, or not at all."""
    given, owner = services.of(request), caller.person_session.person.owner
    given.limiter.hit("fine-lookup-account", caller.city.city_id, caller.scope)
    fine = await run_in_threadpool(paying_fines.look_up, given.fine_register(caller.city), reference)

    def command(work: Work) -> Mapping[str, Any]:
        offer = paying_fines.offer_for(work, fine.kind)
        way = paying.way(given, caller, body.way, offer.titles)
        made = ordering.order_fine(work, caller.city, owner, fine, offer.offer_id, body.points, way)
        return present(work, made)

    return await _ordered(request, caller, key, command)


@router.get("/orders", summary="Your orders")
def page(request: Request, caller: Citizen, before: Before = None, limit: Limit = 50) -> Paged[OrderOut]:
    """Return a page of orders, newest first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = orders.page(reading, owner, before=before, limit=limit)
    return paged(found, OrderOut, limit, "order_id")


@router.get("/orders/{order_id}", summary="One order")
def one(request: Request, caller: Citizen, order_id: LongId) -> OrderOut:
    """Return an order, and where to pay it. The payment service is asked how the payment stands."""
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        orders.get(reading, order_id, owner)
    paying.till(given, caller.city).hasten(order_id)
    with given.database.reading(caller.city.city_id) as reading:
        return OrderOut.model_validate(present(reading, orders.get(reading, order_id, owner)))


@router.post("/orders/{order_id}/cancellation", summary="Call an order off", response_model=OrderOut)
async def call_off(request: Request, caller: Citizen, order_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Call an order off that is not paid; it ends as soon as the payment service has closed its page."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return present(work, ordering.call_off(work, order_id, owner))

    return await commanding.answer(request, caller, key, command)


def present(reading: Reading, order: Order) -> dict[str, Any]:
    """Return an order as plain JSON values."""
    payment = payments.of_order(reading, order.order_id)
    shown = OrderOut.model_validate(order).model_dump(mode="json")
    page_url = payment.page_url if payment and order.is_open and order.ending is None else None
    return shown | {
        "page_url": page_url,
        "refunded_cents": refunding.refunded_cents(reading, order.order_id),
    }


async def _ordered(request: Request, caller: Caller, key: str, command: commanding.Command) -> JSONResponse:
    answer = await commanding.answer(request, caller, key, command, status=201)
    till = paying.till(services.of(request), caller.city)
    # The page to pay at is usually there before the buyer asks for it.
    await run_in_threadpool(till.hasten, int(json.loads(bytes(answer.body))["order_id"]))
    return answer
