"""Vouchers without a network: what was opened once stands there with its moving code, until somebody signs out."""

import pytest
from playwright.sync_api import Browser, Page, expect

from redemption.offer_terms import OfferKind
from tests.browser.test_offer_stories import Stories, looks_well, sold
from tests.browser.town import Town

_KEPT = """async () => {
    const cache = await caches.open('duiscoin-wallet');
    return (await cache.keys()).map((one) => new URL(one.url).pathname).sort();
}"""


def _wait_until_kept(phone: Page, count: int) -> None:
    phone.wait_for_function(f"async (count) => (await ({_KEPT})()).length === count", arg=count)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_voucher_can_be_shown_without_a_network(town: Town, browser: Browser) -> None:
    """The list keeps each usable voucher and its keys; other pages say that they need the network; signing out forgets."""
    stories = Stories(town, browser)
    phone = stories.phone
    stories.buy(stories.sell(sold(OfferKind.TICKET, "Museum")))
    phone.goto(f"{town.url}/vouchers")
    _wait_until_kept(phone, 3)

    phone.context.set_offline(offline=True)
    kept = phone.goto(f"{town.url}/vouchers")
    assert kept is not None
    assert kept.from_service_worker
    assert "default-src 'none'" in kept.headers["content-security-policy"]
    looks_well(phone)
    phone.get_by_role("link", name="Museum").click()
    expect(phone.get_by_text("Sie sehen, was dieses Handy")).to_be_visible()
    expect(phone.locator("[data-live-text^='DC1:']")).to_be_visible()
    phone.goto(f"{town.url}/actions")
    expect(phone.get_by_role("heading", name="Kein Netz")).to_be_visible()
    looks_well(phone)
    phone.context.set_offline(offline=False)

    phone.goto(f"{town.url}/vouchers")
    expect(phone.get_by_text("Kein Netz")).to_be_hidden()
    phone.get_by_role("link", name="Museum").click()
    stories.give_back()
    phone.goto(f"{town.url}/vouchers")
    _wait_until_kept(phone, 1)
    phone.goto(f"{town.url}/account")
    phone.get_by_role("button", name="Hier abmelden").click()
    _wait_until_kept(phone, 0)
    stories.end()
