"""Redeeming on the guest's own phone: once, in the ledger; staff without a scanner compare six digits.

The phone says how often the voucher could be used when its owner tapped: if somebody was faster (a second
phone, a second tap), nothing is taken. The digits run for some minutes; afterwards only that it was redeemed
is shown, so nobody gets in with an old page.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, DomainError, Forbidden, NotFound
from merchants import venues
from merchants.venues import Venue
from redemption import (
    good_faith,
    hub_sessions,
    leasing,
    presented_codes,
    presented_policies,
    presented_venues,
    undoing,
    using,
    vouchers,
)
from redemption.keys import Sealer
from redemption.presented_policies import PresentedPolicy
from redemption.presented_tables import presented_uses as table
from redemption.using import Use
from redemption.vouchers import Voucher, VoucherStatus

SHOWN: Final = dt.timedelta(minutes=3)
"""How long the digits run."""
NUMBER_KEPT: Final = dt.timedelta(minutes=10)
"""For so long a venue's number is given to nobody else; the staff's page remembers it as long."""
WAY: Final = "presented"
PAGE_MAX: Final = 200
_REFUSALS: Final = {
    VoucherStatus.ACTIVE: "presented-activation",
    VoucherStatus.REDEEMED: "presented-used",
    VoucherStatus.CANCELLED: "presented-given-back",
    VoucherStatus.EXPIRED: "presented-over",
}


@dataclass(frozen=True, slots=True)
class Presented:
    """A use on the guest's own phone."""

    presented_id: int
    venue_id: int
    offer_id: int
    voucher_id: str | None
    owner: str | None
    number: int
    """Of three digits; staff type it."""
    version: int
    """Of the card that staff compare with."""
    uses: int
    value_cents: int
    """What staff take for the price."""
    presented_at: dt.datetime
    undone_at: dt.datetime | None = None

    @property
    def shown_until(self) -> dt.datetime:
        """Until when (exclusive) the digits run."""
        return self.presented_at + SHOWN

    def runs(self, now: dt.datetime) -> bool:
        """Whether the digits run."""
        return now < self.shown_until and self.undone_at is None


@dataclass(frozen=True, slots=True)
class Minute:
    """The six digits of a minute."""

    begins_at: dt.datetime
    code: str


@dataclass(frozen=True, slots=True)
class Place:
    """A venue that takes a voucher, and why not on the guest's own phone; None: it does."""

    venue: Venue
    refusal: DomainError | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A use that its venue took back."""

    presented_id: int
    undone_at: dt.datetime


_FIELDS: Final = tuple(Presented.__dataclass_fields__)


def present(
    work: db.Work, city: City, owner: str, voucher_id: str, *, venue_id: int, uses: int = 1, left: int
) -> Presented:
    """Redeem uses of one's voucher in front of a venue's staff; it had `left` uses when its owner looked.

    Raises NotFound `voucher-not-found`, for somebody else's too; Conflict as `places` gives it,
    `presented-too-few`, `presented-meanwhile`, `presented-too-valuable`, `presented-day-spent`,
    `presented-venue-spent` or `presented-busy`.
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    for refused in _of_voucher(work, voucher):
        raise refused
    for refused in _of_venue(work, city, voucher, venue_id):
        raise refused
    if voucher.left != left:
        raise Conflict("presented-meanwhile", left=voucher.left)
    if not 1 <= uses <= voucher.left:
        raise Conflict("presented-too-few", left=voucher.left)
    cents = good_faith.cents_of(voucher, uses)
    _check_caps(work, city, owner, venue_id, cents)
    version = presented_venues.version_in_use(work, venue_id)
    made = Presented(
        work.ids.next(), venue_id, voucher.offer_id, voucher_id, owner, _number(work, venue_id), version,
        uses, cents, work.now,
    )  # fmt: skip
    using.book(work, city, [Use(voucher, venue_id, scan_id=made.presented_id, count=uses, way=WAY)])
    values = {name: getattr(made, name) for name in _FIELDS}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
    return made


