"""Telling buyers that less than is due has come by bank transfer, and how much is missing."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import db
from redemption import bank_receipts, collection_requests, offers, orders, payments

LETTER: Final = "transfer-short"


def tell(work: db.Work, payment_ids: Collection[int | None]) -> None:
    """Put a letter into the postbox of each buyer whose payments are too little; once for each sum."""
    numbers = sorted(one for one in payment_ids if one is not None)
    if numbers:
        postbox.put_many(work, list(_letters(work, numbers)))


def _letters(work: db.Work, numbers: list[int]) -> Iterator[NewEntry]:
    came = dict.fromkeys(numbers, 0)
    for one in bank_receipts.waiting_for(work, numbers):
        came[one.payment_id or 0] += one.open_cents
    for payment_id, request in collection_requests.by_payments(work, numbers).items():
        payment = payments.find(work, payment_id)
        order = None if payment is None else orders.get(work, payment.order_id)
        if order is None or not order.is_open or order.owner == orders.NOBODY:
            continue
        facts: dict[str, Any] = {
            "titles": offers.get(work, order.offer_id).titles,
            "paid_cents": came[payment_id],
            "missing_cents": request.cents - came[payment_id],
            "order_id": str(order.order_id),
        }
        key = f"{LETTER}/{order.order_id}/{came[payment_id]}"
        yield NewEntry(order.owner, EntryKind.MESSAGE, LETTER, facts, key)
