"""Vouchers: a group of holds in the ledger and a signed token that stands for it.

Whether a voucher is usable, redeemed, cancelled or over is not stored: it is what became of the first hold of
its last use (docs/adr/0005-vouchers-are-holds.md, 0015-a-hold-for-each-use.md).
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from identity.persons import TrustLevel
from kernel import bulk, db, ids
from kernel.cities import LocalizedText
from kernel.errors import NotFound
from ledger import queries
from ledger.outcomes import BookedTransfer
from merchants import venues
from merchants.venues import Venue
from redemption import codes, offer_terms
from redemption.offer_terms import OfferKind, Reentry, RefundRule, Terms
from redemption.tables import offers, redemptions, vouchers

PURPOSE_BOUGHT = "voucher"
PURPOSE_REDEEMED = "redemption"
WAYS = ("leased", "hub", "presented", "capped")
"""How a voucher is redeemed that is not scanned online; stands behind a hyphen in the purpose."""
PURPOSES_REDEEMED = (PURPOSE_REDEEMED, *(f"{PURPOSE_REDEEMED}-{way}" for way in WAYS))
PURPOSE_AGAIN = "voucher-again"
"""Held anew, because a venue took back that it was used."""
PURPOSE_CANCELLED = "voucher-cancelled"
PAGE_MAX = 200

_NAMESPACE = UUID("5f0f2d39-4d0c-4f8e-9a0e-3c3b8f8b1c52")

_OF_VOUCHER = tuple(column.name for column in vouchers.c if column.name not in {"city_id", "reminded_at"})
_FROM_OFFER = ("kind", "titles", "descriptions", "pictogram", "venue_ids", "value_cents")
_TERMS = tuple(name for name in offer_terms.NAMES if name not in {"uses", "seats"})
"""The seats of a hall are many, and of no interest to who has one of them."""
_COLUMNS = [
    *(vouchers.c[name] for name in _OF_VOUCHER),
    offers.c.code.label("offer_code"),
    *(offers.c[name] for name in (*_FROM_OFFER, *_TERMS)),
    redemptions.c.use_number,
    redemptions.c.undone_at,
    redemptions.c.redeemed_at,
    redemptions.c.venue_id.label("redeemed_venue_id"),
    redemptions.c.device_id.label("redeemed_device_id"),
]


class VoucherStatus(enum.StrEnum):
    """What may be done with a voucher."""

    USABLE = "usable"
    """Paid for; from `valid_from` on it can be redeemed."""
    ACTIVE = "active"
    """Activated by its holder: it is shown, not redeemed, until `active_until`."""
    REDEEMED = "redeemed"
    """Used as often as it may be."""
    CANCELLED = "cancelled"
    """Given back before use: points and place are back."""
    EXPIRED = "expired"
    """Not used in time: points and place are back."""


SHOWN = frozenset({VoucherStatus.USABLE, VoucherStatus.ACTIVE})
"""What may be shown at a door."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher with everything that is shown of it."""

    voucher_id: str
    """The token's `cti`: 8 bytes in hex."""
    manual_code: str
    """Ten characters to type where nothing can be scanned."""
    status: VoucherStatus
    owner: str
    offer_id: int
    offer_code: str
    kind: OfferKind
    titles: LocalizedText
    descriptions: LocalizedText
    pictogram: str
    venue_ids: tuple[int, ...]
    venue_names: tuple[str, ...]
    points: int
    paid_cents: int
    """In euros, besides the points."""
    value_cents: int
    bought_at: dt.datetime
    valid_from: dt.datetime
    valid_until: dt.datetime
    """Exclusive."""
    uses: int
    """How often it may be used."""
    used: int
    """How often it was used; uses that a venue took back are not counted."""
    last_use: int
    """Number of the latest use, one that was taken back included; 0 if there was none."""
    redeemed_at: dt.datetime | None
    """The latest use."""
    redeemed_venue_id: int | None
    redeemed_venue_name: str | None
    redeemed_device_id: int | None
    kid: str
    token: bytes
    status_index: int
    hold_count: int
    frozen_at: dt.datetime | None
    """While its payment is disputed, nobody gets in with it and it can't be given back."""
    use_holds: list[list[int]] | None
    """Places of the holds of each use, the next use at `used`; None: all are of the only one."""
    seat: str | None
    payer: str | None
    """Whose points it holds, if it was handed on; then its owner gets nothing back."""
    activated_at: dt.datetime | None
    active_until: dt.datetime | None
    terms: Terms
    """Of its offer, without the names of seats."""

    @property
    def left(self) -> int:
        """How often it may still be used, if it is not over."""
        return self.uses - self.used

    @property
    def returnable_until(self) -> dt.datetime | None:
        """Until when it can be given back, as the offer says; None: not at all."""
        return self.terms.returnable_until(self.valid_until)

    def holds_of_use(self, number: int) -> list[int]:
        """Return the places of the holds of a use, counted from 0 among those that are not taken back."""
        return self.use_holds[number] if self.use_holds else list(range(self.hold_count))

    @property
    def open_holds(self) -> list[int]:
        """The places of the holds of all uses that are left."""
        return [place for number in range(self.used, self.uses) for place in self.holds_of_use(number)]

    @property
    def app_text(self) -> str:
        """The text of the QR code in the app."""
        return codes.app_text(self.token)

    @property
    def typed_code(self) -> str:
        """The manual code as it is shown, in two groups."""
        return codes.grouped(self.manual_code)


