"""What a venue sees of its day, read from its ledger accounts."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from kernel import db
from kernel.cities import City
from ledger import queries
from ledger.queries import StatementLine
from merchants import takings, venues


@dataclass(frozen=True, slots=True)
class Entry:
    """One redemption, or its undoing."""

    at: dt.datetime
    """When it was booked."""
    product: str
    """Code of the offer."""
    voucher_id: str
    points: int
    """Below zero if a redemption was undone."""
    cents: int = 0
    """What the guest had paid in euros; below zero likewise."""


@dataclass(frozen=True, slots=True)
class VenueDay:
    """A venue's day and what it has coming."""

    day: dt.date
    entries: tuple[Entry, ...]
    """Newest first; only what happened on this day."""
    unsettled_points: int
    """Points on no statement yet, earlier days included."""
    unsettled_cents: int
    """Euros that guests paid, on no statement yet."""
    payable_cents: int
    """On statements, but not paid yet."""

    @property
    def redemptions(self) -> int:
        """How many redemptions there were, undone ones taken off."""
        return sum(1 if entry.points + entry.cents > 0 else -1 for entry in self.entries)

    @property
    def points(self) -> int:
        """Points taken, undone ones taken off."""
        return sum(entry.points for entry in self.entries)

    @property
    def cents(self) -> int:
        """Euros that guests had paid for it, undone ones taken off."""
        return sum(entry.cents for entry in self.entries)


def today(reading: db.Reading, city: City, venue_id: int) -> VenueDay:
    """Return the city's present day at a venue. Raises NotFound `venue-not-found`."""
    venues.get(reading, venue_id)
    day = city.day_of(reading.now)
    points, payable = venues.points_path(venue_id), venues.payable_path(venue_id)
    euros = venues.takings_path(venue_id)
    left = queries.balances(reading, [points, payable, euros])
    uses = itertools.groupby(_lines_of(reading, city, venue_id, day), key=takings.use_of)
    return VenueDay(
        day,
        tuple(_entry(list(use)) for _, use in uses),
        unsettled_points=left[points].posted,
        unsettled_cents=left[euros].posted,
        payable_cents=left[payable].posted,
    )


def _lines_of(reading: db.Reading, city: City, venue_id: int, day: dt.date) -> Iterator[StatementLine]:
    midnight = dt.datetime.combine(day, dt.time.min, city.zone)
    for line in takings.lines(reading, venue_id):
        # Nothing of today was booked before today, so the rest of the account need not be read.
        if line.booked.booked_at < midnight:
            return
        if line.booked.effective == day and line.booked.purpose != takings.PURPOSE_SETTLEMENT:
            yield line


def _entry(use: list[StatementLine]) -> Entry:
    product, _, voucher_id = use[0].booked.subject.partition("/")
    return Entry(use[0].booked.booked_at, product, voucher_id, *takings.amounts_of(use))
