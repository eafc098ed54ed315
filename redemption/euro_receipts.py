"""What receipts say of euros: how they were paid, and that they went back."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from kernel.db import Reading
from ledger.outcomes import BookedTransfer
from ledger.transfers import TransferKind
from redemption import offers, orders, payments, refunding
from redemption.orders import Order
from redemption.receipts import NewReceipt, PaidBy, ReceiptKind

_METHODS: Final = {
    "card": PaidBy.CARD,
    "paypal": PaidBy.PAYPAL,
    "sepa_debit": PaidBy.DIRECT_DEBIT,
    "sepa-debit": PaidBy.DIRECT_DEBIT,
    "transfer": PaidBy.TRANSFER,
    "bank-transfer": PaidBy.TRANSFER,
    "cash": PaidBy.CASH,
    "girocard": PaidBy.GIROCARD,
}
"""How providers name the ways of paying; any other is told as paid online."""


def with_payment(reading: Reading, new: NewReceipt) -> NewReceipt:
    """Return the receipt of a voucher with how its euros were paid; without euros as it is."""
    if not new.paid_cents:
        return new
    order = orders.of_voucher(reading, new.voucher_id)
    return replace(new, paid_by=_paid_by(reading, order.order_id) if order else PaidBy.ONLINE)


def of_fine(reading: Reading, reference: str) -> PaidBy:
    """Return how the euros of a paid fine or fee were paid."""
    order = orders.done_for_fine(reading, reference)
    return _paid_by(reading, order.order_id) if order else PaidBy.ONLINE


def of_refunds(reading: Reading, booked: Iterable[BookedTransfer]) -> Iterator[NewReceipt]:
    """Return the receipts of euros that went back; those of an erased person's orders are nobody's."""
    for one in booked:
        if one.purpose != refunding.PURPOSE_REFUNDED or one.kind is not TransferKind.CAPTURE:
            continue
        order = orders.find_by_subject(reading, one.subject)
        if order is not None and order.owner != orders.NOBODY:
            yield _of_refund(reading, order, one)


def _of_refund(reading: Reading, order: Order, booking: BookedTransfer) -> NewReceipt:
    return NewReceipt(
        kind=ReceiptKind.REFUND,
        owner=order.owner,
        subject=f"{order.voucher_id or order.order_id}/{booking.sequence}",
        titles=offers.get(reading, order.offer_id).titles,
        happened_at=booking.booked_at,
        paid_cents=booking.amount,
        paid_by=_paid_by(reading, order.order_id),
        reference=order.reference or "",
        voucher_id=order.voucher_id or "",
    )


def _paid_by(reading: Reading, order_id: int) -> PaidBy:
    payment = payments.of_order(reading, order_id)
    return _METHODS.get(payment.method, PaidBy.ONLINE) if payment else PaidBy.ONLINE
