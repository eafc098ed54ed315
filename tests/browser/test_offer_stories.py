"""Each kind of offer in a real browser, from browsing to scanned and given back, and each way of paying euros."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from identity import persons
from identity.roles import Role
from kernel.db import Work
from ledger import posting, transfers, wallets
from merchants import billing
from redemption import fine_references, offers
from redemption.file_register import FileFineRegister
from redemption.fines import DueKind, Fine
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import PLAIN, OfferKind
from redemption.offers import Offer
from tests.browser.town import Town
from tests.fixtures.chromium import PHONE, watch
from tests.fixtures.databases import START
from tests.redemption.bank import IBAN, Credit, camt

AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"
ANNA = "anna@duisburg.example"
DESKTOP = ViewportSize(width=1280, height=800)
POINTS = 5000
EVENING = {
    "event_begins_at": START + dt.timedelta(days=7),
    "event_ends_at": START + dt.timedelta(days=7, hours=2),
    "seats": ("A1", "A2", "A3"),
}


class Stories:
    """A town with an offer of each kind, somebody with points, and a till at the pool."""

    def __init__(self, town: Town, browser: Browser) -> None:
        self.town, self.browser = town, browser
        self.faults: list[list[str]] = []
        self.phone = self.open(PHONE, town.link(ANNA))
        town.database.run(town.city.city_id, self._give)
        self.register = FileFineRegister(town.folder / town.city.slug / "fines")

    def open(self, size: ViewportSize, link: str) -> Page:
        """Open a browser and sign in."""
        context = self.browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport=size)
        page = context.new_page()
        self.faults.append(watch(page))
        page.goto(link)
        page.get_by_role("button", name="Anmelden").click()
        expect(page.get_by_text("Willkommen!")).to_be_visible()
        return page

    def sell(self, new: NewOffer) -> Offer:
        """Publish an offer at the pool, or for what a register asks for."""
        town = self.town
        full = new if new.kind.by_reference else replace(new, venue_ids=(town.pool.venue_id,))

        def command(work: Work) -> Offer:
            return offers.publish(work, town.city, offers.create(work, full).offer_id)

        return town.database.run(town.city.city_id, command)

    def owe(self, kind: DueKind) -> str:
        """Put a fine or a fee into the register; return its reference."""
        reference = fine_references.derive("DU", f"story {kind.value}")
        title = "Bewohnerparkausweis" if kind is DueKind.FEE else ""
        self.register.add([Fine(reference, 3000, START, "Königstraße 1", (), kind=kind, title=title)])
        return reference

    def browse(self, offer: Offer) -> None:
        """Find an offer among all, and open it."""
        self.phone.goto(f"{self.town.url}/offers")
        looks_well(self.phone)
        self.phone.get_by_role("link", name=offer.titles["de"], exact=True).click()
        expect(self.phone.get_by_role("heading", name=offer.titles["de"])).to_be_visible()
        looks_well(self.phone)

    def buy(self, offer: Offer) -> None:
        """Buy it with points."""
        self.browse(offer)
        self.phone.get_by_role("button", name="kaufen").click()
        expect(self.phone.get_by_text("Hier ist Ihr Gutschein.")).to_be_visible()
        looks_well(self.phone)

    def give_back(self) -> None:
        """Give the voucher back that is on the screen."""
        self.phone.get_by_role("link", name="Zurückgeben").click()
        looks_well(self.phone)
        self.phone.get_by_role("button", name="Zurückgeben").click()
        expect(self.phone.get_by_text("Zurückgegeben: Die Punkte gehören wieder Ihnen.")).to_be_visible()
        looks_well(self.phone)

    def code(self) -> str:
        """Return the typed code of the voucher that is on the screen."""
        return self.phone.locator(".code__typed").inner_text()

    def order(self, offer: Offer, way: str, seat: str = "") -> None:
        """Order it for points and euros."""
        self.browse(offer)
        if seat:
            self.phone.get_by_label("Platz").select_option(seat)
        choose(self.phone, way)
        self.phone.get_by_role("button", name="Bestellen und bezahlen").click()
        expect(self.phone.get_by_text("Wartet auf Ihre Zahlung")).to_be_visible()
        looks_well(self.phone)

    def pay_on_the_page(self) -> None:
        """Pay on the page of the payment service, and come back."""
        self.phone.get_by_role("link", name="bezahlen").click()
        looks_well(self.phone)
        self.phone.get_by_role("button", name="Weiter").click()
        expect(self.phone.get_by_text("Bezahlt", exact=True)).to_be_visible()

    def show_and_scan(self, till: Page) -> None:
        """Come back to the order, which is paid by now, and let the voucher be scanned."""
        self.town.clock.advance(dt.timedelta(minutes=1))
        self.phone.reload()
        self.phone.get_by_role("link", name="Gutschein zeigen").click()
        scan(till, self.code(), "green", "Gültig")

    def end(self) -> None:
        """Expect books that verify, and no complaint of any page."""
        assert self.town.verify().ok
        refused = ("409", "422")
        assert [] == [one for page in self.faults for one in page if not any(code in one for code in refused)]

    def balance(self) -> int:
        """Return what Anna can spend."""
        return self.town.wallet(ANNA).available

    def till(self) -> Page:
        """Open the pool's till, and make it one."""
        link = self.town.link("paul@pool.example", Role.VENUE_STAFF, venue_id=self.town.pool.venue_id)
        page = self.open(DESKTOP, link)
        page.goto(f"{self.town.url}/venue")
        page.get_by_role("button", name="Hier für Rhein-Ruhr-Bad scannen").click()
        return page

    def _give(self, work: Work) -> None:
        person = persons.by_email(work, ANNA)
        assert person is not None
        lot = wallets.open_lot(work, person.owner, START.date().replace(year=START.year + 2))
        gift = transfers.post(
            work.ids.uuid(), "issued", lot, POINTS, effective=work.now.date(), purpose="test"
        )
        posting.post_or_raise(work, [gift])


