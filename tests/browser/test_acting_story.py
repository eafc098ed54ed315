"""What people can do, in a real browser: an action added without code, a clean-up, a workshop, the desk."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from identity.roles import Role
from rewards import occasions
from rewards.occasions import NewOccasion
from tests.api.test_acting import shot
from tests.browser.test_rule_editor import _sound
from tests.browser.test_story import _enter, _figure, _phone
from tests.browser.town import Town
from tests.fixtures.chromium import watch

ANNA = "anna@duisburg.example"
TEXTS = {
    "Name auf Deutsch": "Bücher teilen",
    "Name auf Englisch": "Share books",
    "Beschreibung auf Deutsch": "Bücher in den Schrank stellen.",
    "Beschreibung auf Englisch": "Put books onto the shelf.",
    "… sobald, auf Deutsch": "die Bücher im Schrank stehen",
    "… sobald, auf Englisch": "the books are on the shelf",
    "Anderer Weg, auf Deutsch": "In der Bibliothek abgeben.",
    "Anderer Weg, auf Englisch": "Hand them in at the library.",
}


def _workshop(town: Town) -> int:
    now = town.clock.now()
    new = NewOccasion(
        action="city-shaping",
        kind="workshop",
        titles={"de": "Werkstatt Innenhafen", "en": "Workshop Inner Harbour"},
        descriptions={"de": "Wie soll er werden?", "en": "What should it become?"},
        opens_at=now - dt.timedelta(minutes=10),
        closes_at=now + dt.timedelta(hours=1),
        expected=20,
    )
    return town.database.run(town.city.city_id, lambda work: occasions.create(work, new, 1).occasion_id)


def _add_action(page: Page, town: Town) -> None:
    """Forget something first: it is named beside its field, and nothing that was typed is lost."""
    page.goto(f"{town.url}/office/actions")
    page.get_by_role("link", name="Aktion hinzufügen").click()
    for label, text in TEXTS.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Frage auf Deutsch").first.fill("Wie viele Bücher?")
    page.get_by_label("Frage auf Englisch").first.fill("How many books?")
    page.get_by_label("Es ist").first.select_option("number")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("alert")).to_contain_text("Bitte wählen Sie eines aus.")
    _sound(page)
    page.get_by_label("Buch", exact=True).check()
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert. Es steht jetzt in der App.")).to_be_visible()


def _clear_up(page: Page, town: Town) -> None:
    now = town.clock.now().astimezone(town.city.zone).replace(tzinfo=None)
    page.goto(f"{town.url}/actions/litter-cleanup")
    for label, taken in (("Foto vorher", now - dt.timedelta(minutes=20)), ("Foto nachher", now)):
        payload = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": shot(taken)}
        page.get_by_label(label).set_input_files(payload)  # type: ignore[arg-type]  # Playwright's FilePayload
    _sound(page)
    page.get_by_role("button", name="Meinen Standort nehmen").click()
    expect(page.get_by_text("Standort gefunden")).to_be_visible()
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_text("Danke! Es ist eingegangen.")).to_be_visible()


def _attend(anna: Page, host: Page, town: Town, occasion_id: int) -> None:
    """Type the code that stands on the host's screen."""
    host.goto(f"{town.url}/office/occasions/{occasion_id}")
    code = host.locator(".code-shown").inner_text()
    anna.goto(f"{town.url}/actions/city-shaping")
    anna.get_by_role("link", name="Werkstatt Innenhafen").click()
    _sound(anna)
    anna.get_by_label("Teilnahme-Code").fill(code)
    anna.get_by_role("button", name="Ich bin da").click()
    expect(anna.get_by_text("Danke fürs Mitmachen!")).to_be_visible()


def _enter_by_telephone(anna: Page, host: Page, town: Town) -> None:
    """Make a card, read its code to the staff, who enter a suggestion by it."""
    anna.goto(f"{town.url}/account/card")
    anna.get_by_role("button", name="Karte ausstellen").click()
    code = anna.locator(".code-shown").inner_text()
    host.goto(f"{town.url}/office/desk")
    _sound(host)
    host.get_by_label("Am Telefon").check()
    host.get_by_label("Code auf der Karte oder E-Mail-Adresse").fill(code.lower())
    host.get_by_role("button", name="Weiter").click()
    _sound(host)
    host.get_by_role("link", name="Verbesserung vorschlagen").click()
    host.get_by_label("Worum geht es?").select_option("green")
    host.get_by_label("Beschreibung").fill("Eine Bank im Schatten, auf der man sich ausruhen kann.")
    host.get_by_role("button", name="Eintragen").click()
    expect(host.get_by_text(re.compile("^Eingetragen."))).to_be_visible()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_way_to_join_in(town: Town, browser: Browser) -> None:
    """An administrator adds an action; Anna clears up, attends a workshop and phones: her points are what the ledger has."""
    occasion_id = _workshop(town)
    host, anna = _phone(browser), _phone(browser)
    complaints = [watch(host), watch(anna)]
    _enter(host, town.link("boss@duisburg.example", Role.ADMINISTRATOR, Role.CASE_WORKER))
    _enter(anna, town.link(ANNA))
    _add_action(host, town)
    anna.goto(f"{town.url}/actions/share-books")
    expect(anna.get_by_label("Wie viele Bücher?")).to_be_visible()
    _clear_up(anna, town)
    _attend(anna, host, town, occasion_id)
    _enter_by_telephone(anna, host, town)
    anna.goto(town.url)
    left = town.wallet(ANNA)
    assert (12 + 60, 48 + 40) == (left.available, left.credits_pending)
    assert (left.available, left.credits_pending) == (_figure(anna, "balance"), _figure(anna, "pending"))
    assert town.verify().ok
    assert [[], []] == complaints
    for page in (host, anna):
        page.context.close()
