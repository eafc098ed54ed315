"""The till: asks providers what is due and books their answers. The only caller of providers.

Each step is a short transaction that claims it, a call outside any transaction, and a transaction that books
the answer. A crash in between leaves the claim, and the same call is made again by the same key a little
later.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from kernel import logs
from kernel.cities import City
from kernel.db import Database, Work
from kernel.errors import DomainError, NotFound
from redemption import collecting, disputing, ordering, orders, payments, progress, refunding
from redemption.keys import Sealer
from redemption.orders import Order, OrderStatus
from redemption.payments import Payment, Reason, Refund
from redemption.progress import Call
from redemption.providers import (
    ATTEMPT_SAFE_HOURS,
    Disputable,
    KeyConflict,
    NewPayment,
    NewRefund,
    PayingOut,
    PaymentProvider,
    PaymentRefused,
    PaymentStatus,
    ProviderDispute,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    RefundStatus,
    Topic,
)

T = TypeVar("T")
AT_ONCE = 50
"""Steps of one sort in one round."""
LOOK_AGAIN = dt.timedelta(seconds=3)
"""How soon a payment is looked at again because its buyer is waiting for it."""
_KEY_SAFE = dt.timedelta(hours=ATTEMPT_SAFE_HOURS)
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Till:
    """The payments of one city."""

    database: Database
    city: City
    providers: Mapping[str, PaymentProvider]
    """By name; those that this installation has keys for."""
    sealer: Sealer

    def advance_due(self) -> int:
        """Take one step with all that is due; return how many steps were taken."""
        with self.database.reading(self.city.city_id) as reading:
            waiting = [one.payment_id for one in payments.due(reading, AT_ONCE)]
            returning = [one.refund_id for one in payments.due_refunds(reading, AT_ONCE)]
            over = [one.order_id for one in orders.due(reading, AT_ONCE)]
        for payment_id in waiting:
            self._guarded(self.advance, payment_id)
        for refund_id in returning:
            self._guarded(self.advance_refund, refund_id)
        for order_id in over:
            self._guarded(self._sweep, order_id)
        return len(waiting) + len(returning) + len(over)

    def hasten(self, order_id: int) -> Order:
        """Look at an order's payment because somebody waits for it; return the order."""
        with self.database.reading(self.city.city_id) as reading:
            order, payment = orders.get(reading, order_id), payments.of_order(reading, order_id)
            now = reading.now
        if payment is None or payment.status.is_over:
            return order
        if payment.looked_at is None or payment.looked_at + LOOK_AGAIN <= now:
            self._run(lambda work: payments.change(work, payment.payment_id, due_at=work.now))
            self._guarded(self.advance, payment.payment_id)
        with self.database.reading(self.city.city_id) as reading:
            return orders.get(reading, order_id)

    def advance(self, payment_id: int) -> None:
        """Take the next step of a payment, if it is due: create, look, or call it off."""
        claimed = self._run(lambda work: self._claim(work, payment_id))
        if claimed is None:
            return
        try:
            seen = self._ask(*claimed)
        except DomainError as trouble:
            code = trouble.code
            self._run(lambda work: payments.change(work, payment_id, trouble=code[:100]))
            return
        self._run(lambda work: collecting.record(work, self.city, payment_id, seen, self.sealer))

    def advance_refund(self, refund_id: int) -> None:
        """Take the next step of a refund, if it is due: ask for it, or look at it."""
        claimed = self._run(lambda work: self._claim_refund(work, refund_id))
        if claimed is None:
            return
        refund, payment = claimed
        try:
            seen = self._ask_refund(refund, payment)
        except DomainError as trouble:
            code = trouble.code
            self._run(lambda work: payments.change_refund(work, refund_id, trouble=code[:100]))
            return
        self._run(lambda work: refunding.record(work, self.city, refund_id, seen))

    def take_event(self, name: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Take a provider's message: nothing but its sender is believed, so what it is about is fetched.

        Returns whether it had an effect now: the second of two equal ones has none. Raises NotFound
        `payment-provider-unknown`, EventRefused, ProviderUnavailable: then it should be sent again.
        """
        provider = self._provider(name)
        event = provider.parse_event(body, headers, self.database.clock.now())
        with self.database.reading(self.city.city_id) as reading:
            if payments.knows_event(reading, name, event.event_id):
                return False
        effect = self._effect(provider, name, event)

        def note(work: Work) -> bool:
            is_new = payments.note_event(work, name, event)
            if is_new and effect is not None:
                effect(work)
            return is_new

        return self._run(note)

    def catch_up(self, since: dt.datetime) -> None:
        """Look at all disputes and payouts of the services since then: a message about them may be lost.

        Raises ProviderUnavailable, with what was seen by then taken note of.
        """
        for name, provider in self.providers.items():
            found: list[tuple[Topic, str]] = []
            if isinstance(provider, Disputable):
                found += [(Topic.DISPUTE, one) for one in provider.disputes_since(since)]
            if isinstance(provider, PayingOut):
                found += [(Topic.PAYOUT, one) for one in provider.payouts_since(since)]
            for topic, reference in found:
                effect = self._effect(provider, name, ProviderEvent("", topic, reference))
                if effect is not None:
                    self._run(effect)

    def _effect(
        self, provider: PaymentProvider, name: str, event: ProviderEvent
    ) -> Callable[[Work], object] | None:
        """Fetch what a message is about; return what follows from it, None if it does not concern us."""
        if event.topic is Topic.PAYMENT:
            seen = provider.fetch(event.reference)
            return lambda work: self._record_payment(work, name, seen)
        if event.topic is Topic.REFUND:
            returned = provider.fetch_refund(event.reference)
            return lambda work: self._record_refund(work, name, returned)
        if event.topic is Topic.DISPUTE and isinstance(provider, Disputable):
            taken = provider.fetch_dispute(event.reference)
            paid = self._known_payment(provider, name, taken.payment_reference)
            return lambda work: self._record_dispute(work, name, taken, paid)
        if event.topic is Topic.PAYOUT and isinstance(provider, PayingOut):
            sent = provider.fetch_payout(event.reference)
            return lambda work: disputing.record_payout(work, self.city, name, sent)
        return None

    def _record_payment(self, work: Work, name: str, seen: ProviderPayment) -> None:
        payment = payments.by_reference(work, name, seen.reference)
        if payment is None and seen.payment_id:
            # The message was faster than the answer to the call that made the payment.
            payment = payments.find(work, seen.payment_id)
        if payment is not None and payment.provider == name:
            collecting.record(work, self.city, payment.payment_id, seen, self.sealer)

    def _known_payment(self, provider: PaymentProvider, name: str, reference: str) -> ProviderPayment | None:
        with self.database.reading(self.city.city_id) as reading:
            is_ours = payments.by_reference(reading, name, reference) is not None
        return provider.fetch(reference) if is_ours else None

    def _record_dispute(
        self, work: Work, name: str, seen: ProviderDispute, paid: ProviderPayment | None
    ) -> None:
        """Book what was paid before it is taken back: the message about that may have been lost."""
        if paid is not None:
            self._record_payment(work, name, paid)
        disputing.record(work, self.city, name, seen)

    def _record_refund(self, work: Work, name: str, seen: ProviderRefund) -> None:
        refund = payments.refund_by_reference(work, name, seen.reference)
        if refund is None and seen.refund_id:
            refund = payments.find_refund(work, seen.refund_id)
        if refund is not None:
            refunding.record(work, self.city, refund.refund_id, seen)

    def _claim(self, work: Work, payment_id: int) -> tuple[Call, Payment, Order] | None:
        payment = payments.get(work, payment_id)
        order = orders.get(work, payment.order_id)
        if payment.due_at is None or payment.due_at > work.now:
            return None
        if order.is_open and order.ending is None and order.expires_at <= work.now:
            order = ordering.end(work, order, OrderStatus.EXPIRED)
        call = progress.next_call(
            wanted=_wanted(order),
            asked=payment.asked_at is not None,
            long_ago=payment.asked_at is not None and work.now - payment.asked_at > _KEY_SAFE,
            named=payment.provider_reference is not None,
        )
        if call is Call.NOTHING:
            collecting.end_unasked(work, self.city, payment)
            return None
        claimed = payments.change(
            work,
            payment_id,
            asked_at=payment.asked_at or work.now,
            looked_at=work.now,
            looks=payment.looks + 1,
            due_at=work.now + payments.pause(payment.looks + 1),
        )
        return call, claimed, order

    def _ask(self, call: Call, payment: Payment, order: Order) -> ProviderPayment:
        provider = self._provider(payment.provider)
        seen = self._fetch(provider, call, payment, order)
        if seen is None:
            return ProviderPayment("", PaymentStatus.CANCELLED, payment.cents)
        if not seen.status.is_over and not _wanted(order):
            return provider.cancel(seen.reference)
        return seen

    def _fetch(
        self, provider: PaymentProvider, call: Call, payment: Payment, order: Order
    ) -> ProviderPayment | None:
        if call is Call.FETCH:
            return provider.fetch(payment.provider_reference or "")
        if call is not Call.CREATE:
            found = provider.find(payment.payment_id)
            if found is not None or call is Call.FIND:
                return found
        try:
            return provider.create(_new_payment(self.city, payment, order))
        except PaymentRefused as refused:
            return ProviderPayment("", PaymentStatus.FAILED, payment.cents, failure=refused.code)
        except KeyConflict:
            found = provider.find(payment.payment_id)
            if found is None:
                raise
            return found

    def _claim_refund(self, work: Work, refund_id: int) -> tuple[Refund, Payment] | None:
        refund = payments.get_refund(work, refund_id)
        if refund.due_at is None or refund.due_at > work.now:
            return None
        claimed = payments.change_refund(
            work,
            refund_id,
            looks=refund.looks + 1,
            due_at=work.now + payments.pause(refund.looks + 1),
        )
        return claimed, payments.get(work, refund.payment_id)

    def _ask_refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        provider = self._provider(payment.provider)
        if refund.provider_reference is not None:
            return provider.fetch_refund(refund.provider_reference)
        reference = payment.provider_reference or ""
        try:
            return provider.refund(NewRefund(refund.request_key, refund.refund_id, reference, refund.cents))
        except PaymentRefused as refused:
            return ProviderRefund("", reference, RefundStatus.FAILED, refund.cents, failure=refused.code)

    def _sweep(self, order_id: int) -> None:
        """Send back what a voucher that was not used in time has left."""

        def sweep(work: Work) -> None:
            order = orders.change(work, order_id, due_at=None)
            refunding.send_back(work, self.city, order, Reason.GIVEN_BACK)

        self._run(sweep)

    def _guarded(self, step: Callable[[int], None], number: int) -> None:
        try:
            step(number)
        except Exception:  # noqa: BLE001 -- whatever it is, the other payments go on; it is due again later
            _log.exception("payment-step-failed", step=getattr(step, "__name__", ""), number=number)

    def _provider(self, name: str) -> PaymentProvider:
        found = self.providers.get(name)
        if found is None:
            raise NotFound("payment-provider-unknown", provider=name)
        return found

    def _run(self, command: Callable[[Work], T]) -> T:
        return self.database.run(self.city.city_id, command)


def _wanted(order: Order) -> bool:
    """Whether the order still waits for its money."""
    return order.is_open and order.ending is None


def _new_payment(city: City, payment: Payment, order: Order) -> NewPayment:
    return NewPayment(
        key=payment.request_key,
        payment_id=payment.payment_id,
        city_slug=city.slug,
        amount_cents=payment.cents,
        subject=payment.subject,
        reference=payment.reference,
        return_url=payment.return_url,
        language=payment.language,
        expires_at=order.expires_at,
    )
