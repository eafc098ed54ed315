"""Fines and fees, and the port to the register that knows them.

The register is another system. It is asked outside transactions; it is told about payments by the worker,
from the outbox, so it may hear of a payment twice and must tolerate that.
"""

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from kernel.errors import Conflict, DomainError, Kind, NotFound


class DueKind(enum.StrEnum):
    """What is owed to the city."""

    FINE = "fine"
    FEE = "fee"
    """Of the administration or for parking: a service was given for it."""


@dataclass(frozen=True, slots=True)
class Fine:
    """A fine, or a fee, as the register knows it: paid in full by its reference, or not at all."""

    reference: str
    amount_cents: int
    committed_at: dt.datetime
    """When it was done; for a fee the day of its notice."""
    place: str
    offences: tuple[str, ...]
    """Codes of the federal catalogue of offences."""
    is_paid: bool = False
    kind: DueKind = DueKind.FINE
    title: str = ""
    """What a fee is for, in the city's words."""


@dataclass(frozen=True, slots=True)
class FinePayment:
    """The full amount of a fine, paid by the programme for a citizen."""

    payment_id: int
    reference: str
    amount_cents: int
    paid_at: dt.datetime


class FineAlreadyPaid(Conflict):
    """The fine was paid before."""

    code = "fine-already-paid"


class FineAmountDiffers(Conflict):
    """The register wants another amount than was paid: it changed between the question and the payment."""

    code = "fine-amount-differs"


class FineNotFound(NotFound):
    """The register has no fine of this reference."""

    code = "fine-not-found"


class RegisterUnavailable(DomainError):
    """The register can't be reached or answered with an error; asking again later may help."""

    kind = Kind.BUSY
    code = "fine-register-unavailable"


class FineRegister(Protocol):
    """A register of fines: a file here, a city's own system elsewhere."""

    def find(self, reference: str) -> Fine | None:
        """Return the fine of a well-formed reference, or None. Raises RegisterUnavailable."""
        ...

    def report_payment(self, payment: FinePayment) -> None:
        """Note that a fine is paid; the same payment again changes nothing.

        Raises RegisterUnavailable; FineNotFound, FineAmountDiffers or FineAlreadyPaid (by another payment),
        which repeating does not mend: somebody has to look into it.
        """
        ...


@runtime_checkable
class ListsPayments(Protocol):
    """A register that can say which payments it has, so that both sides can be compared."""

    def payments(self) -> list[FinePayment]:
        """Return the payments that were reported from here. Raises RegisterUnavailable."""
        ...


def to_payload(payment: FinePayment) -> dict[str, Any]:
    """Return a payment as the content of an outbox message."""
    return {
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "amount_cents": payment.amount_cents,
        "paid_at": payment.paid_at.isoformat(),
    }


def from_payload(payload: dict[str, Any]) -> FinePayment:
    """Return the payment that `to_payload` was made from."""
    return FinePayment(
        payload["payment_id"],
        payload["reference"],
        payload["amount_cents"],
        dt.datetime.fromisoformat(payload["paid_at"]),
    )