class Step(enum.StrEnum):
    """What is done to the holds of a voucher; part of the ids, so that each step happens once."""

    HOLD = "hold"
    REDEEM = "redeem"
    PAY_VENUE = "pay-venue"
    CANCEL = "cancel"
    UNDO = "undo"


def transfer_id(city_id: int, voucher_id: str, step: Step, position: int) -> UUID:
    """Return the id of a transfer of a voucher: the same for the same step."""
    return ids.derive(_NAMESPACE, city_id, voucher_id, step.value, position)


def group_id(city_id: int, voucher_id: str, step: Step, use: int = 1) -> UUID:
    """Return the id of the group in which a step is booked, for one that each use has: of that use."""
    if use == 1:
        return ids.derive(_NAMESPACE, city_id, voucher_id, step.value)
    return ids.derive(_NAMESPACE, city_id, voucher_id, step.value, "use", use)


def hold_id(reading: db.Reading, voucher: Voucher, position: int) -> UUID:
    """Return the id of one of a voucher's holds."""
    return transfer_id(reading.city_id, voucher.voucher_id, Step.HOLD, position)


def subject(offer_code: str, voucher_id: str) -> str:
    """Return the subject of a voucher's transfers; settlement groups by what stands before the slash."""
    return f"{offer_code}/{voucher_id}"


def get(reading: db.Reading, voucher_id: str) -> Voucher:
    """Return a voucher. Raises NotFound `voucher-not-found`."""
    for voucher in _select(reading, vouchers.c.voucher_id == voucher_id):
        return voucher
    raise NotFound("voucher-not-found")


def of_owner(reading: db.Reading, owner: str, voucher_id: str) -> Voucher:
    """Return an owner's voucher. Raises NotFound `voucher-not-found`, for somebody else's too."""
    voucher = get(reading, voucher_id)
    if voucher.owner != owner:
        raise NotFound("voucher-not-found")
    return voucher


def find(
    reading: db.Reading,
    *,
    voucher_ids: Iterable[str] = (),
    manual_codes: Iterable[str] = (),
    where: Mapping[int, Venue] = MappingProxyType({}),
) -> list[Voucher]:
    """Return the vouchers that have one of these ids or manual codes.

    Of the venues that take them, those in `where` have been read already.
    """
    names = (("voucher_ids", sorted(set(voucher_ids))), ("manual_codes", sorted(set(manual_codes))))
    asked = {name: values for name, values in names if values}
    return _found(reading, _NAMED[frozenset(asked)], asked, where) if asked else []


def taken_codes(reading: db.Reading, manual_codes: Iterable[str]) -> set[str]:
    """Return those of the manual codes that vouchers of the city have."""
    asked = {"city": reading.city_id, "manual_codes": sorted(set(manual_codes))}
    return set(reading.connection.execute(_TAKEN_CODES, asked).scalars())


def page(reading: db.Reading, owner: str, *, before: int | None = None, limit: int = 50) -> list[Voucher]:
    """Return an owner's vouchers, newest first, older than status index `before`."""
    condition = vouchers.c.owner == owner
    if before is not None:
        condition = sa.and_(condition, vouchers.c.status_index < before)
    return _select(reading, condition, min(limit, PAGE_MAX))


def freeze(work: db.Work, voucher_id: str, *, frozen: bool) -> None:
    """Let nobody in with a voucher, or again let those in who have it."""
    work.connection.execute(
        sa.update(vouchers)
        .where(vouchers.c.city_id == work.city_id, vouchers.c.voucher_id == voucher_id)
        .values(frozen_at=work.now if frozen else None)
    )


