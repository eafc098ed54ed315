"""Buying a voucher: one group of holds, of the wallet's lots and of a place, and a signed token for it.

With one venue the points are held towards that venue. With several it is known only at the scan who gets
them; until then they are held towards `redeemed`, where they end in any case (ADR 5).
"""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from kernel import bulk, db, money
from kernel.cities import City
from kernel.errors import Busy, Conflict, DomainError, Invalid, NotFound
from ledger import chart, posting, transfers, wallets
from ledger.transfers import Transfer, TransferKind
from merchants import venues
from merchants.venues import Venue
from redemption import claims, codes, entitlements, keys, offers, places, seats, tokens, vouchers
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


@dataclass(frozen=True, slots=True)
class Purchase:
    """Somebody's wish to buy a voucher of an offer."""

    owner: str
    """In the ledger."""
    offer_id: int
    points: int | None = None
    """How many are used; if not said, as few as the offer allows."""
    cents: int = 0
    """What is paid in euros besides, by an order."""
    seat: str | None = None
    """Which of the numbered seats; None: the best that is free."""


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


_Outcome = Voucher | DomainError


def buy(
    work: db.Work,
    city: City,
    owner: str,
    offer_id: int,
    sealer: Sealer,
    *,
    points: int | None = None,
    seat: str | None = None,
) -> Voucher:
    """Reserve the price from the earliest lots and a place, and issue the voucher.

    Raises NotFound `offer-not-found`, Invalid `fine-needs-reference` for an offer for fines and fees, and
    Conflict `euros-due`, `offer-not-published`, `sales-not-started`, `sales-ended`, `sold-out`, `seat-taken`,
    `venue-suspended`, `trust-too-low`, `age-unknown`, `age-too-low`, `per-person-limit-reached`,
    `per-month-limit-reached`, `insufficient-points` (with what is missing) or `issuing-key-missing`.
    """
    (outcome,) = buy_many(work, city, [Purchase(owner, offer_id, points, seat=seat)], sealer)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def prepare(work: db.Work, city: City, purchase: Purchase) -> Sale:
    """Return what would be sold, without selling it. Raises as `buy`."""
    decided = _decide(work, city, {0: purchase})[0]
    if isinstance(decided, DomainError):
        raise decided
    return decided


def issue(work: db.Work, city: City, sale: Sale, sealer: Sealer) -> Voucher:
    """Issue the voucher of a sale that was prepared before and is paid now."""
    return _sell(work, city, [sale], sealer)[0]


def buy_many(work: db.Work, city: City, wanted: Sequence[Purchase], sealer: Sealer) -> list[_Outcome]:
    """Sell to many as `buy` does, in order, at the price of a few statements.

    Returns a voucher for each purchase, or what `buy` would raise. Purchases of one person are made in turns.
    Raises `issuing-key-missing` for all, and what the ledger refuses against all expectation: then nothing
    may be kept of any of them.
    """
    outcomes: dict[int, _Outcome] = {}
    while len(outcomes) < len(wanted):
        first: dict[str, int] = {}
        for place, purchase in enumerate(wanted):
            if place not in outcomes:
                first.setdefault(purchase.owner, place)
        outcomes |= _turn(work, city, {place: wanted[place] for place in first.values()}, sealer)
    return [outcomes[place] for place in range(len(wanted))]


def _turn(work: db.Work, city: City, wanted: Mapping[int, Purchase], sealer: Sealer) -> dict[int, _Outcome]:
    """Sell to persons of whom each buys once."""
    decided = _decide(work, city, wanted)
    sales = {place: one for place, one in decided.items() if isinstance(one, Sale)}
    sold = _sell(work, city, list(sales.values()), sealer) if sales else []
    refused = {place: one for place, one in decided.items() if isinstance(one, DomainError)}
    return refused | dict(zip(sales, sold, strict=True))


