"""Offers: what points can be spent on. Draft, then published, then withdrawn; only a draft can be changed.

How many places are left is not stored here, it is the balance of the offer's stock in the ledger.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from identity.persons import TrustLevel
from kernel import bulk, db
from kernel.cities import City, LocalizedText
from kernel.errors import Conflict, Invalid, NotFound
from merchants import venues
from redemption import new_offers, offer_terms, places, prices, seats
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import OfferKind, Reentry, RefundRule, Terms
from redemption.places import Places
from redemption.prices import Price
from redemption.tables import offers as table


class OfferStatus(enum.StrEnum):
    """Where an offer stands in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    """Not sold any more; vouchers that were sold stay valid."""
    CANCELLED = "cancelled"
    """Called off: whatever was open has been given back, or is about to be."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as pages and use cases see it; `NewOffer` explains the fields."""

    offer_id: int
    code: str
    kind: OfferKind
    status: OfferStatus
    titles: LocalizedText
    descriptions: LocalizedText
    pictogram: str
    venue_ids: tuple[int, ...]
    price_points: int
    price_cents: int
    extra_points_most: int
    value_cents: int
    planned_places: int | None
    sales_from: dt.datetime | None
    sales_until: dt.datetime | None
    valid_days: int | None
    valid_from: dt.datetime | None
    valid_until: dt.datetime | None
    per_person_limit: int | None
    vat_kind: VatKind
    vat_rate_percent: int | None
    live_code: bool
    terms: Terms
    created_at: dt.datetime
    published_at: dt.datetime | None
    withdrawn_at: dt.datetime | None
    places: Places | None
    """From the ledger; None without limit and before publishing."""

    @property
    def is_limited(self) -> bool:
        """Whether the number of places is limited."""
        return self.planned_places is not None

    @property
    def is_sold_out(self) -> bool:
        """Whether no place is left now; one may come back when a voucher is cancelled or over."""
        return self.places is not None and self.places.left <= 0

    def price(self, city: City) -> Price:
        """Return what it costs, and how much of the euros may be paid with points."""
        return prices.price(
            self.price_points, self.price_cents, self.extra_points_most, city.rate_cents_per_point
        )

    def on_sale(self, now: dt.datetime) -> bool:
        """Whether it is published and within its sales window; it may be sold out all the same."""
        begun = self.sales_from is None or self.sales_from <= now
        ended = self.sales_until is not None and self.sales_until <= now
        over = self.valid_until is not None and self.valid_until <= now
        return self.status is OfferStatus.PUBLISHED and begun and not ended and not over


def create(work: db.Work, new: NewOffer) -> Offer:
    """Make a draft. Raises Invalid for mistyped fields, Conflict `offer-code-taken`, NotFound for a venue."""
    new = new_offers.completed(new)
    _check(work, new)
    newest = sa.select(sa.func.max(table.c.offer_id)).where(table.c.city_id == work.city_id)
    offer_id = (work.connection.execute(newest).scalar() or 0) + 1
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            offer_id=offer_id,
            status=OfferStatus.DRAFT.value,
            created_at=work.now,
            **_values(new),
        )
    )
    return get(work, offer_id)


def revise(work: db.Work, offer_id: int, new: NewOffer) -> Offer:
    """Replace a draft by what `new` says. Raises as `create`, and Conflict `offer-not-draft`."""
    _draft(work, offer_id)
    new = new_offers.completed(new)
    _check(work, new, offer_id)
    _update(work, offer_id, **_values(new))
    return get(work, offer_id)


def publish(work: db.Work, city: City, offer_id: int) -> Offer:
    """Put a draft on sale and its places into the ledger. Raises NotFound, Conflict `offer-not-draft`."""
    offer = _draft(work, offer_id)
    if offer.planned_places is not None:
        _open_places(work, city, offer, offer.planned_places)
    if offer.terms.seats:
        seats.open_seats(work, offer_id, offer.terms.seats)
    _update(work, offer_id, status=OfferStatus.PUBLISHED.value, published_at=work.now)
    return get(work, offer_id)


def withdraw(work: db.Work, offer_id: int) -> Offer:
    """Stop selling; vouchers that were sold stay valid. Again: no change. Raises NotFound."""
    offer = get(work, offer_id)
    if offer.status not in {OfferStatus.WITHDRAWN, OfferStatus.CANCELLED}:
        _update(work, offer_id, status=OfferStatus.WITHDRAWN.value, withdrawn_at=work.now)
    return get(work, offer_id)


def cancel(work: db.Work, offer_id: int) -> Offer:
    """Note that an offer was called off; `calling_off` gives back what was sold."""
    _update(work, offer_id, status=OfferStatus.CANCELLED.value, withdrawn_at=work.now)
    return get(work, offer_id)


def add_places(work: db.Work, city: City, offer_id: int, count: int) -> Offer:
    """Open `count` more places of a published offer.

    Raises NotFound, Invalid `offer-places-invalid`, Conflict `offer-not-published` or `offer-unlimited`.
    """
    offer = get(work, offer_id)
    if not 1 <= count <= new_offers.PLACES_MAX:
        raise Invalid("offer-places-invalid", field="places", maximum=new_offers.PLACES_MAX)
    if offer.status is not OfferStatus.PUBLISHED:
        raise Conflict("offer-not-published", offer=offer.code)
    if not offer.is_limited:
        raise Conflict("offer-unlimited", offer=offer.code)
    if offer.terms.seats:
        raise Conflict("offer-seats-fixed", offer=offer.code)
    _open_places(work, city, offer, count)
    return get(work, offer_id)