def every(reading: db.Reading, *, before: int | None = None, limit: int = 1000) -> list[Voucher]:
    """Return a page of the city's vouchers, newest first, older than status index `before`."""
    condition = sa.true() if before is None else vouchers.c.status_index < before
    return _select(reading, condition, limit)


def counted_against_limit(
    reading: db.Reading, wanted: Collection[tuple[str, int]], since: dt.datetime
) -> tuple[Counter[tuple[str, int]], Counter[tuple[str, int]]]:
    """Return how many vouchers of an offer a person has used or may still use, by person and offer.

    The second counter has those that were bought since an instant. One that was handed on counts for who has
    it and for who paid it: otherwise handing on would be the way around a limit.
    """
    if not wanted:
        return Counter(), Counter()
    # As a union: PostgreSQL would read the whole table for one of two lists.
    picked = sa.union(
        *(
            sa.select(vouchers.c.voucher_id).where(
                vouchers.c.city_id == reading.city_id,
                bulk.any_row_of((person, vouchers.c.offer_id), "pairs"),
            )
            for person in (vouchers.c.owner, vouchers.c.payer)
        )
    ).subquery()
    theirs = vouchers.c.voucher_id.in_(sa.select(picked.c.voucher_id))
    found = _select(reading, theirs, asked={"pairs": sorted(wanted)})
    in_all, lately = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for voucher in (one for one in found if one.status in _COUNTED):
        for person in {voucher.owner, voucher.payer or voucher.owner}:
            in_all[person, voucher.offer_id] += 1
            lately[person, voucher.offer_id] += voucher.bought_at >= since
    return in_all, lately


def of_offer(reading: db.Reading, offer_id: int, *, after: int, limit: int) -> list[Voucher]:
    """Return vouchers of an offer, oldest first, whose status index is above `after`."""
    condition = sa.and_(vouchers.c.offer_id == offer_id, vouchers.c.status_index > after)
    return _select(reading, condition, limit, oldest_first=True)


def at_places(reading: db.Reading, indexes: Iterable[int]) -> list[Voucher]:
    """Return the vouchers at places of the status list."""
    condition = bulk.any_of(vouchers.c.status_index, "indexes")
    return _select(reading, condition, asked={"indexes": sorted(set(indexes))})


def of_offers(
    reading: db.Reading, offer_ids: Iterable[int], *, after: int, through: int, limit: int
) -> list[Voucher]:
    """Return vouchers of offers that are not over, oldest first, between two places of the status list."""
    condition = sa.and_(
        vouchers.c.offer_id.in_(sorted(set(offer_ids))),
        vouchers.c.status_index > after,
        vouchers.c.status_index <= through,
        vouchers.c.valid_until > reading.now,
    )
    return _select(reading, condition, limit, oldest_first=True)


def _select(
    reading: db.Reading,
    condition: sa.ColumnElement[bool],
    limit: int | None = None,
    asked: Mapping[str, object] | None = None,
    *,
    oldest_first: bool = False,
) -> list[Voucher]:
    order = vouchers.c.status_index.asc() if oldest_first else vouchers.c.status_index.desc()
    mine = sa.and_(vouchers.c.city_id == reading.city_id, condition)
    if limit is not None:
        # A voucher has as many rows as uses: it is vouchers that are counted.
        picked = sa.select(vouchers.c.voucher_id).where(mine).order_by(order).limit(limit).subquery()
        mine = sa.and_(
            vouchers.c.city_id == reading.city_id, vouchers.c.voucher_id.in_(sa.select(picked.c.voucher_id))
        )
    return _found(reading, _ROWS.where(mine).order_by(order, redemptions.c.use_number), asked or {})


def _found(
    reading: db.Reading,
    statement: sa.Select[Any],
    asked: Mapping[str, object],
    where: Mapping[int, Venue] = MappingProxyType({}),
) -> list[Voucher]:
    with bulk.planned_anew(reading):
        found = reading.connection.execute(statement, {"city": reading.city_id, **asked}).all()
    if not found:
        return []
    grouped: dict[str, list[sa.Row[Any]]] = {}
    for row in found:
        grouped.setdefault(row.voucher_id, []).append(row)
    decisive = {
        voucher_id: transfer_id(
            reading.city_id, voucher_id, Step.HOLD, of[0].use_holds[-1][0] if of[0].use_holds else 0
        )
        for voucher_id, of in grouped.items()
    }
    resolutions = queries.resolution(reading, decisive.values())
    named = {venue_id for row in found for venue_id in (*row.venue_ids, row.redeemed_venue_id) if venue_id}
    missing = named - where.keys()
    read = {**where, **(venues.by_id(reading, missing) if missing else {})}
    names = {venue_id: read[venue_id].name for venue_id in named}
    terms: dict[int, Terms] = {}
    for row in found:
        if row.offer_id not in terms:
            terms[row.offer_id] = _terms(row)
    return [
        _voucher(of, names, terms[of[0].offer_id], resolutions.get(decisive[voucher_id]), reading.now)
        for voucher_id, of in grouped.items()
    ]


