"""A stall without any device: a guest's phone redeems, a cashier's own phone reckons the same six digits."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api import presented_papers, services
from identity import persons
from identity.roles import Role
from kernel.db import Work
from ledger import posting, transfers, wallets
from redemption import buying, offers, presented_policies, presented_venues
from redemption.offer_terms import Terms
from redemption.presented_venues import VenueSecret
from tests.browser import town as towns
from tests.browser.test_rule_editor import _sound
from tests.browser.test_story import _enter
from tests.browser.town import Town
from tests.fixtures.chromium import watch
from tests.redemption.office import LATER, SWIM

VECTORS = json.loads(
    (Path(__file__).parents[1] / "redemption" / "vectors" / "presented_codes.json").read_text()
)
GUEST = "anna@duisburg.example"


def _stall(town: Town) -> int:
    """Give anna points and two vouchers of an offer for 4.50 euros; return its number."""
    sealer = services.sealer(towns.settings(town.database, town.folder))

    def command(work: Work) -> int:
        new = replace(SWIM, code="stall", venue_ids=(town.pool.venue_id,), terms=Terms(undo_minutes=5))
        offer = offers.publish(work, town.city, offers.create(work, new).offer_id)
        anna = persons.by_email(work, GUEST) or persons.register(work, GUEST, name="anna")
        lot = wallets.open_lot(work, anna.owner, LATER)
        gift = transfers.post(work.ids.uuid(), "issued", lot, 500, effective=work.now.date(), purpose="test")
        posting.post_or_raise(work, [gift])
        for _ in range(2):
            buying.buy(work, town.city, anna.owner, offer.offer_id, sealer)
        return offer.offer_id

    return town.database.run(town.city.city_id, command)


def _secret(town: Town) -> VenueSecret:
    """Return what was printed."""
    sealer = services.sealer(towns.settings(town.database, town.folder))
    with town.database.reading(town.city.city_id) as reading:
        return presented_venues.secrets_of(reading, sealer, town.pool.venue_id)[-1]


def _open(browser: Browser, link: str = "") -> tuple[Page, list[str]]:
    """Return the page of a small phone, signed in if there is a link, and its complaints."""
    page = browser.new_context(
        locale="de-DE", timezone_id="Europe/Berlin", viewport={"width": 360, "height": 740}
    ).new_page()
    complaints = watch(page)
    if link:
        _enter(page, link)
    return page, complaints


def _set_up(browser: Browser, town: Town) -> None:
    """The city allows it, the owner turns it on; both look at their pages on a small phone."""
    boss, bad = _open(browser, town.link("boss@duisburg.example", Role.ADMINISTRATOR))
    boss.goto(f"{town.url}/office/presented")
    _sound(boss)
    boss.get_by_role("button", name="Speichern").click()
    expect(boss.get_by_text("Gespeichert. Es gilt ab der nächsten Einlösung.")).to_be_visible()
    owner, worse = _open(browser, town.link("ali@bad.example", Role.VENUE_OWNER, venue_id=town.pool.venue_id))
    owner.goto(f"{town.url}/venue/devices")
    owner.get_by_role("link", name="Ohne Scanner").click()
    owner.get_by_role("button", name="Einschalten").click()
    expect(owner.get_by_role("link", name="Karte für die Kasse (PDF)")).to_be_visible()
    _sound(owner)
    assert [] == bad + worse
    boss.context.close()
    owner.context.close()


def _redeem_through_a_bad_network(guest: Page, town: Town) -> str:
    """Without a network nothing happens; of a request whose answer is lost the next tap shows the outcome."""
    asked = guest.url
    guest.context.set_offline(True)
    guest.get_by_role("button", name="Jetzt einlösen").click()
    expect(guest.get_by_text("Kein Netz: Es wurde nichts eingelöst")).to_be_visible()
    guest.context.set_offline(False)
    assert 0 == town.balance(f"venue/{town.pool.venue_id}").available

    def lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    guest.route("**/present", lose, times=1)
    guest.get_by_role("button", name="Jetzt einlösen").click()
    expect(guest.get_by_text("Es kam keine Antwort")).to_be_visible()
    _sound(guest)
    guest.get_by_role("button", name="Jetzt einlösen").dblclick()
    expect(guest.locator("[data-presented]")).to_be_visible()
    shown = guest.url
    assert 120 == town.balance(f"venue/{town.pool.venue_id}").available
    guest.goto(asked)
    expect(guest.get_by_text("Dieser Gutschein ist eingelöst.")).to_be_visible()
    guest.goto(shown)
    _sound(guest)
    return shown


def _digits(page: Page, name: str = "code") -> str:
    return re.sub(r"\D", "", page.locator(f"[data-{name}]").inner_text())


def _vectors(page: Page) -> list[str]:
    """Return what the page's own module reckons for our vectors."""
    found: list[str] = page.evaluate(
        """async ({ card, codes }) => {
          const module = await import("/static/js/presented-code.js");
          const read = module.readCard(card);
          const made = [];
          for (const one of codes) made.push(await module.codeAt(read.key, one.number, one.cents, one.unix));
          return [...made, String(read.version), String(read.begins)];
        }""",
        VECTORS,
    )
    return found


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_from_the_poster_to_six_digits(browser: Browser, town: Town) -> None:
    """City and owner agree, the guest redeems once over a bad network, the cashier's phone has the digits."""
    _stall(town)
    _set_up(browser, town)
    printed = _secret(town)
    guest, bad = _open(browser, town.link(GUEST))
    guest.goto(presented_papers.poster_address(town.url, printed))
    _sound(guest)
    guest.get_by_role("link", name="Hier einlösen").first.click()
    expect(guest.get_by_text("Nur vor dem Personal", exact=True)).to_be_visible()
    _sound(guest)
    shown = _redeem_through_a_bad_network(guest, town)

    cashier, worse = _open(browser)
    cashier.goto(presented_papers.card_address(town.url, printed))
    assert [one["code"] for one in VECTORS["codes"]] == _vectors(cashier)[:-2]
    assert VECTORS["card"].split(".")[:2] == _vectors(cashier)[-2:]
    _sound(cashier)
    # Both come from one moment of a clock that stands still.
    guest.goto(shown)
    cashier.reload()
    cashier.get_by_role("button", name="Einmal schwimmen").click()
    cashier.get_by_label("Nummer").fill(_digits(guest, "number"))
    cashier.context.set_offline(True)
    expect(cashier.locator("[data-result]")).to_be_visible()
    assert 6 == len(_digits(guest))
    assert _digits(guest) == _digits(cashier)
    _sound(cashier)
    cashier.get_by_label("Preis in Euro").fill("9,00")
    expect(cashier.locator("[data-code]")).not_to_have_text(guest.locator("[data-code]").inner_text())
    cashier.get_by_role("button", name="Stimmt nicht").click()
    expect(cashier.get_by_text("Geben Sie noch nichts heraus")).to_be_visible()
    cashier.get_by_label("Preis in Euro").fill("4,5")
    cashier.get_by_role("button", name="Stimmt überein").click()
    expect(cashier.get_by_text("Gut: Bedienen Sie den Gast")).to_be_visible()
    cashier.reload()
    cashier.get_by_label("Preis in Euro").fill("4.50")
    cashier.get_by_label("Nummer").fill(_digits(guest, "number"))
    expect(cashier.get_by_text("Diese Nummer ist schon geprüft")).to_be_visible()

    # The next minute has other digits; after three only that it was redeemed is left, also without a network.
    before = _digits(guest)
    guest.context.set_offline(True)
    _pass(guest, 60)
    expect(guest.locator("[data-code]")).not_to_have_text(f"{before[:3]} {before[3:]}")
    _pass(guest, 180)
    expect(guest.locator("[data-presented]")).to_have_count(0)
    expect(guest.get_by_text("Die Ziffern sind abgelaufen.")).to_be_visible()
    assert [] == bad + worse
    assert town.verify().ok


