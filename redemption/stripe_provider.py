"""Stripe as a payment provider: its own hosted page (Checkout), so that no script of others runs on ours.

Which ways of paying the page offers is set at Stripe (dynamic payment methods); 3-D Secure is done there.
A payment's name is that of its Checkout session. Of a message only the signature is believed.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import stripe

from kernel import ids
from redemption.providers import (
    DisputeStatus,
    EventRefused,
    KeyConflict,
    NewPayment,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    PaymentUnknown,
    ProviderDispute,
    ProviderEvent,
    ProviderPayment,
    ProviderPayout,
    ProviderRefund,
    ProviderUnavailable,
    RefundStatus,
    Topic,
)

T = TypeVar("T")
TOLERANCE = dt.timedelta(minutes=5)
"""How old or how new a message may be; the kit itself refuses only old ones."""
TIMEOUT_SECONDS = 15
_NOT_FOUND, _CONFLICT = 404, 409
_LOCALES = {"de": "de", "en": "en", "tr": "tr"}
_REFUNDS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTES = {"won": DisputeStatus.WON, "lost": DisputeStatus.LOST}
_TOPICS = {
    "checkout.session.": Topic.PAYMENT,
    "refund.": Topic.REFUND,
    "charge.refund.": Topic.REFUND,
    "charge.dispute.": Topic.DISPUTE,
    "payout.": Topic.PAYOUT,
}
_COLLECTED = {"charge", "payment", "refund", "payment_refund", "payment_failure_refund"}
"""Sorts of entries whose fees belong to a payout; that of a dispute is booked with the dispute."""


class StripeProvider:
    """A `PaymentProvider` that speaks with Stripe by its own kit."""

    name: ClassVar[str] = "stripe"

    def __init__(self, secret_key: str, webhook_secret: str, *, address: str | None = None) -> None:
        self._secret = webhook_secret
        addresses: Any = {"api": address} if address else {}
        self._client = stripe.StripeClient(
            secret_key,
            # Repeating is the till's business: it knows the key and how long it is good for.
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            base_addresses=addresses,
        )

    def create(self, new: NewPayment) -> ProviderPayment:
        """Open a Checkout page."""
        ours = {"payment_id": str(new.payment_id), "city": new.city_slug}
        price = {
            "currency": "eur",
            "unit_amount": new.amount_cents,
            "product_data": {"name": new.subject or new.reference},
        }
        params: Any = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": str(new.payment_id),
            "metadata": ours,
            "payment_intent_data": {"description": new.reference, "metadata": ours},
            "success_url": new.return_url,
            "cancel_url": new.return_url,
            "locale": _LOCALES.get(new.language[:2], "auto"),
            "expires_at": int(new.expires_at.timestamp()),
            "expand": ["payment_intent"],
        }
        options: Any = {"idempotency_key": new.key}
        return _payment(_asked(lambda: self._client.v1.checkout.sessions.create(params, options)))

    def fetch(self, reference: str) -> ProviderPayment:
        """Return a payment as it is now."""
        return _payment(self._session(reference))

    def find(self, payment_id: int) -> ProviderPayment | None:
        """Return the payment that was created for our number, looked for from the hour of that number on."""
        made = ids.EPOCH + dt.timedelta(milliseconds=payment_id >> ids.RANDOM_BITS)
        since = int((made - dt.timedelta(hours=1)).timestamp())
        params: Any = {"created": {"gte": since}, "limit": 100, "expand": ["data.payment_intent"]}

        def look() -> Any:
            page = self._client.v1.checkout.sessions.list(params)
            found = (one for one in page.auto_paging_iter() if one.client_reference_id == str(payment_id))
            return next(found, None)

        session = _asked(look)
        return None if session is None else _payment(session)

    def cancel(self, reference: str) -> ProviderPayment:
        """Close the page, unless it was paid meanwhile."""
        try:
            _asked(lambda: self._client.v1.checkout.sessions.expire(reference))
        except PaymentRefused:
            return self.fetch(reference)
        return self.fetch(reference)

    def refund(self, new: NewRefund) -> ProviderRefund:
        """Give money back the way it came."""
        params: Any = {
            "payment_intent": self._intent(new.payment_reference),
            "amount": new.amount_cents,
            "metadata": {"refund_id": str(new.refund_id)},
        }
        options: Any = {"idempotency_key": new.key}
        return _refund(_asked(lambda: self._client.v1.refunds.create(params, options)), new.payment_reference)

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """Return a refund as it is now."""
        return _refund(_asked(lambda: self._client.v1.refunds.retrieve(reference)), "")

    def fetch_dispute(self, reference: str) -> ProviderDispute:
        """Return a dispute as it is now."""
        dispute = _asked(lambda: self._client.v1.disputes.retrieve(reference))
        params: Any = {"payment_intent": str(dispute.payment_intent), "limit": 1}
        sessions = _asked(lambda: self._client.v1.checkout.sessions.list(params)).data
        status = _DISPUTES.get(dispute.status, DisputeStatus.OPEN)
        fees = sum(int(one.fee) for one in dispute.balance_transactions)
        named = sessions[0].id if sessions else ""
        return ProviderDispute(dispute.id, named, status, dispute.amount, max(0, fees))

    def disputes_since(self, since: dt.datetime) -> list[str]:
        """Return the names of disputes that began since then; questions of a bank are none."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        found = _asked(lambda: list(self._client.v1.disputes.list(params).auto_paging_iter()))
        return [one.id for one in found if not str(one.status).startswith("warning")]

    def payouts_since(self, since: dt.datetime) -> list[str]:
        """Return the names of payouts that were made since then."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        found = _asked(lambda: list(self._client.v1.payouts.list(params).auto_paging_iter()))
        return [one.id for one in found]

    def fetch_payout(self, reference: str) -> ProviderPayout:
        """Return a payout as it is now, with the fees of what it consists of."""
        payout = _asked(lambda: self._client.v1.payouts.retrieve(reference))
        params: Any = {"payout": reference, "limit": 100}
        entries = _asked(lambda: list(self._client.v1.balance_transactions.list(params).auto_paging_iter()))
        fees = sum(int(one.fee) for one in entries if one.type in _COLLECTED)
        arrives = dt.datetime.fromtimestamp(payout.arrival_date, dt.UTC).date()
        return ProviderPayout(payout.id, payout.amount, fees, arrives, is_final=payout.status == "paid")

    def parse_event(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> ProviderEvent:
        """Return what a message is about, if Stripe signed just these bytes just now."""
        header = headers.get("stripe-signature", "")
        try:
            stripe.WebhookSignature.verify_header(body, header, self._secret)
            stamp = next(part[2:] for part in header.split(",") if part.startswith("t="))
            sent = dt.datetime.fromtimestamp(int(stamp), dt.UTC)
            told = json.loads(body)
            event_id, kind, about = str(told["id"]), str(told["type"]), told["data"]["object"]
            reference = str(about.get("id", ""))
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise EventRefused(reason="signature") from error
        except (AttributeError, OverflowError) as error:
            raise EventRefused(reason="form") from error
        if abs(now - sent) > TOLERANCE:
            raise EventRefused(reason="age")
        topic = next((topic for begin, topic in _TOPICS.items() if kind.startswith(begin)), Topic.OTHER)
        if topic is Topic.DISPUTE and str(about.get("status", "")).startswith("warning"):
            # A question of the payer's bank: no money has moved.
            topic = Topic.OTHER
        return ProviderEvent(event_id, topic, reference)

    def _session(self, reference: str) -> Any:
        params: Any = {"expand": ["payment_intent"]}
        return _asked(lambda: self._client.v1.checkout.sessions.retrieve(reference, params))

    def _intent(self, reference: str) -> str:
        """Return the name of the intent behind a session; an intent stands for itself."""
        if reference.startswith("pi_"):
            return reference
        intent = self._session(reference).payment_intent
        if intent is None:
            raise PaymentRefused(reason="not-paid")
        return str(intent.id)


def _payment(session: Any) -> ProviderPayment:
    intent = session.payment_intent if not isinstance(session.payment_intent, str) else None
    status = _status(str(session.status), str(intent.status) if intent else "")
    paid = status is PaymentStatus.SUCCEEDED and intent is not None
    error = getattr(intent, "last_payment_error", None)
    return ProviderPayment(
        reference=session.id,
        status=status,
        amount_cents=session.amount_total,
        received_cents=intent.amount_received if paid and intent else 0,
        page_url=session.url if status is PaymentStatus.CREATED else None,
        failure=str(getattr(error, "code", "") or ""),
        payment_id=_number(session, "payment_id"),
    )


def _status(session: str, intent: str) -> PaymentStatus:
    """Return how a payment stands by the session and the intent behind it."""
    if intent == "succeeded":
        return PaymentStatus.SUCCEEDED
    if intent == "processing":
        return PaymentStatus.PROCESSING
    if session == "open":
        return PaymentStatus.CREATED
    # Complete without money: a debit that was ordered on the page and has bounced since.
    return PaymentStatus.CANCELLED if session == "expired" else PaymentStatus.FAILED


def _refund(refund: Any, payment_reference: str) -> ProviderRefund:
    return ProviderRefund(
        reference=refund.id,
        payment_reference=payment_reference,
        status=_REFUNDS.get(refund.status, RefundStatus.PENDING),
        amount_cents=refund.amount,
        failure=str(getattr(refund, "failure_reason", "") or ""),
        refund_id=_number(refund, "refund_id"),
    )


def _number(made: Any, name: str) -> int:
    """Return our number that was sent along when something was made; 0 without one."""
    ours = made.metadata.to_dict() if made.metadata else {}
    return int(ours.get(name, 0))


def _asked(call: Callable[[], T]) -> T:
    """Return what a call returns, its errors as those of the port."""
    try:
        return call()
    except stripe.IdempotencyError as error:
        raise KeyConflict from error
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        if error.http_status == _NOT_FOUND:
            raise PaymentUnknown from error
        if error.http_status == _CONFLICT:
            raise KeyConflict from error
        raise PaymentRefused(reason=str(error.code or "")) from error
    except stripe.StripeError as error:
        raise ProviderUnavailable(reason=type(error).__name__) from error
