"""The scanner at /scan in a real browser, against a real server: joining, scanning, without a network and back."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from identity.roles import Role
from redemption import codes, offline_policies, offline_policy, qr
from redemption.vouchers import Voucher, VoucherStatus
from tests.browser.gates import GUEST, Gate, hand_scan
from tests.browser.town import Town
from tests.fixtures.chromium import Film
from tests.web.test_gallery import AXE, DESKTOP, SMALL_PHONE

pytestmark = pytest.mark.browser
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""What is about the browser alone; the stories about the book run on both databases."""
PRICE = 40
"""Points of the pool's ticket."""


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


@on_sqlite
def test_an_owner_invites_a_device_by_its_code(gate: Gate, browser: Browser) -> None:
    """The owner shows a QR code; the other device opens its address, and the owner sees how it is."""
    owner = gate.phone(browser)
    owner.goto(gate.town.link("olga@pool.example", Role.VENUE_OWNER, venue_id=gate.town.pool.venue_id))
    owner.get_by_role("button", name="Anmelden").click()
    owner.goto(f"{gate.town.url}/venue/devices")
    owner.get_by_label("Name des Geräts").fill("Handy am Tor 2")
    owner.get_by_role("button", name="QR-Code zeigen").click()
    expect(owner.locator("figure svg")).to_be_visible()
    secret = owner.locator("[data-secret]").inner_text()

    scanner = gate.phone(browser)
    scanner.goto(f"{gate.town.url}/scan")
    scanner.get_by_label("Code der Einladung").fill("7K3M 9PQR ST4V WXYZ")
    scanner.get_by_role("button", name="Dieses Gerät anmelden").click()
    expect(scanner.get_by_role("alert")).to_contain_text("Diesen Code gibt es nicht.")
    scanner.get_by_label("Code der Einladung").fill(secret.lower())
    scanner.get_by_role("button", name="Dieses Gerät anmelden").click()
    expect(scanner.locator("#tier")).to_have_text("Mit Netz", timeout=15_000)

    owner.goto(f"{gate.town.url}/venue/devices")
    line = owner.get_by_role("listitem").filter(has_text="Handy am Tor 2")
    expect(line).to_contain_text("mit Netz")
    line.get_by_role("button", name="Pausieren").click()
    expect(owner.get_by_role("status")).to_contain_text("„Handy am Tor 2“ ist pausiert")
    hand_scan(scanner, codes.app_text(gate.sell().token))
    _verdict(scanner, "amber", "Gerät pausiert")

    owner.get_by_label("Name des Geräts").fill("Tablet")
    owner.get_by_role("button", name="Mit diesem Gerät scannen").click()
    expect(owner.locator("#place")).to_have_text("Rhein-Ruhr-Bad", timeout=15_000)


def _cut(page: Page) -> None:
    """Take the network away from a page."""
    page.context.set_offline(offline=True)
    expect(page.locator("#tier")).to_contain_text("Ohne Netz")


def _mend(page: Page) -> None:
    """Give it back and wait until the device has noticed, and has handed in what waited."""
    page.context.set_offline(offline=False)
    expect(page.locator("#tier")).to_have_text("Mit Netz", timeout=10_000)
    expect(page.locator("#open-state")).to_have_attribute("data-waiting", "0", timeout=10_000)


@on_sqlite
def test_without_a_network_nothing_is_lost(gate: Gate, browser: Browser) -> None:
    """The scanner starts without a network, says why it lets nobody in, and hands in all of it afterwards."""
    voucher = gate.sell()
    scanner = gate.scanner(browser)
    expect(scanner.locator("body")).to_have_attribute("data-kept", "yes", timeout=10_000)
    _cut(scanner)
    scanner.reload()
    expect(scanner.locator("#place")).to_have_text("Rhein-Ruhr-Bad")
    hand_scan(scanner, codes.app_text(voucher.token))
    _verdict(scanner, "amber", "Kein Netz")
    scanner.get_by_label("Zehn Zeichen").fill(voucher.manual_code)
    scanner.get_by_role("button", name="Prüfen", exact=True).click()
    _verdict(scanner, "amber", "Kein Netz")
    expect(scanner.locator("#waiting")).to_have_text("2")
    assert 0 == gate.through(scanner)

    _mend(scanner)
    assert 2 == gate.through(scanner)
    assert VoucherStatus.USABLE is gate.voucher(voucher.voucher_id).status
    hand_scan(scanner, codes.app_text(voucher.token))
    _verdict(scanner, "green", "Gültig")


