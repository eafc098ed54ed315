"""A venue that starts from nothing, in real browsers: applies, signs, gets ready, is paid a voucher, scans it."""

import datetime as dt
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from api import services
from identity import persons
from identity.roles import Role
from kernel.db import Work
from ledger import posting, transfers, wallets
from redemption import buying, codes, offers
from tests.browser import town as towns
from tests.browser.test_rule_editor import _sound
from tests.browser.test_story import _enter, _phone
from tests.browser.town import Town
from tests.fixtures.chromium import watch
from tests.merchants.test_onboarding import PDF

OWNER, BOSS, GUEST = "ayse@cafe.test", "boss@duisburg.example", "anna@duisburg.example"
FORM = {
    "Straße und Hausnummer": "Philosophenweg 1",
    "Postleitzahl": "47051",
    "Bezirk": "Altstadt",
    "Telefon": "0203 1234567",
    "Kontoinhaber": "Ayşe Yilmaz",
    "IBAN": "DE89 3704 0044 0532 0130 00",
}
SENT = {"owner": 5, "boss": 2}
"""Forms that are sent until the first scan: two minutes at twenty seconds each, with some to spare."""


def _apply(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/become-a-venue")
    _sound(page)
    page.get_by_role("link", name="Jetzt mitmachen").click()
    page.get_by_label("Name", exact=True).fill("Café Innenhafen")
    for label, text in FORM.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Was es ist").select_option("food")
    proof = {"name": "Gewerbeschein.pdf", "mimeType": "application/pdf", "buffer": PDF}
    page.get_by_label("Gewerbeschein, Registerauszug oder Satzung").set_input_files(proof)  # type: ignore[arg-type]  # Playwright's FilePayload
    _sound(page)
    page.get_by_role("button", name="Speichern und Vertrag lesen").click()
    page.get_by_label("Ihr voller Name").fill("Ayşe Yilmaz")
    page.get_by_label("Ich darf für die Einrichtung unterschreiben").check()
    _sound(page)
    page.get_by_role("button", name="Unterschreiben und senden").click()
    expect(page.get_by_text("Die Stadt sieht sich Ihre Anmeldung an")).to_be_visible()


def _approve(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/office/applications")
    page.get_by_role("link", name="Café Innenhafen").click()
    _sound(page)
    page.get_by_label("Ihr voller Name").fill("Beate Musterberg")
    page.get_by_role("button", name="Unterschreiben und öffnen").click()
    expect(page.get_by_text("Macht mit").first).to_be_visible()


def _propose(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/become-a-venue/application")
    page.get_by_role("link", name="In fünf Schritten startklar").click()
    _sound(page)
    page.get_by_role("link", name="Angebot anlegen").click()
    page.get_by_role("link", name="Museum").click()
    page.get_by_label("Titel").fill("Ein Kaffee")
    page.get_by_label("Was Gäste bekommen").fill("Ein Kaffee nach Wahl.")
    page.get_by_label("Was es sonst kostet (Euro)").fill("2,80")
    page.get_by_label("Preis in Punkten").fill("140")
    page.get_by_role("button", name="An die Stadt senden").click()
    expect(page.get_by_text("Wartet auf die Stadt")).to_be_visible()


def _publish(page: Page, town: Town) -> None:
    page.goto(f"{town.url}/office/offers")
    expect(page.get_by_text("Von der Einrichtung vorgeschlagen")).to_be_visible()
    page.get_by_role("button", name="Veröffentlichen").first.click()
    expect(page.get_by_text("Im Verkauf").first).to_be_visible()


def _buy(town: Town) -> str:
    """Have a guest with points buy the coffee; return the code for typing."""
    sealer = services.sealer(towns.settings(town.database, town.folder))

    def command(work: Work) -> str:
        anna = persons.register(work, GUEST)
        lot = wallets.open_lot(work, anna.owner, dt.date(2028, 12, 31))
        gift = transfers.post(work.ids.uuid(), "issued", lot, 500, effective=work.now.date(), purpose="test")
        posting.post_or_raise(work, [gift])
        coffee = next(one for one in offers.published(work) if one.titles["de"] == "Ein Kaffee")
        voucher = buying.buy(work, town.city, anna.owner, coffee.offer_id, sealer)
        return codes.grouped(voucher.manual_code)

    return town.database.run(town.city.city_id, command)


def _count(sent: dict[str, int], name: str, request: Request) -> None:
    """Count a form that is sent."""
    sent[name] += request.method == "POST"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_from_nothing_to_the_first_guest(town: Town, browser: Browser) -> None:
    """Form, contract, approval, offer, device, scan: seven forms and no more, each sound on a phone."""
    owner, boss = _phone(browser), _phone(browser)
    complaints = [watch(owner), watch(boss)]
    _enter(owner, town.link(OWNER))
    _enter(boss, town.link(BOSS, Role.ADMINISTRATOR))
    sent = {"owner": 0, "boss": 0}
    for name, page in (("owner", owner), ("boss", boss)):
        page.on("request", partial(_count, sent, name))
    _apply(owner, town)
    _approve(boss, town)
    _propose(owner, town)
    _publish(boss, town)
    code = _buy(town)
    owner.goto(f"{town.url}/venue")
    owner.get_by_role("button", name="Scan hier für Café Innenhafen").or_(
        owner.get_by_role("button", name="Café Innenhafen")
    ).first.click()
    owner.get_by_label("Code", exact=True).fill(code)
    owner.get_by_role("button", name="Prüfen").click()
    expect(owner.locator('[data-verdict="green"]').first).to_be_visible()
    assert SENT == sent

    owner.goto(f"{town.url}/venue/overview")
    expect(owner.get_by_text("140").first).to_be_visible()
    _sound(owner)
    assert town.verify().ok
    assert [[], []] == complaints
    for page in (owner, boss):
        page.context.close()
