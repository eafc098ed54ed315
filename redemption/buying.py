"""Buying a voucher: one group of holds, of the wallet's lots and of a place, and a signed token for it.

With one venue the points are held towards that venue. With several it is known only at the scan who gets
them; until then they are held towards `redeemed`, where they end in any case (ADR 5).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Busy, Conflict, Invalid
from ledger import chart, posting, transfers, wallets
from ledger.transfers import Transfer
from merchants import venues
from redemption import codes, keys, offers, places, tokens, vouchers
from redemption.keys import Sealer, Signed
from redemption.new_offers import OfferKind
from redemption.offers import Offer
from redemption.tables import vouchers as table
from redemption.tokens import Claims, VoucherKind
from redemption.vouchers import Step, Voucher, VoucherStatus

_KINDS: Final = {
    OfferKind.TICKET: VoucherKind.TICKET,
    OfferKind.POOL: VoucherKind.POOL,
    OfferKind.DISCOUNT: VoucherKind.DISCOUNT,
}
_CODE_ATTEMPTS: Final = 8
_STORED: Final = tuple(column.name for column in table.c if column.name != "city_id")


@dataclass(frozen=True, slots=True)
class _Issue:
    """A voucher about to be issued."""

    voucher_id: bytes
    manual_code: str
    status_index: int
    valid_from: dt.datetime
    valid_until: dt.datetime


def buy(work: db.Work, city: City, owner: str, offer_id: int, sealer: Sealer) -> Voucher:
    """Reserve the price from the earliest lots and a place, and issue the voucher.

    Raises NotFound `offer-not-found`, Invalid `fine-needs-reference` for an offer for fines, and Conflict
    `offer-not-published`, `sales-not-started`, `sales-ended`, `sold-out`, `venue-suspended`,
    `per-person-limit-reached`, `insufficient-points` (with what is missing) or `issuing-key-missing`.
    """
    offer = offers.get(work, offer_id)
    if offer.kind is OfferKind.FINE:
        raise Invalid("fine-needs-reference", offer=offer.code)
    offers.check_on_sale(work, offer)
    where = venues.by_id(work, offer.venue_ids)
    if not any(venue.active for venue in where.values()):
        raise Conflict("venue-suspended", offer=offer.code)
    limit = offer.per_person_limit
    if limit is not None and vouchers.counted_against_limit(work, owner, offer_id) >= limit:
        raise Conflict("per-person-limit-reached", offer=offer.code, limit=limit)
    today = city.day_of(work.now)
    lots = wallets.split(wallets.wallet(work, owner).lots, offer.price_points, today)
    issue = _issue(work, city, offer)
    holds = _holds(work, offer, issue, lots, today)
    posting.post_or_raise(work, holds)
    signed = keys.sign(work, sealer, _claims(offer, issue))
    names = tuple(where[venue_id].name for venue_id in offer.venue_ids)
    voucher = _voucher(work, offer, issue, signed, owner=owner, venue_names=names, hold_count=len(holds))
    values = {name: getattr(voucher, name) for name in _STORED}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
    return voucher


def validity(city: City, offer: Offer, bought_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return from when and until when (exclusive) a voucher bought at `bought_at` is valid."""
    if offer.valid_until is not None:
        return offer.valid_from or _whole_second(bought_at), offer.valid_until
    last_day = city.day_of(bought_at) + dt.timedelta(days=offer.valid_days or 0)
    midnight = dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), city.zone)
    return _whole_second(bought_at), midnight.astimezone(dt.UTC)


def _issue(work: db.Work, city: City, offer: Offer) -> _Issue:
    newest = sa.select(sa.func.max(table.c.status_index)).where(table.c.city_id == work.city_id)
    index = work.connection.execute(newest).scalar()
    valid_from, valid_until = validity(city, offer, work.now)
    return _Issue(
        work.ids.random_bytes(tokens.VOUCHER_ID_BYTES),
        _free_manual_code(work),
        0 if index is None else index + 1,
        valid_from,
        valid_until,
    )


def _free_manual_code(work: db.Work) -> str:
    """Return a code that no voucher of the city has; two random ones meet once in 2^45."""
    for _ in range(_CODE_ATTEMPTS):
        code = codes.manual_code(work.ids.random_bytes(codes.HANDLE_BYTES_MIN))
        if vouchers.find(work, manual_code=code) is None:
            return code
    raise Busy("manual-code-not-found")


def _holds(
    work: db.Work, offer: Offer, issue: _Issue, lots: list[tuple[str, int]], today: dt.date
) -> list[Transfer]:
    """Return the holds of the points and, with limited places, of one place; all or none."""
    voucher_id = issue.voucher_id.hex()
    towards = venues.points_path(offer.venue_ids[0]) if len(offer.venue_ids) == 1 else chart.REDEEMED
    sides = [(path, towards, amount) for path, amount in lots]
    if offer.is_limited:
        sides.append((places.stock_path(offer.offer_id), places.sold_path(offer.offer_id), 1))
    return [
        transfers.hold(
            vouchers.transfer_id(work.city_id, voucher_id, Step.HOLD, position),
            debit,
            credit,
            amount,
            effective=today,
            purpose=vouchers.PURPOSE_BOUGHT,
            subject=vouchers.subject(offer.code, voucher_id),
            group_id=vouchers.group_id(work.city_id, voucher_id, Step.HOLD),
            expires_at=issue.valid_until,
        )
        for position, (debit, credit, amount) in enumerate(sides)
    ]


def _voucher(
    work: db.Work,
    offer: Offer,
    issue: _Issue,
    signed: Signed,
    *,
    owner: str,
    venue_names: tuple[str, ...],
    hold_count: int,
) -> Voucher:
    """Return the voucher as `vouchers.get` would read it."""
    return Voucher(
        voucher_id=issue.voucher_id.hex(),
        manual_code=issue.manual_code,
        status=VoucherStatus.USABLE,
        owner=owner,
        offer_id=offer.offer_id,
        offer_code=offer.code,
        kind=offer.kind,
        titles=offer.titles,
        descriptions=offer.descriptions,
        pictogram=offer.pictogram,
        venue_ids=offer.venue_ids,
        venue_names=venue_names,
        points=offer.price_points,
        value_cents=offer.value_cents,
        bought_at=work.now,
        valid_from=issue.valid_from,
        valid_until=issue.valid_until,
        redeemed_at=None,
        redeemed_venue_id=None,
        redeemed_venue_name=None,
        redeemed_device_id=None,
        kid=signed.kid,
        token=signed.token,
        status_index=issue.status_index,
        hold_count=hold_count,
    )


def _claims(offer: Offer, issue: _Issue) -> Claims:
    return Claims(
        voucher_id=issue.voucher_id,
        issued_at=int(issue.valid_from.timestamp()),
        expires_at=int(issue.valid_until.timestamp()),
        kind=_KINDS[offer.kind],
        product=offer.offer_id,
        venues=offer.venue_ids,
        value_cents=offer.value_cents,
        status_index=issue.status_index,
    )


def _whole_second(instant: dt.datetime) -> dt.datetime:
    """Return the second that has begun: a token has no fractions."""
    return instant.replace(microsecond=0)
