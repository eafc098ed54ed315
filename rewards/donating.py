"""Donating points to a club or a school: a transfer from one's lots to the venue account that it has.

A club is a venue that offers nothing and receives donations: it has a contract with the city, which pays it
for donated points as it pays a pool for tickets, with the same statements. So points still can't be bought,
paid out to a person or given to another person.
"""

from dataclasses import dataclass
from uuid import UUID

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid
from ledger import posting, queries, transfers, wallets
from merchants import venues
from merchants.venues import Venue, VenueKind

PURPOSE = "donation"
_SUBJECT = "donation/"
KINDS = frozenset({VenueKind.CLUB, VenueKind.SCHOOL})
"""The kinds of venues that receive donations."""


@dataclass(frozen=True, slots=True)
class Donation:
    """Points that somebody gave."""

    donation_id: UUID
    venue_id: int
    venue_name: str
    points: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who may be given points, and how many everybody has given so far."""

    venue: Venue
    received: int


def recipients(reading: Reading) -> list[Recipient]:
    """Return the clubs and schools that take donations now, by name."""
    found = [one for one in venues.every(reading) if one.kind in KINDS and one.active]
    left = queries.balances(reading, [venues.points_path(one.venue_id) for one in found])
    received = {one.venue_id: left[venues.points_path(one.venue_id)].credits_posted for one in found}
    return [
        Recipient(one, received[one.venue_id]) for one in sorted(found, key=lambda one: one.name.casefold())
    ]


def donate(work: Work, city: City, owner: str, venue_id: int, points: int) -> Donation:
    """Give points, those that expire first, to a club or a school; it can't be taken back.

    Raises NotFound `venue-not-found`, Conflict `venue-takes-no-donations` or `insufficient-points`, Invalid
    `donation-points-invalid`.
    """
    venue = venues.get(work, venue_id)
    if venue.kind not in KINDS or not venue.active:
        raise Conflict("venue-takes-no-donations", field="venue_id", venue=venue.name)
    if points < 1:
        raise Invalid("donation-points-invalid", field="points")
    today = city.day_of(work.now)
    parts = wallets.split(wallets.wallet(work, owner).lots, points, today)
    donation_id = work.ids.uuid()
    batch = [
        transfers.post(
            work.ids.uuid(),
            lot,
            venues.points_path(venue_id),
            amount,
            effective=today,
            purpose=PURPOSE,
            subject=f"{_SUBJECT}{venue_id}",
            group_id=donation_id,
        )
        for lot, amount in parts
    ]
    posting.post_or_raise(work, batch)
    return Donation(donation_id, venue_id, venue.name, points)


def venue_of(subject: str) -> int | None:
    """Return which venue a donation's transfer was for, None if the subject is no donation's."""
    number = subject.removeprefix(_SUBJECT)
    return int(number) if subject.startswith(_SUBJECT) and number.isdigit() else None