@on_sqlite
def test_a_lost_answer_is_asked_for_again(gate: Gate, browser: Browser) -> None:
    """The server booked the scan and its answer was lost: the same scan later gets the same answer."""
    voucher = gate.sell()
    scanner = gate.scanner(browser)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    scanner.route("**/api/v1/scans", lose)
    hand_scan(scanner, codes.app_text(voucher.token))
    _verdict(scanner, "amber", "Kein Netz")
    assert VoucherStatus.REDEEMED is gate.voucher(voucher.voucher_id).status
    scanner.unroute("**/api/v1/scans")
    _mend(scanner)
    hand_scan(scanner, codes.app_text(voucher.token))
    _verdict(scanner, "green", "Gültig")
    assert gate.town.verify().ok


@on_sqlite
def test_the_camera_finds_a_code(gate: Gate, filming_browser: Film) -> None:
    """A code before the camera is a verdict without a touch, counted once however long it stays in view."""
    picture = qr.png(codes.app_text(gate.sell().token))
    scanner = gate.scanner(filming_browser(picture), permissions=["camera"])
    scanner.get_by_role("button", name="Mit der Kamera scannen").click()
    _verdict(scanner, "green", "Gültig")
    scanner.wait_for_timeout(1500)
    expect(scanner.locator("#judged")).to_be_hidden()
    expect(scanner.locator("#count-in")).to_have_text("1")
    expect(scanner.locator("#count-out")).to_have_text("0")
    scanner.get_by_role("button", name="Kamera anhalten").click()
    expect(scanner.locator("#camera")).to_be_hidden()


@on_sqlite
def test_a_scan_is_taken_back_and_a_party_comes_in(gate: Gate, browser: Browser) -> None:
    """Three at once on a strip of five, taken back, and too many at once: each with its sentence."""
    strip = gate.offer(uses=5, undo_minutes=5)
    text = codes.app_text(gate.sell(strip).token)
    scanner = gate.scanner(browser)
    for _ in range(2):
        scanner.get_by_role("button", name="Eine Person mehr").click()
    hand_scan(scanner, text)
    expect(scanner.locator("#judged-notes")).to_contain_text("Für 3 Personen")
    expect(scanner.locator("#judged-notes")).to_contain_text("noch 2 von 5")
    scanner.get_by_role("button", name="Zurücknehmen").click()
    _verdict(scanner, "amber", "Scan zurückgenommen")
    expect(scanner.locator("#count-in")).to_have_text("0")
    expect(scanner.locator("#party")).to_have_text("1")
    hand_scan(scanner, text)
    expect(scanner.locator("#judged-notes")).to_contain_text("noch 4 von 5")
    assert gate.town.verify().ok


