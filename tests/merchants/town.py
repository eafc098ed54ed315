"""A town for merchants' tests: venues, guests who redeem, days that pass."""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database
from ledger import accounts, chart, invariants, posting, queries, transfers
from ledger.accounts import Guard, NewAccount
from ledger.outcomes import Counters
from merchants import contracts, settlement_checks, settlements, settling, venues
from merchants.periods import PeriodKind
from merchants.settlements import Settlement
from merchants.statements import ProductTax
from merchants.venues import NewVenue, Venue, VenueKind

MAY = dt.date(2026, 5, 1)
JUNE = dt.date(2026, 6, 1)
JULY = dt.date(2026, 7, 1)
RHEIN_POOL = NewVenue(
    name="Rheinbad",
    kind=VenueKind.POOL,
    street="Am Schwimmbad 1",
    postcode="47053",
    district="Wanheimerort",
    payee_name="Rheinbad Betriebs-GmbH",
    iban="DE89 3704 0044 0532 0130 00",
    latitude_e6=51_405_000,
    longitude_e6=6_760_000,
)
LOTS = tuple(
    NewAccount(f"wallet/anna/{year}-12-31", "DUC", owner="anna", expires_on=dt.date(year, 12, 31))
    for year in (2028, 2029)
)
BUYER = NewAccount("eur/receivable/anna", "EUR", Guard.NONE)
"""What anna paid in euros before she came."""
_ENDLESS = 10**12


class Town:
    """One city with a rich guest called anna."""

    def __init__(self, database: Database, city_id: int, clock: FixedClock) -> None:
        self.database = database
        self.city_id = city_id
        self.clock = clock
        self._vouchers = itertools.count(1)
        database.run(city_id, chart.open_chart)
        database.run(city_id, lambda work: accounts.open_accounts(work, (*LOTS, BUYER)))
        self.city = database.run(city_id, cities.get)
        self._post(
            *(
                transfers.post(
                    database.ids.uuid(), "issued", lot.path, _ENDLESS, effective=MAY, purpose="test"
                )
                for lot in LOTS
            )
        )

    def open_venue(
        self,
        *,
        rate: int | None = 2,
        period: PeriodKind = PeriodKind.MONTH,
        valid_from: dt.date = MAY,
        **changes: str,
    ) -> Venue:
        """Open a venue, with a contract unless `rate` is None."""
        new = replace(RHEIN_POOL, **changes)  # type: ignore[arg-type]  # only texts are changed here
        venue = self.database.run(self.city_id, lambda work: venues.create(work, new))
        if rate is not None:
            self.sign(venue.venue_id, rate=rate, period=period, valid_from=valid_from)
        return venue

    def sign(
        self, venue_id: int, *, rate: int = 2, period: PeriodKind = PeriodKind.MONTH, valid_from: dt.date
    ) -> contracts.Contract:
        """Sign a contract."""
        return self.database.run(
            self.city_id,
            lambda work: contracts.sign(
                work, venue_id, rate_cents_per_point=rate, period=period, valid_from=valid_from
            ),
        )

    def redeem(
        self,
        venue_id: int,
        *points: int,
        cents: int = 0,
        product: str = "pool-day",
        on: dt.date | None = None,
    ) -> list[UUID]:
        """Redeem a voucher that was paid with `points` of each lot in turn, and euros; return the captures."""
        subject = f"{product}/{next(self._vouchers):016x}"
        day = on or self.city.day_of(self.clock.now())
        target = venues.points_path(venue_id)
        parts = [(lot.path, target, amount) for lot, amount in zip(LOTS, points, strict=False)]
        if cents:
            self.database.run(self.city_id, lambda work: venues.open_takings(work, [venue_id]))
            parts.append((BUYER.path, venues.takings_path(venue_id), cents))
        bought, used = self.database.ids.uuid(), self.database.ids.uuid()
        holds = [
            transfers.hold(
                self.database.ids.uuid(),
                debit,
                credit,
                amount,
                effective=day,
                purpose="voucher",
                subject=subject,
                group_id=bought,
            )
            for debit, credit, amount in parts
        ]
        captures = [
            transfers.capture(
                self.database.ids.uuid(),
                hold.transfer_id,
                effective=day,
                purpose="redemption",
                group_id=used,
            )
            for hold in holds
        ]
        self._post(*holds, *captures)
        return [capture.transfer_id for capture in captures]

    def undo(self, captures: list[UUID]) -> None:
        """Give the points of one redemption back."""
        day = self.city.day_of(self.clock.now())
        group = self.database.ids.uuid()
        self._post(
            *(
                transfers.reverse(self.database.ids.uuid(), capture, effective=day, group_id=group)
                for capture in captures
            )
        )

    def go_to(self, day: dt.date) -> None:
        """Let time pass until noon of a day."""
        self.clock.move_to(dt.datetime.combine(day, dt.time(12), self.city.zone))

    def settle(
        self, venue_id: int, first_day: dt.date = MAY, taxes: Mapping[str, ProductTax] = settling.NO_TAXES
    ) -> Settlement:
        """Settle a period in a unit of work of its own."""
        return self.database.run(
            self.city_id, lambda work: settling.settle(work, self.city, venue_id, first_day, taxes)
        )

    def made_anew(self, settlement: Settlement) -> str:
        """Return the statement's document, made from the ledger again."""
        with self.database.reading(self.city_id) as reading:
            return settling.reproduce(reading, settlement)

    def statements_of(self, venue_id: int) -> list[Settlement]:
        """Return a venue's settlements, newest first."""
        with self.database.reading(self.city_id) as reading:
            return settlements.of_venue(reading, venue_id)

    def due(self) -> list[tuple[int, dt.date]]:
        """Return what is due."""
        with self.database.reading(self.city_id) as reading:
            return settling.due_settlements(reading, self.city)

    def left(self, path: str) -> Counters:
        """Return an account's counters."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path)

    def lines(self, path: str) -> list[queries.StatementLine]:
        """Return the newest lines of an account."""
        with self.database.reading(self.city_id) as reading:
            return queries.statement(reading, path)

    def head(self) -> int:
        """Return the number of the newest transfer."""
        with self.database.reading(self.city_id) as reading:
            return queries.head_sequence(reading)

    def check_books(self) -> None:
        """Expect every invariant of the book to hold, and every statement to come from it."""
        with self.database.reading(self.city_id) as reading:
            assert invariants.verify(reading).findings == ()
            assert all(one.agrees for one in settlement_checks.owed(reading))
            for settlement in settlements.page(reading, limit=settlements.PAGE_MAX):
                assert settling.reproduce(reading, settlement) == settlement.document

    def _post(self, *batch: transfers.Transfer) -> None:
        self.database.run(self.city_id, lambda work: posting.post_or_raise(work, batch))
