"""Sending euros back the way they came: never more than there are, because they are held before the call.

Whatever lies on the account of an order that is closed, and is not held for a voucher, belongs to the buyer
and goes back. What comes back once more, because a refund failed, is tried again for some days and then
listed.
"""

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind
from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from ledger import posting, queries, transfers
from redemption import offers, orders, payers, payments, progress
from redemption.orders import Order, Step
from redemption.payment_tables import refunds as table
from redemption.payments import Payment, Reason, Refund
from redemption.progress import Booking, RefundStep
from redemption.providers import DisputeStatus, ProviderRefund, RefundStatus

PURPOSE_REFUNDED = "refund"
PURPOSE_REFUND_FAILED = "refund-failed"
LETTER_CAME_BACK, LETTER_STUCK = "refund-came-back", "refund-stuck"
"""Of the entries in the buyer's postbox."""
AGAIN_AFTER = dt.timedelta(days=1)
WATCHED = dt.timedelta(days=7)
"""How long after its success a refund is looked at again: the payer's bank may refuse it."""
_WATCHES = 4


def idle_cents(reading: db.Reading, order: Order) -> int:
    """Return the buyer's money that nothing is left for and that is not on its way back."""
    return queries.balance(reading, orders.receivable_path(order.order_id)).available


def send_back(work: db.Work, city: City, order: Order, reason: Reason) -> Refund | None:
    """Begin to send an order's idle money back; None if there is none, or not yet, or not by itself.

    While a dispute is open the payer's bank has it; after several failures somebody has to decide.
    """
    payment = payments.of_order(work, order.order_id)
    if payment is None:
        return None
    cents, last = idle_cents(work, order), next(reversed(payments.refunds_of(work, order.order_id)), None)
    disputes = payments.disputes_of(work, order.order_id)
    goes = progress.goes_back(
        is_open=order.is_open,
        idle_cents=cents,
        disputed=any(one.status is DisputeStatus.OPEN for one in disputes),
        last_failed_attempt=last.attempt if last and last.status is RefundStatus.FAILED else 0,
    )
    return _begin(work, city, payment, cents, reason, attempt=1, due_at=work.now) if goes else None


def again(work: db.Work, city: City, order_id: int) -> Refund:
    """Try anew what failed too often. Raises NotFound; Conflict `nothing-to-refund`."""
    order = orders.get(work, order_id)
    payment, cents = payments.of_order(work, order_id), idle_cents(work, order)
    if payment is None or order.is_open or not cents:
        raise Conflict("nothing-to-refund", order=str(order_id))
    return _begin(work, city, payment, cents, Reason.NOT_NEEDED, attempt=1, due_at=work.now)


def stuck(reading: db.Reading) -> list[Refund]:
    """Return the refunds that failed so often that somebody has to look into them, oldest first."""
    later = table.alias("later")
    newer = sa.exists().where(
        later.c.city_id == table.c.city_id,
        later.c.order_id == table.c.order_id,
        later.c.refund_id > table.c.refund_id,
    )
    found = reading.connection.execute(
        sa.select(table.c.refund_id)
        .where(
            table.c.city_id == reading.city_id,
            table.c.status == RefundStatus.FAILED.value,
            table.c.attempt >= progress.REFUND_ATTEMPTS_MAX,
            ~newer,
        )
        .order_by(table.c.refund_id)
    )
    return [payments.get_refund(reading, refund_id) for refund_id in found.scalars()]


def record(work: db.Work, city: City, refund_id: int, seen: ProviderRefund) -> Refund:
    """Take note of a refund as its provider sees it; one that is older than what is known has no effect."""
    refund = payments.get_refund(work, refund_id)
    step = progress.refund_observed(refund.status, seen.status, refund.attempt)
    if step is None:
        due_at = _next_look(work, refund, refund.status or seen.status)
        return payments.change_refund(work, refund_id, trouble="", due_at=due_at)
    if step.booking is not None:
        _book(work, city, refund, step.booking)
    changed = payments.change_refund(
        work,
        refund_id,
        status=seen.status.value,
        provider_reference=refund.provider_reference or seen.reference or None,
        failure=seen.failure[:100],
        finished_at=None if seen.status is RefundStatus.PENDING else work.now,
        trouble="",
        looks=0,
        due_at=_next_look(work, replace(refund, looks=0), seen.status),
    )
    _tell(work, refund, step)
    if changed.status is RefundStatus.SUCCEEDED:
        payers.forget_erased(work, refund.order_id)
    if step.again:
        payment, later = payments.get(work, refund.payment_id), work.now + AGAIN_AFTER
        attempt = refund.attempt + 1
        _begin(work, city, payment, refund.cents, refund.reason, attempt=attempt, due_at=later)
    return changed


