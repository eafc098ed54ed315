"""A gate of the pool in the browser: a device that joins by invitation, and a guest who has a voucher."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, expect

from api import services
from identity import persons
from kernel.db import Work
from ledger import chart, posting, transfers, wallets
from merchants import devices, enrolling
from merchants.devices import Limits
from merchants.directions import Direction
from redemption import buying, codes, handing_in, keys, offers, publishing_status, tokens, vouchers
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind, Terms
from redemption.tokens import Flags
from redemption.vouchers import Voucher
from tests.browser import town as towns
from tests.browser.town import Town
from tests.fixtures.chromium import PHONE, watch

T = TypeVar("T")
GUEST = "gesa@duisburg.example"
POINTS = 1000


@dataclass
class Gate:
    """A town with somebody at the door."""

    town: Town
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sealer = services.sealer(towns.settings(self.town.database, self.town.folder))
        self.run(self._provide)
        self.publish()

    def run(self, command: Callable[[Work], T]) -> T:
        """Do something in the city."""
        return self.town.database.run(self.town.city.city_id, command)

    def publish(self) -> None:
        """Let the city sign the list of used vouchers, as the worker does."""
        self.run(lambda work: publishing_status.publish(work, self.sealer, f"{self.town.url}/status"))

    def invite(self, gate: str | None = None, direction: Direction = Direction.IN) -> str:
        """Return the secret of an invitation."""
        limits = Limits(gate, None, direction)
        _, secret = self.run(
            lambda work: enrolling.invite(
                work, self.town.pool.venue_id, "Handy", invited_by="person/1", limits=limits
            )
        )
        return secret

    def sell(self, offer_id: int | None = None) -> Voucher:
        """Let the guest buy a voucher."""

        def command(work: Work) -> Voucher:
            guest = persons.by_email(work, GUEST)
            assert guest is not None
            return buying.buy(
                work, self.town.city, guest.owner, offer_id or self.town.swim.offer_id, self.sealer
            )

        return self.run(command)

    def offer(
        self, *, uses: int = 1, undo_minutes: int = 0, value_cents: int = 450, terms: Terms | None = None
    ) -> int:
        """Return the number of another offer of the pool."""
        new = NewOffer(
            code=f"swim-{uses}-{undo_minutes}-{value_cents}",
            kind=OfferKind.POOL,
            titles={"de": "Mehrfachkarte", "en": "Strip of tickets"},
            descriptions={"de": "Mehrere Besuche.", "en": "Several visits."},
            pictogram="pool",
            price_points=5 * uses,
            value_cents=value_cents * uses,
            venue_ids=(self.town.pool.venue_id,),
            places=5,
            valid_days=30,
            terms=terms or Terms(uses=uses, undo_minutes=undo_minutes),
        )

        def command(work: Work) -> int:
            made = offers.create(work, new)
            return offers.publish(work, self.town.city, made.offer_id).offer_id

        return self.run(command)

    def voucher(self, voucher_id: str) -> Voucher:
        """Return the voucher as it is now."""
        with self.town.database.reading(self.town.city.city_id) as reading:
            (found,) = vouchers.find(reading, voucher_ids=[voucher_id], manual_codes=[])
            return found

    def device(self, scanner: Page) -> int:
        """Return the number of a scanner's device."""
        number: str = scanner.evaluate(
            "import('/static/js/scan/store.js').then(async (store) => (await store.get('device')).id)"
        )
        return int(number)

    def through(self, scanner: Page) -> int:
        """Return up to which number the city has the log of a scanner's device."""
        number = self.device(scanner)
        with self.town.database.reading(self.town.city.city_id) as reading:
            return handing_in.known(reading, devices.get(reading, number)).link.seq

    def lease(self, scanner: Page) -> str:
        """Return the code of a voucher that is reserved for a scanner's device."""
        claims = replace(
            tokens.own_claims(self.sell().token),
            flags=Flags.LEASE,
            device=tokens.device_name(self.device(scanner)),
        )
        return codes.app_text(self.run(lambda work: tokens.issue(claims, keys.active(work, self.sealer))))

    def scanner(
        self,
        browser: Browser,
        gate: str | None = None,
        direction: Direction = Direction.IN,
        **context: object,
    ) -> Page:
        """Return the scanner of a device that has just joined."""
        page = self.phone(browser, **context)
        page.goto(f"{self.town.url}/scan/enrol#{self.invite(gate, direction)}")
        expect(page.locator("#tier")).to_have_text("Mit Netz", timeout=15_000)
        return page

    def phone(self, browser: Browser, **given: object) -> Page:
        """Return a German phone's page; script errors are noted."""
        context: BrowserContext = browser.new_context(
            **{"locale": "de-DE", "timezone_id": "Europe/Berlin", "viewport": PHONE, **given}  # type: ignore[arg-type]  # Playwright's names
        )
        page = context.new_page()
        self.complaints += watch(page)
        return page

    def _provide(self, work: Work) -> None:
        guest = persons.register(work, GUEST, name="Gesa")
        today = self.town.city.day_of(work.now)
        chart.fund_budget(
            work, "gate", POINTS, effective=today, reference="DS 2", transfer_id=work.ids.uuid()
        )
        lot = wallets.open_lot(work, guest.owner, dt.date(2028, 12, 31))
        gift = transfers.post(work.ids.uuid(), "budget/gate", lot, POINTS, effective=today, purpose="award")
        posting.post_or_raise(work, [gift])


def hand_scan(page: Page, text: str, layout: Mapping[str, str] | None = None) -> None:
    """Type a code as a hand scanner does: the keys of an American keyboard within a moment.

    `layout`: what letters arrive where the computer has another keyboard.
    """
    page.evaluate(
        """([text, layout]) => {
          const shifted = {':': 'Semicolon', '$': 'Digit4', '%': 'Digit5', '*': 'Digit8', '+': 'Equal'};
          const plain = {'-': 'Minus', '.': 'Period', '/': 'Slash', ' ': 'Space'};
          for (const one of [...text, 'Enter']) {
            const named = one === 'Enter' ? one : /[0-9]/.test(one) ? `Digit${one}` : `Key${one}`;
            const code = shifted[one] ?? plain[one] ?? named;
            const shiftKey = /^[A-Z]$/.test(one) || one in shifted;
            const event = { key: layout[one] ?? one, code, shiftKey, bubbles: true, cancelable: true };
            (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', event));
          }
        }""",
        [text, dict(layout or {})],
    )
