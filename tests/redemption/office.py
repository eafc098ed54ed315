"""A ticket office for tests: one city with venues, devices, keys and people who have points."""

import datetime as dt
from dataclasses import replace

from kernel import cities
from kernel.cities import City
from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import chart, invariants, posting, queries, transfers, wallets
from ledger.invariants import Report
from ledger.queries import StatementLine
from merchants import devices, venues
from merchants.directions import Direction
from merchants.venues import NewVenue, Venue, VenueKind
from redemption import (
    buying,
    cancelling,
    codes,
    keys,
    live_keys,
    offers,
    redeeming,
    undoing,
    vouchers,
)
from redemption.keys import Sealer
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from redemption.offers import Offer
from redemption.undoing import Undone
from redemption.verdicts import Verdict
from redemption.vouchers import Voucher

SEALER = Sealer("a secret of the test office, long enough")
SOON = dt.date(2026, 12, 31)
LATER = dt.date(2028, 12, 31)
SWIM = NewOffer(
    code="swim",
    kind=OfferKind.POOL,
    titles={"de": "Einmal schwimmen", "en": "One swim"},
    descriptions={"de": "Eintritt für eine Person.", "en": "Admission for one."},
    pictogram="pool",
    price_points=120,
    value_cents=450,
    places=10,
    valid_days=30,
)


class Office:
    """Sells, scans and counts in one city, each step in its own unit of work."""

    def __init__(self, database: Database, city_id: int) -> None:
        self.database = database
        self.city_id = city_id
        self.sealer = SEALER
        database.run(city_id, chart.open_chart)
        database.run(city_id, lambda work: keys.rotate(work, SEALER))
        database.run(city_id, lambda work: live_keys.ensure(work, SEALER))
        self.pool, self.zoo = self.add_venue("Freibad Kaiserberg"), self.add_venue("Zoo")
        self.till, self.gate = self.add_device(self.pool, "Kasse 1"), self.add_device(self.zoo, "Tor")
        database.run(
            city_id,
            lambda work: chart.fund_budget(
                work,
                "litter",
                1_000_000,
                effective=dt.date(2026, 1, 1),
                reference="council",
                transfer_id=work.ids.uuid(),
            ),
        )

    @property
    def city(self) -> City:
        """The city as it is now."""
        with self.database.reading(self.city_id) as reading:
            return cities.get(reading)

    @property
    def clock(self) -> FixedClock:
        """The clock of the database."""
        assert isinstance(self.database.clock, FixedClock)
        return self.database.clock

    def add_venue(self, name: str) -> Venue:
        """Open a venue."""
        new = NewVenue(
            name=name,
            kind=VenueKind.POOL,
            street="Weg 1",
            postcode="47057",
            district="Duissern",
            payee_name=name,
        )
        return self.database.run(self.city_id, lambda work: venues.create(work, new))

    def add_device(self, venue: Venue, name: str) -> int:
        """Enrol a device."""
        return self.database.run(
            self.city_id, lambda work: devices.enrol(work, venue.venue_id, name)[0].device_id
        )

    def give(self, owner: str, points: int, expires_on: dt.date = LATER) -> None:
        """Let somebody have earned points."""

        def award(work: Work) -> None:
            lot = wallets.open_lot(work, owner, expires_on)
            award = transfers.post(
                work.ids.uuid(), "budget/litter", lot, points, effective=work.now.date(), purpose="award"
            )
            posting.post_or_raise(work, [award])

        self.database.run(self.city_id, award)

    def draft(self, new: NewOffer = SWIM, *where: Venue) -> Offer:
        """Make a draft, at the pool unless said otherwise."""
        venue_ids = tuple(venue.venue_id for venue in where or (self.pool,))
        full = new if new.kind.by_reference else replace(new, venue_ids=venue_ids)
        return self.database.run(self.city_id, lambda work: offers.create(work, full))

    def offer(self, new: NewOffer = SWIM, *where: Venue) -> Offer:
        """Make an offer and publish it."""
        offer_id = self.draft(new, *where).offer_id
        return self.database.run(self.city_id, lambda work: offers.publish(work, self.city, offer_id))

    def buy(self, owner: str, offer: Offer) -> Voucher:
        """Buy a voucher."""
        city = self.city
        return self.database.run(
            self.city_id, lambda work: buying.buy(work, city, owner, offer.offer_id, self.sealer)
        )

    def cancel(self, owner: str, voucher: Voucher) -> Voucher:
        """Give a voucher back."""
        city = self.city
        return self.database.run(
            self.city_id, lambda work: cancelling.cancel(work, city, owner, voucher.voucher_id)
        )

    def scan(
        self,
        code: Voucher | str,
        *,
        venue: Venue | None = None,
        device: int | None = None,
        nonce: str = "",
        seen_moving: bool = False,
        uses: int = 1,
        direction: Direction | None = None,
    ) -> Verdict:
        """Scan what the app shows, or a text, at the pool's till unless said otherwise."""
        text = code if isinstance(code, str) else codes.app_text(code.token)
        city, venue_id = self.city, (venue or self.pool).venue_id
        return self.database.run(
            self.city_id,
            lambda work: redeeming.redeem(
                work,
                city,
                text,
                self.sealer,
                venue_id=venue_id,
                device_id=device or self.till,
                scan_nonce=nonce or work.ids.token(),
                seen_moving=seen_moving,
                uses=uses,
                direction=direction,
            ),
        )

    def undo(self, verdict: Verdict, venue: Venue | None = None) -> Undone:
        """Take a scan back, at the pool unless said otherwise."""
        city, venue_id = self.city, (venue or self.pool).venue_id
        return self.database.run(
            self.city_id, lambda work: undoing.undo(work, city, verdict.scan_id, venue_id=venue_id)
        )

    def look(self, voucher: Voucher) -> Voucher:
        """Read a voucher again."""
        with self.database.reading(self.city_id) as reading:
            return vouchers.get(reading, voucher.voucher_id)

    def look_at(self, offer: Offer) -> Offer:
        """Read an offer again."""
        with self.database.reading(self.city_id) as reading:
            return offers.get(reading, offer.offer_id)

    def points(self, owner: str) -> int:
        """Return what somebody can spend now."""
        with self.database.reading(self.city_id) as reading:
            return wallets.wallet(reading, owner).available

    def posted(self, path: str) -> int:
        """Return the posted balance of an account."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path).posted

    def available(self, path: str) -> int:
        """Return what an account can spend."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path).available

    def verify(self) -> Report:
        """Check every invariant of the book."""
        with self.database.reading(self.city_id) as reading:
            return invariants.verify(reading)

    def statement(self, path: str) -> list[StatementLine]:
        """Return an account's lines, newest first."""
        with self.database.reading(self.city_id) as reading:
            return queries.statement(reading, path)