def places(reading: db.Reading, city: City, voucher: Voucher) -> list[Place]:
    """Return the venues that take a voucher, each with what speaks against it; caps are not looked at."""
    always = next(_of_voucher(reading, voucher), None)
    return [
        Place(one, always or next(_of_venue(reading, city, voucher, one.venue_id), None))
        for one in venues.by_id(reading, voucher.venue_ids).values()
    ]


def minutes_of(reading: db.Reading, sealer: Sealer, one: Presented) -> list[Minute]:
    """Return the digits of each minute that is left of a use's time; none if its time is over."""
    if not one.runs(reading.now):
        return []
    key = presented_venues.secret(reading, sealer, one.venue_id, one.version).key
    first = presented_codes.step_at(reading.now.timestamp())
    last = presented_codes.step_at((one.shown_until - dt.timedelta(microseconds=1)).timestamp())
    return [
        Minute(
            dt.datetime.fromtimestamp(step * presented_codes.STEP_SECONDS, dt.UTC),
            presented_codes.code(key, one.number, one.value_cents, step),
        )
        for step in range(first, last + 1)
    ]


def get(reading: db.Reading, owner: str, presented_id: int, voucher_id: str) -> Presented:
    """Return one's use of a voucher. Raises NotFound `presented-not-found`, for somebody else's too."""
    for one in _select(reading, table.c.presented_id == presented_id, table.c.owner == owner):
        if one.voucher_id == voucher_id:
            return one
    raise NotFound("presented-not-found")


def running(reading: db.Reading, voucher_id: str) -> Presented | None:
    """Return the newest use of a voucher whose digits still run."""
    newest = next(iter(_select(reading, table.c.voucher_id == voucher_id, limit=1)), None)
    return newest if newest is not None and newest.runs(reading.now) else None


def of_owner(reading: db.Reading, owner: str) -> list[Presented]:
    """Return all uses of an owner, newest first."""
    return _select(reading, table.c.owner == owner)


def of_voucher(reading: db.Reading, voucher_id: str) -> list[Presented]:
    """Return the uses of a voucher, newest first."""
    return _select(reading, table.c.voucher_id == voucher_id)


def of_venue(
    reading: db.Reading, venue_id: int, *, since: dt.datetime | None = None, limit: int = 50
) -> list[Presented]:
    """Return uses at a venue, newest first."""
    later = [] if since is None else [table.c.presented_at >= since]
    return _select(reading, table.c.venue_id == venue_id, *later, limit=min(limit, PAGE_MAX))


def count(reading: db.Reading, venue_id: int, since: dt.datetime, until: dt.datetime) -> int:
    """Return how many uses guests redeemed on their own phones at a venue; not those taken back."""
    statement = sa.select(sa.func.sum(table.c.uses)).where(
        table.c.city_id == reading.city_id,
        table.c.venue_id == venue_id,
        table.c.presented_at >= since,
        table.c.presented_at < until,
        table.c.undone_at.is_(None),
    )
    return int(reading.connection.execute(statement).scalar() or 0)


def undo(work: db.Work, city: City, presented_id: int, *, venue_id: int) -> Undone:
    """Take a use back, as its venue may within the offer's time. Again: the same answer.

    Raises NotFound `presented-not-found`, Forbidden `undo-not-yours`, Conflict `undo-nothing`,
    `undo-not-offered` or `undo-too-late`.
    """
    one = next(iter(_select(work, table.c.presented_id == presented_id)), None)
    if one is None:
        raise NotFound("presented-not-found")
    if one.venue_id != venue_id:
        raise Forbidden("undo-not-yours")
    if one.undone_at is not None:
        return Undone(presented_id, one.undone_at)
    if one.voucher_id is None:
        raise Conflict("undo-nothing")
    voucher = vouchers.get(work, one.voucher_id)
    minutes = voucher.terms.undo_minutes
    if not minutes:
        raise Conflict("undo-not-offered")
    if work.now >= one.presented_at + dt.timedelta(minutes=minutes):
        raise Conflict("undo-too-late", minutes=minutes)
    undoing.take_back(work, city, voucher, presented_id)
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.presented_id == presented_id)
        .values(undone_at=work.now)
    )
    return Undone(presented_id, work.now)


