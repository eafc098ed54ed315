"""What follows from how a provider sees a payment: money is booked, the order is fulfilled or ends.

A snapshot may be old, doubled or out of order: only what goes further than what is known has an effect.
"""

import datetime as dt
from dataclasses import replace

from kernel import db
from kernel.cities import City
from ledger import posting, transfers
from ledger.transfers import Transfer
from redemption import fulfilling, orders, payments, progress, refunding, seats
from redemption.keys import Sealer
from redemption.orders import Order, OrderStatus, Step
from redemption.payments import Payment, Reason
from redemption.progress import Known
from redemption.providers import PaymentStatus, ProviderPayment

PURPOSE_RECEIVED = "payment"


def record(work: db.Work, city: City, payment_id: int, seen: ProviderPayment, sealer: Sealer) -> Order:
    """Take note of a payment as its provider sees it, with all that follows, in this one transaction."""
    payment = payments.get(work, payment_id)
    order = orders.get(work, payment.order_id)
    known = Known(order.is_open, order.ending, payment.cents, payment.status, payment.received_cents)
    obstacle = ""
    if order.is_open and seen.status is PaymentStatus.SUCCEEDED:
        obstacle = fulfilling.obstacle(work, city, order)
    step = progress.observed(known, seen.status, seen.received_cents, obstacle, seen.failure)
    money = _money(work, city, payment, step)
    if not order.is_open or step.order is OrderStatus.OPEN:
        _book(work, order, money, step)
    elif step.order is OrderStatus.DONE:
        order = fulfilling.fulfil(work, city, order, money, sealer)
    else:
        order = _end(work, city, order, money, step.order, step.reason)
    _note(work, payment, order, seen, step)
    refunding.send_back(work, city, order, Reason.NOT_NEEDED)
    return order


def end_unasked(work: db.Work, city: City, payment: Payment) -> Order:
    """End an order of which its provider has never heard: no money can come."""
    order = orders.get(work, payment.order_id)
    payments.change(work, payment.payment_id, status=PaymentStatus.CANCELLED.value, due_at=None)
    if not order.is_open:
        return order
    none_comes = [_expect_no_more(work, city, order.order_id)]
    return _end(work, city, order, none_comes, order.ending or OrderStatus.EXPIRED, "")


def end_at_once(work: db.Work, city: City, order: Order) -> None:
    """End an open order without waiting for its provider; money that comes all the same goes back."""
    payment = payments.of_order(work, order.order_id)
    _end(work, city, order, [_expect_no_more(work, city, order.order_id)], OrderStatus.CANCELLED, "")
    if payment is not None:
        payments.change(work, payment.payment_id, due_at=work.now)


def next_look(payment: Payment, order: Order, now: dt.datetime) -> dt.datetime:
    """Return when an unfinished payment is looked at again: rarely, but at once when its time is over."""
    later = now + payments.pause(payment.looks)
    return min(later, order.expires_at) if order.is_open and order.expires_at > now else later


def _end(
    work: db.Work, city: City, order: Order, money: list[Transfer], ending: OrderStatus, reason: str
) -> Order:
    """Let go what the order holds."""
    freed = [*money, *fulfilling.releases(work, city, order)]
    group_id = orders.group_id(work.city_id, order.order_id, Step.END)
    posting.post_or_raise(work, fulfilling.grouped(freed, group_id))
    if order.seat is not None:
        seats.let_go(work, order.order_id, order.offer_id, order.seat)
    return orders.change(
        work, order.order_id, status=ending.value, reason=reason[:60], closed_at=work.now, due_at=None
    )


def _book(work: db.Work, order: Order, money: list[Transfer], step: progress.Step) -> None:
    """Book money that has come and changes nothing for the order."""
    if money:
        group_id = orders.group_id(work.city_id, order.order_id, Step.RECEIVE, step.received_cents)
        posting.post_or_raise(work, fulfilling.grouped(money, group_id))


def _money(work: db.Work, city: City, payment: Payment, step: progress.Step) -> list[Transfer]:
    """Return what books the money that has come since the last look, or that none is expected any more."""
    order_id, today, made = payment.order_id, city.day_of(work.now), list[Transfer]()
    if step.captures:
        received_id = orders.transfer_id(work.city_id, order_id, Step.RECEIVE)
        expected_id = orders.transfer_id(work.city_id, order_id, Step.EXPECT, "euros")
        made.append(transfers.capture(received_id, expected_id, effective=today, purpose=PURPOSE_RECEIVED))
    elif step.drops:
        made.append(_expect_no_more(work, city, order_id))
    if step.posts_cents:
        made.append(
            transfers.post(
                orders.transfer_id(work.city_id, order_id, Step.RECEIVE, step.received_cents),
                orders.clearing_path(payment.provider),
                orders.receivable_path(order_id),
                step.posts_cents,
                effective=today,
                purpose=PURPOSE_RECEIVED,
                subject=orders.subject(order_id),
            )
        )
    return made


def _expect_no_more(work: db.Work, city: City, order_id: int) -> Transfer:
    return transfers.release(
        orders.transfer_id(work.city_id, order_id, Step.END, "euros"),
        orders.transfer_id(work.city_id, order_id, Step.EXPECT, "euros"),
        effective=city.day_of(work.now),
        purpose=orders.PURPOSE_RETURNED,
    )


def _note(work: db.Work, payment: Payment, order: Order, seen: ProviderPayment, step: progress.Step) -> None:
    is_news = (step.status, step.received_cents) != (payment.status, payment.received_cents)
    looks = 0 if is_news else payment.looks
    over = step.status.is_over
    payments.change(
        work,
        payment.payment_id,
        status=step.status.value,
        received_cents=step.received_cents,
        provider_reference=payment.provider_reference or seen.reference or None,
        page_url=None if over else (seen.page_url or payment.page_url),
        method=(seen.method or payment.method)[:20],
        failure=(seen.failure or payment.failure)[:100],
        looks=looks,
        trouble="",
        due_at=None if over else next_look(replace(payment, looks=looks), order, work.now),
    )