def looks_well(page: Page) -> None:
    """Nothing sticks out sideways, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate(AXE.read_text("utf-8"))
    findings = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]


def choose(page: Page, way: str) -> None:
    """Choose how the euros are paid, if there is a choice."""
    if page.locator(f"input[type=radio][name=way][value={way}]").count():
        page.locator(f"input[name=way][value={way}]").check()


def scan(till: Page, code: str, colour: str, text: str) -> None:
    """Type a code at the till, and read the verdict."""
    till.get_by_label("Code").fill(code)
    till.get_by_role("button", name="Prüfen").click()
    expect(till.locator(f"[data-verdict={colour}]")).to_contain_text(text)


def sold(kind: OfferKind, title: str, **terms: object) -> NewOffer:
    """Return an offer of 100 points."""
    return NewOffer(
        code=title.lower().replace(" ", "-"),
        kind=kind,
        titles={"de": title, "en": title},
        descriptions={"de": "Für eine Person.", "en": "For one person."},
        pictogram="ticket",
        price_points=100,
        value_cents=450,
        places=10,
        valid_days=30,
        vat_kind=VatKind.DISCOUNT if kind is OfferKind.DISCOUNT else VatKind.MULTI_PURPOSE,
        terms=replace(PLAIN, **terms),  # type: ignore[arg-type]  # as named by the caller
    )


def due(kind: DueKind) -> NewOffer:
    """Return the offer by which fines or fees are paid."""
    title = {"de": "Bezahlen", "en": "Pay"}
    return NewOffer(kind.value, OfferKind(kind), title, title, kind.value, vat_kind=VatKind.DISCOUNT)


def test_each_kind_of_offer_goes_from_browsing_to_scanned_and_back(town: Town, browser: Browser) -> None:
    """Ticket, tram ticket, strip and discount are bought, given back, bought again and used; a fine and a fee are paid."""
    stories = Stories(town, browser)
    phone, till = stories.phone, stories.till()
    looks_well(till)
    for offer in (sold(OfferKind.TICKET, "Museum"), sold(OfferKind.DISCOUNT, "Rabatt", discount_percent=10)):
        made = stories.sell(offer)
        stories.buy(made)
        stories.give_back()
        stories.buy(made)
        scan(till, stories.code(), "green", "Gültig")
        looks_well(till)
        scan(till, stories.code(), "red", "Schon eingelöst")
    assert POINTS - 200 == stories.balance()

    stories.buy(stories.sell(sold(OfferKind.POOL, "Strip", uses=10)))
    scan(till, stories.code(), "green", "9 von 10")
    phone.reload()
    stories.give_back()
    assert POINTS - 210 == stories.balance()

    stories.buy(stories.sell(sold(OfferKind.TICKET, "Tram", activation_minutes=1440)))
    phone.get_by_role("button", name="Jetzt aktivieren").click()
    expect(phone.get_by_text("Aktiviert. Zeigen Sie den Code")).to_be_visible()
    looks_well(phone)
    for _ in range(2):
        scan(till, stories.code(), "green", "Tram")

    for kind in DueKind:
        stories.sell(due(kind))
        reference = stories.owe(kind)
        phone.goto(f"{town.url}/fines")
        phone.get_by_label("Aktenzeichen").fill(reference.lower())
        phone.get_by_role("button", name="Suchen").click()
        looks_well(phone)
        if kind is DueKind.FINE:
            phone.get_by_role("button", name="Ganz bezahlen: 3.000 Punkte").click()
        else:
            phone.get_by_label("Wie viele Punkte").fill("500")
            choose(phone, "test")
            phone.get_by_role("button", name="Ganz bezahlen mit Punkten und Euro").click()
            stories.pay_on_the_page()
            phone.get_by_role("link", name="Quittung ansehen").click()
        expect(phone.get_by_role("heading", name="Ganz bezahlt")).to_be_visible()
        expect(phone.get_by_text(reference)).to_be_visible()
        looks_well(phone)
    assert (3000, 3000) == tuple(town.balance(f"eur/payable/{name}").posted for name in ("fines", "fees"))
    stories.end()


def test_each_way_of_paying_euros_leads_to_the_voucher(town: Town, browser: Browser) -> None:
    """On the service's page, by transfer with a bank's file taken in, and in cash at a desk; the one by card goes back."""
    profile = billing.Profile(
        "Stadt Duisburg",
        "Burgplatz 19",
        "47051",
        "Duisburg",
        "kasse@duisburg.example",
        "05112000-KAEMM-38",
        IBAN,
    )
    town.database.run(town.city.city_id, lambda work: billing.save(work, profile))
    stories = Stories(town, browser)
    phone, till = stories.phone, stories.till()
    offer = stories.sell(replace(sold(OfferKind.POOL, "Sauna"), price_cents=250))

    concert = replace(
        sold(OfferKind.TICKET, "Konzert", **EVENING), price_cents=250, places=None, valid_days=None
    )
    stories.order(stories.sell(concert), "test", seat="A2")
    expect(phone.locator("dd", has_text="A2")).to_be_visible()
    stories.pay_on_the_page()
    phone.get_by_role("link", name="Gutschein zeigen").click()
    expect(phone.locator("dd", has_text="A2")).to_be_visible()
    looks_well(phone)
    stories.give_back()

    stories.order(offer, "transfer")
    reference = phone.locator("dd", has_text="RF").inner_text()
    treasury = stories.open(DESKTOP, town.link("tom@duisburg.example", Role.TREASURER))
    treasury.goto(f"{town.url}/treasury/bank")
    looks_well(treasury)
    treasury.get_by_role("link", name="Kontoauszug einlesen").click()
    looks_well(treasury)
    file = {"name": "camt.xml", "mimeType": "application/xml", "buffer": camt(Credit(250, reference))}
    treasury.get_by_label("Datei der Bank").set_input_files(file)  # type: ignore[arg-type]  # Playwright's own
    treasury.get_by_role("button", name="Einlesen").click()
    expect(treasury.get_by_text("Der Kontoauszug ist eingelesen.")).to_be_visible()
    looks_well(treasury)
    stories.show_and_scan(till)

    stories.order(offer, "desk")
    code = phone.locator("[data-desk-code]").get_attribute("data-desk-code") or ""
    desk = stories.open(DESKTOP, town.link("carla@duisburg.example", Role.CASE_WORKER))
    desk.goto(f"{town.url}/office/cash")
    desk.get_by_label("Code der Bestellung").fill(code[:-1] + ("0" if code[-1] != "0" else "1"))
    desk.get_by_role("button", name="Suchen").click()
    looks_well(desk)
    desk.get_by_label("Code der Bestellung").fill(code)
    desk.get_by_role("button", name="Suchen").click()
    desk.get_by_label("Belegnummer").fill("R-1")
    looks_well(desk)
    desk.get_by_role("button", name="Geld erhalten").click()
    looks_well(desk)
    stories.show_and_scan(till)
    stories.end()
