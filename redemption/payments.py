"""Payments and refunds as rows: what a provider was asked, by which key, and how far it has come.

A row is written before the provider is called and says when it is to be asked next (`due_at`), so nothing
that was begun is ever forgotten, whoever crashes.
"""

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from redemption.payment_tables import disputes, events, orders
from redemption.payment_tables import payments as table
from redemption.payment_tables import refunds as refunds_table
from redemption.providers import DisputeStatus, PaymentStatus, ProviderEvent, RefundStatus

_LOOKS_COUNTED = 12
DISPUTES_SHOWN = 200
EVENTS_KEPT = dt.timedelta(days=60)
"""Providers try to deliver a message for some days; what comes twice within this is known as such."""


class Reason(enum.StrEnum):
    """Why money goes back."""

    GIVEN_BACK = "given-back"
    """The buyer gave the voucher back, or it was not used in time."""
    NOT_NEEDED = "not-needed"
    """It came too late, or too much of it, or what was ordered could not be given."""


@dataclass(frozen=True, slots=True)
class Payment:
    """The part of an order in euros."""

    payment_id: int
    order_id: int
    provider: str
    status: PaymentStatus
    cents: int
    received_cents: int
    request_key: str
    subject: str
    reference: str
    language: str
    return_url: str
    provider_reference: str | None
    page_url: str | None
    method: str
    failure: str
    created_at: dt.datetime
    asked_at: dt.datetime | None
    looked_at: dt.datetime | None
    looks: int
    due_at: dt.datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back the way it came. `status` is None until the provider has answered."""

    refund_id: int
    payment_id: int
    order_id: int
    attempt: int
    status: RefundStatus | None
    cents: int
    reason: Reason
    request_key: str
    provider_reference: str | None
    failure: str
    created_at: dt.datetime
    finished_at: dt.datetime | None
    looks: int
    due_at: dt.datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A payer's bank has taken a payment back."""

    provider: str
    provider_reference: str
    payment_id: int
    order_id: int
    status: DisputeStatus
    cents: int
    fee_cents: int
    loss_cents: int
    opened_at: dt.datetime
    closed_at: dt.datetime | None


NEW = "new"
"""Status of a refund that the provider has not answered yet."""


def pause(looks: int) -> dt.timedelta:
    """Return how long to wait before a provider is asked again: longer each time, at most a few hours."""
    return dt.timedelta(seconds=5 * 2 ** min(looks, _LOOKS_COUNTED))


def get(reading: db.Reading, payment_id: int) -> Payment:
    """Return a payment. Raises NotFound `payment-not-found`."""
    for payment in _payments(reading, table.c.payment_id == payment_id):
        return payment
    raise NotFound("payment-not-found", payment=str(payment_id))


def find(reading: db.Reading, payment_id: int) -> Payment | None:
    """Return a payment, if there is one of this number."""
    found = _payments(reading, table.c.payment_id == payment_id)
    return found[0] if found else None


def of_order(reading: db.Reading, order_id: int) -> Payment | None:
    """Return the payment of an order; None if it has no part in euros."""
    found = _payments(reading, table.c.order_id == order_id)
    return found[0] if found else None


def by_reference(reading: db.Reading, provider: str, reference: str) -> Payment | None:
    """Return the payment that a provider knows by this name."""
    found = _payments(reading, sa.and_(table.c.provider == provider, table.c.provider_reference == reference))
    return found[0] if found else None


def due(reading: db.Reading, limit: int) -> list[Payment]:
    """Return the payments whose provider is to be asked now."""
    return _payments(reading, table.c.due_at <= reading.now, limit)


def of_provider(reading: db.Reading, provider: str, *, after: int = 0, limit: int = 500) -> list[Payment]:
    """Return the payments of a provider in order of number, those above `after`."""
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, table.c.provider == provider, table.c.payment_id > after)
        .order_by(table.c.payment_id)
        .limit(limit)
    )
    return [_payment(row) for row in found]


def add(work: db.Work, payment: Payment) -> None:
    """Write a new payment."""
    values = {name: getattr(payment, name) for name in Payment.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **{**values, "status": payment.status.value})
    )


def change(work: db.Work, payment_id: int, **values: object) -> Payment:
    """Change a payment and return it."""
    mine = (table.c.city_id == work.city_id, table.c.payment_id == payment_id)
    work.connection.execute(sa.update(table).where(*mine).values(**values))
    return get(work, payment_id)


def get_refund(reading: db.Reading, refund_id: int) -> Refund:
    """Return a refund. Raises NotFound `refund-not-found`."""
    for refund in _refunds(reading, refunds_table.c.refund_id == refund_id):
        return refund
    raise NotFound("refund-not-found", refund=str(refund_id))


def find_refund(reading: db.Reading, refund_id: int) -> Refund | None:
    """Return a refund, if there is one of this number."""
    found = _refunds(reading, refunds_table.c.refund_id == refund_id)
    return found[0] if found else None


def refunds_of(reading: db.Reading, order_id: int) -> list[Refund]:
    """Return the refunds of an order, oldest first."""
    return _refunds(reading, refunds_table.c.order_id == order_id)


def orders_with_refunds(reading: db.Reading, order_ids: Collection[int]) -> set[int]:
    """Return those of the orders whose money is on its way back."""
    found = reading.connection.execute(
        sa.select(refunds_table.c.order_id).where(
            refunds_table.c.city_id == reading.city_id,
            refunds_table.c.order_id.in_(sorted(order_ids)),
            refunds_table.c.status.in_([NEW, RefundStatus.PENDING.value]),
        )
    )
    return set(found.scalars())


