"""The port to those who collect euros: payment services, banks, desks. Nothing of any service's own kit here.

A provider is called outside transactions, by keys that are stored before the call, so the same call may come
twice and must have one effect. What it answers is a snapshot: an older one may arrive after a newer one, and
`PaymentStatus.rank` tells which is further.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from kernel.errors import Conflict, DomainError, Forbidden, Kind, NotFound

MINIMUM_CENTS = 50
"""Smallest amount that is collected: below it services refuse or cost more than they bring."""
ATTEMPT_SAFE_HOURS = 20
"""How long a provider surely remembers a key; older calls of unknown outcome are looked up by `find`."""


class PaymentStatus(enum.StrEnum):
    """How far a payment has come; it only ever moves to a higher rank."""

    CREATED = "created"
    """Waits for the payer."""
    PROCESSING = "processing"
    """The payer has done their part; the money is not final yet (a debit, a transfer on its way)."""
    FAILED = "failed"
    """Over without money."""
    CANCELLED = "cancelled"
    """Called off or run out before it was paid."""
    SUCCEEDED = "succeeded"
    """The whole amount is there for good. Above the two endings: money can come late all the same."""

    @property
    def rank(self) -> int:
        """How far along this is."""
        return _RANKS[self]

    @property
    def is_over(self) -> bool:
        """Whether nothing is expected any more."""
        return self.rank >= PaymentStatus.FAILED.rank


_RANKS: Mapping[PaymentStatus, int] = {
    PaymentStatus.CREATED: 0,
    PaymentStatus.PROCESSING: 1,
    PaymentStatus.FAILED: 2,
    PaymentStatus.CANCELLED: 2,
    PaymentStatus.SUCCEEDED: 3,
}


class RefundStatus(enum.StrEnum):
    """How a refund stands. One that succeeded may still fail: the payer's bank can send the money back."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The money is with the provider again, and may be refunded anew."""


class DisputeStatus(enum.StrEnum):
    """How a dispute (a chargeback) stands."""

    OPEN = "open"
    """The amount is withheld."""
    WON = "won"
    """The amount is back."""
    LOST = "lost"
    """The amount is gone."""


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What a provider is asked to collect."""

    key: str
    """Idempotency key: the same call again, the same payment again."""
    payment_id: int
    """Our number; the provider keeps it with the payment, so that `find` can find it."""
    city_slug: str
    amount_cents: int
    subject: str
    """What the payer reads, in their language: the offer's title, or what the fine is for."""
    reference: str
    """What the city reads in its books: the reference of a fine, or the number of the order. At most 35
    characters of A to Z, 0 to 9 and the hyphen."""
    return_url: str
    """Where the payer's browser comes back to, however it ended; says nothing about the outcome."""
    language: str
    expires_at: dt.datetime
    """Until when it may be paid."""


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as its provider sees it at some instant."""

    reference: str
    """The provider's name for it."""
    status: PaymentStatus
    amount_cents: int
    received_cents: int = 0
    """Money that is there for good, refunds not taken off: never shrinks. A transfer may bring too little
    (then the status is no success) or too much."""
    page_url: str | None = None
    """Where the payer pays; None where no page is to be opened (a transfer, a desk)."""
    method: str = ""
    """How it was paid, once that is known: `card`, `sepa-debit`, `paypal`, `transfer`, `cash`."""
    failure: str = ""
    """Why it failed, as a short code of the provider; for staff, never for pages."""
    payment_id: int = 0
    """Our number, where the provider says it."""


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What a provider is asked to give back, by the way the money came."""

    key: str
    refund_id: int
    payment_reference: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as its provider sees it at some instant."""

    reference: str
    payment_reference: str
    status: RefundStatus
    amount_cents: int
    failure: str = ""
    refund_id: int = 0
    """Our number, where the provider says it."""


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A dispute as its provider sees it at some instant."""

    reference: str
    payment_reference: str
    status: DisputeStatus
    amount_cents: int
    fee_cents: int = 0


@dataclass(frozen=True, slots=True)
class ProviderPayout:
    """Money that the provider has sent to the city's bank, and the fees it kept of what it collected."""

    reference: str
    amount_cents: int
    fee_cents: int
    arrives_on: dt.date
    is_final: bool


class Topic(enum.StrEnum):
    """What a provider's message is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    OTHER = "other"
    """Nothing that concerns us; noted and forgotten."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A provider's message, of which only the sender is trusted: what it is about is fetched again."""

    event_id: str
    topic: Topic
    reference: str
    """Of the payment, refund, dispute or payout."""
    payment_reference: str = ""
    """Of the payment that it belongs to, where the message says so."""


class ProviderUnavailable(DomainError):
    """No answer, or one that says nothing: whether it happened is unknown. Ask again by the same key."""

    kind = Kind.BUSY
    code = "payment-provider-unavailable"


class PaymentRefused(Conflict):
    """The provider will not do this, now or later; nothing happened."""

    code = "payment-refused"


class KeyConflict(Conflict):
    """The key was used for another call, or the first call with it is still running: never take a new one."""

    code = "payment-key-conflict"


class PaymentUnknown(NotFound):
    """The provider knows no payment, refund, dispute or payout of this reference."""

    code = "payment-unknown"


class EventRefused(Forbidden):
    """The message is not by the provider, or too old, or from the future."""

    code = "payment-event-refused"


class PaymentProvider(Protocol):
    """Collects euros. Every call may raise ProviderUnavailable."""

    name: ClassVar[str]
    """Short and lasting: it is part of paths of accounts (`eur/clearing/<name>`)."""

    def create(self, new: NewPayment) -> ProviderPayment:
        """Begin to collect. Raises PaymentRefused, KeyConflict."""
        ...

    def fetch(self, reference: str) -> ProviderPayment:
        """Return a payment as it is now. Raises PaymentUnknown."""
        ...

    def find(self, payment_id: int) -> ProviderPayment | None:
        """Return the payment that was created for our number, if there is one."""
        ...

    def cancel(self, reference: str) -> ProviderPayment:
        """Call a payment off unless it is too late for that; return how it stands then.

        Raises PaymentUnknown.
        """
        ...

    def refund(self, new: NewRefund) -> ProviderRefund:
        """Give money back. Raises PaymentRefused, KeyConflict, PaymentUnknown."""
        ...

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """Return a refund as it is now. Raises PaymentUnknown."""
        ...

    def parse_event(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> ProviderEvent:
        """Return what a message is about, once it is surely the provider's. Raises EventRefused.

        `body` as it came; `headers` with names in lower case. Makes no call.
        """
        ...


@runtime_checkable
class Disputable(Protocol):
    """A provider whose payers can have their money taken back."""

    def fetch_dispute(self, reference: str) -> ProviderDispute:
        """Return a dispute as it is now. Raises PaymentUnknown, ProviderUnavailable."""
        ...

    def disputes_since(self, since: dt.datetime) -> list[str]:
        """Return the names of disputes that began since then. Raises ProviderUnavailable."""
        ...


@runtime_checkable
class PayingOut(Protocol):
    """A provider that collects on an account of its own and passes it on from time to time."""

    def fetch_payout(self, reference: str) -> ProviderPayout:
        """Return a payout as it is now. Raises PaymentUnknown, ProviderUnavailable."""
        ...

    def payouts_since(self, since: dt.datetime) -> list[str]:
        """Return the names of payouts that were made since then. Raises ProviderUnavailable."""
        ...
