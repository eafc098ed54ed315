"""What is kept about the euros of a person's orders: payments, refunds, receipts of the bank and of desks."""

from collections.abc import Mapping
from typing import Any

from kernel.db import Reading
from redemption import bank_receipts, payments, takings
from redemption.orders import Order
from redemption.payments import Payment, Refund
from redemption.takings import Taking


def of_order(reading: Reading, order: Order) -> Mapping[str, Any]:
    """Return how an order was paid and what went back, without who took the money in."""
    payment = payments.of_order(reading, order.order_id)
    if payment is None:
        return {"payment": None, "refunds": [], "bank_receipts": [], "desk_payments": []}
    receipts = bank_receipts.of_payments(reading, [payment.payment_id])
    return {
        "payment": _payment(payment),
        "refunds": [_refund(one) for one in payments.refunds_of(reading, order.order_id)],
        "bank_receipts": [
            {
                "booked_on": one.booked_on,
                "cents": one.cents,
                "payer_name": one.payer_name,
                "payer_iban": one.payer_iban,
                "remittance": one.remittance,
            }
            for one in receipts
        ],
        "desk_payments": [_taking(one) for one in takings.of_payment(reading, payment.payment_id)],
    }


def _payment(payment: Payment) -> dict[str, Any]:
    shown = ("provider", "status", "cents", "received_cents", "method", "subject", "reference", "created_at")
    return {name: getattr(payment, name) for name in shown}


def _refund(refund: Refund) -> dict[str, Any]:
    shown = ("status", "cents", "reason", "created_at", "finished_at")
    return {name: getattr(refund, name) for name in shown}


def _taking(taking: Taking) -> dict[str, Any]:
    shown = ("desk", "receipt_number", "method", "cents", "day", "taken_at")
    return {name: getattr(taking, name) for name in shown}
