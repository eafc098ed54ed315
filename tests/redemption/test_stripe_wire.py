"""Stripe's wire, once, against a server by others: the kit's requests, and messages with their signature."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from redemption.providers import NewRefund, PaymentUnknown, RefundStatus
from redemption.stripe_provider import StripeProvider

KEY = "sk_test_12345"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Give the address of a localstripe in a process of its own; it keeps its store in the folder of the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_refund_goes_over_the_wire(address: str) -> None:
    """A paid intent is refunded in part, the refund is fetched, and what is not there is not there."""
    addresses: Any = {"api": address}
    client = stripe.StripeClient(KEY, base_addresses=addresses, max_network_retries=0)
    params: Any = {"amount": 1000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    intent = client.v1.payment_intents.create(params)
    provider = StripeProvider(KEY, "whsec_test", address=address)
    refund = provider.refund(NewRefund("refund-1", 1, intent.id, 400))
    assert (RefundStatus.SUCCEEDED, 400, 1) == (refund.status, refund.amount_cents, refund.refund_id)
    assert refund.amount_cents == provider.fetch_refund(refund.reference).amount_cents
    with pytest.raises(PaymentUnknown):
        provider.fetch_refund("re_none")
