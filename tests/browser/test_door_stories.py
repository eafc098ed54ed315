"""What happens at the door of a venue, with and without a network: reserving, taking back, in and out, questions."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Route, expect

from merchants import contracts
from merchants.contracts import Extras
from merchants.directions import Direction
from merchants.periods import PeriodKind
from redemption import codes, offline_policies, offline_policy, passages
from redemption.offer_terms import Reentry, Terms
from redemption.offline_policy import Proof
from redemption.passages import Guests
from redemption.vouchers import VoucherStatus
from tests.browser.gates import Gate, hand_scan
from tests.browser.test_gate_story import _check as check
from tests.browser.test_gate_story import _cut as cut
from tests.browser.test_gate_story import _guest as guest_of
from tests.browser.test_gate_story import _mend as mend
from tests.browser.test_gate_story import _verdict as verdict
from tests.browser.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]
ANYTHING = replace(offline_policy.SUGGESTED, proof=Proof.NONE)


@pytest.fixture
def gate(town: Town) -> Iterator[Gate]:
    """Give a town with a guest; script errors of any page fail the test."""
    made = Gate(town)
    yield made
    assert [] == made.complaints


def test_going_in_now_and_the_network_is_gone(gate: Gate, browser: Browser) -> None:
    """Reserved on the phone for one gate, which takes it alone, takes it back and takes it again: one use."""
    offer_id = gate.offer(undo_minutes=10)
    voucher = gate.sell(offer_id)
    one, two, guest = gate.scanner(browser, "Tor 1"), gate.scanner(browser, "Tor 2"), guest_of(gate, browser)
    guest.goto(f"{gate.town.url}/vouchers/{voucher.voucher_id}")
    guest.get_by_label("Eingang").select_option(label="Tor 1")
    guest.get_by_role("button", name="Gleich rein").click()
    expect(guest.get_by_text("Reserviert für Tor 1")).to_be_visible()
    expect(guest.locator("[data-live-text]")).to_be_visible()
    check(guest)
    guest.context.set_offline(offline=True)
    for page in (one, two):
        cut(page)
    code = guest.locator("[data-live-text]").get_attribute("data-live-text") or ""
    hand_scan(two, code)
    verdict(two, "amber", "Für einen anderen Eingang reserviert")
    hand_scan(one, code)
    expect(one.locator("#judged-ground")).to_have_text("Für dieses Gerät reserviert, ohne Netz geprüft.")
    one.get_by_role("button", name="Zurücknehmen").click()
    expect(one.locator("#count-in")).to_have_text("0")
    verdict(one, "amber", "Scan zurückgenommen")
    hand_scan(one, code)
    verdict(one, "green", "Gültig")
    hand_scan(one, code)
    verdict(one, "red", "Schon eingelöst")
    assert VoucherStatus.USABLE is gate.voucher(voucher.voucher_id).status
    for page in (two, one):
        mend(page)
    used = gate.voucher(voucher.voucher_id)
    assert (VoucherStatus.REDEEMED, gate.device(one)) == (used.status, used.redeemed_device_id)
    assert 5 == gate.town.balance(f"venue/{gate.town.pool.venue_id}").credits_posted
    hand_scan(two, code)
    verdict(two, "red", "Schon eingelöst")
    assert gate.town.verify().ok


def test_each_answer_is_lost_once(gate: Gate, browser: Browser) -> None:
    """Bought, handed in, taken back: each arrives, no answer comes, it is done again; each happened once."""
    gate.run(lambda work: offline_policies.save(work, offline_policies.EVERYWHERE, ANYTHING))
    town, offer_id = gate.town, gate.offer(undo_minutes=10)
    guest, scanner = guest_of(gate, browser), gate.scanner(browser, "Tor 1")
    guest.goto(f"{town.url}/offers/{offer_id}")
    guest.route("**/buy", _lose)
    guest.get_by_role("button", name="Für 5 Punkte kaufen").click()
    guest.unroute("**/buy")
    guest.goto(f"{town.url}/vouchers")
    guest.get_by_role("link", name="Mehrfachkarte").click()
    voucher_id = guest.url.rpartition("/")[2].partition("?")[0]
    text = codes.app_text(gate.voucher(voucher_id).token)

    cut(scanner)
    hand_scan(scanner, text)
    verdict(scanner, "green", "Gültig")
    scanner.route("**/api/v1/venue/scan-log", _lose)
    scanner.context.set_offline(offline=False)
    for _ in range(100):
        if gate.through(scanner):
            break
        scanner.wait_for_timeout(100)
    assert VoucherStatus.REDEEMED is gate.voucher(voucher_id).status
    expect(scanner.locator("#waiting")).to_have_text("1")
    scanner.unroute("**/api/v1/venue/scan-log")
    mend(scanner)

    second = gate.sell(offer_id)
    scanner.route("**/undo", _lose)
    hand_scan(scanner, codes.app_text(second.token))
    expect(scanner.locator("#judged-title")).to_have_text("Gültig")
    scanner.get_by_role("button", name="Zurücknehmen").click()
    verdict(scanner, "amber", "Scan zurückgenommen")
    scanner.unroute("**/undo")
    mend(scanner)
    assert VoucherStatus.USABLE is gate.voucher(second.voucher_id).status
    assert 5 == town.balance(f"venue/{town.pool.venue_id}").posted
    hand_scan(scanner, codes.app_text(second.token))
    verdict(scanner, "green", "Gültig")
    assert 10 == town.balance(f"venue/{town.pool.venue_id}").posted
    assert town.verify().ok


def _lose(route: Route) -> None:
    """Let a request arrive, and its answer be lost."""
    if route.request.method == "GET":
        route.continue_()
        return
    route.fetch(max_redirects=0)
    route.abort()


def test_out_and_in_again(gate: Gate, browser: Browser) -> None:
    """One use and many passages; what one gate counts without a network is right at all of them afterwards."""
    gate.run(lambda work: offline_policies.save(work, offline_policies.EVERYWHERE, ANYTHING))
    offer_id = gate.offer(terms=Terms(reentry=Reentry.SAME_DAY))
    text = codes.app_text(gate.sell(offer_id).token)
    both, other = gate.scanner(browser, "Tor 1", Direction.BOTH), gate.scanner(browser, "Tor 2")
    way_in, way_out = (both.get_by_role("button", name=name, exact=True) for name in ("Hinein", "Hinaus"))
    hand_scan(both, text)
    verdict(both, "green", "Gültig")
    hand_scan(other, text)
    expect(other.locator("#judged-text")).to_contain_text("Drin seit 09:30 Uhr, Tor 1")
    check(other)
    verdict(other, "red", "Schon drin")
    way_out.click()
    expect(way_out).to_have_attribute("aria-pressed", "true")
    hand_scan(both, text)
    check(both)
    verdict(both, "green", "Bis später")
    expect(both.locator("#guests")).to_have_text("0 jetzt drin 1 hinein 1 hinaus", use_inner_text=True)
    check(both)
    cut(both)
    way_in.click()
    hand_scan(both, text)
    verdict(both, "green", "Wieder hinein")
    expect(both.locator("#guests-inside")).to_have_text("1")
    hand_scan(both, text)
    verdict(both, "red", "Schon drin")
    way_out.click()
    hand_scan(both, text)
    both.get_by_role("button", name="Zurücknehmen").click()
    verdict(both, "amber", "Scan zurückgenommen")
    expect(both.locator("#guests")).to_have_text("1 jetzt drin 2 hinein 1 hinaus", use_inner_text=True)
    mend(both)
    with gate.town.database.reading(gate.town.city.city_id) as reading:
        assert Guests(1, 2, 1) == passages.guests(
            reading, gate.town.pool.venue_id, reading.now - dt.timedelta(hours=3)
        )
    assert 5 == gate.town.balance(f"venue/{gate.town.pool.venue_id}").credits_posted
    assert gate.town.verify().ok


def test_a_till_is_asked_what_it_needs(gate: Gate, browser: Browser) -> None:
    """First how much, then the number of the receipt; without a network the answers are signed and arrive."""
    gate.run(lambda work: offline_policies.save(work, offline_policies.EVERYWHERE, ANYTHING))
    gate.run(
        lambda work: contracts.sign(
            work, gate.town.pool.venue_id, rate_cents_per_point=1, period=PeriodKind.WEEK,
            valid_from=dt.date(2026, 5, 4), extras=Extras(receipt_numbers=True),
        )
    )  # fmt: skip
    offer_id = gate.offer(uses=10, value_cents=200, terms=Terms(uses=10, in_parts=True))
    voucher, other = gate.sell(offer_id), gate.sell(offer_id)
    scanner = gate.scanner(browser, "Kasse")

    def take(text: str, amount: str, number: str) -> None:
        hand_scan(scanner, text)
        expect(scanner.locator("#judged-title")).to_have_text("Wie viel?")
        check(scanner)
        scanner.get_by_role("combobox", name="Betrag").select_option(label=amount)
        scanner.get_by_role("button", name="Einlösen", exact=True).click()
        expect(scanner.locator("#judged-title")).to_have_text("Nummer des Kassenbons")
        check(scanner)
        answer(number)

    def answer(number: str) -> None:
        scanner.get_by_role("textbox", name="Nummer des Kassenbons").fill(number)
        scanner.get_by_role("button", name="Einlösen", exact=True).click()

    take(codes.app_text(voucher.token), "6,00\N{NO-BREAK SPACE}€", "4711")
    verdict(scanner, "green", "Gültig")
    assert 7 == gate.voucher(voucher.voucher_id).left
    take(codes.app_text(other.token), "4,00\N{NO-BREAK SPACE}€", "4711")
    expect(scanner.locator("#judged-text")).to_contain_text("4711")
    answer("4712")
    verdict(scanner, "green", "Gültig")
    cut(scanner)
    take(codes.app_text(voucher.token), "2,00\N{NO-BREAK SPACE}€", "4713")
    expect(scanner.locator("#judged-notes")).to_contain_text("2,00")
    verdict(scanner, "green", "Gültig")
    mend(scanner)
    assert (6, 8) == tuple(gate.voucher(one.voucher_id).left for one in (voucher, other))
    expect(scanner.locator("#count-in")).to_have_text("3")
    expect(scanner.locator("#complaint")).to_be_hidden()
    assert gate.town.verify().ok
