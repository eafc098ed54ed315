"""Who is inside: what follows from the passages of a voucher's guests. Pure.

An offer that lets guests in again counts them at the gates. Coming in takes a use once; who went out comes in
again without one, until the day, or the event, is over. What follows depends only on which passages there
are, in whatever order they became known: those of gates without a network come later.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from kernel.cities import City
from merchants.directions import Direction
from redemption.offer_terms import Reentry, Terms
from redemption.verdicts import PASSED, VerdictCode

UNDO_MINUTES = 5
"""How long a passage that took no use may be taken back: nothing of value hangs on it."""
PASSING = frozenset(code.value for code in PASSED)
"""The decisions by which guests pass a gate without a use."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Guests of one voucher pass a gate."""

    passage_id: int
    """Of the scan, or of the event of a device's log."""
    voucher_id: str
    venue_id: int
    device_id: int
    direction: Direction
    again: bool
    """Let in again, without a use."""
    persons: int
    passed_at: dt.datetime
    over_at: dt.datetime
    """From then on it counts no more: the guests' day is over."""


@dataclass(frozen=True, slots=True)
class Presence:
    """How many guests of a voucher came in at a venue on their day, and are inside."""

    admitted: int = 0
    """By a use."""
    inside: int = 0
    latest: Passage | None = None
    """The latest of those that led in."""

    def outside(self, uses: int) -> int:
        """Return how many went out and may come in again; never more than the voucher has uses."""
        return max(0, min(self.admitted, uses) - self.inside)


NOBODY = Presence()


def presence(passages: Iterable[Passage], now: dt.datetime) -> Presence:
    """Return what follows from the passages of one voucher at one venue."""
    admitted = inside = 0
    latest: Passage | None = None
    ordered = sorted(passages, key=lambda one: (one.passed_at, one.passage_id))
    for one in (passage for passage in ordered if now < passage.over_at):
        if one.direction is Direction.OUT:
            inside = max(0, inside - one.persons)
            continue
        latest = one
        admitted += 0 if one.again else one.persons
        inside = min(admitted, inside + one.persons)
    return Presence(admitted, inside, latest)


def entering(found: VerdictCode, here: Presence, persons: int, uses: int, left: int) -> VerdictCode:
    """Return the verdict on guests who come in, where `found` is that on a further use of the voucher."""
    outside = here.outside(uses)
    if outside:
        return VerdictCode.LET_IN_AGAIN if persons <= outside else VerdictCode.FEWER_OUTSIDE
    return VerdictCode.ALREADY_INSIDE if here.inside and not left else found


def leaving(terms: Terms, here: Presence) -> VerdictCode:
    """Return the verdict on guests who go out: nobody is ever kept inside.

    Also of whom nobody saw coming in it is kept that they left: a gate without a network may have let them
    in, and hand that in later.
    """
    if terms.reentry is Reentry.NONE:
        return VerdictCode.NO_REENTRY
    return VerdictCode.LET_OUT if here.inside else VerdictCode.NOT_INSIDE


def back_until(
    terms: Terms, valid_until: dt.datetime, redeemed_at: dt.datetime | None, city: City, now: dt.datetime
) -> dt.datetime | None:
    """Return until when the guests of a voucher may come in again; None: not, or not any more."""
    if terms.reentry is Reentry.NONE or redeemed_at is None:
        return None
    until = over_at(terms, valid_until, redeemed_at, city)
    return until if now < until else None


def over_at(terms: Terms, valid_until: dt.datetime, at: dt.datetime, city: City) -> dt.datetime:
    """Return until when (exclusive) a guest may come in again: an event at night knows no midnight."""
    if terms.event_ends_at is not None:
        return min(terms.event_ends_at, valid_until)
    midnight = dt.datetime.combine(city.day_of(at) + dt.timedelta(days=1), dt.time(), city.zone)
    return min(midnight.astimezone(dt.UTC), valid_until)
