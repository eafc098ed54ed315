"""XBezahldienste on the port, against a service that follows the specification and fails in every way it can."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.demo import payment_service
from api.demo.payment_service import PaymentService
from kernel.db import Database
from redemption import hand_refunds
from redemption import xbezahldienste_messages as messages
from redemption.providers import (
    EventRefused,
    KeyConflict,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    PaymentUnknown,
    ProviderUnavailable,
    RefundStatus,
    Topic,
)
from redemption.service_connection import Credentials, ServiceConnection
from redemption.xbezahldienste import XBezahldienste
from tests.redemption.bank import Bank

NOW = dt.datetime(2026, 5, 4, 7, 30, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Name one kind of database: what is kept in it is tested with both in test_receiving.py."""
    return str(request.param)


@pytest.fixture
def service() -> Iterator[PaymentService]:
    """Run a payment service."""
    with payment_service.running(PaymentService(late_seconds=0.4)) as running:
        yield running


@pytest.fixture
def bank(database: Database, city_id: int) -> Bank:
    """Give what the city collects."""
    return Bank(database, city_id)


@pytest.fixture
def provider(service: PaymentService, bank: Bank) -> XBezahldienste:
    """Give the adapter, connected to the service."""
    return connect(service, bank)


def connect(service: PaymentService, bank: Bank, **changes: Any) -> XBezahldienste:
    """Return an adapter, with other settings if given."""
    known = {
        "token_url": f"{service.url}/token",
        "client_id": payment_service.CLIENT_ID,
        "client_secret": payment_service.CLIENT_SECRET,
    }
    names = {"originator": payment_service.ORIGINATOR, "end_point": payment_service.END_POINT}
    credentials = Credentials(**{**known, **{k: v for k, v in changes.items() if k in known}})
    return XBezahldienste(
        ServiceConnection(service.url, credentials, timeout=0.2),
        bank.database,
        bank.city_id,
        callback_secret="agreed",
        **{**names, **{k: v for k, v in changes.items() if k in names}},
    )


def test_a_payment_from_request_to_money(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """What is sent keeps to the specification; the payer pays on the page; the answer says how and how much."""
    assert provider.is_ready()
    new = replace(bank.new(1230), subject="Hallenbad: 1 Eintritt (Erwachsene)", reference="DU-7KQ4-M2XA-9TR3")
    made = provider.create(new)
    sent = service.transactions[made.reference]["paymentRequest"]

    assert (PaymentStatus.CREATED, 1230, 0) == (made.status, made.amount_cents, made.received_cents)
    assert f"{service.url}/pay/{made.reference}" == made.page_url
    assert (12.3, "EUR", "DU-7KQ4-M2XA-9TR3") == (sent["grosAmount"], sent["currency"], sent["purpose"])
    assert "Hallenbad 1 Eintritt Erwachsene" == sent["description"]
    assert "2026-05-04T07:30:00.000Z" == sent["requestTimestamp"]
    assert "requestor" not in sent
    service.settle(made.reference, "PAYED", "PAYPAL")
    seen = provider.fetch(made.reference)
    assert (PaymentStatus.SUCCEEDED, 1230, "paypal", None) == (
        seen.status, seen.received_cents, seen.method, seen.page_url,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "expected"), [("FAILED", PaymentStatus.FAILED), ("CANCELED", PaymentStatus.CANCELLED)]
)
def test_a_payment_that_ends_without_money(
    service: PaymentService, provider: XBezahldienste, bank: Bank, status: str, expected: PaymentStatus
) -> None:
    """Refused or called off on the page: nothing was received."""
    made = provider.create(bank.new(500))
    service.settle(made.reference, status)

    assert (expected, 0) == (
        provider.fetch(made.reference).status,
        provider.fetch(made.reference).received_cents,
    )


@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("fault", ["late", "error", "error-after", "nonsense"])
def test_whatever_is_lost_the_same_key_leads_to_one_payable_payment(
    service: PaymentService, provider: XBezahldienste, bank: Bank, own_ids: bool, fault: str
) -> None:
    """After an answer that was lost the same call is made again: one page is known, and only that one."""
    service.own_ids = own_ids
    service.faults.append(fault)
    new = bank.new(500)
    with pytest.raises(ProviderUnavailable):
        provider.create(new)
    made = provider.create(new)

    lost = {"late", "error-after", "nonsense"}
    assert (2 if own_ids and fault in lost else 1) == len(service.transactions)
    assert made.reference in service.transactions
    service.settle(made.reference, "PAYED")
    assert 500 == provider.fetch(made.reference).received_cents


def test_a_key_that_leads_nowhere_is_given_up(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """If a service keeps losing its answers, no further payment is made for this key."""
    new = bank.new(500)
    for attempt in range(messages.ATTEMPTS):
        service.begin(messages.payment_request(new, messages.request_id(new.key, attempt), NOW))
    with pytest.raises(KeyConflict):
        provider.create(new)


def test_another_amount_under_the_same_number_is_a_conflict(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """What is found under our number must be what was asked for."""
    service.own_ids = False
    new = bank.new(500)
    provider.create(new)
    with pytest.raises(KeyConflict):
        provider.create(replace(new, amount_cents=501))


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "zu lang " * 4},
        {"reference": "DÜ-1"},
        {"amount_cents": 0},
        {"amount_cents": 100_000_000},
    ],
)
def test_what_the_standard_cannot_carry_is_refused(
    service: PaymentService, provider: XBezahldienste, bank: Bank, change: dict[str, Any]
) -> None:
    """Nothing is sent, nothing is cut short."""
    with pytest.raises(PaymentRefused):
        provider.create(replace(bank.new(500), **change))
    assert {} == service.transactions