def _pass(page: Page, seconds: int) -> None:
    """Let a page's clock say that so many seconds went by since it was loaded."""
    page.evaluate("seconds => { const real = Date.now; Date.now = () => real() + 1000 * seconds; }", seconds)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_digits_without_a_script(browser: Browser, town: Town) -> None:
    """The page stands there with the digits of the minute, and the link to those of now."""
    offer_id = _stall(town)
    sealer = services.sealer(towns.settings(town.database, town.folder))

    def allow(work: Work) -> None:
        presented_policies.save(work, presented_policies.EVERYWHERE, presented_policies.SUGGESTED)
        presented_venues.turn_on(work, town.city, sealer, town.pool.venue_id, [offer_id])

    town.database.run(town.city.city_id, allow)
    context = browser.new_context(locale="de-DE", java_script_enabled=False)
    page = context.new_page()
    _enter(page, town.link(GUEST))
    page.goto(f"{town.url}/vouchers")
    page.get_by_role("link", name=re.compile("Einmal schwimmen")).first.click()
    page.get_by_role("link", name="Vor dem Personal einlösen").click()
    page.get_by_role("button", name="Jetzt einlösen").click()
    assert re.fullmatch(r"\d{6}", _digits(page))
    expect(page.get_by_role("link", name="Die von jetzt zeigen")).to_be_visible()
    page.reload()
    assert re.fullmatch(r"\d{6}", _digits(page))
    context.close()