def get(reading: db.Reading, offer_id: int) -> Offer:
    """Return an offer. Raises NotFound `offer-not-found`."""
    return _one(_select(reading, table.c.offer_id == offer_id), offer_id)


def by_code(reading: db.Reading, code: str) -> Offer:
    """Return the offer of that code. Raises NotFound `offer-not-found`."""
    return _one(_select(reading, table.c.code == code), code)


def by_id(reading: db.Reading, offer_ids: Iterable[int]) -> dict[int, Offer]:
    """Return several offers by their number."""
    found = _found(reading, _BY_ID, offer_ids=sorted(set(offer_ids)))
    return {offer.offer_id: offer for offer in found}


def published(reading: db.Reading) -> list[Offer]:
    """Return what is on sale at this instant, sold out or not, in order of number."""
    found = _select(reading, table.c.status == OfferStatus.PUBLISHED.value)
    return [offer for offer in found if offer.on_sale(reading.now)]


def every(reading: db.Reading) -> list[Offer]:
    """Return all offers of the city, drafts and withdrawn ones too, in order of number."""
    return _select(reading, sa.true())


def check_on_sale(reading: db.Reading, offer: Offer) -> None:
    """Raise Conflict unless the offer is published, within its sales window and not sold out.

    The codes: `offer-not-published`, `sales-not-started`, `sales-ended`, `sold-out`.
    """
    if offer.status is not OfferStatus.PUBLISHED:
        raise Conflict("offer-not-published", offer=offer.code)
    if offer.sales_from is not None and reading.now < offer.sales_from:
        raise Conflict("sales-not-started", offer=offer.code, sales_from=offer.sales_from.isoformat())
    if not offer.on_sale(reading.now):
        raise Conflict("sales-ended", offer=offer.code)
    if offer.is_sold_out:
        raise Conflict("sold-out", offer=offer.code)


def _check(work: db.Work, new: NewOffer, revised: int | None = None) -> None:
    new_offers.check(new, work.now)
    taken = _select(work, table.c.code == new.code)
    if any(offer.offer_id != revised for offer in taken):
        raise Conflict("offer-code-taken", field="code", offer=new.code)
    for venue_id in new.venue_ids:
        venues.get(work, venue_id)


def _values(new: NewOffer) -> dict[str, Any]:
    apart = {"places", "terms"}
    values = {name: getattr(new, name) for name in NewOffer.__dataclass_fields__ if name not in apart}
    terms = {name: getattr(new.terms, name) for name in offer_terms.NAMES}
    return values | {
        **terms,
        "trust_least": new.terms.trust_least.value,
        "refund_rule": new.terms.refund_rule.value,
        "reentry": new.terms.reentry.value,
        "seats": list(new.terms.seats) or None,
        "kind": new.kind.value,
        "vat_kind": new.vat_kind.value,
        "venue_ids": list(new.venue_ids),
        "planned_places": new.places,
    }


def _draft(work: db.Work, offer_id: int) -> Offer:
    offer = get(work, offer_id)
    if offer.status is not OfferStatus.DRAFT:
        raise Conflict("offer-not-draft", offer=offer.code)
    return offer


def _open_places(work: db.Work, city: City, offer: Offer, count: int) -> None:
    places.open_places(
        work,
        offer.offer_id,
        count,
        transfer_id=work.ids.uuid(),
        effective=city.day_of(work.now),
        subject=offer.code,
    )


def _update(work: db.Work, offer_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, table.c.offer_id == offer_id).values(**values)
    )


def _one(found: Sequence[Offer], name: object) -> Offer:
    for offer in found:
        return offer
    raise NotFound("offer-not-found", offer=name)


_ALL = (
    sa.select(*(column for column in table.c if column.name != "city_id"))
    .where(table.c.city_id == sa.bindparam("city"))
    .order_by(table.c.offer_id)
)
_BY_ID = _ALL.where(bulk.any_of(table.c.offer_id, "offer_ids"))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Offer]:
    return _found(reading, _ALL.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **asked: object) -> list[Offer]:
    found = reading.connection.execute(statement, {"city": reading.city_id, **asked}).all()
    stocked = [
        row.offer_id for row in found if row.planned_places is not None and row.published_at is not None
    ]
    stock = places.of_offers(reading, stocked) if stocked else {}
    return [_offer(row, stock.get(row.offer_id)) for row in found]


def _offer(row: sa.Row[Any], stock: Places | None) -> Offer:
    values = {name: value for name, value in row._mapping.items() if name not in offer_terms.NAMES}
    return Offer(
        **{
            **values,
            "kind": OfferKind(row.kind),
            "status": OfferStatus(row.status),
            "vat_kind": VatKind(row.vat_kind),
            "venue_ids": tuple(row.venue_ids),
        },
        terms=_terms(row),
        places=stock,
    )


def _terms(row: sa.Row[Any]) -> Terms:
    values = {name: row._mapping[name] for name in offer_terms.NAMES}
    return Terms(
        **values
        | {
            "seats": tuple(row.seats or ()),
            "trust_least": TrustLevel(row.trust_least),
            "refund_rule": RefundRule(row.refund_rule),
            "reentry": Reentry(row.reentry),
        }
    )
