"""Buying a voucher: whether somebody may, what is taken from which lot, and then it is issued."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, DomainError, Invalid, NotFound
from ledger import wallets
from merchants import venues
from merchants.venues import Venue
from redemption import entitlements, issuing, offers, seats
from redemption.issuing import Sale
from redemption.keys import Sealer
from redemption.offers import Offer
from redemption.vouchers import Voucher


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
    sold = issuing.sell(work, city, list(sales.values()), sealer) if sales else []
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