def _decide(work: db.Work, city: City, wanted: Mapping[int, Purchase]) -> dict[int, Sale | DomainError]:
    """Return what is sold to whom, and why not to the others."""
    found = offers.by_id(work, (purchase.offer_id for purchase in wanted.values()))
    where = venues.by_id(work, (venue_id for offer in found.values() for venue_id in offer.venue_ids))
    buyers = entitlements.read(
        work,
        city,
        [(one.owner, found[one.offer_id]) for one in wanted.values() if one.offer_id in found],
    )
    free = seats.free(work, [offer.offer_id for offer in found.values() if offer.terms.seats])
    owned = wallets.of_owners(work, (purchase.owner for purchase in wanted.values()))
    today = city.day_of(work.now)
    sold: Counter[int] = Counter()
    decided: dict[int, Sale | DomainError] = {}
    for place, purchase in wanted.items():
        owner, offer_id = purchase.owner, purchase.offer_id
        try:
            offer = found.get(offer_id)
            if offer is None:
                raise NotFound("offer-not-found", offer=offer_id)
            _check(work, offer, where, sold[offer_id])
            buyers.check(owner, offer)
            seat = seats.choose(free[offer_id], purchase.seat, offer.code) if offer.terms.seats else None
            points = _points(city, offer, purchase)
            lots = wallets.split(owned[owner].lots, points, today)
        except DomainError as refusal:
            decided[place] = refusal
        else:
            sold[offer_id] += 1
            if seat is not None:
                free[offer_id].remove(seat)
            names = tuple(where[venue_id].name for venue_id in offer.venue_ids)
            decided[place] = Sale(owner, offer, names, lots, seat)
    return decided


def _check(work: db.Work, offer: Offer, where: Mapping[int, Venue], sold: int) -> None:
    """Raise unless the offer may be sold to somebody after `sold` others in this turn."""
    if offer.kind.by_reference:
        raise Invalid("fine-needs-reference", offer=offer.code)
    offers.check_on_sale(work, offer)
    if offer.places is not None and offer.places.left <= sold:
        raise Conflict("sold-out", offer=offer.code)
    if not any(where[venue_id].active for venue_id in offer.venue_ids):
        raise Conflict("venue-suspended", offer=offer.code)


def _points(city: City, offer: Offer, purchase: Purchase) -> int:
    """Return the points of a purchase, if they and its euros pay the price."""
    price = offer.price(city)
    parts = price.at(price.points if purchase.points is None else purchase.points)
    if parts.cents != purchase.cents:
        raise Conflict("euros-due", offer=offer.code, cents=parts.cents)
    return parts.points


def _sell(work: db.Work, city: City, sales: Sequence[Sale], sealer: Sealer) -> list[Voucher]:
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
    newest = sa.select(sa.func.max(table.c.status_index)).where(table.c.city_id == work.city_id)
    index = work.connection.execute(newest).scalar()
    # A place is never given twice, also when who had it was erased: its bit in the status list stays.
    first = max(0 if index is None else index + 1, keys.issued_in_all(work))
    return [
        _Issue(
            work.ids.random_bytes(tokens.VOUCHER_ID_BYTES),
            code,
            first + place,
            *validity(city, sale.offer, work.now),
        )
        for place, (sale, code) in enumerate(zip(sales, _free_manual_codes(work, len(sales)), strict=True))
    ]


def _free_manual_codes(work: db.Work, count: int) -> list[str]:
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


def claims_of(voucher: Voucher, valid_from: dt.datetime, valid_until: dt.datetime) -> Claims:
    """Return what a new code of a voucher says that is valid from and until these instants."""
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
        status_index=voucher.status_index,
    )


def _flags(terms: Terms, *, live: bool, online_only: bool) -> Flags:
    flags = Flags.ID_CHECK if terms.identity_checked else Flags.NONE
    flags |= Flags.LIVE if live else Flags.NONE
    return flags | Flags.ONLINE_ONLY if online_only else flags


def _whole_second(instant: dt.datetime) -> dt.datetime:
    """Return the second that has begun: a token has no fractions."""
    return instant.replace(microsecond=0)
