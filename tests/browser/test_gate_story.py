"""The scanner at /scan in a real browser, against a real server: joining, scanning, without a network and back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from redemption import codes
from tests.browser.gates import Gate, hand_scan
from tests.browser.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def gate(town: Town) -> Iterator[Gate]:
    """Give a town with a guest; script errors of any page fail the test."""
    made = Gate(town)
    yield made
    assert [] == made.complaints


def _verdict(page: Page, colour: str, title: str) -> None:
    """Wait for a verdict over the whole screen, and go on to the next guest."""
    expect(page.locator("#judged")).to_have_attribute("data-verdict", colour, timeout=10_000)
    expect(page.locator("#judged-title")).to_have_text(title)
    page.get_by_role("button", name="Nächster Gast").click()
    expect(page.locator("#judged")).to_be_hidden()


def test_a_device_joins_and_scans_with_a_hand_scanner(gate: Gate, browser: Browser) -> None:
    """From the owner's invitation to the first guest; the second time the screen says when, where and by whom."""
    voucher = gate.sell()
    scanner = gate.scanner(browser, "Tor 2")
    expect(scanner.locator("#place")).to_have_text("Rhein-Ruhr-Bad")
    expect(scanner.locator("#gate")).to_have_text("Tor 2")
    assert not scanner.url.count("#")

    text = codes.app_text(voucher.token)
    hand_scan(scanner, codes.address_text(voucher.token, "bon.example"))
    _verdict(scanner, "green", "Gültig")
    hand_scan(scanner, text)
    expect(scanner.locator("#judged-text")).to_have_text(
        re.compile(r"am 04\.05\.2026 um 09:30 eingelöst, Rhein-Ruhr-Bad, Handy")
    )
    _verdict(scanner, "red", "Schon eingelöst")
    expect(scanner.locator("#count-in")).to_have_text("1")
    expect(scanner.locator("#count-out")).to_have_text("1")
    assert gate.town.verify().ok