@on_sqlite
@pytest.mark.parametrize("viewport", [SMALL_PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_screen_is_accessible_in_every_language(
    gate: Gate, browser: Browser, viewport: ViewportSize
) -> None:
    """Axe finds nothing on any screen, nothing sticks out sideways, and no sentence is missing."""
    text = codes.app_text(gate.sell().token)
    scanner = gate.phone(browser, viewport=viewport, reduced_motion="reduce")
    scanner.goto(f"{gate.town.url}/scan")
    _check(scanner)
    scanner.goto(f"{gate.town.url}/scan/enrol#{gate.invite()}")
    expect(scanner.locator("#tier")).to_have_text("Mit Netz", timeout=15_000)
    for language, valid, tier in (("tr", "Geçerli", "Çevrimiçi"), ("en", "Already used", "Online")):
        scanner.locator("#open-state").click()
        _check(scanner)
        scanner.locator(f"[data-language={language}]").click()
        scanner.locator("#close-state").click()
        expect(scanner.locator("#tier")).to_have_text(tier)
        _check(scanner)
        hand_scan(scanner, text)
        expect(scanner.locator("#judged-title")).to_have_text(valid)
        _check(scanner)
        scanner.locator("#next").click()
    empty = "all => all.filter(one => !one.textContent.trim()).map(one => one.dataset.t)"
    assert [] == scanner.locator("[data-t]").evaluate_all(empty)


def _check(page: Page) -> None:
    # A screen that is still fading in has other colours.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => 0)")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    findings: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@on_sqlite
def test_a_hand_scanner_on_another_keyboard_is_understood(gate: Gate, browser: Browser) -> None:
    """The computer has a German keyboard: other letters arrive, the same keys are pressed."""
    scanner = gate.scanner(browser)
    hand_scan(scanner, codes.app_text(gate.sell().token), layout={":": "Ö", "-": "ß", "/": "-", "+": "Dead"})
    _verdict(scanner, "green", "Gültig")


@pytest.fixture
def capped(gate: Gate) -> Gate:
    """Give a gate whose city lets small values in without a network."""
    gate.run(lambda work: offline_policies.save(work, offline_policies.EVERYWHERE, offline_policy.SUGGESTED))
    return gate


def _code(page: Page, town: Town, voucher: Voucher) -> str:
    """Return what the guest's phone shows at this moment: the moving code."""
    page.goto(f"{town.url}/vouchers/{voucher.voucher_id}")
    expect(page.locator("[data-live-text]")).to_be_visible()
    return page.locator("[data-live-text]").get_attribute("data-live-text") or ""


def _guest(gate: Gate, browser: Browser) -> Page:
    """Return the guest's phone, signed in."""
    page = gate.phone(browser)
    page.goto(gate.town.link(GUEST))
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_text("Willkommen!")).to_be_visible()
    return page


def test_the_network_is_cut_between_any_two_steps(capped: Gate, browser: Browser) -> None:
    """The guest's and the gate's network come and go; nobody comes in twice, and the book says what happened."""
    gate, town = capped, capped.town
    first, second = gate.sell(), gate.sell()
    guest, scanner, other = (
        _guest(gate, browser),
        gate.scanner(browser, "Tor 1"),
        gate.scanner(browser, "Tor 2"),
    )
    moving = _code(guest, town, first)
    guest.context.set_offline(offline=True)
    _cut(scanner)
    hand_scan(scanner, moving)
    expect(scanner.locator("#judged-offer")).to_have_text("Einzelkarte Rhein-Ruhr-Bad")
    _verdict(scanner, "green", "Gültig")
    hand_scan(scanner, moving)
    _verdict(scanner, "red", "Schon eingelöst")
    assert VoucherStatus.USABLE is gate.voucher(first.voucher_id).status
    expect(scanner.locator("#waiting")).to_have_text("2")

    _mend(scanner)
    assert VoucherStatus.REDEEMED is gate.voucher(first.voucher_id).status
    hand_scan(other, moving)
    expect(other.locator("#judged-text")).to_contain_text("Rhein-Ruhr-Bad, Handy")
    _verdict(other, "red", "Schon eingelöst")

    # Both gates are alone, and let the same guest in: the city bears it, both scans are in the record.
    guest.context.set_offline(offline=False)
    moving = _code(guest, town, second)
    for one in (scanner, other):
        _cut(one)
        hand_scan(one, moving)
        _verdict(one, "green", "Gültig")
    for one in (other, scanner):
        _mend(one)
    assert VoucherStatus.REDEEMED is gate.voucher(second.voucher_id).status
    assert (
        2 * PRICE
        == town.balance(f"venue/{town.pool.venue_id}").credits_posted
        - town.balance("offline-loss").debits_posted
    )
    assert town.verify().ok


@on_sqlite
def test_each_refusal_without_a_network_has_its_sentence(capped: Gate, browser: Browser) -> None:
    """Paper needs an identity card, dear ones the network, a forged one is red; the identity card lets in."""
    gate = capped
    scanner = gate.scanner(browser)
    paper, dear = gate.sell(), gate.sell(gate.offer(uses=1, value_cents=5000))
    _cut(scanner)
    hand_scan(scanner, codes.app_text(dear.token))
    _verdict(scanner, "amber", "Zu wertvoll ohne Netz")
    forged = bytearray(paper.token)
    forged[-1] ^= 1
    hand_scan(scanner, codes.app_text(bytes(forged)))
    _verdict(scanner, "red", "Nicht echt")
    hand_scan(scanner, "HC1:NICHTVONUNS")
    _verdict(scanner, "amber", "Nicht lesbar")
    hand_scan(scanner, codes.app_text(paper.token))
    expect(scanner.locator("#judged-title")).to_have_text("Ausweis ansehen")
    scanner.get_by_role("button", name="Ausweis gesehen: einlassen").click()
    expect(scanner.locator("#judged-ground")).to_contain_text("in den Grenzen der Stadt")
    _verdict(scanner, "green", "Gültig")
    expect(scanner.locator("#count-out")).to_have_text("3")
    _mend(scanner)
    assert VoucherStatus.REDEEMED is gate.voucher(paper.voucher_id).status
    assert VoucherStatus.USABLE is gate.voucher(dear.voucher_id).status
    assert gate.town.verify().ok


@on_sqlite
def test_before_opening_everything_is_tried(capped: Gate, filming_browser: Film) -> None:
    """A test voucher goes through all checks, with the network and without; nothing of it is booked."""
    now = dt.datetime.now(dt.UTC)
    capped.town.clock.advance(now - capped.town.clock.now())
    capped.publish()
    scanner = capped.scanner(filming_browser(qr.png("HELLO")), permissions=["camera"])
    scanner.get_by_role("button", name="Vor dem Öffnen prüfen").click()
    _verdict(scanner, "green", "Probe bestanden")
    expect(scanner.locator("#count-in")).to_have_text("0")
    _cut(scanner)
    scanner.get_by_role("button", name="Vor dem Öffnen prüfen").click()
    expect(scanner.locator("#judged-notes")).to_contain_text("Kein Netz")
    _verdict(scanner, "amber", "Probe nicht bestanden")


@on_sqlite
def test_what_is_reserved_comes_in_at_one_device_only(gate: Gate, browser: Browser) -> None:
    """Without a network only the device of the reservation takes it, once, until it gives everything back."""
    chosen, other = gate.scanner(browser, "Tor 1"), gate.scanner(browser, "Tor 2")
    first, second = gate.lease(chosen), gate.lease(chosen)
    for one in (chosen, other):
        _cut(one)
    hand_scan(other, first)
    _verdict(other, "amber", "Für einen anderen Eingang reserviert")
    hand_scan(chosen, first)
    expect(chosen.locator("#judged-ground")).to_have_text("Für dieses Gerät reserviert, ohne Netz geprüft.")
    _verdict(chosen, "green", "Gültig")
    hand_scan(chosen, first)
    _verdict(chosen, "red", "Schon eingelöst")
    chosen.locator("#open-state").click()
    chosen.get_by_role("button", name="Reserviertes zurückgeben").click()
    _verdict(chosen, "green", "Zurückgegeben")
    hand_scan(chosen, second)
    _verdict(chosen, "amber", "Für einen anderen Eingang reserviert")


@on_sqlite
def test_two_tabs_are_one_device(gate: Gate, browser: Browser) -> None:
    """A second tab would let the same guest in again: it says where the scanner is open."""
    scanner = gate.scanner(browser)
    second = scanner.context.new_page()
    second.goto(f"{gate.town.url}/scan")
    expect(second.locator("#message-text")).to_contain_text("in einem anderen Tab", timeout=10_000)
    scanner.close()
    second.reload()
    expect(second.locator("#tier")).to_have_text("Mit Netz", timeout=10_000)
