"""Calling an offer off: nobody buys it any more, and all who have a voucher get everything back and are told.

The vouchers are given back in batches, each in its own unit of work that also moves the mark: a worker that
is killed goes on where it was, and nobody gets anything twice.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from redemption import cancelling, offers, ordering, orders, vouchers
from redemption.offers import Offer, OfferStatus
from redemption.orders import OrderStatus
from redemption.payments import Reason
from redemption.tables import offer_cancellations as table
from redemption.tables import vouchers as vouchers_table
from redemption.vouchers import Voucher, VoucherStatus

BATCH = 200
CODE = "event-cancelled"
"""Of the entry in the postbox of whoever paid, mostly the holder."""
CODE_HOLDER = "event-cancelled-holder"
"""Of the holder's to whom somebody else has handed the voucher on."""
_OPEN = frozenset({VoucherStatus.USABLE, VoucherStatus.ACTIVE})


@dataclass(frozen=True, slots=True)
class CallingOff:
    """How far it is."""

    offer_id: int
    asked_at: dt.datetime
    total: int
    """Vouchers that were ever sold."""
    seen: int
    """Vouchers that were looked at."""
    returned: int
    """Those that were given back: the others were used, given back or over."""
    after_index: int
    finished_at: dt.datetime | None


def call_off(work: db.Work, offer_id: int) -> Offer:
    """Stop selling and have everything given back; again changes nothing.

    Raises NotFound `offer-not-found`; Conflict `offer-not-published` for a draft, `offer-not-called-off` for
    one that has no vouchers.
    """
    offer = offers.get(work, offer_id)
    if offer.status is OfferStatus.CANCELLED:
        return offer
    if offer.status is OfferStatus.DRAFT:
        raise Conflict("offer-not-published", offer=offer.code)
    if offer.kind.by_reference:
        raise Conflict("offer-not-called-off", offer=offer.code)
    sold = sa.select(sa.func.count()).where(
        vouchers_table.c.city_id == work.city_id, vouchers_table.c.offer_id == offer_id
    )
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            offer_id=offer_id,
            asked_at=work.now,
            total=work.connection.execute(sold).scalar_one(),
            seen=0,
            returned=0,
            after_index=-1,
        )
    )
    return offers.cancel(work, offer_id)


def find(reading: db.Reading, offer_id: int) -> CallingOff | None:
    """Return how far the calling off of an offer is, or None if it was not called off."""
    return next(iter(_select(reading, table.c.offer_id == offer_id)), None)


def waiting(reading: db.Reading) -> list[int]:
    """Return the offers whose vouchers are not all given back yet."""
    return [one.offer_id for one in _select(reading, table.c.finished_at.is_(None))]


def proceed(work: db.Work, city: City, offer_id: int, limit: int = BATCH) -> bool:
    """Give the next vouchers back, tell their holders, end unpaid orders; return whether more may come."""
    now = find(work, offer_id)
    if now is None or now.finished_at is not None:
        return False
    found = vouchers.of_offer(work, offer_id, after=now.after_index, limit=limit)
    # While its payment is disputed, the buyer's bank has the money; points and place go back all the same.
    unused = [one for one in found if one.left and one.status in _OPEN]
    if unused:
        cancelling.give_back(work, city, unused, Reason.GIVEN_BACK)
        postbox.put_many(work, [entry for one in unused for entry in _told(one)])
    unpaid = orders.open_of_offer(work, offer_id, limit)
    for order in unpaid:
        ordering.end(work, order, OrderStatus.CANCELLED)
    last = max(len(found), len(unpaid)) < limit
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.offer_id == offer_id)
        .values(
            seen=now.seen + len(found),
            returned=now.returned + len(unused),
            after_index=found[-1].status_index if found else now.after_index,
            finished_at=work.now if last else None,
        )
    )
    return not last


def _told(voucher: Voucher) -> list[NewEntry]:
    """Return what is told to the holder, and to whoever paid if that is somebody else."""
    payer = voucher.payer or voucher.owner
    about: dict[str, Any] = {"titles": voucher.titles, "voucher_id": voucher.voucher_id}
    back = about | {
        "points": voucher.points - voucher.points * voucher.used // voucher.uses,
        "paid_cents": voucher.paid_cents - voucher.paid_cents * voucher.used // voucher.uses,
    }
    key = f"event-cancelled/{voucher.voucher_id}"
    told = [NewEntry(payer, EntryKind.MESSAGE, CODE, back, key)]
    if payer != voucher.owner:
        told.append(NewEntry(voucher.owner, EntryKind.MESSAGE, CODE_HOLDER, about, f"{key}/holder"))
    return [one for one in told if one.owner != orders.NOBODY]


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[CallingOff]:
    columns = [table.c[name] for name in CallingOff.__dataclass_fields__]
    found = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.asked_at, table.c.offer_id)
    )
    return [CallingOff(**row._mapping) for row in found]