def refunded_cents(reading: db.Reading, order_id: int) -> int:
    """Return what of an order's euros went back."""
    done = payments.refunds_of(reading, order_id)
    return sum(refund.cents for refund in done if refund.status is RefundStatus.SUCCEEDED)


def _begin(
    work: db.Work,
    city: City,
    payment: Payment,
    cents: int,
    reason: Reason,
    *,
    attempt: int,
    due_at: dt.datetime,
) -> Refund:
    """Hold the money and write down what the provider is to be asked."""
    refund_id = work.ids.next()
    hold = transfers.hold(
        orders.transfer_id(work.city_id, payment.order_id, Step.REFUND, refund_id),
        orders.receivable_path(payment.order_id),
        orders.clearing_path(payment.provider),
        cents,
        effective=city.day_of(work.now),
        purpose=PURPOSE_REFUNDED,
        subject=orders.subject(payment.order_id),
    )
    posting.post_or_raise(work, [hold])
    payments.add_refund(
        work,
        Refund(
            refund_id=refund_id,
            payment_id=payment.payment_id,
            order_id=payment.order_id,
            attempt=attempt,
            status=None,
            cents=cents,
            reason=reason,
            request_key=f"refund-{city.slug}-{refund_id}",
            provider_reference=None,
            failure="",
            created_at=work.now,
            finished_at=None,
            looks=0,
            due_at=due_at,
            trouble="",
        ),
    )
    return payments.get_refund(work, refund_id)


def _tell(work: db.Work, refund: Refund, step: RefundStep) -> None:
    """Tell the buyer of money that came back to the city after it had gone, or that can't be sent back."""
    order = orders.get(work, refund.order_id)
    came_back = step.booking is Booking.REVERSE
    is_stuck = step.booking in {Booking.REVERSE, Booking.RELEASE} and not step.again
    if order.owner == orders.NOBODY or not (came_back or is_stuck):
        return
    facts: dict[str, Any] = {
        "titles": offers.get(work, order.offer_id).titles,
        "paid_cents": refund.cents,
        "order_id": str(order.order_id),
    }
    code = LETTER_STUCK if is_stuck else LETTER_CAME_BACK
    postbox.put(work, order.owner, EntryKind.MESSAGE, code, facts, event_key=f"{code}/{refund.refund_id}")


def _book(work: db.Work, city: City, refund: Refund, booking: Booking) -> None:
    def step_id(name: str) -> UUID:
        position = f"{refund.refund_id}{name}"
        return orders.transfer_id(work.city_id, refund.order_id, Step.REFUNDED, position)

    hold_id = orders.transfer_id(work.city_id, refund.order_id, Step.REFUND, refund.refund_id)
    captured_id, today = step_id("capture"), city.day_of(work.now)
    made = {
        Booking.CAPTURE: transfers.capture(captured_id, hold_id, effective=today),
        Booking.RELEASE: transfers.release(
            step_id("release"), hold_id, effective=today, purpose=PURPOSE_REFUND_FAILED
        ),
        Booking.REVERSE: transfers.reverse(
            step_id("reverse"), captured_id, effective=today, purpose=PURPOSE_REFUND_FAILED
        ),
    }
    posting.post_or_raise(work, [made[booking]])


def _next_look(work: db.Work, refund: Refund, status: RefundStatus) -> dt.datetime | None:
    if status is RefundStatus.PENDING:
        return work.now + payments.pause(refund.looks)
    if status is RefundStatus.SUCCEEDED and refund.looks < _WATCHES:
        return work.now + WATCHED
    return None
