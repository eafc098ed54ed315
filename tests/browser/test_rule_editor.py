"""The rule editor in a real browser: with the keyboard alone, without scripts, and pleasant to look at."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from identity.roles import Role
from rewards import programme
from tests.browser.town import Town
from tests.fixtures.chromium import PHONE, watch
from tests.web import test_gallery

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

RITA = "rita@duisburg.example"
DESKTOP = {"width": 1280, "height": 900}


def _open(browser: Browser, town: Town, viewport: Any, *, scripts: bool = True) -> Page:
    page = browser.new_context(
        locale="de-DE", timezone_id="Europe/Berlin", viewport=viewport, java_script_enabled=scripts
    ).new_page()
    page.goto(town.link(RITA, Role.RULE_EDITOR))
    page.get_by_role("button", name="Anmelden").click()
    page.goto(f"{town.url}/office/rules")
    page.get_by_role("link", name="Neue Regel").click()
    page.get_by_role("link", name="Müll melden").click()
    return page


def _press(page: Page, name: str) -> None:
    """Go to a button with the Tab key and press Enter on it."""
    wanted = page.get_by_role("button", name=name).first
    for _ in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return
    message = f"the Tab key never reaches {name}"
    raise AssertionError(message)


def _sound(page: Page) -> None:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate(test_gallery.AXE.read_text(encoding="utf-8") + ";0")
    findings: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
    assert width <= (page.viewport_size or DESKTOP)["width"]


def test_a_rule_is_made_with_the_keyboard(browser: Browser, town: Town, tmp_path: Path) -> None:
    """Tab, arrow keys and Enter make a rule with a table; the preview follows what is typed; axe finds nothing."""
    page = _open(browser, town, DESKTOP)
    complaints = watch(page)
    page.get_by_label("Titel auf Deutsch").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Müll am Wochenende")
    page.get_by_label("Es geht um").focus()
    page.keyboard.type("Der Wochentag")
    _press(page, "Hinzufügen")
    page.get_by_label("Samstag").focus()
    page.keyboard.press("Space")
    expect(page.locator("#preview")).to_contain_text("Samstag")
    _press(page, "Tabelle verwenden")
    for number in range(1, 5):
        page.get_by_label(f"Punkte, Zeile {number}").focus()
        page.keyboard.type(str(10 * number))
    expect(page.locator("#preview")).to_contain_text("Das kann gespeichert werden.")
    _sound(page)
    page.screenshot(path=tmp_path / "desktop.png", full_page=True)
    _press(page, "Als Entwurf speichern")

    expect(page.get_by_text("Eine zweite Person muss ihn freigeben")).to_be_visible()
    assert [] == complaints
    with town.database.reading(town.city.city_id) as reading:
        assert "muell-am-wochenende" in {one.version.code for one in programme.every(reading)}


def test_a_phone_without_scripts_is_enough(browser: Browser, town: Town, tmp_path: Path) -> None:
    """Each button is an ordinary form: what is missing stands beside its field, what is odd too."""
    page = _open(browser, town, PHONE, scripts=False)
    page.get_by_label("Es geht um").select_option(label="Wie oft etwas schon geschah")
    page.get_by_role("button", name="Hinzufügen").first.click()
    page.get_by_label("Prozent sofort").fill("101")
    page.get_by_role("button", name="Prüfen").last.click()
    expect(page.get_by_text("Höchstens 100.").first).to_be_visible()
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    page.get_by_label("Prozent sofort").fill("50")
    page.get_by_role("button", name="Als Entwurf speichern").click()

    expect(page.get_by_text("zum ersten Mal (mitgezählt", exact=False).first).to_be_visible()
