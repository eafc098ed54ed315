"""The messages of XBezahldienste 1.0.0: what is asked for, and what the answer says. Pure.

The standard of German administration for payment services (docs/payments-other.md says what of it was read
where). Amounts are euros with decimals on the wire and cents here; nothing about the payer is sent.
"""

import datetime as dt
import enum
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from redemption.providers import (
    NewPayment,
    PaymentRefused,
    PaymentStatus,
    ProviderPayment,
    ProviderUnavailable,
)

PURPOSE_MAX: Final = 27
DESCRIPTION_MAX: Final = 250
AMOUNT_MAX_CENTS: Final = 99_999_900
ATTEMPTS: Final = 3

_NAMESPACE: Final = uuid.UUID("5f0c7c1e-7f0b-4b62-9c43-cd0d9fd5d3aa")
_NOT_ALLOWED: Final = re.compile(r"[^\w\s,.\u00C0-\u017F-]")
_PURPOSE: Final = re.compile(r"[\w\s-]+", re.ASCII)
_ID: Final = re.compile(r"[\w-]{1,44}", re.ASCII)
_STATUSES: Final[Mapping[str, PaymentStatus]] = {
    "INITIAL": PaymentStatus.CREATED,
    "PAYED": PaymentStatus.SUCCEEDED,
    "FAILED": PaymentStatus.FAILED,
    "CANCELED": PaymentStatus.CANCELLED,
}
_METHODS: Final[Mapping[str, str]] = {
    "GIROPAY": "giropay",
    "PAYDIRECT": "paydirekt",
    "CREDITCARD": "card",
    "PAYPAL": "paypal",
}


class FunctionalCode(enum.StrEnum):
    """Why a payment service refuses."""

    NO_VALID_ORIGINATOR_OR_ENDPOINT = "NO_VALID_ORIGINATOR_OR_ENDPOINT"
    PAYMENT_EXISTS = "PAYMENT_EXISTS"
    CALCULATION_ERROR = "CALCULATION_ERROR"
    BOOKING_DATA_MISSING = "BOOKING_DATA_MISSING"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    FORBIDDEN = "FORBIDDEN"
    UNSPECIFIED = "UNSPECIFIED"


@dataclass(frozen=True, slots=True)
class Seen:
    """A payment as the service tells of it."""

    payment: ProviderPayment
    cash_reference: str
    """The service's Kassenzeichen, by which the city's treasury finds it; empty until it is given."""


def request_id(key: str, attempt: int) -> str:
    """Return the number of a request: the same for the same key and attempt."""
    return str(uuid.uuid5(_NAMESPACE, f"{key}\x1f{attempt}"))


def payment_request(new: NewPayment, number: str, now: dt.datetime) -> dict[str, Any]:
    """Return a PaymentRequest of one item. Raises PaymentRefused for what the standard can't carry."""
    if not 0 < new.amount_cents <= AMOUNT_MAX_CENTS:
        raise PaymentRefused(reason="amount-out-of-range")
    if not _PURPOSE.fullmatch(new.reference) or len(new.reference) > PURPOSE_MAX:
        raise PaymentRefused(reason="reference-not-allowed")
    amount = new.amount_cents / 100
    description = " ".join(_NOT_ALLOWED.sub(" ", new.subject).split())[:DESCRIPTION_MAX] or new.reference
    return {
        "requestId": number,
        "requestTimestamp": now.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "currency": "EUR",
        "grosAmount": amount,
        "purpose": new.reference,
        "description": description,
        "redirectUrl": new.return_url,
        "items": [
            {
                "id": "1",
                "reference": new.reference,
                "description": description,
                "taxRate": 0,
                "quantity": 1,
                "totalNetAmount": amount,
                "totalTaxAmount": 0,
                "singleNetAmount": amount,
                "singleTaxAmount": 0,
                "bookingData": {"reference": new.reference, "orderId": str(new.payment_id)},
            }
        ],
    }


def read_transaction(document: object, *, secure: bool) -> Seen:
    """Return what a PaymentTransaction says. Raises ProviderUnavailable for one that says nothing clear.

    With `secure` the page to pay on has to be an https address.
    """
    try:
        information, request = document["paymentInformation"], document["paymentRequest"]  # type: ignore[index]  # checked by trying
        reference, status = str(information["transactionId"]), _STATUSES[information["status"]]
        cents = cents_of(request["grosAmount"])
        page = information.get("transactionRedirectUrl")
        detail = str(information.get("statusDetail") or "")
        method = str(information.get("paymentMethod") or "")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProviderUnavailable from error
    if not _ID.fullmatch(reference) or request.get("currency") != "EUR":
        raise ProviderUnavailable
    if status is PaymentStatus.CREATED and not _is_page(page, secure=secure):
        raise ProviderUnavailable
    is_paid = status is PaymentStatus.SUCCEEDED
    payment = ProviderPayment(
        reference=reference,
        status=status,
        amount_cents=cents,
        received_cents=cents if is_paid else 0,
        page_url=str(page) if status is PaymentStatus.CREATED else None,
        method=_METHODS.get(method, "other") if is_paid else "",
        failure="" if is_paid else detail[:100],
    )
    return Seen(payment, str(information.get("transactionReference") or ""))


def functional_code(document: object) -> FunctionalCode:
    """Return why a service refused."""
    code = document.get("functionalCode") if isinstance(document, dict) else None
    return FunctionalCode(code) if code in set(FunctionalCode) else FunctionalCode.UNSPECIFIED


def cents_of(amount: object) -> int:
    """Return an amount of euros in cents. Raises ValueError for what is not exact or out of bounds."""
    try:
        cents = Decimal(str(amount)) * 100
    except InvalidOperation as error:
        raise ValueError(str(amount)) from error
    if not cents.is_finite() or cents != cents.to_integral_value() or not 0 <= cents <= AMOUNT_MAX_CENTS:
        raise ValueError(str(amount))
    return int(cents)


def read_json(content: bytes) -> object:
    """Return a JSON document with exact numbers. Raises ProviderUnavailable."""
    try:
        document: object = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise ProviderUnavailable from error
    return document


def _is_page(page: object, *, secure: bool) -> bool:
    if not isinstance(page, str):
        return False
    return page.startswith("https://") or (not secure and page.startswith("http://"))
