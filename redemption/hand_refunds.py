"""Refunds that staff carry out: by transfer to the account that money came from, or over the counter.

A provider that can't send money back by itself writes the refund down here; it stays pending until somebody
says that it was done, and when.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Invalid, NotFound
from redemption import payments
from redemption.collecting_tables import hand_refunds as table
from redemption.providers import KeyConflict, NewRefund, PaymentUnknown, ProviderRefund, RefundStatus


@dataclass(frozen=True, slots=True)
class HandRefund:
    """Money that somebody has to send back."""

    refund_id: int
    request_key: str
    provider: str
    payment_reference: str
    cents: int
    status: RefundStatus
    payee_name: str
    payee_iban: str
    """Empty if it is not known: then the payer has to be asked."""
    created_at: dt.datetime
    done_on: dt.date | None = None
    done_by: str | None = None
    receipt_number: str | None = None

    @property
    def answer(self) -> ProviderRefund:
        """The refund as its provider tells of it."""
        return ProviderRefund(str(self.refund_id), self.payment_reference, self.status, self.cents)


def ask(
    work: db.Work, provider: str, new: NewRefund, *, payee_name: str = "", payee_iban: str = ""
) -> HandRefund:
    """Ask staff to send money back; the same key again gives the first refund. Raises KeyConflict."""
    for there in _select(work, table.c.request_key == new.key):
        if (there.provider, there.payment_reference, there.cents) != (
            provider,
            new.payment_reference,
            new.amount_cents,
        ):
            raise KeyConflict
        return there
    refund = HandRefund(
        new.refund_id,
        new.key,
        provider,
        new.payment_reference,
        new.amount_cents,
        RefundStatus.PENDING,
        payee_name,
        payee_iban,
        work.now,
    )
    values = {name: getattr(refund, name) for name in HandRefund.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **{**values, "status": refund.status.value})
    )
    return refund


def fetch(reading: db.Reading, reference: str) -> HandRefund:
    """Return a refund by its provider's name for it. Raises PaymentUnknown."""
    for refund in _select(reading, table.c.refund_id == int(reference)) if reference.isdecimal() else []:
        return refund
    raise PaymentUnknown(reference=reference)


def get(reading: db.Reading, refund_id: int) -> HandRefund:
    """Return a refund. Raises NotFound `hand-refund-not-found`."""
    for refund in _select(reading, table.c.refund_id == refund_id):
        return refund
    raise NotFound("hand-refund-not-found")


def pending(reading: db.Reading, provider: str | None = None) -> list[HandRefund]:
    """Return what is still to be sent back, the oldest first."""
    condition = table.c.status == RefundStatus.PENDING.value
    if provider is not None:
        condition = sa.and_(condition, table.c.provider == provider)
    return _select(reading, condition)


def of_payment(reading: db.Reading, provider: str, payment_reference: str) -> list[HandRefund]:
    """Return what was or is to be sent back of a payment, the oldest first."""
    return _select(
        reading, sa.and_(table.c.provider == provider, table.c.payment_reference == payment_reference)
    )


def done(
    work: db.Work, city: City, refund_id: int, *, on: dt.date, by: str, receipt_number: str | None = None
) -> HandRefund:
    """Note that the money was sent back on a day; the same again changes nothing.

    Raises NotFound `hand-refund-not-found`; Invalid `refund-day-invalid`; Conflict `hand-refund-done`.
    """
    refund = get(work, refund_id)
    if refund.status is RefundStatus.SUCCEEDED and refund.done_on == on:
        return refund
    if refund.status is not RefundStatus.PENDING:
        raise Conflict("hand-refund-done", day=refund.done_on.isoformat() if refund.done_on else "")
    earliest, latest = city.day_of(refund.created_at), city.day_of(work.now)
    if not earliest <= on <= latest:
        raise Invalid(
            "refund-day-invalid", field="done_on", earliest=earliest.isoformat(), latest=latest.isoformat()
        )
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.refund_id == refund_id)
        .values(status=RefundStatus.SUCCEEDED.value, done_on=on, done_by=by, receipt_number=receipt_number)
    )
    if payments.find_refund(work, refund_id) is not None:
        payments.change_refund(work, refund_id, due_at=work.now, looks=0)
    return get(work, refund_id)


def forget(work: db.Work, provider_references: list[tuple[str, str]]) -> None:
    """Forget whom money went to, once it has gone."""
    for provider, reference in provider_references:
        work.connection.execute(
            sa.update(table)
            .where(
                table.c.city_id == work.city_id,
                table.c.provider == provider,
                table.c.payment_reference == reference,
                table.c.status != RefundStatus.PENDING.value,
            )
            .values(payee_name="", payee_iban="")
        )


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[HandRefund]:
    found = reading.connection.execute(
        sa.select(table).where(table.c.city_id == reading.city_id, condition).order_by(table.c.refund_id)
    )
    return [_refund(row) for row in found]


def _refund(row: sa.Row[Any]) -> HandRefund:
    values = {name: row._mapping[name] for name in HandRefund.__dataclass_fields__}
    return HandRefund(**{**values, "status": RefundStatus(row.status)})