def refund_by_reference(reading: db.Reading, provider: str, reference: str) -> Refund | None:
    """Return the refund that a provider knows by this name."""
    for refund in _refunds(reading, refunds_table.c.provider_reference == reference):
        if get(reading, refund.payment_id).provider == provider:
            return refund
    return None


def due_refunds(reading: db.Reading, limit: int) -> list[Refund]:
    """Return the refunds whose provider is to be asked now."""
    return _refunds(reading, refunds_table.c.due_at <= reading.now, limit)


def add_refund(work: db.Work, refund: Refund) -> None:
    """Write a new refund."""
    values = {name: getattr(refund, name) for name in Refund.__dataclass_fields__}
    values |= {"status": NEW, "reason": refund.reason.value}
    work.connection.execute(sa.insert(refunds_table).values(city_id=work.city_id, **values))


def change_refund(work: db.Work, refund_id: int, **values: object) -> Refund:
    """Change a refund and return it."""
    mine = (refunds_table.c.city_id == work.city_id, refunds_table.c.refund_id == refund_id)
    work.connection.execute(sa.update(refunds_table).where(*mine).values(**values))
    return get_refund(work, refund_id)


def dispute(reading: db.Reading, provider: str, reference: str) -> Dispute | None:
    """Return the dispute that a provider knows by this name."""
    for one in _disputes(
        reading, sa.and_(disputes.c.provider == provider, disputes.c.provider_reference == reference)
    ):
        return one
    return None


def disputes_of(reading: db.Reading, order_id: int) -> list[Dispute]:
    """Return the disputes about an order."""
    return _disputes(reading, disputes.c.order_id == order_id)


def newest_disputes(reading: db.Reading, limit: int = DISPUTES_SHOWN) -> list[Dispute]:
    """Return disputes, the undecided ones first, then the newest."""
    is_open = sa.case((disputes.c.status == DisputeStatus.OPEN.value, 0), else_=1)
    found = reading.connection.execute(
        sa.select(disputes)
        .where(disputes.c.city_id == reading.city_id)
        .order_by(is_open, disputes.c.opened_at.desc(), disputes.c.provider_reference)
        .limit(limit)
    )
    return [_dispute(row) for row in found]


def put_dispute(work: db.Work, one: Dispute) -> None:
    """Write a dispute, new or changed."""
    mine = (
        disputes.c.city_id == work.city_id,
        disputes.c.provider == one.provider,
        disputes.c.provider_reference == one.provider_reference,
    )
    values = {name: getattr(one, name) for name in Dispute.__dataclass_fields__}
    values["status"] = one.status.value
    work.connection.execute(sa.delete(disputes).where(*mine))
    work.connection.execute(sa.insert(disputes).values(city_id=work.city_id, **values))


def note_event(work: db.Work, provider: str, event: ProviderEvent) -> bool:
    """Note a provider's message; return whether it is new."""
    added = work.connection.execute(
        db.insert(work, events)
        .values(
            city_id=work.city_id,
            provider=provider,
            event_id=event.event_id,
            topic=event.topic.value,
            received_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    return bool(added.rowcount)


def knows_event(reading: db.Reading, provider: str, event_id: str) -> bool:
    """Return whether a message was dealt with."""
    known = sa.select(events.c.topic).where(
        events.c.city_id == reading.city_id, events.c.provider == provider, events.c.event_id == event_id
    )
    return reading.connection.execute(known).first() is not None


def forget_old(work: db.Work) -> None:
    """Forget messages so old that no provider sends them again."""
    work.connection.execute(
        sa.delete(events).where(
            events.c.city_id == work.city_id, events.c.received_at < work.now - EVENTS_KEPT
        )
    )


def forget(work: db.Work, owner: str) -> None:
    """Delete what payments say about their payer: what it was for, where they paid."""
    theirs = sa.select(orders.c.order_id).where(orders.c.city_id == work.city_id, orders.c.owner == owner)
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.order_id.in_(theirs))
        .values(subject="", reference="", page_url=None, return_url="")
    )


def _payments(
    reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[Payment]:
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.due_at, table.c.payment_id)
        .limit(limit)
    )
    return [_payment(row) for row in found]


def _payment(row: sa.Row[Any]) -> Payment:
    values = {name: row._mapping[name] for name in Payment.__dataclass_fields__}
    return Payment(**{**values, "status": PaymentStatus(row.status)})


def _refunds(
    reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[Refund]:
    found = reading.connection.execute(
        sa.select(refunds_table)
        .where(refunds_table.c.city_id == reading.city_id, condition)
        .order_by(refunds_table.c.refund_id)
        .limit(limit)
    )
    return [_refund(row) for row in found]


def _refund(row: sa.Row[Any]) -> Refund:
    values = {name: row._mapping[name] for name in Refund.__dataclass_fields__}
    status = None if row.status == NEW else RefundStatus(row.status)
    return Refund(**{**values, "status": status, "reason": Reason(row.reason)})


def _disputes(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Dispute]:
    found = reading.connection.execute(
        sa.select(disputes).where(disputes.c.city_id == reading.city_id, condition)
    )
    return [_dispute(row) for row in found]


def _dispute(row: sa.Row[Any]) -> Dispute:
    values = {name: row._mapping[name] for name in Dispute.__dataclass_fields__}
    return Dispute(**{**values, "status": DisputeStatus(row.status)})
