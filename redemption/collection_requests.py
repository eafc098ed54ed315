"""What a city itself collects, by bank transfer or at a desk: what is due, and how much of it is there."""

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from redemption import payments
from redemption.collecting_tables import requests as table
from redemption.providers import PaymentStatus


class CollectionWay(enum.StrEnum):
    """How the city collects without a payment service; also the names of the two providers."""

    TRANSFER = "transfer"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """Money that is asked for, under a code of its own."""

    payment_id: int
    way: CollectionWay
    code: str
    cents: int
    received_cents: int
    subject: str
    reference: str
    method: str
    created_at: dt.datetime
    expires_at: dt.datetime
    cancelled_at: dt.datetime | None
    paid_at: dt.datetime | None

    @property
    def status(self) -> PaymentStatus:
        """How it stands."""
        if self.paid_at is not None:
            return PaymentStatus.SUCCEEDED
        return PaymentStatus.CREATED if self.cancelled_at is None else PaymentStatus.CANCELLED


class CollectionNotFound(NotFound):
    """Nothing is asked for under this code."""

    code = "collection-not-found"


def find(reading: db.Reading, payment_id: int) -> CollectionRequest | None:
    """Return what is asked for a payment, if it is collected by the city itself."""
    return next(iter(_select(reading, table.c.payment_id == payment_id)), None)


def by_code(reading: db.Reading, code: str) -> CollectionRequest:
    """Return what is asked for under a code, as it is stored. Raises CollectionNotFound."""
    for request in _select(reading, table.c.code == code):
        return request
    raise CollectionNotFound(reference=code)


def by_payments(reading: db.Reading, payment_ids: list[int]) -> dict[int, CollectionRequest]:
    """Return what is asked for payments, by their number."""
    found = _select(reading, table.c.payment_id.in_(sorted(set(payment_ids))))
    return {request.payment_id: request for request in found}


def every_open(reading: db.Reading, way: CollectionWay) -> list[CollectionRequest]:
    """Return what is still to come, the oldest first."""
    return _select(
        reading, sa.and_(table.c.way == way.value, table.c.paid_at.is_(None), table.c.cancelled_at.is_(None))
    )


def add(work: db.Work, request: CollectionRequest) -> CollectionRequest:
    """Ask for money; again for the same payment gives what was asked first."""
    there = find(work, request.payment_id)
    if there is not None:
        return there
    values = {name: getattr(request, name) for name in CollectionRequest.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **{**values, "way": request.way.value})
    )
    return request


def cancel(work: db.Work, code: str) -> CollectionRequest:
    """Ask no longer, unless it is paid; return how it stands. Raises CollectionNotFound."""
    request = by_code(work, code)
    if request.status is PaymentStatus.CREATED:
        _change(work, request.payment_id, cancelled_at=work.now)
    return by_code(work, code)


def receive(work: db.Work, request: CollectionRequest, cents: int, method: str) -> CollectionRequest:
    """Note that `cents` of what is due are there; when nothing is missing any more, it is paid."""
    received = request.received_cents + cents
    paid_at = work.now if received >= request.cents else None
    _change(work, request.payment_id, received_cents=received, method=method, paid_at=paid_at)
    if payments.find(work, request.payment_id) is not None:
        # Somebody waits for it: the till looks at once.
        payments.change(work, request.payment_id, due_at=work.now, looks=0)
    return by_code(work, request.code)


def forget(work: db.Work, payment_ids: list[int]) -> None:
    """Forget what payments were for."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.payment_id.in_(payment_ids))
        .values(subject="", reference="")
    )


def _change(work: db.Work, payment_id: int, **values: object) -> None:
    mine = (table.c.city_id == work.city_id, table.c.payment_id == payment_id)
    work.connection.execute(sa.update(table).where(*mine).values(**values))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[CollectionRequest]:
    found = reading.connection.execute(
        sa.select(table).where(table.c.city_id == reading.city_id, condition).order_by(table.c.payment_id)
    )
    return [_request(row) for row in found]


def _request(row: sa.Row[Any]) -> CollectionRequest:
    values = {name: row._mapping[name] for name in CollectionRequest.__dataclass_fields__}
    return CollectionRequest(**{**values, "way": CollectionWay(row.way)})
