"""What was taken and given back at desks, with the number of each receipt, and the count of each drawer."""

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from redemption.collecting_tables import drawers
from redemption.collecting_tables import takings as table


class DeskMethod(enum.StrEnum):
    """How somebody pays at a desk."""

    CASH = "cash"
    GIROCARD = "girocard"


@dataclass(frozen=True, slots=True)
class Taking:
    """Money that was taken or, below zero, given back over a counter."""

    desk: str
    receipt_number: str
    payment_id: int
    refund_id: int | None
    method: DeskMethod
    cents: int
    day: dt.date
    staff: str
    taken_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Drawer:
    """The count of a person's drawer at the end of a day."""

    desk: str
    staff: str
    day: dt.date
    float_cents: int
    expected_cents: int
    """What should have been in it, the change of the morning included."""
    counted_cents: int
    note: str
    closed_at: dt.datetime

    @property
    def difference_cents(self) -> int:
        """Below zero: money is missing."""
        return self.counted_cents - self.expected_cents


def add(work: db.Work, taking: Taking) -> None:
    """Write a taking."""
    values = {name: getattr(taking, name) for name in Taking.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **{**values, "method": taking.method.value})
    )


def by_receipt(reading: db.Reading, desk: str, receipt_number: str) -> Taking | None:
    """Return what a receipt was given for."""
    same = sa.and_(table.c.desk == desk, table.c.receipt_number == receipt_number)
    return next(iter(_select(reading, same)), None)


def of_payment(reading: db.Reading, payment_id: int) -> list[Taking]:
    """Return what was taken and given back for a payment, in order."""
    return _select(reading, table.c.payment_id == payment_id)


def of_day(
    reading: db.Reading, day: dt.date, *, desk: str | None = None, staff: str | None = None
) -> list[Taking]:
    """Return what was taken on a day, at one desk and by one person if given."""
    condition = table.c.day == day
    if desk is not None:
        condition = sa.and_(condition, table.c.desk == desk)
    if staff is not None:
        condition = sa.and_(condition, table.c.staff == staff)
    return _select(reading, condition)


def drawer(reading: db.Reading, desk: str, staff: str, day: dt.date) -> Drawer | None:
    """Return the count of a drawer, if it was counted."""
    same = sa.and_(drawers.c.desk == desk, drawers.c.staff == staff, drawers.c.day == day)
    return next(iter(_drawers(reading, same)), None)


def last_drawers(reading: db.Reading, since: dt.date) -> list[Drawer]:
    """Return the counts since a day, newest first."""
    return _drawers(reading, drawers.c.day >= since)


def uncounted(reading: db.Reading, before: dt.date) -> list[tuple[str, str, dt.date]]:
    """Return desk, person and day of drawers of earlier days that took cash and were never counted."""
    counted = sa.exists().where(
        drawers.c.city_id == table.c.city_id,
        drawers.c.desk == table.c.desk,
        drawers.c.staff == table.c.staff,
        drawers.c.day == table.c.day,
    )
    columns = (table.c.desk, table.c.staff, table.c.day)
    found = reading.connection.execute(
        sa.select(*columns)
        .where(
            table.c.city_id == reading.city_id,
            table.c.day < before,
            table.c.method == DeskMethod.CASH.value,
            ~counted,
        )
        .group_by(*columns)
        .order_by(table.c.day, table.c.desk)
    )
    return [(row.desk, row.staff, row.day) for row in found]


def add_drawer(work: db.Work, one: Drawer) -> None:
    """Write the count of a drawer."""
    values = {name: getattr(one, name) for name in Drawer.__dataclass_fields__}
    work.connection.execute(sa.insert(drawers).values(city_id=work.city_id, **values))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Taking]:
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.taken_at, table.c.receipt_number)
    )
    return [_taking(row) for row in found]


def _taking(row: sa.Row[Any]) -> Taking:
    values = {name: row._mapping[name] for name in Taking.__dataclass_fields__}
    return Taking(**{**values, "method": DeskMethod(row.method)})


def _drawers(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Drawer]:
    found = reading.connection.execute(
        sa.select(drawers)
        .where(drawers.c.city_id == reading.city_id, condition)
        .order_by(drawers.c.day.desc(), drawers.c.desk, drawers.c.staff)
    )
    return [Drawer(**{name: row._mapping[name] for name in Drawer.__dataclass_fields__}) for row in found]
