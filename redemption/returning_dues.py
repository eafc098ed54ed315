"""Giving back what was paid for a fine or a fee that its register does not take: all of it, to whoever paid.

It was paid otherwise meanwhile, changed or was withdrawn. A payment is whole or it is none, so nothing of it
stays with the city, and the reference can be paid anew if something is left to pay.
"""

import datetime as dt
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind
from kernel import db, ids
from kernel.cities import City
from ledger import posting, queries, transfers
from ledger.transfers import TransferKind
from redemption import orders, paying_fines, refunding
from redemption.fines import FineAlreadyPaid, FineAmountDiffers, FineNotFound, FinePayment
from redemption.orders import OrderStatus
from redemption.paying_fines import Receipt
from redemption.payments import Reason
from redemption.tables import fine_payments as table

REFUSALS: Final = (FineAlreadyPaid, FineAmountDiffers, FineNotFound)
"""What a register says that repeating does not mend."""
REFUSED_FOR: Final = dt.timedelta(hours=1)
"""How long after the payment a refusal is asked about again: a register may be in the middle of an update."""
PURPOSE: Final = "due-returned"
LETTER: Final = "due-returned"
REASON: Final = "due-refused"
"""Of the order that paid a part in euros."""

_NAMESPACE = UUID("5f2f5f0e-65f0-4d47-9f0b-0a4b0d8e7c2d")


def give_back(work: db.Work, city: City, payment: FinePayment) -> bool:
    """Take the payment of a fine back; return whether there was one to take back. Again: no change.

    What the register had confirmed once, and what was paid by a person who is erased, stays: that is for
    somebody to look into.
    """
    paid = paying_fines.find(work, payment.reference)
    if paid is None or paid.payment_id != payment.payment_id or paid.reported_at is not None:
        return False
    if paid.group_id is None:
        return False
    order = orders.done_for_fine(work, paid.reference)
    _reverse(work, city, paid.group_id, paid)
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.reference == paid.reference)
    )
    if order is not None:
        failed = orders.change(work, order.order_id, status=OrderStatus.FAILED.value, reason=REASON)
        refunding.send_back(work, city, failed, Reason.NOT_NEEDED)
    facts: dict[str, Any] = {
        "reference": paid.reference,
        "points": paid.points,
        "paid_cents": paid.paid_cents,
    }
    key = f"{LETTER}/{paid.payment_id}"
    postbox.put(work, paid.owner, EntryKind.MESSAGE, LETTER, facts, event_key=key)
    return True


def _reverse(work: db.Work, city: City, group_id: UUID, paid: Receipt) -> None:
    """Move points, place and what is owed back; euros then lie on the account of the order."""
    moved = [
        one
        for one in queries.of_group(work, group_id)
        if one.purpose == paid.kind.value and one.kind in {TransferKind.POST, TransferKind.CAPTURE}
    ]
    posting.post_or_raise(
        work,
        [
            transfers.reverse(
                ids.derive(_NAMESPACE, work.city_id, one.transfer_id),
                one.transfer_id,
                effective=city.day_of(work.now),
                purpose=PURPOSE,
                group_id=ids.derive(_NAMESPACE, work.city_id, "group", group_id),
            )
            for one in moved
        ],
    )
