"""XBezahldienste 1.0.0 on the port: payment services of the administration (ePayBL, pmPayment, ePay21).

The payer pays on the service's page and comes back; what became of it is asked from the service, never
believed from the browser. The standard has neither a way to call a payment off nor one to send money back: a
payment that is called off is one that we stop waiting for, and staff carry refunds out
(`redemption.hand_refunds`).
"""

import datetime as dt
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote

from kernel.db import Database
from redemption import hand_refunds
from redemption import xbezahldienste_messages as messages
from redemption.providers import (
    EventRefused,
    KeyConflict,
    NewPayment,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    PaymentUnknown,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    ProviderUnavailable,
    Topic,
)
from redemption.service_connection import Answer, ServiceConnection
from redemption.xbezahldienste_messages import FunctionalCode


class XBezahldienste:
    """A payment service of the administration; one tenant of it is named by originator and end point."""

    name: ClassVar[str] = "xbezahldienste"

    def __init__(
        self,
        connection: ServiceConnection,
        database: Database,
        city_id: int,
        *,
        originator: str,
        end_point: str,
        callback_secret: str = "",
    ) -> None:
        self._connection = connection
        self._database = database
        self._city_id = city_id
        self._path = f"/{quote(originator, safe='')}/{quote(end_point, safe='')}"
        self._callback_secret = callback_secret

    def is_ready(self) -> bool:
        """Return whether the service knows this tenant and is at work. Raises ProviderUnavailable."""
        return self._connection.call("GET", f"/status{self._path}").is_success

    def create(self, new: NewPayment) -> ProviderPayment:
        """Begin to collect. Raises PaymentRefused, KeyConflict, ProviderUnavailable.

        A request whose answer was lost exists already. If the service gives it out by our number, it is the
        one; if not, a new one is made: nobody has ever seen the page on which the lost one could be paid.
        """
        for attempt in range(messages.ATTEMPTS):
            number = messages.request_id(new.key, attempt)
            document = messages.payment_request(new, number, self._database.clock.now())
            answer = self._connection.call("POST", f"/paymenttransaction{self._path}", document)
            if answer.is_success:
                return self._same(self._read(answer), new)
            code = messages.functional_code(answer.document)
            if code is not FunctionalCode.PAYMENT_EXISTS:
                raise self._refusal(answer, code)
            try:
                return self._same(self.fetch(number), new)
            except PaymentUnknown:
                continue
        raise KeyConflict

    def fetch(self, reference: str) -> ProviderPayment:
        """Return a payment as it is now. Raises PaymentUnknown, ProviderUnavailable."""
        answer = self._connection.call("GET", f"/paymenttransaction{self._path}/{quote(reference, safe='')}")
        if answer.status == http.client.NOT_FOUND:
            raise PaymentUnknown(reference=reference)
        if not answer.is_success:
            raise ProviderUnavailable(reason=f"status-{answer.status}")
        return self._read(answer)

    def find(self, payment_id: int) -> ProviderPayment | None:
        """Return None: the standard has no search. What was never answered can't be paid (`create`)."""
        del payment_id
        nothing: ProviderPayment | None = None
        return nothing

    def cancel(self, reference: str) -> ProviderPayment:
        """Stop waiting for a payment that is not made yet; if it comes all the same, `fetch` says so.

        Raises PaymentUnknown, ProviderUnavailable.
        """
        seen = self.fetch(reference)
        if seen.status is not PaymentStatus.CREATED:
            return seen
        return replace(seen, status=PaymentStatus.CANCELLED, page_url=None)

    def refund(self, new: NewRefund) -> ProviderRefund:
        """Have staff send money back; the service's Kassenzeichen leads them to it.

        Raises PaymentUnknown, KeyConflict, ProviderUnavailable; PaymentRefused for more than came.
        """
        received = self.fetch(new.payment_reference).received_cents

        def given() -> int:
            with self._database.reading(self._city_id) as reading:
                earlier = hand_refunds.of_payment(reading, self.name, new.payment_reference)
            return sum(one.cents for one in earlier if one.request_key != new.key)

        if given() + new.amount_cents > received:
            raise PaymentRefused(reason="refund-exceeds-payment")
        refund = self._database.run(self._city_id, lambda work: hand_refunds.ask(work, self.name, new))
        return refund.answer

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """Return a refund as it is now. Raises PaymentUnknown."""
        with self._database.reading(self._city_id) as reading:
            return hand_refunds.fetch(reading, reference).answer

    def parse_event(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> ProviderEvent:
        """Return which payment to ask about. Raises EventRefused without the agreed secret.

        The standard knows no messages from the service; some services send one by agreement. It says no more
        than "look": each is looked into anew, however often it comes.
        """
        sent = headers.get("authorization", "").encode()
        if not self._callback_secret or not hmac.compare_digest(
            sent, f"Bearer {self._callback_secret}".encode()
        ):
            raise EventRefused
        try:
            document = messages.read_json(body)
        except ProviderUnavailable as error:
            raise EventRefused from error
        reference = document.get("transactionId") if isinstance(document, dict) else None
        if not isinstance(reference, str) or not reference:
            raise EventRefused
        event_id = hashlib.sha256(body + now.isoformat().encode()).hexdigest()
        return ProviderEvent(event_id, Topic.PAYMENT, reference)

    def _read(self, answer: Answer) -> ProviderPayment:
        return messages.read_transaction(answer.document, secure=self._connection.is_secure).payment

    def _same(self, seen: ProviderPayment, new: NewPayment) -> ProviderPayment:
        """Return a payment if it is the one that was asked for."""
        if seen.amount_cents != new.amount_cents:
            raise KeyConflict
        return seen

    def _refusal(self, answer: Answer, code: FunctionalCode) -> PaymentRefused | ProviderUnavailable:
        """Return what a refusal means: an unknown tenant, or no right, is nothing of this payment."""
        settings = {FunctionalCode.FORBIDDEN, FunctionalCode.NO_VALID_ORIGINATOR_OR_ENDPOINT}
        if code in settings or answer.status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
            return ProviderUnavailable(reason=code.value)
        return PaymentRefused(reason=code.value)
