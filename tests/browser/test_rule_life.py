"""A rule from the first idea to points, by people who have never seen the pages, in a real browser."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from api import simulating
from identity.roles import Role
from kernel.signing import SigningKey
from rewards import action_types, bundles, programme, simulations
from tests.browser.town import Town
from tests.fixtures.chromium import PHONE, watch
from tests.web import test_gallery

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

DESKTOP = {"width": 1280, "height": 900}


def _enter(browser: Browser, town: Town, email: str, *roles: Role, viewport: Any = DESKTOP) -> Page:
    page = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport=viewport).new_page()
    page.set_default_timeout(20_000)
    page.goto(town.link(email, *roles))
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_text("Willkommen!")).to_be_visible()
    return page


def _sound(page: Page) -> None:
    """Nothing is wider than the screen, and axe finds nothing."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate(test_gallery.AXE.read_text(encoding="utf-8") + ";0")
    findings: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings], page.url
    assert width <= (page.viewport_size or DESKTOP)["width"], page.url


def _go(page: Page, place: str, area: str = "Verwaltung") -> None:
    """Find the way by what the navigation says."""
    page.get_by_role("link", name=area, exact=True).first.click()
    menu = page.locator("details.fold:not([open]) > summary")
    if menu.is_visible():
        menu.click()
    page.get_by_role("link", name=place, exact=True).first.click()


def _write_a_version(page: Page) -> None:
    """Make a new version of a rule in force: more points; its author can't approve it."""
    _go(page, "Regeln")
    page.get_by_role("link", name="Punkte für Vorschläge").click()
    page.get_by_role("link", name="Neue Fassung hieraus").click()
    page.get_by_label("Punkte jedes Mal").fill("45")
    page.get_by_role("button", name="Als Entwurf speichern").click()
    expect(page.get_by_text("Sie haben diese Fassung geschrieben")).to_be_visible()
    expect(page.get_by_role("button", name="Freigeben")).to_have_count(0)


def _approve(page: Page, town: Town) -> None:
    """See what is different; be told that it was not tried; try it on the past; approve it."""
    _go(page, "Regeln")
    page.locator("li", has_text="Entwurf").get_by_role("link").first.click()
    page.get_by_role("link", name="Was anders ist").click()
    expect(page.locator("tr", has_text="geändert")).to_contain_text("Jedes Mal 45 Punkte.")
    expect(page.get_by_text("1 Unterschied")).to_be_visible()
    _sound(page)
    page.go_back()
    page.get_by_label("Notiz").first.evaluate("field => field.required = false")
    page.get_by_role("button", name="Freigeben").click()
    expect(page.get_by_text("wurde nicht an vergangenen Beiträgen erprobt").first).to_be_visible()
    page.get_by_role("link", name="An der Vergangenheit erproben").click()
    page.get_by_role("button", name="Starten").click()
    page.wait_for_url("**/simulations/*")
    with town.database.reading(town.city.city_id) as reading:
        (waiting,) = simulations.waiting(reading)
    simulating.perform(town.database, town.city, waiting)
    page.reload()
    expect(page.get_by_text("Punkte mit dieser Fassung")).to_be_visible()
    page.get_by_role("link", name="Punkte für Vorschläge").click()
    page.get_by_role("button", name="Freigeben").click()
    expect(page.get_by_text("Freigegeben. Wählen Sie jetzt")).to_be_visible()


def _schedule(page: Page) -> None:
    """Choose a day and a time; what lies in the past is refused and nothing typed is lost."""
    page.get_by_label("Ab einem späteren Zeitpunkt").check()
    page.get_by_label("Tag und Uhrzeit").fill("2026-05-01T00:00")
    page.get_by_role("button", name="In Kraft setzen").click()
    expect(page.get_by_text("Bitte wählen Sie einen Zeitpunkt in der Zukunft.").first).to_be_visible()
    expect(page.get_by_label("Tag und Uhrzeit")).to_have_value("2026-05-01T00:00")
    _sound(page)
    page.get_by_label("Tag und Uhrzeit").fill("2026-05-06T00:00")
    page.get_by_role("button", name="In Kraft setzen").click()
    expect(page.get_by_text("Sie tritt von selbst in Kraft.")).to_be_visible()
    expect(page.get_by_text("In Kraft ab 06.05.2026, 00:00.").first).to_be_visible()


def _suggest(page: Page, town: Town) -> str:
    page.goto(f"{town.url}/actions/suggestion")
    page.get_by_label("Beschreibung").fill("Eine Bank im Schatten neben dem Spielplatz im Stadtpark.")
    if page.locator("select[name=category]").count():
        page.locator("select[name=category]").select_option(index=1)
    page.get_by_role("button", name="Absenden").click()
    return page.locator("section", has_text="Ihre Punkte").first.inner_text()


