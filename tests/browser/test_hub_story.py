"""A venue's hub in a real browser: opened, a phone joins over the hub's own TLS, no internet, handed in."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from api.hub import joining, syncing
from api.hub.app import create_app
from api.hub.folder import Folder
from api.hub.link import Call, Refused, Unreachable, carry
from api.hub.machine import Hub
from identity.roles import Role
from merchants import enrolling
from merchants.devices import DeviceKind
from redemption import codes
from redemption.vouchers import VoucherStatus
from tests.browser import town as towns
from tests.browser.gates import Gate, hand_scan
from tests.browser.town import Town
from tests.web.test_gallery import AXE, DESKTOP, SMALL_PHONE

pytestmark = pytest.mark.browser


class _Wire:
    """The way to the city, which can be cut."""

    cut = False

    def __call__(self, url: str, call: Call) -> tuple[int, Any, bytes]:
        """Carry a call, or not."""
        if self.cut:
            raise Unreachable
        return carry(url, call)


@pytest.fixture
def wire() -> _Wire:
    """Give a way to the city."""
    return _Wire()


@pytest.fixture
def hub(town: Town, wire: _Wire, tmp_path: Path) -> Iterator[Hub]:
    """Give the pool's hub, which has joined; it syncs when the test says so."""
    folder = Folder(tmp_path / "hub")
    _, secret = town.database.run(
        town.city.city_id,
        lambda work: enrolling.invite(
            work, town.pool.venue_id, "Zentrale", invited_by="person/1", kind=DeviceKind.HUB
        ),
    )
    joining.enrol(folder, town.url, secret, wire)
    made = Hub(folder, clock=town.clock, carrier=wire)
    yield made
    made.close()


@contextlib.contextmanager
def _serving(hub: Hub) -> Iterator[str]:
    """Serve a hub with its own certificate, as `duiscoin hub serve` does."""
    certificate, key, _ = hub.folder.certificate(["localhost"])
    app = create_app(hub, sync=False)
    with towns.running(app, ssl_certfile=str(certificate), ssl_keyfile=str(key)) as place:
        yield f"https://{place}"


def _look(page: Page, name: str) -> None:
    """Nothing sticks out sideways, and axe finds nothing, on a phone and on a desktop."""
    for size in (SMALL_PHONE, DESKTOP):
        page.set_viewport_size(ViewportSize(width=size["width"], height=size["height"]))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{size['width']}.png", full_page=True)
    page.evaluate(AXE.read_text())
    findings: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(name, one["id"], one["nodes"][0]["html"]) for one in findings]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_evening_at_the_pool(town: Town, hub: Hub, wire: _Wire, browser: Browser) -> None:
    """Staff open the hub and invite a phone; without the internet it lets a guest in once; the owner sees it."""
    gate = Gate(town)
    voucher = gate.sell()
    with _serving(hub) as url:
        syncing.once(hub)
        staff, secret = _open(gate, browser, hub, url)
        scanner = gate.phone(browser, ignore_https_errors=True)
        scanner.goto(f"{url}/scan/enrol#{secret}")
        expect(scanner.locator("#place")).to_have_text("Rhein-Ruhr-Bad", timeout=15_000)
        wire.cut = True
        hub.online = False
        hand_scan(scanner, codes.app_text(voucher.token))
        _verdict(scanner, "green", "Gültig", "Von der Zentrale dieses Hauses geprüft.")
        hand_scan(scanner, codes.app_text(voucher.token))
        _verdict(scanner, "red", "Schon eingelöst")
        staff.goto(f"{url}/hub")
        expect(staff.get_by_text("Keine Verbindung zur Stadt")).to_be_visible()
        expect(staff.get_by_text("2 Scans", exact=True)).to_be_visible()

        staff.get_by_label("Name des Eingangs").fill("Kasse")
        staff.get_by_role("button", name="Handscanner an diesem Computer").click()
        staff.get_by_label("Code", exact=False).first.fill(codes.app_text(voucher.token))
        staff.keyboard.press("Enter")
        expect(staff.get_by_role("alert")).to_contain_text("Tor 2")
        _look(staff, "form")

        owner = _owner(gate, browser)
        _look(owner, "devices")
        wire.cut = False
        syncing.once(hub)
        _invite_another(owner)
        _pause_and_go_on(owner, staff, hub, url)
        _lose(owner, staff, scanner, hub, url)
    assert VoucherStatus.REDEEMED is gate.voucher(voucher.voucher_id).status
    assert town.verify().ok
    assert [] == [one for one in gate.complaints if "SSL" not in one]


