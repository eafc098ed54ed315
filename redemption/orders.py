"""Orders: what somebody wants to have for points and euros together, before and after it is paid.

What an order holds and what has become of its money is in the ledger: points and a place are held until the
order is closed, and `eur/receivable/<order>` has what the buyer has paid and not got back.
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db, ids
from kernel.errors import NotFound
from redemption.payment_tables import orders as table
from redemption.progress import OrderStatus as OrderStatus

PAGE_MAX = 200
NOBODY = "erased"
"""Owner of what was ordered by a person who has been erased since."""
PURPOSE_ORDERED = "order"
PURPOSE_PAID = "order-paid"
PURPOSE_RETURNED = "order-ended"

_NAMESPACE = UUID("3c9d3f0c-8d3e-4a58-a6a5-52c1b5f0a7de")


class OrderKind(enum.StrEnum):
    """What is ordered."""

    VOUCHER = "voucher"
    FINE = "fine"
    FEE = "fee"

    @property
    def by_reference(self) -> bool:
        """Whether it pays what a register asks for."""
        return self is not OrderKind.VOUCHER


@dataclass(frozen=True, slots=True)
class Order:
    """An order."""

    order_id: int
    kind: OrderKind
    status: OrderStatus
    owner: str
    offer_id: int
    points: int
    cents: int
    rate_cents_per_point: int
    seat: str | None
    """Of numbered ones: kept for the buyer while the order is open."""
    reference: str | None
    fine_cents: int | None
    hold_count: int
    voucher_id: str | None
    created_at: dt.datetime
    expires_at: dt.datetime
    ending: OrderStatus | None
    """Called off or run out, while the provider is still to say that no money comes."""
    closed_at: dt.datetime | None
    reason: str
    due_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the euros are awaited."""
        return self.status is OrderStatus.OPEN


class Step(enum.StrEnum):
    """What is done to an order in the ledger; part of the ids, so that each step happens once."""

    HOLD = "hold"
    EXPECT = "expect"
    """The hold of the euros that are to come."""
    RECEIVE = "receive"
    END = "end"
    PAY = "pay"
    REFUND = "refund"
    REFUNDED = "refunded"
    DISPUTE = "dispute"


def receivable_path(order_id: int) -> str:
    """Return the account of what a buyer has paid for an order."""
    return f"eur/receivable/{order_id}"


def clearing_path(provider: str) -> str:
    """Return the account of what a provider has collected and not passed on."""
    return f"eur/clearing/{provider}"


def transfer_id(city_id: int, order_id: int, step: Step, position: object = 0) -> UUID:
    """Return the id of a transfer of an order: the same for the same step."""
    return ids.derive(_NAMESPACE, city_id, order_id, step.value, position)


def group_id(city_id: int, order_id: int, step: Step, position: object = 0) -> UUID:
    """Return the id of the group in which a step is booked."""
    return ids.derive(_NAMESPACE, city_id, order_id, "group", step.value, position)


def subject(order_id: int) -> str:
    """Return the subject of an order's transfers in euros."""
    return f"order/{order_id}"


def find_by_subject(reading: db.Reading, text: str) -> Order | None:
    """Return the order of which a transfer's subject speaks, if it speaks of one."""
    word, _, number = text.partition("/")
    if word != "order" or not number.isdecimal():
        return None
    found = _select(reading, table.c.order_id == int(number))
    return found[0] if found else None


def get(reading: db.Reading, order_id: int, owner: str | None = None) -> Order:
    """Return an order, of that owner only if given. Raises NotFound `order-not-found`."""
    for order in _select(reading, table.c.order_id == order_id):
        if owner is None or order.owner == owner:
            return order
    raise NotFound("order-not-found", order=str(order_id))


def page(reading: db.Reading, owner: str, *, before: int | None = None, limit: int = 50) -> list[Order]:
    """Return an owner's orders, newest first, older than order `before`."""
    condition = table.c.owner == owner
    if before is not None:
        condition = sa.and_(condition, table.c.order_id < before)
    return _select(reading, condition, min(limit, PAGE_MAX))


def open_of(reading: db.Reading, owner: str) -> list[Order]:
    """Return an owner's orders that wait for their money."""
    return _select(reading, sa.and_(table.c.owner == owner, table.c.status == OrderStatus.OPEN.value))


def open_of_offer(reading: db.Reading, offer_id: int, limit: int) -> list[Order]:
    """Return orders of an offer that wait for their money and that nobody has ended yet."""
    waiting = (
        table.c.offer_id == offer_id,
        table.c.status == OrderStatus.OPEN.value,
        table.c.ending.is_(None),
    )
    return _select(reading, sa.and_(*waiting), limit)


def of_voucher(reading: db.Reading, voucher_id: str) -> Order | None:
    """Return the order by which a voucher was bought, if it was."""
    found = _select(reading, table.c.voucher_id == voucher_id)
    return found[0] if found else None


def open_for_fine(reading: db.Reading, reference: str) -> Order | None:
    """Return the order that is about to pay a fine."""
    return _for_fine(reading, reference, OrderStatus.OPEN)


def done_for_fine(reading: db.Reading, reference: str) -> Order | None:
    """Return the order by which a fine was paid, if euros paid a part of it."""
    return _for_fine(reading, reference, OrderStatus.DONE)


def counted_against_limit(
    reading: db.Reading, wanted: Collection[tuple[str, int]]
) -> Counter[tuple[str, int]]:
    """Return how many vouchers of an offer a person has ordered and not got yet, by owner and offer."""
    if not wanted:
        return Counter()
    pair = (table.c.owner, table.c.offer_id)
    found = reading.connection.execute(
        sa.select(*pair, sa.func.count())
        .where(
            table.c.city_id == reading.city_id,
            table.c.status == OrderStatus.OPEN.value,
            bulk.any_row_of(pair, "pairs"),
        )
        .group_by(*pair),
        {"pairs": sorted(wanted)},
    )
    return Counter({(owner, offer_id): count for owner, offer_id, count in found})


def due(reading: db.Reading, limit: int) -> list[Order]:
    """Return the orders that may have money that nothing is left for."""
    condition = table.c.due_at <= reading.now
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.due_at, table.c.order_id)
        .limit(limit)
    )
    return [_order(row) for row in found]


def add(work: db.Work, order: Order) -> None:
    """Write a new order."""
    values = {name: getattr(order, name) for name in Order.__dataclass_fields__}
    values |= {"kind": order.kind.value, "status": order.status.value, "ending": None}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))


def change(work: db.Work, order_id: int, **values: object) -> Order:
    """Change an order and return it."""
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, table.c.order_id == order_id).values(**values)
    )
    return get(work, order_id)


def forget(work: db.Work, owner: str) -> None:
    """Cut the link between an owner and their orders: what was paid stays in the books, by nobody."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.owner == owner)
        .values(owner=NOBODY, seat=None, reference=None, voucher_id=None)
    )


def _for_fine(reading: db.Reading, reference: str, status: OrderStatus) -> Order | None:
    found = _select(reading, sa.and_(table.c.reference == reference, table.c.status == status.value))
    return found[0] if found else None


def _select(reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[Order]:
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.order_id.desc())
        .limit(limit)
    )
    return [_order(row) for row in found]


def _order(row: sa.Row[Any]) -> Order:
    values = {name: row._mapping[name] for name in Order.__dataclass_fields__}
    return Order(
        **{
            **values,
            "kind": OrderKind(row.kind),
            "status": OrderStatus(row.status),
            "ending": OrderStatus(row.ending) if row.ending else None,
        }
    )
