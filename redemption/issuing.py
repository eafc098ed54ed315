"""Issuing vouchers of sales that are in order: holds, codes, signed tokens, rows; all or nothing.

With one venue the points are held towards that venue. With several it is known only at the scan who gets
them; until then they are held towards `redeemed`, where they end in any case (ADR 5).
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from kernel import bulk, db, money
from kernel.cities import City
from kernel.errors import Busy
from ledger import chart, posting, transfers
from ledger.transfers import Transfer, TransferKind
from merchants import venues
from redemption import claims, codes, keys, places, seats, tokens, vouchers
from redemption.keys import Sealer, Signed
from redemption.offer_terms import OfferKind, Terms
from redemption.offers import Offer
from redemption.tables import vouchers as table
from redemption.tokens import Claims, Flags, VoucherKind
from redemption.vouchers import Step, Voucher, VoucherStatus

_KINDS: Final = {
    OfferKind.TICKET: VoucherKind.TICKET,
    OfferKind.POOL: VoucherKind.POOL,
    OfferKind.DISCOUNT: VoucherKind.DISCOUNT,
}
_CODE_ATTEMPTS: Final = 8
_STORED: Final = tuple(column.name for column in table.c if column.name not in {"city_id", "reminded_at"})
_INDEXES: Final = sa.select(
    sa.select(sa.func.max(table.c.status_index))
    .where(table.c.city_id == sa.bindparam("city"))
    .scalar_subquery(),
    keys.ISSUED.scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Paid:
    """What an order brings to the voucher that it becomes."""

    account: str
    cents: int
    """What lies on that account for it."""
    before: tuple[Transfer, ...]
    """Booked with the voucher's holds, all or none, and before them: what the order held is let go."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase that is in order, before anything is written."""

    owner: str
    offer: Offer
    venue_names: tuple[str, ...]
    lots: list[tuple[str, int]]
    """What is taken from which lot."""
    seat: str | None = None
    paid: Paid | None = None

    @property
    def points(self) -> int:
        """The points that are used."""
        return sum(amount for _, amount in self.lots)


@dataclass(frozen=True, slots=True)
class _Issue:
    """A voucher about to be issued."""

    voucher_id: bytes
    manual_code: str
    status_index: int
    valid_from: dt.datetime
    valid_until: dt.datetime


def sell(work: db.Work, city: City, sales: Sequence[Sale], sealer: Sealer) -> list[Voucher]:
    """Book the holds of all sales and issue their vouchers."""
    issues = _issues(work, city, sales)
    today = city.day_of(work.now)
    held = [_holds(work, sale, issue, today) for sale, issue in zip(sales, issues, strict=True)]
    posting.post_or_raise(work, [hold for holds, _ in held for hold in holds])
    asking = claims.online_only(work, {sale.owner for sale in sales})
    claimed = [
        _claims(sale.offer, issue, online_only=sale.owner in asking)
        for sale, issue in zip(sales, issues, strict=True)
    ]
    signed = keys.sign(work, sealer, claimed)
    sold = [
        _voucher(work, sale, issue, token, hold_count=_count(holds), use_holds=use_holds)
        for sale, issue, token, (holds, use_holds) in zip(sales, issues, signed, held, strict=True)
    ]
    rows = [(work.city_id, *(getattr(voucher, name) for name in _STORED)) for voucher in sold]
    bulk.insert_rows(work, table, ("city_id", *_STORED), rows)
    seats.take(work, [(one.offer_id, one.seat, one.voucher_id) for one in sold if one.seat is not None])
    return sold


def _count(booked: Sequence[Transfer]) -> int:
    return sum(one.kind is TransferKind.HOLD for one in booked)