_COUNTED = frozenset({VoucherStatus.USABLE, VoucherStatus.ACTIVE, VoucherStatus.REDEEMED})
_ROWS = (
    sa.select(*_COLUMNS)
    .select_from(vouchers)
    .join(offers, sa.and_(offers.c.city_id == vouchers.c.city_id, offers.c.offer_id == vouchers.c.offer_id))
    .outerjoin(
        redemptions,
        sa.and_(
            redemptions.c.city_id == vouchers.c.city_id, redemptions.c.voucher_id == vouchers.c.voucher_id
        ),
    )
)
"""A row for each use of a voucher, one without use for a voucher that has none."""
_OF_IDS = bulk.any_of(vouchers.c.voucher_id, "voucher_ids")
_OF_CODES = bulk.any_of(vouchers.c.manual_code, "manual_codes")
_NAMED = {
    frozenset(names): _ROWS.where(vouchers.c.city_id == sa.bindparam("city"), named).order_by(
        vouchers.c.status_index.desc(), redemptions.c.use_number
    )
    for names, named in (
        (("voucher_ids",), _OF_IDS),
        (("manual_codes",), _OF_CODES),
        (("voucher_ids", "manual_codes"), sa.or_(_OF_IDS, _OF_CODES)),
    )
}
"""Vouchers by what they are asked for: their ids, their manual codes, or both."""
_TAKEN_CODES = sa.select(vouchers.c.manual_code).where(vouchers.c.city_id == sa.bindparam("city"), _OF_CODES)


def _voucher(
    rows: Sequence[sa.Row[Any]],
    names: Mapping[int, str],
    terms: Terms,
    resolution: BookedTransfer | None,
    now: dt.datetime,
) -> Voucher:
    row = rows[0]
    live = [one for one in rows if one.use_number is not None and one.undone_at is None]
    latest = live[-1] if live else None
    venue_id = latest.redeemed_venue_id if latest else None
    active = row.active_until is not None and now < row.active_until
    values = {name: row._mapping[name] for name in (*_OF_VOUCHER, *_FROM_OFFER, "offer_code")}
    return Voucher(
        **{**values, "kind": OfferKind(row.kind), "venue_ids": tuple(row.venue_ids)},
        venue_names=tuple(names[venue_id] for venue_id in row.venue_ids),
        used=len(live),
        last_use=rows[-1].use_number or 0,
        redeemed_at=latest.redeemed_at if latest else None,
        redeemed_venue_id=venue_id,
        redeemed_venue_name=names.get(venue_id) if venue_id else None,
        redeemed_device_id=latest.redeemed_device_id if latest else None,
        terms=terms,
        status=VoucherStatus.ACTIVE
        if active
        else _status(resolution, over=row.valid_until <= now, used_up=len(live) >= row.uses),
    )


def _terms(row: sa.Row[Any]) -> Terms:
    values = {name: row._mapping[name] for name in _TERMS}
    return Terms(
        **values
        | {
            "uses": row.uses,
            "trust_least": TrustLevel(row.trust_least),
            "refund_rule": RefundRule(row.refund_rule),
            "reentry": Reentry(row.reentry),
        }
    )


def _status(resolution: BookedTransfer | None, *, over: bool, used_up: bool) -> VoucherStatus:
    if resolution is None:
        if used_up:
            # At a hub, whose ledger is the city's: it knows the uses only.
            return VoucherStatus.REDEEMED
        return VoucherStatus.EXPIRED if over else VoucherStatus.USABLE
    # By purpose, not by kind: a voucher for several venues is redeemed by releasing what it held.
    if resolution.purpose in PURPOSES_REDEEMED:
        # Taken back when it was too late to hold anything anew: not used, and over.
        return VoucherStatus.REDEEMED if used_up else VoucherStatus.EXPIRED
    if resolution.purpose == PURPOSE_CANCELLED:
        return VoucherStatus.CANCELLED
    return VoucherStatus.EXPIRED
