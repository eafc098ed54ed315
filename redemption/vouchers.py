"""Vouchers: a group of holds in the ledger and a signed token that stands for it.

Whether a voucher is usable, redeemed, cancelled or over is not stored: it is what became of its first hold
(docs/adr/0005-vouchers-are-holds.md).
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db, ids
from kernel.cities import LocalizedText
from kernel.errors import NotFound
from ledger import queries
from ledger.outcomes import BookedTransfer
from merchants import venues
from redemption import codes
from redemption.new_offers import OfferKind
from redemption.tables import offers, redemptions, vouchers

PURPOSE_BOUGHT = "voucher"
PURPOSE_REDEEMED = "redemption"
PURPOSE_CANCELLED = "voucher-cancelled"
PAGE_MAX = 200

_NAMESPACE = UUID("5f0f2d39-4d0c-4f8e-9a0e-3c3b8f8b1c52")

_FROM_OFFER = ("kind", "titles", "descriptions", "pictogram", "venue_ids", "value_cents")
_COLUMNS = [
    *(column for column in vouchers.c if column.name != "city_id"),
    offers.c.code.label("offer_code"),
    *(offers.c[name] for name in _FROM_OFFER),
    redemptions.c.redeemed_at,
    redemptions.c.venue_id.label("redeemed_venue_id"),
    redemptions.c.device_id.label("redeemed_device_id"),
]


class VoucherStatus(enum.StrEnum):
    """What may be done with a voucher."""

    USABLE = "usable"
    """Paid for; from `valid_from` on it can be redeemed."""
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"
    """Given back before use: points and place are back."""
    EXPIRED = "expired"
    """Not used in time: points and place are back."""


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
    redeemed_at: dt.datetime | None
    redeemed_venue_id: int | None
    redeemed_venue_name: str | None
    redeemed_device_id: int | None
    kid: str
    token: bytes
    status_index: int
    hold_count: int
    frozen_at: dt.datetime | None
    """While its payment is disputed, nobody gets in with it and it can't be given back."""

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


def transfer_id(city_id: int, voucher_id: str, step: Step, position: int) -> UUID:
    """Return the id of a transfer of a voucher: the same for the same step."""
    return ids.derive(_NAMESPACE, city_id, voucher_id, step.value, position)


def group_id(city_id: int, voucher_id: str, step: Step) -> UUID:
    """Return the id of the group in which a step is booked."""
    return ids.derive(_NAMESPACE, city_id, voucher_id, step.value)


def hold_ids(reading: db.Reading, voucher: Voucher) -> list[UUID]:
    """Return the ids of a voucher's holds: those of the points first, then that of the place."""
    return [
        transfer_id(reading.city_id, voucher.voucher_id, Step.HOLD, position)
        for position in range(voucher.hold_count)
    ]


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
    reading: db.Reading, *, voucher_ids: Iterable[str] = (), manual_codes: Iterable[str] = ()
) -> list[Voucher]:
    """Return the vouchers that have one of these ids or manual codes."""
    asked = {"voucher_ids": sorted(set(voucher_ids)), "manual_codes": sorted(set(manual_codes))}
    wanted = [
        bulk.any_of(column, name)
        for column, name in (
            (vouchers.c.voucher_id, "voucher_ids"),
            (vouchers.c.manual_code, "manual_codes"),
        )
        if asked[name]
    ]
    return _select(reading, sa.or_(*wanted), asked=asked) if wanted else []


def taken_codes(reading: db.Reading, manual_codes: Iterable[str]) -> set[str]:
    """Return those of the manual codes that vouchers of the city have."""
    found = reading.connection.execute(
        sa.select(vouchers.c.manual_code).where(
            vouchers.c.city_id == reading.city_id, bulk.any_of(vouchers.c.manual_code, "manual_codes")
        ),
        {"manual_codes": sorted(set(manual_codes))},
    )
    return set(found.scalars())


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
    reading: db.Reading, wanted: Collection[tuple[str, int]]
) -> Counter[tuple[str, int]]:
    """Return how many vouchers of an offer a person has used or may still use, by owner and offer."""
    if not wanted:
        return Counter()
    pair = (vouchers.c.owner, vouchers.c.offer_id)
    theirs = _select(reading, sa.tuple_(*pair).in_(bulk.listed(reading, pair, sorted(wanted))))
    counted = {VoucherStatus.USABLE, VoucherStatus.REDEEMED}
    return Counter((voucher.owner, voucher.offer_id) for voucher in theirs if voucher.status in counted)


def _select(
    reading: db.Reading,
    condition: sa.ColumnElement[bool],
    limit: int | None = None,
    asked: Mapping[str, object] | None = None,
) -> list[Voucher]:
    statement = (
        sa.select(*_COLUMNS)
        .join(
            offers, sa.and_(offers.c.city_id == vouchers.c.city_id, offers.c.offer_id == vouchers.c.offer_id)
        )
        .outerjoin(
            redemptions,
            sa.and_(
                redemptions.c.city_id == vouchers.c.city_id,
                redemptions.c.voucher_id == vouchers.c.voucher_id,
            ),
        )
        .where(vouchers.c.city_id == reading.city_id, condition)
        .order_by(vouchers.c.status_index.desc())
        .limit(limit)
    )
    with bulk.planned_anew(reading):
        found = reading.connection.execute(statement, asked).all()
    if not found:
        return []
    first_holds = {
        row.voucher_id: transfer_id(reading.city_id, row.voucher_id, Step.HOLD, 0) for row in found
    }
    resolutions = queries.resolution(reading, first_holds.values())
    where = {venue_id for row in found for venue_id in (*row.venue_ids, row.redeemed_venue_id) if venue_id}
    names = {venue.venue_id: venue.name for venue in venues.by_id(reading, where).values()}
    return [
        _voucher(
            row,
            names,
            _status(resolutions.get(first_holds[row.voucher_id]), over=row.valid_until <= reading.now),
        )
        for row in found
    ]


def _voucher(row: sa.Row[Any], names: Mapping[int, str], status: VoucherStatus) -> Voucher:
    return Voucher(
        **{**row._mapping, "kind": OfferKind(row.kind), "venue_ids": tuple(row.venue_ids)},
        venue_names=tuple(names[venue_id] for venue_id in row.venue_ids),
        redeemed_venue_name=names.get(row.redeemed_venue_id),
        status=status,
    )


def _status(resolution: BookedTransfer | None, *, over: bool) -> VoucherStatus:
    if resolution is None:
        return VoucherStatus.EXPIRED if over else VoucherStatus.USABLE
    # By purpose, not by kind: a voucher for several venues is redeemed by releasing what it held.
    if resolution.purpose == PURPOSE_REDEEMED:
        return VoucherStatus.REDEEMED
    if resolution.purpose == PURPOSE_CANCELLED:
        return VoucherStatus.CANCELLED
    return VoucherStatus.EXPIRED
