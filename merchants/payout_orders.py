"""Payout orders: one transfer to one venue for one statement, in one run."""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from merchants.payout_tables import orders as table


class OrderState(enum.StrEnum):
    """Where an order stands."""

    PLANNED = "planned"
    """In a run that waits for its release."""
    SENT = "sent"
    """Released: in the ledger reserved from what the city owes."""
    PAID = "paid"
    RETURNED = "returned"
    """Came back: the statement is open again."""
    CANCELLED = "cancelled"


class PayeeCheck(enum.StrEnum):
    """What the bank said about name and IBAN (verification of payee)."""

    MATCH = "match"
    CLOSE = "close"
    NO_MATCH = "no-match"


OPEN = (OrderState.PLANNED, OrderState.SENT)


@dataclass(frozen=True, slots=True)
class Order:
    """One transfer of a run."""

    run_id: int
    position: int
    settlement_id: int
    venue_id: int
    end_to_end_id: str
    payee_name: str
    iban: str
    cents: int
    state: OrderState
    payee_check: PayeeCheck | None = None
    paid_on: dt.date | None = None
    return_reason: str | None = None


def of_run(reading: db.Reading, run_id: int) -> list[Order]:
    """Return the orders of a run in their order."""
    return _select(reading, table.c.run_id == run_id)


def of_settlements(reading: db.Reading, settlement_ids: Iterable[int]) -> list[Order]:
    """Return all orders for these settlements, oldest run first."""
    return _select(reading, table.c.settlement_id.in_(sorted(set(settlement_ids))))


def by_end_to_end_id(reading: db.Reading, ids: Iterable[str]) -> dict[str, Order]:
    """Return the orders with these ids."""
    found = _select(reading, table.c.end_to_end_id.in_(sorted(set(ids) - {""})))
    return {one.end_to_end_id: one for one in found}


def add(work: db.Work, made: Sequence[Order]) -> None:
    """Store the orders of a new run. Only for `merchants.payout_runs`."""
    rows = [
        {"city_id": work.city_id, **{name: getattr(one, name) for name in Order.__dataclass_fields__}}
        for one in made
    ]
    work.connection.execute(sa.insert(table), rows)


def change(work: db.Work, condition: sa.ColumnElement[bool], **values: object) -> None:
    """Change orders. Only for `merchants.payout_runs` and `merchants.paying`."""
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, condition).values(**values)
    )


def change_one(work: db.Work, order: Order, **values: object) -> None:
    """Change one order."""
    change(work, sa.and_(table.c.run_id == order.run_id, table.c.position == order.position), **values)


def change_run(work: db.Work, run_id: int, **values: object) -> None:
    """Change all orders of a run."""
    change(work, table.c.run_id == run_id, **values)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Order]:
    columns = [table.c[name] for name in Order.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.run_id, table.c.position)
    )
    return [
        Order(
            **{
                **row._mapping,
                "state": OrderState(row.state),
                "payee_check": PayeeCheck(row.payee_check) if row.payee_check else None,
            }
        )
        for row in rows
    ]
