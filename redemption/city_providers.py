"""The city collects by itself: bank transfer and desk as providers on the port, in the city's database.

Nothing is called over a network. What the port asks is read and written in units of work of their own; the
money comes by `redemption.receiving` (a bank's statement) or `redemption.taking` (a desk).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from kernel.db import Database, Reading, Work
from redemption import bank_receipts, codes, collection_requests, creditor_references, hand_refunds
from redemption.collection_requests import CollectionNotFound, CollectionRequest, CollectionWay
from redemption.providers import (
    EventRefused,
    KeyConflict,
    NewPayment,
    NewRefund,
    PaymentRefused,
    PaymentUnknown,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
)

T = TypeVar("T")


class _Collector:
    """What both ways have in common: a request in the database, of which the provider's name is its code."""

    name: ClassVar[str]
    _way: ClassVar[CollectionWay]

    def __init__(self, database: Database, city_id: int) -> None:
        self._database = database
        self._city_id = city_id

    def create(self, new: NewPayment) -> ProviderPayment:
        """Ask for the money under a code. Raises KeyConflict if other money was asked for by this number."""

        def command(work: Work) -> CollectionRequest:
            return collection_requests.add(
                work,
                CollectionRequest(
                    payment_id=new.payment_id,
                    way=self._way,
                    code=self._code(work, new.payment_id),
                    cents=new.amount_cents,
                    received_cents=0,
                    subject=new.subject[:250],
                    reference=new.reference[:35],
                    method="",
                    created_at=work.now,
                    expires_at=new.expires_at,
                    cancelled_at=None,
                    paid_at=None,
                ),
            )

        made = self._run(command)
        if (made.way, made.cents) != (self._way, new.amount_cents):
            raise KeyConflict
        return _answer(made)

    def fetch(self, reference: str) -> ProviderPayment:
        """Return how a request stands. Raises PaymentUnknown."""
        return _answer(self._read(lambda reading: self._request(reading, reference)))

    def find(self, payment_id: int) -> ProviderPayment | None:
        """Return the request for a payment, if there is one."""
        found = self._read(lambda reading: collection_requests.find(reading, payment_id))
        return None if found is None or found.way is not self._way else _answer(found)

    def cancel(self, reference: str) -> ProviderPayment:
        """Ask no longer; money that comes later is open. Raises PaymentUnknown."""

        def command(work: Work) -> CollectionRequest:
            return collection_requests.cancel(work, self._request(work, reference).code)

        return _answer(self._run(command))

    def refund(self, new: NewRefund) -> ProviderRefund:
        """Have staff give money back.

        Raises PaymentUnknown, KeyConflict; PaymentRefused for more than came.
        """

        def command(work: Work) -> ProviderRefund:
            request = self._request(work, new.payment_reference)
            earlier = hand_refunds.of_payment(work, self.name, new.payment_reference)
            given = sum(one.cents for one in earlier if one.request_key != new.key)
            if given + new.amount_cents > request.received_cents:
                raise PaymentRefused(reason="refund-exceeds-payment")
            name, iban = self._payee(work, request)
            refund = hand_refunds.ask(work, self.name, new, payee_name=name, payee_iban=iban)
            return refund.answer

        return self._run(command)

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """Return how a refund stands. Raises PaymentUnknown."""
        return self._read(lambda reading: hand_refunds.fetch(reading, reference)).answer

    def parse_event(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> ProviderEvent:
        """Refuse: nobody outside sends messages about these payments."""
        del body, headers, now
        raise EventRefused

    def _code(self, work: Work, payment_id: int) -> str:
        raise NotImplementedError

    def _payee(self, reading: Reading, request: CollectionRequest) -> tuple[str, str]:
        del reading, request
        return "", ""

    def _request(self, reading: Reading, reference: str) -> CollectionRequest:
        try:
            request = collection_requests.by_code(reading, reference)
        except CollectionNotFound:
            raise PaymentUnknown(reference=reference) from None
        if request.way is not self._way:
            raise PaymentUnknown(reference=reference)
        return request

    def _run(self, command: Callable[[Work], T]) -> T:
        return self._database.run(self._city_id, command)

    def _read(self, question: Callable[[Reading], T]) -> T:
        with self._database.reading(self._city_id) as reading:
            return question(reading)


class TransferProvider(_Collector):
    """Bank transfers to the city's account, asked for by GiroCode and a creditor reference."""

    name = CollectionWay.TRANSFER.value
    _way = CollectionWay.TRANSFER

    def _code(self, work: Work, payment_id: int) -> str:
        del work
        return creditor_references.of_number(payment_id)

    def _payee(self, reading: Reading, request: CollectionRequest) -> tuple[str, str]:
        """Return who paid: money goes back to the account that it came from, to no other.

        Nobody if several paid parts of it: whom what belongs to is for somebody to find out.
        """
        found = bank_receipts.of_payments(reading, [request.payment_id])
        payers = {one.payer_iban: one.payer_name for one in found if one.matched_cents}
        return next((name, iban) for iban, name in payers.items()) if len(payers) == 1 else ("", "")


class DeskProvider(_Collector):
    """Cash or girocard at a desk of the city, asked for by a code of ten characters."""

    name = CollectionWay.DESK.value
    _way = CollectionWay.DESK

    def _code(self, work: Work, payment_id: int) -> str:
        del payment_id
        return codes.manual_code(work.ids.random_bytes(codes.HANDLE_BYTES_MIN))


def _answer(request: CollectionRequest) -> ProviderPayment:
    return ProviderPayment(
        reference=request.code,
        status=request.status,
        amount_cents=request.cents,
        received_cents=request.received_cents,
        method=request.method,
    )
