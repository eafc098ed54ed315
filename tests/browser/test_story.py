"""The whole story in a real browser: earn, confirm, spend, scan, settle, verify."""

import datetime as dt
import re

from playwright.sync_api import Browser, Page, expect

from identity.roles import Role
from tests.browser.town import PLACE, Town
from tests.fixtures.chromium import PHONE, Film, watch
from tests.rewards import photos

ANNA = "anna@duisburg.example"
POINTS = 50
PRICE = 40


def _photo() -> dict[str, object]:
    return {"name": "muell.jpg", "mimeType": "image/jpeg", "buffer": photos.jpeg(1)}


def _sign_in(page: Page, town: Town, email: str) -> None:
    """Sign in by a code, as a citizen does."""
    page.goto(f"{town.url}/sign-in")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_role("button", name="Code schicken").click()
    shown = page.get_by_text(re.compile(r"Ihr Code ist \d{6}")).inner_text()
    page.get_by_label("Code").fill(re.findall(r"\d{6}", shown)[0])
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_text("Willkommen!")).to_be_visible()


def _enter(page: Page, link: str) -> None:
    """Sign in by a link, as staff do in the demonstration."""
    page.goto(link)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_text("Willkommen!")).to_be_visible()


def _figure(page: Page, name: str) -> int:
    return int(page.locator(f"[data-{name}]").first.get_attribute(f"data-{name}") or "-1")


def _phone(browser: Browser) -> Page:
    context = browser.new_context(
        locale="de-DE",
        timezone_id="Europe/Berlin",
        viewport=PHONE,
        geolocation={"latitude": PLACE[0], "longitude": PLACE[1], "accuracy": 8},
        permissions=["geolocation"],
    )
    return context.new_page()


def _report(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/actions/litter-report")
    page.get_by_label("Foto").set_input_files(_photo())  # type: ignore[arg-type]  # Playwright's FilePayload
    page.get_by_label("Worum geht es?").select_option("litter")
    page.get_by_label("Beschreibung").fill("Drei Säcke Müll neben dem Glascontainer.")
    page.get_by_role("button", name="Meinen Standort nehmen").click()
    expect(page.get_by_text("Standort gefunden")).to_be_visible()
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_text("Danke! Es ist eingegangen.")).to_be_visible()


def _confirm(page: Page, town: Town) -> None:
    _enter(page, town.link("carla@duisburg.example", Role.CASE_WORKER))
    page.goto(f"{town.url}/office/outcomes")
    expect(page.get_by_text("Drei Säcke Müll")).to_be_visible()
    page.get_by_role("button", name="Bestätigen").first.click()


def _buy(page: Page, town: Town) -> bytes:
    """Buy the pool ticket and return a picture of its code."""
    page.goto(f"{town.url}/offers/{town.swim.offer_id}")
    page.get_by_role("button", name="Für 40 Punkte kaufen").click()
    expect(page.get_by_text("Hier ist Ihr Gutschein.")).to_be_visible()
    expect(page.locator("[data-live-text]")).to_be_visible()
    return page.locator("[data-live-code]").screenshot()


def _scan(page: Page, town: Town) -> None:
    """Scan with the camera: the first time it is good, the second time it is used."""
    _enter(page, town.link("paul@pool.example", Role.VENUE_STAFF, venue_id=town.pool.venue_id))
    page.goto(f"{town.url}/venue")
    page.get_by_role("button", name="Hier für Rhein-Ruhr-Bad scannen").click()
    page.get_by_role("button", name="Mit der Kamera scannen").click()
    verdict = page.locator("[data-verdict=green]")
    expect(verdict).to_contain_text("Gültig", timeout=20_000)
    expect(verdict).to_contain_text("Einzelkarte Rhein-Ruhr-Bad")
    page.goto(f"{town.url}/venue/today")
    assert _figure(page, "redemptions") == 1
    page.goto(f"{town.url}/venue")
    page.get_by_role("button", name="Mit der Kamera scannen").click()
    expect(page.locator("[data-verdict=red]")).to_contain_text("Schon eingelöst", timeout=20_000)


def _settle(page: Page, town: Town) -> None:
    _enter(page, town.link("tom@duisburg.example", Role.TREASURER))
    page.goto(f"{town.url}/treasury/settlements")
    page.get_by_role("button", name="Jetzt abrechnen").click()
    expect(page.locator("tr", has_text="Rhein-Ruhr-Bad")).to_contain_text("0,80")


def test_the_whole_story(town: Town, browser: Browser, filming_browser: Film) -> None:
    """Anna reports litter and sees pending points; the city confirms; she buys a pool ticket; the pool scans it
    with a camera; the treasurer settles; the books verify; every page shows the ledger's figures.
    """
    anna = _phone(browser)
    complaints = watch(anna)
    _sign_in(anna, town, ANNA)
    _report(anna, town)
    anna.goto(town.url)
    given_now, pending = _figure(anna, "balance"), _figure(anna, "pending")
    assert (given_now + pending, pending > 0) == (POINTS, True)
    left = town.wallet(ANNA)
    assert (left.available, left.credits_pending) == (given_now, pending)

    _confirm(browser.new_page(locale="de-DE"), town)
    assert town.wallet(ANNA).available == POINTS
    anna.goto(town.url)
    assert (_figure(anna, "balance"), _figure(anna, "pending")) == (POINTS, 0)

    picture = _buy(anna, town)
    anna.goto(town.url)
    assert (_figure(anna, "balance"), _figure(anna, "reserved")) == (POINTS - PRICE, PRICE)

    gate = filming_browser(picture).new_page(locale="de-DE")
    gate_complaints = watch(gate)
    _scan(gate, town)

    town.clock.advance(dt.timedelta(days=8))
    treasury = browser.new_page(locale="de-DE")
    _settle(treasury, town)
    assert town.balance(f"eur/payable/{town.pool.venue_id}").posted == PRICE * 2
    assert town.balance("redeemed").posted == PRICE
    treasury.goto(f"{town.url}/treasury/verification")
    treasury.get_by_role("link", name="Jetzt prüfen").click()
    expect(treasury.locator("[data-verified=yes]")).to_be_visible()
    treasury.goto(f"{town.url}/treasury")
    assert _figure(treasury, "issued") == -town.balance("issued").posted
    assert town.verify().ok
    assert [] == complaints + gate_complaints