def validity(city: City, offer: Offer, bought_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return from when and until when (exclusive) a voucher bought at `bought_at` is valid."""
    if offer.valid_until is not None:
        return offer.valid_from or _whole_second(bought_at), offer.valid_until
    last_day = city.day_of(bought_at) + dt.timedelta(days=offer.valid_days or 0)
    midnight = dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), city.zone)
    return _whole_second(bought_at), midnight.astimezone(dt.UTC)


def _issues(work: db.Work, city: City, sales: Sequence[Sale]) -> list[_Issue]:
    first = next_status_index(work)
    return [
        _Issue(
            work.ids.random_bytes(tokens.VOUCHER_ID_BYTES),
            code,
            first + place,
            *validity(city, sale.offer, work.now),
        )
        for place, (sale, code) in enumerate(zip(sales, free_manual_codes(work, len(sales)), strict=True))
    ]


def next_status_index(reading: db.Reading) -> int:
    """Return the first place of the status list that nobody ever had."""
    newest, issued = reading.connection.execute(_INDEXES, {"city": reading.city_id}).one()
    # A place is never given twice, also when who had it was erased: its bit in the status list stays.
    return max(0 if newest is None else newest + 1, int(issued or 0))


def free_manual_codes(work: db.Work, count: int) -> list[str]:
    """Return so many codes that no voucher of the city has; two random ones meet once in 2^45."""
    free: dict[str, None] = {}
    for _ in range(_CODE_ATTEMPTS):
        made = {
            codes.manual_code(work.ids.random_bytes(codes.HANDLE_BYTES_MIN)): None
            for _ in range(count - len(free))
        }
        taken = vouchers.taken_codes(work, made)
        free |= {code: None for code in made if code not in taken}
        if len(free) == count:
            return list(free)
    raise Busy("manual-code-not-found")


def _holds(
    work: db.Work, sale: Sale, issue: _Issue, today: dt.date
) -> tuple[list[Transfer], list[list[int]] | None]:
    """Return the holds of the points and, with limited places, of one place; all or none.

    And which of them are of which use, if there are several.
    """
    offer, voucher_id = sale.offer, issue.voucher_id.hex()
    group_id = vouchers.group_id(work.city_id, voucher_id, Step.HOLD)
    held, use_holds = _sides_of_uses(sale)
    before = sale.paid.before if sale.paid is not None else ()
    return [replace(one, group_id=group_id) for one in before] + [
        transfers.hold(
            vouchers.transfer_id(work.city_id, voucher_id, Step.HOLD, position),
            debit,
            credit,
            amount,
            effective=today,
            purpose=vouchers.PURPOSE_BOUGHT,
            subject=vouchers.subject(offer.code, voucher_id),
            group_id=group_id,
            expires_at=issue.valid_until,
        )
        for position, (debit, credit, amount) in enumerate(held)
    ], use_holds


def sides(sale: Sale) -> list[tuple[str, str, int]]:
    """Return what is held of points and places, and towards whom."""
    held = [(path, _towards(sale.offer), amount) for path, amount in sale.lots]
    return held + _place(sale.offer)


def _towards(offer: Offer) -> str:
    return venues.points_path(offer.venue_ids[0]) if len(offer.venue_ids) == 1 else chart.REDEEMED


def _place(offer: Offer) -> list[tuple[str, str, int]]:
    taken = (places.stock_path(offer.offer_id), places.sold_path(offer.offer_id), 1)
    return [taken] if offer.is_limited else []


def _sides_of_uses(sale: Sale) -> tuple[list[tuple[str, str, int]], list[list[int]] | None]:
    """Return what a voucher holds and, of several uses, the places of what each holds.

    Each use holds its share of points and euros, so that it can be captured for itself; the place of the
    voucher is taken with the first use.
    """
    offer, uses = sale.offer, sale.offer.terms.uses
    pieces = list(sale.lots)
    euros = [0] * uses
    takings = venues.takings_path(*(offer.venue_ids if len(offer.venue_ids) == 1 else ()))
    if sale.paid is not None:
        euros = money.even_parts(sale.paid.cents, uses)
    held: list[tuple[str, str, int]] = []
    use_holds: list[list[int]] = []
    for number, part in enumerate(money.cut(pieces, money.even_parts(sale.points, uses))):
        mine = [(path, _towards(offer), amount) for path, amount in part]
        if number == 0:
            mine += _place(offer)
        if sale.paid is not None and euros[number]:
            mine.append((sale.paid.account, takings, euros[number]))
        use_holds.append(list(range(len(held), len(held) + len(mine))))
        held += mine
    return held, use_holds if uses > 1 else None


def _voucher(
    work: db.Work,
    sale: Sale,
    issue: _Issue,
    signed: Signed,
    *,
    hold_count: int,
    use_holds: list[list[int]] | None,
) -> Voucher:
    """Return the voucher as `vouchers.get` would read it."""
    offer = sale.offer
    return Voucher(
        voucher_id=issue.voucher_id.hex(),
        manual_code=issue.manual_code,
        status=VoucherStatus.USABLE,
        owner=sale.owner,
        offer_id=offer.offer_id,
        offer_code=offer.code,
        kind=offer.kind,
        titles=offer.titles,
        descriptions=offer.descriptions,
        pictogram=offer.pictogram,
        venue_ids=offer.venue_ids,
        venue_names=sale.venue_names,
        points=sale.points,
        paid_cents=sale.paid.cents if sale.paid else 0,
        value_cents=offer.value_cents,
        bought_at=work.now,
        valid_from=issue.valid_from,
        valid_until=issue.valid_until,
        uses=offer.terms.uses,
        used=0,
        last_use=0,
        redeemed_at=None,
        redeemed_venue_id=None,
        redeemed_venue_name=None,
        redeemed_device_id=None,
        kid=signed.kid,
        token=signed.token,
        status_index=issue.status_index,
        hold_count=hold_count,
        frozen_at=None,
        use_holds=use_holds,
        seat=sale.seat,
        payer=None,
        activated_at=None,
        active_until=None,
        terms=dataclasses.replace(offer.terms, seats=()),
    )


def _claims(offer: Offer, issue: _Issue, *, online_only: bool) -> Claims:
    return Claims(
        voucher_id=issue.voucher_id,
        issued_at=int(issue.valid_from.timestamp()),
        expires_at=int(issue.valid_until.timestamp()),
        kind=_KINDS[offer.kind],
        product=offer.offer_id,
        venues=offer.venue_ids,
        uses=offer.terms.uses,
        value_cents=offer.value_cents,
        flags=_flags(offer.terms, live=offer.live_code, online_only=online_only),
        status_index=issue.status_index,
    )


def claims_of(
    voucher: Voucher, valid_from: dt.datetime, valid_until: dt.datetime, *, status_index: int | None = None
) -> Claims:
    """Return what a new code of a voucher says that is valid from and until these instants.

    With another place in the status list, if that is given.
    """
    return Claims(
        voucher_id=bytes.fromhex(voucher.voucher_id),
        issued_at=int(valid_from.timestamp()),
        expires_at=int(valid_until.timestamp()),
        kind=_KINDS[voucher.kind],
        product=voucher.offer_id,
        venues=voucher.venue_ids,
        uses=voucher.uses,
        value_cents=voucher.value_cents,
        flags=tokens.own_claims(voucher.token).flags,
        status_index=voucher.status_index if status_index is None else status_index,
    )


def _flags(terms: Terms, *, live: bool, online_only: bool) -> Flags:
    flags = Flags.ID_CHECK if terms.identity_checked else Flags.NONE
    flags |= Flags.LIVE if live else Flags.NONE
    return flags | Flags.ONLINE_ONLY if online_only else flags


def _whole_second(instant: dt.datetime) -> dt.datetime:
    """Return the second that has begun: a token has no fractions."""
    return instant.replace(microsecond=0)