def test_a_new_version_comes_into_force_by_itself(browser: Browser, town: Town) -> None:
    """Written by one, compared, tried, approved and dated by another; citizens get its points from its instant on, no
    program having run; everybody can read both versions.
    """
    editor = _enter(browser, town, "beate@duisburg.example", Role.RULE_EDITOR)
    approver = _enter(browser, town, "ruth@duisburg.example", Role.APPROVER, viewport=PHONE)
    complaints = [*watch(editor), *watch(approver)]
    _write_a_version(editor)
    _approve(approver, town)
    _schedule(approver)

    anna = _enter(browser, town, "anna@duisburg.example", viewport=PHONE)
    assert "40 Punkte" in _suggest(anna, town)
    town.clock.advance(dt.timedelta(days=2))
    bela = _enter(browser, town, "bela@duisburg.example", viewport=PHONE)
    assert "45 Punkte" in _suggest(bela, town)
    stranger = browser.new_context(locale="de-DE", viewport=PHONE).new_page()
    stranger.goto(f"{town.url}/transparency")
    stranger.get_by_role("link", name="Regelverzeichnis").first.click()
    stranger.get_by_role("link", name="von 04.05.2026, 09:30 bis 06.05.2026, 00:00").first.click()
    expect(stranger.get_by_text("eine andere Person, die Regeln freigibt")).to_be_visible()
    _sound(stranger)
    assert [] == complaints


def test_a_budget_is_funded_by_two_before_it_can_be_used(browser: Browser, town: Town) -> None:
    """The treasurer asks, sees that somebody else releases; the approver does; the choice at the end is told."""
    treasurer = _enter(browser, town, "tom@duisburg.example", Role.TREASURER, viewport=PHONE)
    _go(treasurer, "Budgets", "Kasse")
    treasurer.get_by_label("Budget", exact=True).fill("trees")
    treasurer.get_by_label("Punkte", exact=True).fill("5.000")
    treasurer.get_by_label("Ratsbeschluss").fill("DS 26-0412")
    treasurer.get_by_role("button", name="Punkte beantragen").click()
    expect(treasurer.get_by_text("deshalb gibt jemand anderes sie frei")).to_be_visible()
    _sound(treasurer)

    approver = _enter(browser, town, "ruth@duisburg.example", Role.APPROVER)
    approver.get_by_role("link", name="Verwaltung", exact=True).first.click()
    expect(approver.get_by_text("1 Antrag wartet auf eine zweite Person")).to_be_visible()
    _go(approver, "Budgets")
    approver.get_by_role("button", name="5.000 Punkte für „trees“ freigeben").click()
    expect(approver.get_by_text("Das Budget ist aufgefüllt.")).to_be_visible()
    assert 5000 == town.balance("budget/trees").available

    treasurer.reload()
    panel = treasurer.locator("[data-budget=trees]")
    panel.get_by_text("Ändern").click()
    panel.get_by_label("Ankündigen und anhalten").check()
    panel.get_by_role("button", name="Auswählen").click()
    expect(treasurer.locator("[data-budget=trees]")).to_contain_text("Ankündigen und anhalten")


def test_a_rule_of_another_city_is_taken_over_after_a_look(
    browser: Browser, town: Town, tmp_path: Path
) -> None:
    """The administrator pins the key; the editor sees what would change and takes it over as a draft."""
    key = SigningKey(bytes(range(32)))
    version = next(one for one in action_types.starter_rules() if one.action == "suggestion")
    changed = programme.parse(version.document() | {"now_percent": 10})
    file = tmp_path / "rules.json"
    file.write_bytes(bundles.make("teststadt", "Teststadt", town.clock.now(), [changed], key))
    page = _enter(
        browser, town, "beate@duisburg.example", Role.RULE_EDITOR, Role.ADMINISTRATOR, viewport=PHONE
    )
    _go(page, "Regeln")
    page.get_by_role("link", name="Regeln von anderen und für andere Städte").click()
    page.get_by_label("Stadt", exact=True).fill("Teststadt")
    page.get_by_label("Öffentlicher Schlüssel").fill(key.verify_key.public_key.hex())
    page.get_by_role("button", name="Schlüssel hinterlegen").click()
    page.get_by_label("Datei").set_input_files(file)
    page.get_by_role("button", name="Ansehen, was sich ändern würde").click()
    expect(page.get_by_text("Neue Fassung")).to_be_visible()
    expect(page.locator("tr", has_text="geändert")).to_contain_text("10 % sofort")
    _sound(page)
    page.get_by_role("button", name="Als Entwürfe übernehmen").click()
    expect(page.get_by_text("Als Entwürfe übernommen.")).to_be_visible()
    expect(page.get_by_text("Entwurf", exact=True)).to_be_visible()