def _verdict(page: Page, colour: str, title: str, ground: str = "") -> None:
    expect(page.locator("#judged")).to_have_attribute("data-verdict", colour, timeout=15_000)
    expect(page.locator("#judged-title")).to_have_text(title)
    if ground:
        expect(page.locator("#judged-ground")).to_have_text(ground)
    page.get_by_role("button", name="Nächster Gast").click()
    expect(page.locator("#judged")).to_be_hidden()


def _open(gate: Gate, browser: Browser, hub: Hub, url: str) -> tuple[Page, str]:
    """Open the hub on its page and invite a phone; return the page and the invitation's secret."""
    staff = gate.phone(browser, ignore_https_errors=True)
    staff.goto(f"{url}/")
    expect(staff.get_by_role("heading", level=1)).to_have_text("Zentrale")
    staff.get_by_label("Code für das Team").fill("FALSCH")
    staff.get_by_role("button", name="Weiter").click()
    expect(staff.locator("#main").get_by_text("Das ist nicht der Code für das Team.").first).to_be_visible()
    _look(staff, "closed")
    staff.get_by_label("Code für das Team").fill(hub.folder.staff_code().lower())
    staff.get_by_role("button", name="Weiter").click()
    staff.get_by_label("Bis wie viel Uhr?").fill("22:00")
    staff.get_by_role("button", name="Zentrale öffnen").click()
    expect(staff.get_by_text("Die Zentrale ist geöffnet.")).to_be_visible(timeout=15_000)
    _look(staff, "open")
    staff.get_by_label("Name des Eingangs").fill("Tor 2")
    staff.get_by_role("button", name="QR-Code zeigen").click()
    secret = staff.locator("[data-secret]").inner_text().replace(" ", "")
    _look(staff, "invitation")
    return staff, secret


def _owner(gate: Gate, browser: Browser) -> Page:
    """Show the owner's page of devices, which says who has the vouchers."""
    town = gate.town
    owner = gate.phone(browser)
    owner.goto(town.link("olga@pool.example", Role.VENUE_OWNER, venue_id=town.pool.venue_id))
    owner.get_by_role("button", name="Anmelden").click()
    owner.goto(f"{town.url}/venue/devices")
    expect(owner.get_by_text("Hat die Gutscheine Ihrer Einrichtung bis")).to_be_visible()
    return owner


def _invite_another(owner: Page) -> None:
    """Show how the hub is now, and what the owner types on the next one."""
    owner.reload()
    expect(owner.get_by_role("listitem").filter(has_text="über die Zentrale")).to_be_visible()
    owner.get_by_text("Mehrere Eingänge, oft ohne Internet?").click()
    owner.get_by_label("Name der Zentrale").fill("Zweite")
    owner.get_by_role("button", name="Zentrale einladen").click()
    expect(owner.locator("[data-command]")).to_contain_text("duiscoin hub enrol --server http")
    _look(owner, "hub invitation")


def _pause_and_go_on(owner: Page, staff: Page, hub: Hub, url: str) -> None:
    """One tap pauses the hub; the owner's page offers the way back, the hub's page says what to do."""
    owner.goto(owner.url.partition("/venue")[0] + "/venue/devices")
    owner.get_by_role("button", name="Pausieren").first.click()
    expect(owner.get_by_role("heading", name="„Zentrale“ ist pausiert")).to_be_visible()
    _look(owner, "paused")
    syncing.once(hub)
    staff.goto(f"{url}/hub")
    expect(staff.get_by_text("Diese Zentrale ist pausiert")).to_be_visible()
    _look(staff, "hub paused")
    owner.get_by_role("status").get_by_role("button", name="Wieder freigeben").click()
    expect(owner.get_by_text("Das Gerät darf wieder scannen.")).to_be_visible()
    syncing.once(hub)


def _lose(owner: Page, staff: Page, scanner: Page, hub: Hub, url: str) -> None:
    """“It is lost” asks once; from then on gates and page say that the hub is blocked."""
    owner.get_by_role("link", name="Ist verloren Zentrale").click()
    expect(owner.get_by_role("heading", name="Ist „Zentrale“ verloren?")).to_be_visible()
    _look(owner, "lost")
    owner.get_by_role("button", name="Ist verloren").click()
    expect(owner.get_by_text("Verloren", exact=True)).to_be_visible()
    with pytest.raises(Refused):
        syncing.once(hub)
    hand_scan(scanner, "DC1:NOCODE")
    _verdict(scanner, "amber", "Zentrale gesperrt")
    staff.goto(f"{url}/hub")
    expect(staff.get_by_text("Diese Zentrale ist gesperrt")).to_be_visible()
    _look(staff, "hub blocked")
