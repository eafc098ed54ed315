"""Comparing what the city collects, owes to venues, and fines, with the ledger: sums, and what differs.

Reads only. Payment services and registers are asked by the caller, outside transactions, and their answers
are handed in.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from ledger import queries
from merchants import settlement_checks
from redemption import bank_receipts, hand_refunds, payments, receiving, refunding, taking, takings
from redemption.collecting_tables import drawers
from redemption.collecting_tables import takings as takings_table
from redemption.fines import FinePayment
from redemption.providers import DisputeStatus
from redemption.reconciliations import Compared, Difference, Trouble
from redemption.tables import fine_payments
from redemption.takings import DeskMethod

REFUND_WAITS = dt.timedelta(days=7)
REPORT_WAITS = dt.timedelta(days=1)
TOLD_AGAIN = dt.timedelta(hours=6)
"""After this a message to the register was given up (`kernel.outbox`), if it has not arrived."""
DRAWERS_SINCE = dt.timedelta(days=7)


def books(reading: db.Reading, city: City) -> tuple[list[Compared], list[Difference]]:
    """Compare bank receipts, drawers and unpaid statements with the accounts that they were posted to."""
    compared = [
        Compared(
            receiving.SUSPENSE,
            queries.balance(reading, receiving.SUSPENSE).posted,
            bank_receipts.open_cents(reading),
        ),
        *_drawers(reading),
        *(
            Compared(one.path, one.ledger_cents, one.statements_cents)
            for one in settlement_checks.owed(reading)
        ),
    ]
    differences = [
        Difference(Trouble.BOOKS_DIFFER, one.subject, one.ours_cents - one.theirs_cents)
        for one in compared
        if not one.agrees
    ]
    return compared, [*differences, *_waiting(reading, city)]


def fines(
    reading: db.Reading, city: City, register: Sequence[FinePayment] | None
) -> tuple[list[Compared], list[Difference]]:
    """Compare the fines paid here with the register's list of payments; None: it gave none."""
    rows = reading.connection.execute(
        sa.select(
            fine_payments.c.reference,
            fine_payments.c.payment_id,
            fine_payments.c.amount_cents,
            fine_payments.c.paid_at,
            fine_payments.c.reported_at,
        ).where(fine_payments.c.city_id == reading.city_id)
    ).all()
    late = [row for row in rows if row.reported_at is None and reading.now - row.paid_at > REPORT_WAITS]
    differences = [Difference(Trouble.FINE_UNREPORTED, row.reference, row.amount_cents) for row in late]
    if register is None:
        return [], [*differences, Difference(Trouble.REGISTER_UNSURE, city.slug, 0)]
    theirs = {one.reference: one for one in register}
    reported = [row for row in rows if row.reported_at is not None]
    differences += _of_fines(reported, theirs)
    # What a person paid who was erased since is the register's to know, and no longer ours.
    both = [theirs[row.reference].amount_cents for row in reported if row.reference in theirs]
    compared = Compared("fines", sum(row.amount_cents for row in reported), sum(both))
    return [compared], differences


def balance(reading: db.Reading, path: str) -> int:
    """Return what stands on an account."""
    return queries.balance(reading, path).posted


def forgotten(reading: db.Reading, register: Sequence[FinePayment]) -> list[FinePayment]:
    """Return the payments that the register confirmed once and doesn't have: it is told of them again."""
    theirs = {one.reference for one in register}
    rows = reading.connection.execute(
        sa.select(
            fine_payments.c.payment_id,
            fine_payments.c.reference,
            fine_payments.c.amount_cents,
            fine_payments.c.paid_at,
        ).where(fine_payments.c.city_id == reading.city_id, fine_payments.c.reported_at.is_not(None))
    )
    return [FinePayment(*row) for row in rows if row.reference not in theirs]


def untold(reading: db.Reading) -> list[FinePayment]:
    """Return the payments of which the register could not be told in all tries: it is told of them again."""
    rows = reading.connection.execute(
        sa.select(
            fine_payments.c.payment_id,
            fine_payments.c.reference,
            fine_payments.c.amount_cents,
            fine_payments.c.paid_at,
        ).where(
            fine_payments.c.city_id == reading.city_id,
            fine_payments.c.reported_at.is_(None),
            fine_payments.c.paid_at <= reading.now - TOLD_AGAIN,
        )
    )
    return [FinePayment(*row) for row in rows]


def _of_fines(reported: Iterable[Any], theirs: Mapping[str, FinePayment]) -> list[Difference]:
    found = []
    for row in reported:
        there = theirs.get(row.reference)
        if there is None:
            found.append(Difference(Trouble.FINE_FORGOTTEN, row.reference, row.amount_cents))
        elif there.payment_id != row.payment_id:
            found.append(Difference(Trouble.FINE_FOREIGN, row.reference, there.amount_cents))
        elif there.amount_cents != row.amount_cents:
            gap = row.amount_cents - there.amount_cents
            found.append(Difference(Trouble.FINE_AMOUNT, row.reference, gap))
    return found


def _drawers(reading: db.Reading) -> list[Compared]:
    """Compare the cash of each desk with its takings that were not counted yet."""
    counted = sa.exists().where(
        drawers.c.city_id == takings_table.c.city_id,
        drawers.c.desk == takings_table.c.desk,
        drawers.c.staff == takings_table.c.staff,
        drawers.c.day == takings_table.c.day,
    )
    lying = sa.case((counted, 0), else_=takings_table.c.cents)
    rows = reading.connection.execute(
        sa.select(takings_table.c.desk, sa.func.sum(lying).label("cents"))
        .where(takings_table.c.city_id == reading.city_id, takings_table.c.method == DeskMethod.CASH.value)
        .group_by(takings_table.c.desk)
        .order_by(takings_table.c.desk)
    ).all()
    return [
        Compared(path, -queries.balance(reading, path).posted, int(row.cents))
        for row in rows
        for path in [taking.cash_path(row.desk)]
    ]


def _waiting(reading: db.Reading, city: City) -> list[Difference]:
    """Return what agrees in sum and still needs somebody."""
    today = city.day_of(reading.now)
    found = [
        Difference(Trouble.MONEY_UNCLAIMED, one.entry_key, one.open_cents)
        for one in bank_receipts.every_open(reading)
    ]
    found += [
        Difference(Trouble.REFUND_WAITS, one.payment_reference, one.cents)
        for one in hand_refunds.pending(reading)
        if reading.now - one.created_at > REFUND_WAITS
    ]
    found += [
        Difference(Trouble.REFUND_FAILED, f"{one.order_id}", one.cents) for one in refunding.stuck(reading)
    ]
    found += [
        Difference(Trouble.DISPUTE_OPEN, f"{one.order_id}", one.cents)
        for one in payments.newest_disputes(reading)
        if one.status is DisputeStatus.OPEN
    ]
    found += [
        Difference(Trouble.DRAWER_UNCOUNTED, f"{desk} {day.isoformat()}", 0)
        for desk, _, day in takings.uncounted(reading, today)
    ]
    return found + [
        Difference(Trouble.CASH_DIFFERENCE, f"{one.desk} {one.day.isoformat()}", one.difference_cents)
        for one in takings.last_drawers(reading, today - DRAWERS_SINCE)
        if one.difference_cents
    ]
