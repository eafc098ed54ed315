"""A bin and a quest in a real browser: the administration puts signs up, a citizen follows them."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from identity.roles import Role
from rewards import tags
from tests.browser.test_rule_editor import _sound
from tests.browser.test_story import _enter, _figure, _phone
from tests.browser.town import PLACE, Town
from tests.fixtures.chromium import watch

STATIONS = ((0.0, "Stadttheater"), (0.004, "Rathaus"))
TEXTS = {
    "Titel auf Deutsch": "Zum Rathaus",
    "Titel auf Englisch": "To the town hall",
    "Beschreibung auf Deutsch": "Ein kurzer Weg zu Fuß.",
    "Beschreibung auf Englisch": "A short way on foot.",
    "Wie viele Minuten": "20",
}


def _register_a_bin(page: Page, town: Town) -> str:
    """Forget the coordinates' form first; then print the sign and return the path that it leads to."""
    page.goto(f"{town.url}/office/tags")
    page.get_by_label("Name des Ortes").fill("Königstraße, am Brunnen")
    page.get_by_label("Koordinaten").fill("am Brunnen")
    page.get_by_role("button", name="Eintragen").click()
    expect(page.get_by_role("alert")).to_contain_text("Ort")
    page.get_by_label("Koordinaten").fill(f"{PLACE[0]}, {PLACE[1]}")
    page.get_by_role("button", name="Eintragen").click()
    expect(page.get_by_text("Eingetragen. Drucken Sie nun das Schild")).to_be_visible()
    _sound(page)
    page.get_by_role("link", name="Schild drucken").click()
    _sound(page)
    return "/T/" + re.sub(r"\s+", "/", page.locator(".sign__typed").inner_text().strip())


def _make_a_quest(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/office/quests")
    for label, text in TEXTS.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Beginnen").click()
    for north, name in STATIONS:
        page.get_by_label("Name des Ortes").fill(name)
        page.get_by_label("Koordinaten").fill(f"{PLACE[0] + north}, {PLACE[1]}")
        page.get_by_label("Wie man hinkommt, auf Deutsch").fill("Geradeaus.")
        page.get_by_label("Wie man hinkommt, auf Englisch").fill("Straight on.")
        page.get_by_role("button", name="Station hinzufügen").click()
        expect(page.get_by_text("Die Station ist hinzugefügt.")).to_be_visible()
    _sound(page)
    page.get_by_role("button", name="Stadtweg eröffnen").click()
    expect(page.get_by_text("Eröffnet: Man kann jetzt aufbrechen.")).to_be_visible()


def _code(town: Town, name: str) -> str:
    with town.database.reading(town.city.city_id) as reading:
        (tag,) = (one for one in tags.every(reading) if one.name == name)
    return tag.code(town.clock.now()) or ""


def _stand_here(page: Page, button: str) -> None:
    page.get_by_role("button", name="Zeigen, dass ich hier bin").click()
    expect(page.get_by_text("Standort gefunden")).to_be_visible()
    page.get_by_role("button", name=button).click()


def _walk(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/quests")
    page.get_by_role("link", name="Zum Rathaus").click()
    page.get_by_role("button", name="Aufbrechen").click()
    for north, name in STATIONS:
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        _sound(page)
        page.context.set_geolocation({"latitude": PLACE[0] + north, "longitude": PLACE[1], "accuracy": 8})
        page.get_by_label("Code der Station").fill(_code(town, name).lower())
        _stand_here(page, "Ich bin da")
        expect(page.get_by_text("Station erreicht.")).to_be_visible()
        town.clock.advance(dt.timedelta(minutes=9))
    expect(page.get_by_text("Sie haben alle Stationen erreicht.")).to_be_visible()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_signs_are_put_up_and_followed(town: Town, browser: Browser) -> None:
    """A bin and a quest are made, printed and opened; a citizen opens the link, walks the way, has the points."""
    with browser.new_context(locale="de-DE", timezone_id="Europe/Berlin") as context:
        office = context.new_page()
        complaints = watch(office)
        _enter(office, town.link("ada@duisburg.example", Role.ADMINISTRATOR))
        path = _register_a_bin(office, town)
        _make_a_quest(office, town)
        assert [] == complaints
    anna = _phone(browser)
    complaints = watch(anna)
    _enter(anna, town.link("anna@duisburg.example"))
    anna.goto(f"{town.url}/bins")
    _sound(anna)
    anna.goto(town.url + path)
    _sound(anna)
    _stand_here(anna, "Ich habe etwas eingeworfen")
    expect(anna.get_by_text("Danke! Das ist da, wo es hingehört.")).to_be_visible()
    _walk(anna, town)
    anna.goto(town.url)
    assert 31 == _figure(anna, "balance")
    assert [] == complaints
