"""Stripe behind the port: the real kit on the wire, against a double, and its signatures."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

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
    ProviderPayout,
    ProviderUnavailable,
    RefundStatus,
    Topic,
)
from redemption.stripe_provider import StripeProvider
from tests.fixtures.databases import START
from tests.redemption import stripe_double
from tests.redemption.stripe_double import SECRET, StripeDouble, signed

NEW = NewPayment(
    "collect-1", 77 << 21, "duisburg", 250, "Einmal schwimmen", "77", "https://d.test/orders/1", "de",
    START + dt.timedelta(minutes=45),
)  # fmt: skip
AT = int(START.timestamp())


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """Give a double of Stripe on a port."""
    with stripe_double.serving() as one:
        yield one


@pytest.fixture
def provider(double: StripeDouble) -> StripeProvider:
    """Give the provider that speaks with the double."""
    return StripeProvider("sk_test_of_tests", SECRET, address=double.address)


def test_a_payment_goes_its_way(provider: StripeProvider, double: StripeDouble) -> None:
    """Made once for its key, found by our number, paid, refunded in part, and never above what came."""
    made = provider.create(NEW)
    assert (PaymentStatus.CREATED, 250, f"https://checkout.test/{made.reference}", NEW.payment_id) == (
        made.status, made.amount_cents, made.page_url, made.payment_id,
    )  # fmt: skip
    assert made == provider.create(NEW)
    assert made == provider.find(NEW.payment_id)
    assert provider.find(5) is None
    double.pay(made.reference, "processing")
    assert PaymentStatus.PROCESSING is provider.fetch(made.reference).status
    double.pay(made.reference)
    paid = provider.cancel(made.reference)
    assert (PaymentStatus.SUCCEEDED, 250, None) == (paid.status, paid.received_cents, paid.page_url)
    refund = provider.refund(NewRefund("refund-9", 9, made.reference, 200))
    assert (RefundStatus.PENDING, 200, 9) == (refund.status, refund.amount_cents, refund.refund_id)
    assert refund.reference == provider.refund(NewRefund("refund-9", 9, made.reference, 200)).reference
    with pytest.raises(PaymentRefused):
        provider.refund(NewRefund("refund-10", 10, made.reference, 51))
    double.made[refund.reference]["status"] = "failed"
    assert RefundStatus.FAILED is provider.fetch_refund(refund.reference).status


def test_a_bounced_debit_has_failed(provider: StripeProvider, double: StripeDouble) -> None:
    """The page was completed, the money did not come."""
    made = provider.create(NEW)
    double.pay(made.reference, "requires_payment_method")
    assert PaymentStatus.FAILED is provider.fetch(made.reference).status


def test_a_page_is_closed(provider: StripeProvider) -> None:
    """Called off before it was paid; a second time changes nothing."""
    made = provider.create(NEW)
    assert PaymentStatus.CANCELLED is provider.cancel(made.reference).status
    assert PaymentStatus.CANCELLED is provider.cancel(made.reference).status


def test_errors_say_whether_it_is_worth_asking_again(provider: StripeProvider, double: StripeDouble) -> None:
    """No answer: the same key again. Other content under the key, unknown names: never."""
    double.faults += [500, 429]
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            provider.create(NEW)
    double.late_faults.append(500)
    with pytest.raises(ProviderUnavailable):
        provider.create(NEW)
    assert "cs_1" == provider.create(NEW).reference
    with pytest.raises(KeyConflict):
        provider.create(replace(NEW, amount_cents=251))
    with pytest.raises(PaymentUnknown):
        provider.fetch("cs_none")
    unreachable = StripeProvider("sk_test_of_tests", SECRET, address="http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable):
        unreachable.fetch("cs_1")


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        ("checkout.session.completed", Topic.PAYMENT),
        ("checkout.session.async_payment_failed", Topic.PAYMENT),
        ("refund.failed", Topic.REFUND),
        ("charge.dispute.created", Topic.DISPUTE),
        ("payout.paid", Topic.PAYOUT),
        ("customer.created", Topic.OTHER),
    ],
)
def test_a_signed_message_says_what_it_is_about(provider: StripeProvider, kind: str, topic: Topic) -> None:
    """Nothing else of it is believed."""
    event = provider.parse_event(*signed(kind, "x_1", AT), START)
    assert (topic, "x_1") == (event.topic, event.reference)


def test_a_question_of_a_bank_is_no_dispute(provider: StripeProvider) -> None:
    """No money has moved."""
    told = signed("charge.dispute.created", "dp_1", AT, status="warning_needs_response")
    assert Topic.OTHER is provider.parse_event(*told, START).topic


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_message_is_neither_old_nor_from_the_future(provider: StripeProvider, minutes: int) -> None:
    """Five minutes either way, whatever the signature."""
    told = signed("payout.paid", "po_1", AT)
    just = START + dt.timedelta(minutes=minutes - minutes // 6)
    assert Topic.PAYOUT is provider.parse_event(*told, just).topic
    with pytest.raises(EventRefused):
        provider.parse_event(*told, START + dt.timedelta(minutes=minutes))


def test_what_stripe_did_not_sign_is_refused(provider: StripeProvider) -> None:
    """Another key, a changed byte, no header, a header of nonsense, a body that is no message."""
    body, headers = signed("payout.paid", "po_1", AT)
    wrong = [
        signed("payout.paid", "po_1", AT, "whsec_of_others"),
        (body + b" ", headers),
        (body, {}),
        (body, {"stripe-signature": "t=x,v1=y"}),
        (body, {"stripe-signature": headers["stripe-signature"].replace("t=", "t=9")}),
    ]
    for one in wrong:
        with pytest.raises(EventRefused):
            provider.parse_event(*one, START)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("needs_response", DisputeStatus.OPEN),
        ("under_review", DisputeStatus.OPEN),
        ("won", DisputeStatus.WON),
        ("lost", DisputeStatus.LOST),
    ],
)
def test_a_dispute_is_fetched_with_its_fee(
    provider: StripeProvider, double: StripeDouble, status: str, expected: DisputeStatus
) -> None:
    """Named by the session that it is about; those of before are not listed, nor a bank's question."""
    made = provider.create(NEW)
    other = provider.create(replace(NEW, key="collect-2", payment_id=NEW.payment_id + 1))
    double.pay(made.reference)
    double.pay(other.reference)
    name = double.dispute(made.reference, status, AT)
    asked = double.dispute(other.reference, "warning_needs_response", AT)
    assert ProviderDispute(name, made.reference, expected, 250, 1500) == provider.fetch_dispute(name)
    assert asked != name
    assert [name] == provider.disputes_since(START)
    assert [] == provider.disputes_since(START + dt.timedelta(seconds=1))
    with pytest.raises(PaymentUnknown):
        provider.fetch_dispute("dp_none")


def test_a_payout_is_fetched_with_the_fees_of_what_it_holds(
    provider: StripeProvider, double: StripeDouble
) -> None:
    """The payout's own entry has no fee of ours, and that of a dispute is booked with the dispute."""
    entries = {"charge": (10_000, 300), "refund": (-2_500, 0), "adjustment": (-250, 1_500), "payout": (0, 0)}
    name = double.pay_out(entries, "paid", AT)
    later = double.pay_out({"charge": (500, 30)}, "in_transit", AT + 86_400)
    assert ProviderPayout(name, 5_450, 300, START.date(), is_final=True) == provider.fetch_payout(name)
    assert not provider.fetch_payout(later).is_final
    assert [name, later] == provider.payouts_since(START)
    assert [later] == provider.payouts_since(START + dt.timedelta(hours=1))
    with pytest.raises(PaymentUnknown):
        provider.fetch_payout("po_none")
