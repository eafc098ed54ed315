"""Forgetting from which accounts an erased person paid: where money may have to go back, only once it has."""

from kernel import db
from redemption import bank_receipts, hand_refunds, orders, payments
from redemption.payments import Payment


def forget(work: db.Work, paid: list[Payment]) -> None:
    """Forget who paid these payments, except where money is on its way back to them."""
    waiting = payments.orders_with_refunds(work, [one.order_id for one in paid])
    gone = [one for one in paid if one.order_id not in waiting]
    bank_receipts.forget(work, [one.payment_id for one in gone])
    hand_refunds.forget(work, [(one.provider, one.provider_reference or "") for one in gone])


def forget_erased(work: db.Work, order_id: int) -> None:
    """Forget who paid an order whose buyer was erased meanwhile, once its money has gone back."""
    payment = payments.of_order(work, order_id)
    if payment is not None and orders.get(work, order_id).owner == orders.NOBODY:
        forget(work, [payment])
