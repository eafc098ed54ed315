"""Numbered seats: who sits where. That there are no more vouchers than seats is for the places to guard."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Conflict
from redemption.tables import offer_seats as table

_COLUMNS = ("city_id", "offer_id", "position", "seat", "voucher_id")


def open_seats(work: db.Work, offer_id: int, seats: Sequence[str]) -> None:
    """Put the seats of an offer out for sale, the best first."""
    rows = [(work.city_id, offer_id, position, seat, None) for position, seat in enumerate(seats)]
    bulk.insert_rows(work, table, _COLUMNS, rows)


def free(reading: db.Reading, offer_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the free seats of offers, the best first, one statement for all."""
    found: dict[int, list[str]] = {offer_id: [] for offer_id in offer_ids}
    if not found:
        return found
    rows = reading.connection.execute(
        sa.select(table.c.offer_id, table.c.seat)
        .where(
            table.c.city_id == reading.city_id,
            bulk.any_of(table.c.offer_id, "offer_ids"),
            table.c.voucher_id.is_(None),
            table.c.order_id.is_(None),
        )
        .order_by(table.c.offer_id, table.c.position),
        {"offer_ids": sorted(found)},
    )
    for row in rows:
        found[row.offer_id].append(row.seat)
    return found


def choose(seats: Sequence[str], wanted: str | None, offer_code: str) -> str:
    """Return the seat that is wanted, else the best. Raises Conflict `seat-taken` or `sold-out`."""
    if not seats:
        raise Conflict("sold-out", offer=offer_code)
    if wanted is None:
        return seats[0]
    if wanted not in seats:
        raise Conflict("seat-taken", offer=offer_code, seat=wanted, field="seat")
    return wanted


def take(work: db.Work, taken: Sequence[tuple[int, str, str]]) -> None:
    """Note who sits where: offer, seat and voucher of each; one statement for all."""
    if not taken:
        return
    at = sa.case(
        *(
            (sa.and_(table.c.offer_id == offer_id, table.c.seat == seat), voucher_id)
            for offer_id, seat, voucher_id in taken
        ),
        else_=table.c.voucher_id,
    )
    pairs = [(offer_id, seat) for offer_id, seat, _ in taken]
    columns = (table.c.offer_id, table.c.seat)
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            bulk.any_row_of(columns, "pairs"),
        )
        .values(voucher_id=at, order_id=None),
        {"pairs": sorted(pairs)},
    )


def keep(work: db.Work, order_id: int, offer_id: int, seat: str) -> None:
    """Keep a free seat for who is about to pay for it."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.offer_id == offer_id, table.c.seat == seat)
        .values(order_id=order_id)
    )


def let_go(work: db.Work, order_id: int, offer_id: int, seat: str) -> None:
    """Free a seat that was kept for an order which has come to nothing."""
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            table.c.offer_id == offer_id,
            table.c.seat == seat,
            table.c.order_id == order_id,
        )
        .values(order_id=None)
    )


def leave(work: db.Work, voucher_ids: Iterable[str]) -> None:
    """Free the seats of vouchers that were given back."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, bulk.any_of(table.c.voucher_id, "voucher_ids"))
        .values(voucher_id=None),
        {"voucher_ids": sorted(voucher_ids)},
    )


def forget(work: db.Work, voucher_ids: Iterable[str]) -> None:
    """Let a seat that stays taken forget the voucher of it, whose holder is erased."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, bulk.any_of(table.c.voucher_id, "voucher_ids"))
        .values(voucher_id=""),
        {"voucher_ids": sorted(voucher_ids)},
    )