def test_a_request_that_the_service_refuses(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """What is wrong with this payment is final; what is wrong with the tenant or the rights may be mended."""
    with pytest.raises(PaymentRefused):
        provider.create(replace(bank.new(500), return_url="ftp://x"))
    service.faults.append("forbidden")
    with pytest.raises(ProviderUnavailable):
        provider.create(bank.new(500))
    with pytest.raises(ProviderUnavailable):
        connect(service, bank, end_point="other").create(bank.new(500))
    assert not connect(service, bank, originator="other").is_ready()


@pytest.mark.parametrize("fault", ["error", "nonsense", "wrong-status"])
def test_an_answer_that_says_nothing_changes_nothing(
    service: PaymentService, provider: XBezahldienste, bank: Bank, fault: str
) -> None:
    """No status that is not known, and no nonsense, is taken for a payment or its end."""
    made = provider.create(bank.new(500))
    service.faults.append(fault)
    with pytest.raises(ProviderUnavailable):
        provider.fetch(made.reference)
    assert PaymentStatus.CREATED is provider.fetch(made.reference).status
    with pytest.raises(PaymentUnknown):
        provider.fetch("nothing")


def test_tokens_are_fetched_once_and_again_when_withdrawn(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """One token serves several calls; one that the service no longer takes is replaced; a wrong secret is told."""
    provider.create(bank.new(500))
    provider.create(bank.new(500))
    assert 1 == len(service.tokens)
    service.faults.append("expired")
    provider.create(bank.new(500))
    assert 3 == len(service.transactions)
    with pytest.raises(ProviderUnavailable):
        connect(service, bank, client_secret="wrong").create(bank.new(500))


def test_calling_off_is_no_longer_waiting(
    service: PaymentService, provider: XBezahldienste, bank: Bank
) -> None:
    """The standard can't call off: money that comes all the same is seen."""
    made = provider.create(bank.new(500))
    assert PaymentStatus.CANCELLED is provider.cancel(made.reference).status
    service.settle(made.reference, "PAYED")

    assert 500 == provider.fetch(made.reference).received_cents
    assert PaymentStatus.SUCCEEDED is provider.cancel(made.reference).status
    assert provider.find(1) is None


def test_staff_send_money_back(service: PaymentService, provider: XBezahldienste, bank: Bank) -> None:
    """A refund waits for somebody to carry it out; never more than came."""
    made = provider.create(bank.new(500))
    refund = NewRefund("refund-1", 71, made.reference, 300)
    with pytest.raises(PaymentRefused):
        provider.refund(refund)
    service.settle(made.reference, "PAYED")
    assert provider.refund(refund) == provider.refund(refund)
    with pytest.raises(PaymentRefused):
        provider.refund(NewRefund("refund-2", 72, made.reference, 201))
    assert RefundStatus.PENDING is provider.fetch_refund("71").status
    bank.database.run(
        bank.city_id,
        lambda work: hand_refunds.done(work, bank.city, 71, on=dt.date(2026, 5, 4), by="person/1"),
    )
    assert RefundStatus.SUCCEEDED is provider.fetch_refund("71").status


def test_messages_are_hints_of_who_knows_the_secret(provider: XBezahldienste) -> None:
    """With the agreed secret a message names a payment to look at, each time anew; all else is refused."""
    body, right = b'{"transactionId": "7f0b"}', {"authorization": "Bearer agreed"}
    first = provider.parse_event(body, right, NOW)
    second = provider.parse_event(body, right, NOW + dt.timedelta(seconds=1))

    assert (Topic.PAYMENT, "7f0b") == (first.topic, first.reference)
    assert first.event_id != second.event_id
    for content, headers in (
        (body, {}),
        (body, {"authorization": "Bearer x"}),
        (b"<x>", right),
        (b"{}", right),
    ):
        with pytest.raises(EventRefused):
            provider.parse_event(content, headers, NOW)


@pytest.mark.parametrize("amount", ["12.345", "NaN", "Infinity", -1, "x", None, 1_000_000])
def test_amounts_are_exact_or_refused(amount: object) -> None:
    """No rounding, no infinity, nothing below zero."""
    with pytest.raises(ValueError, match=r".*"):
        messages.cents_of(amount)


def test_a_page_has_to_be_encrypted() -> None:
    """Outside tests nobody is sent to a page without https."""
    said = {
        "paymentRequest": {"grosAmount": 5, "currency": "EUR"},
        "paymentInformation": {
            "transactionId": "a",
            "status": "INITIAL",
            "transactionRedirectUrl": "http://x",
        },
    }
    assert "http://x" == messages.read_transaction(said, secure=False).payment.page_url
    with pytest.raises(ProviderUnavailable):
        messages.read_transaction(said, secure=True)
