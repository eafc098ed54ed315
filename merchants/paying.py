"""Paying what a statement says: reserved when sent, cleared when confirmed, open again if returned."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from kernel import cities, db, ids
from kernel.errors import Conflict, Invalid
from ledger import chart, posting, queries, transfers
from ledger.transfers import Transfer
from merchants import payout_orders, settlements, venues
from merchants.payout_orders import Order, OrderState
from merchants.settlements import Settlement
from merchants.tables import payouts

PURPOSE_PAYOUT = "payout"
PURPOSE_RETURN = "payout-returned"

_NAMESPACE = UUID("6f1dba1d-2d5e-4a52-8a39-0c8f8c1b7a3e")


def confirm(work: db.Work, settlement_id: int, *, paid_on: dt.date, by: str) -> Settlement:
    """Book that the bank paid a settlement on `paid_on`, as confirmed by the person `by`.

    The same again changes nothing. Raises NotFound `settlement-not-found`; Invalid `paid-on-invalid` (before
    the statement was issued, or in the future); Conflict `nothing-to-pay`, `settlement-already-paid` (on
    another day), `payout-not-released` (it is in a run that waits); TransferRejected `period-closed`.
    """
    settlement = settlements.get(work, settlement_id)
    if settlement.paid_on == paid_on:
        return settlement
    if settlement.paid_on is not None:
        raise Conflict("settlement-already-paid", paid_on=settlement.paid_on.isoformat())
    if not settlement.payout_cents:
        raise Conflict("nothing-to-pay", number=settlement.number)
    city = cities.get(work)
    earliest, latest = city.day_of(settlement.issued_at), city.day_of(work.now)
    if not earliest <= paid_on <= latest:
        raise Invalid(
            "paid-on-invalid", field="paid_on", earliest=earliest.isoformat(), latest=latest.isoformat()
        )
    orders = payout_orders.of_settlements(work, [settlement_id])
    if any(one.state is OrderState.PLANNED for one in orders):
        raise Conflict("payout-not-released", number=settlement.number)
    sent = next((one for one in orders if one.state is OrderState.SENT), None)
    if sent:
        settle_order(work, sent, paid_on=paid_on, by=by)
    else:
        _book(work, settlement, paid_on)
        _note(work, settlement_id, paid_on, by)
    return settlements.get(work, settlement_id)


def reserve(work: db.Work, orders: Sequence[Order]) -> None:
    """Reserve what is about to be paid of what the city owes: payouts in transit. Raises TransferRejected."""
    today = cities.get(work).day_of(work.now)
    numbers = settlements.by_id(work, [one.settlement_id for one in orders])
    holds = [
        transfers.hold(
            _id(work, order, "hold"),
            venues.payable_path(order.venue_id),
            chart.EUR_BANK,
            order.cents,
            effective=today,
            purpose=PURPOSE_PAYOUT,
            subject=numbers[order.settlement_id].number,
        )
        for order in orders
    ]
    posting.post_or_raise(work, holds)


def free(work: db.Work, orders: Sequence[Order]) -> None:
    """Owe again what was reserved and will not be paid."""
    today = cities.get(work).day_of(work.now)
    posting.post_or_raise(work, [_release(work, order, today) for order in orders])


def settle_order(work: db.Work, order: Order, *, paid_on: dt.date, by: str) -> None:
    """Book that the bank carried out a sent order."""
    capture = transfers.capture(
        _id(work, order, "capture"), _id(work, order, "hold"), effective=_open_day(work, paid_on)
    )
    posting.post_or_raise(work, [capture])
    payout_orders.change_one(work, order, state=OrderState.PAID.value, paid_on=paid_on)
    _note(work, order.settlement_id, paid_on, by)


def give_back(work: db.Work, order: Order, *, on: dt.date, reason: str) -> None:
    """Book that a sent or paid order came back: the city owes it again, and it can be paid anew."""
    day = _open_day(work, on)
    if order.state is OrderState.PAID:
        back = transfers.reverse(
            _id(work, order, "return"), _id(work, order, "capture"), effective=day, purpose=PURPOSE_RETURN
        )
        posting.post_or_raise(work, [back])
        work.connection.execute(
            sa.delete(payouts).where(
                payouts.c.city_id == work.city_id, payouts.c.settlement_id == order.settlement_id
            )
        )
    else:
        posting.post_or_raise(work, [_release(work, order, day)])
    payout_orders.change_one(work, order, state=OrderState.RETURNED.value, return_reason=reason[:40])


def _release(work: db.Work, order: Order, day: dt.date) -> Transfer:
    return transfers.release(
        _id(work, order, "release"), _id(work, order, "hold"), effective=_open_day(work, day)
    )


def _open_day(work: db.Work, day: dt.date) -> dt.date:
    """Return the day, or today if its period is closed: the bank does not ask when the books were closed."""
    closed_until = queries.closed_until(work)
    if closed_until is None or day > closed_until:
        return day
    return cities.get(work).day_of(work.now)


def _book(work: db.Work, settlement: Settlement, paid_on: dt.date) -> None:
    payout = transfers.post(
        ids.derive(_NAMESPACE, work.city_id, settlement.settlement_id),
        venues.payable_path(settlement.venue_id),
        chart.EUR_BANK,
        settlement.payout_cents,
        effective=paid_on,
        purpose=PURPOSE_PAYOUT,
        subject=settlement.number,
    )
    posting.post_or_raise(work, [payout])


def _note(work: db.Work, settlement_id: int, paid_on: dt.date, by: str) -> None:
    work.connection.execute(
        sa.insert(payouts).values(
            city_id=work.city_id,
            settlement_id=settlement_id,
            paid_on=paid_on,
            confirmed_by=by,
            confirmed_at=work.now,
        )
    )


def _id(work: db.Work, order: Order, step: str) -> UUID:
    return ids.derive(_NAMESPACE, work.city_id, order.run_id, order.position, step)