def forget(work: db.Work, owner: str, voucher_ids: Sequence[str]) -> None:
    """Cut the links from uses to an owner who is erased and to their vouchers; that somebody came stays."""
    theirs = sa.or_(table.c.owner == owner, table.c.voucher_id.in_(list(voucher_ids)))
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, theirs).values(owner=None, voucher_id=None)
    )


def _of_voucher(reading: db.Reading, voucher: Voucher) -> Iterator[DomainError]:
    """Yield what speaks against redeeming a voucher on its owner's phone, wherever."""
    offer = voucher.offer_code
    if voucher.status in _REFUSALS:
        yield Conflict(_REFUSALS[voucher.status], offer=offer)
    if voucher.frozen_at is not None:
        yield Conflict("presented-disputed", offer=offer)
    if leasing.running(reading, [voucher.voucher_id]):
        yield Conflict("voucher-leased")
    if hub_sessions.holding(reading, [voucher]):
        yield Conflict("voucher-at-hub")
    if reading.now < voucher.valid_from:
        yield Conflict("voucher-not-yet-valid", offer=offer)
    if unfit := presented_venues.barrier(voucher.kind, voucher.terms, voucher.value_cents):
        yield Conflict(unfit, offer=offer)


def _of_venue(reading: db.Reading, city: City, voucher: Voucher, venue_id: int) -> Iterator[DomainError]:
    """Yield what speaks against redeeming it at a venue."""
    if venue_id not in voucher.venue_ids:
        yield Conflict("presented-other-venue")
        return
    if not venues.get(reading, venue_id).active:
        yield Conflict("venue-suspended", offer=voucher.offer_code)
    mode = presented_venues.mode_of(reading, venue_id)
    if not mode.is_on or voucher.offer_id not in mode.offer_ids:
        yield Conflict("presented-off")
    if hindered := presented_venues.hindrance(reading, city, venue_id):
        yield Conflict(hindered)


def _check_caps(work: db.Work, city: City, owner: str, venue_id: int, cents: int) -> None:
    """Raise Conflict if it is worth more than the city allows at once, or with what today had before."""
    policy: PresentedPolicy = presented_policies.of_venue(work, venue_id)
    if cents > policy.value_cents_max:
        raise Conflict("presented-too-valuable", euros=policy.value_cents_max // 100)
    midnight = dt.datetime.combine(city.day_of(work.now), dt.time(), city.zone).astimezone(dt.UTC)
    if _spent(work, midnight, table.c.owner == owner) + cents > policy.person_day_cents:
        raise Conflict("presented-day-spent", euros=policy.person_day_cents // 100)
    if _spent(work, midnight, table.c.venue_id == venue_id) + cents > policy.venue_day_cents:
        raise Conflict("presented-venue-spent")


def _spent(reading: db.Reading, since: dt.datetime, condition: sa.ColumnElement[bool]) -> int:
    statement = sa.select(sa.func.sum(table.c.value_cents)).where(
        table.c.city_id == reading.city_id,
        condition,
        table.c.presented_at >= since,
        table.c.undone_at.is_(None),
    )
    return int(reading.connection.execute(statement).scalar() or 0)


def _number(work: db.Work, venue_id: int) -> int:
    """Return a number that nobody at the venue had in the last minutes; not to be guessed from others."""
    taken = work.connection.execute(
        sa.select(table.c.number).where(
            table.c.city_id == work.city_id,
            table.c.venue_id == venue_id,
            table.c.presented_at > work.now - NUMBER_KEPT,
        )
    )
    free = sorted(set(range(presented_codes.NUMBERS)) - set(taken.scalars()))
    if not free:
        raise Conflict("presented-busy")
    return free[int(work.ids.digits(9)) % len(free)]


def _select(
    reading: db.Reading, *conditions: sa.ColumnElement[bool], limit: int | None = None
) -> list[Presented]:
    statement = (
        sa.select(*(table.c[name] for name in _FIELDS))
        .where(table.c.city_id == reading.city_id, *conditions)
        .order_by(table.c.presented_id.desc())
    )
    rows = reading.connection.execute(statement if limit is None else statement.limit(limit))
    return [Presented(**row._mapping) for row in rows]
