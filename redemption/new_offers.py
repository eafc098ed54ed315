"""What an offer is, and what an administrator may ask for: checked whole, each mistyped field by its code."""

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kernel import money
from kernel.cities import LocalizedText
from kernel.errors import Invalid
from redemption import offer_terms
from redemption.faults import Fault
from redemption.offer_terms import OfferKind, Terms
from redemption.providers import MINIMUM_CENTS

VENUES_MAX = 5
"""More would not fit the QR code (docs/voucher-format.md)."""
PLACES_MAX = 10_000_000
VALID_DAYS_MAX = 3 * 366
VALUE_CENTS_MAX = 2**32 - 1
PRICE_CENTS_MAX = 1_000_000
"""Above ten thousand euros a comma was forgotten."""
PER_PERSON_MAX = 1000
TITLE_MAX = 120
DESCRIPTION_MAX = 2000

_CODE = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
_PICTOGRAM = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]+)?")


class VatKind(enum.StrEnum):
    """How value added tax treats the voucher (section 3 of the German act, paragraphs 13 to 15)."""

    DISCOUNT = "discount"
    """A reduction of the venue's price: no voucher in the sense of the tax."""
    SINGLE_PURPOSE = "single-purpose"
    """Place and rate are known when it is issued."""
    MULTI_PURPOSE = "multi-purpose"
    """Taxed when it is redeemed."""


@dataclass(frozen=True, slots=True)
class NewOffer:
    """What has to be said to make an offer.

    A voucher is valid either until the end of the day `valid_days` days after the purchase, or from
    `valid_from` (empty: from the purchase) until `valid_until`; for an event both follow from its times. All
    `_until` instants are exclusive. An offer for fines or fees has neither venues nor price nor validity: the
    register says what is to be paid.
    """

    code: str
    kind: OfferKind
    titles: LocalizedText
    descriptions: LocalizedText
    pictogram: str
    price_points: int = 0
    price_cents: int = 0
    """Euros due besides the points; nothing, or enough to be collected."""
    extra_points_most: int = 0
    """How many more points the buyer may use instead of euros, at the city's rate; 0: the price is fixed."""
    value_cents: int = 0
    """What the venue would have charged."""
    venue_ids: tuple[int, ...] = ()
    places: int | None = None
    """Vouchers that may be sold at first; None: without limit."""
    sales_from: dt.datetime | None = None
    sales_until: dt.datetime | None = None
    valid_days: int | None = None
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    per_person_limit: int | None = None
    vat_kind: VatKind = VatKind.DISCOUNT
    vat_rate_percent: int | None = None
    terms: Terms = offer_terms.PLAIN
    live_code: bool = False
    """A code that stands still (a picture, paper, a typed code) is not accepted."""


def completed(new: NewOffer) -> NewOffer:
    """Return the offer with what follows from its event: the validity, and a place for each seat."""
    terms = new.terms
    if not terms.dated or (new.valid_days, new.valid_from, new.valid_until) != (None, None, None):
        return new
    places = len(terms.seats) if terms.seats and new.places is None else new.places
    return dataclasses.replace(
        new, valid_from=terms.admits_from, valid_until=terms.event_ends_at, places=places
    )


def check(new: NewOffer, now: dt.datetime) -> None:
    """Raise Invalid unless all is well: code and field of the first fault, and all in `faults`."""
    faults = [
        *_naming(new),
        *_price(new),
        *_places(new),
        *_sales(new, now),
        *_validity(new, now),
        *_vat(new),
        *offer_terms.faults(new.terms, new.kind, now),
        *_together(new),
    ]
    if faults:
        listed = [{"field": fault.field, "code": fault.code, **fault.limits} for fault in faults]
        raise Invalid(faults[0].code, field=faults[0].field, **faults[0].limits, faults=listed)


def _naming(new: NewOffer) -> Iterator[Fault]:
    if not _CODE.fullmatch(new.code):
        yield Fault("code", "offer-code-invalid")
    yield from _text("titles", new.titles, "offer-title", TITLE_MAX)
    yield from _text("descriptions", new.descriptions, "offer-description", DESCRIPTION_MAX)
    if not _PICTOGRAM.fullmatch(new.pictogram):
        yield Fault("pictogram", "offer-pictogram-invalid")


def _text(name: str, texts: LocalizedText, code: str, maximum: int) -> Iterator[Fault]:
    if not texts.get("de", "").strip():
        yield Fault(name, f"{code}-missing")
    elif not all(_LANGUAGE.fullmatch(language) for language in texts):
        yield Fault(name, "offer-language-unknown")
    elif any(len(text) > maximum for text in texts.values()):
        yield Fault(name, f"{code}-too-long", {"maximum": maximum})


def _price(new: NewOffer) -> Iterator[Fault]:
    if new.kind.by_reference:
        if new.price_points or new.price_cents or new.extra_points_most or new.value_cents:
            yield Fault("price_points", "offer-fine-has-own-price")
        return
    if not (0 if new.price_cents else 1) <= new.price_points <= money.AMOUNT_MAX:
        yield Fault("price_points", "offer-price-invalid")
    if new.price_cents and not MINIMUM_CENTS <= new.price_cents <= PRICE_CENTS_MAX:
        limits = {"minimum": MINIMUM_CENTS, "maximum": PRICE_CENTS_MAX // 100}
        yield Fault("price_cents", "offer-euros-invalid", limits)
    if not 0 <= new.extra_points_most <= money.AMOUNT_MAX:
        yield Fault("extra_points_most", "offer-extra-points-invalid")
    elif new.extra_points_most and not new.price_cents:
        yield Fault("extra_points_most", "offer-extra-points-without-euros")
    if not 0 <= new.value_cents <= VALUE_CENTS_MAX:
        yield Fault("value_cents", "offer-value-invalid", {"maximum": VALUE_CENTS_MAX})


def _places(new: NewOffer) -> Iterator[Fault]:
    if new.kind.by_reference:
        if new.venue_ids:
            yield Fault("venue_ids", "offer-fine-without-venue")
        if new.per_person_limit is not None:
            yield Fault("per_person_limit", "offer-fine-without-limit")
    elif not new.venue_ids:
        yield Fault("venue_ids", "offer-venue-missing")
    elif len(set(new.venue_ids)) != len(new.venue_ids):
        yield Fault("venue_ids", "offer-venue-twice")
    elif len(new.venue_ids) > VENUES_MAX:
        yield Fault("venue_ids", "offer-venues-too-many", {"maximum": VENUES_MAX})
    if new.places is not None and not 1 <= new.places <= PLACES_MAX:
        yield Fault("places", "offer-places-invalid", {"maximum": PLACES_MAX})
    if new.per_person_limit is not None and not 1 <= new.per_person_limit <= PER_PERSON_MAX:
        yield Fault("per_person_limit", "offer-limit-invalid", {"maximum": PER_PERSON_MAX})


def _sales(new: NewOffer, now: dt.datetime) -> Iterator[Fault]:
    if not _aware(new.sales_from, new.sales_until):
        yield Fault("sales_from", "instant-without-time-zone")
    elif new.sales_from and new.sales_until and new.sales_from >= new.sales_until:
        yield Fault("sales_until", "offer-sales-end-before-start")
    elif new.sales_until and new.sales_until <= now:
        yield Fault("sales_until", "offer-sales-end-past")


def _validity(new: NewOffer, now: dt.datetime) -> Iterator[Fault]:
    dated = new.valid_from is not None or new.valid_until is not None
    if new.kind.by_reference:
        if dated or new.valid_days is not None:
            yield Fault("valid_days", "offer-fine-without-validity")
    elif not _aware(new.valid_from, new.valid_until):
        yield Fault("valid_from", "instant-without-time-zone")
    elif new.valid_days is not None:
        if dated:
            yield Fault("valid_days", "offer-validity-twice")
        elif not 0 <= new.valid_days <= VALID_DAYS_MAX:
            yield Fault("valid_days", "offer-valid-days-invalid", {"maximum": VALID_DAYS_MAX})
    elif new.valid_until is None:
        yield Fault("valid_until", "offer-validity-missing")
    elif new.valid_until <= (new.valid_from or now) or new.valid_until <= now:
        yield Fault("valid_until", "offer-validity-end-invalid")
    elif new.sales_until and new.sales_until > new.valid_until:
        yield Fault("sales_until", "offer-sold-after-validity")


def _together(new: NewOffer) -> Iterator[Fault]:
    """Give what is wrong only between a term and the rest."""
    terms = new.terms
    if 0 < new.price_points < terms.uses and not new.price_cents:
        yield Fault("price_points", "offer-price-below-uses", {"uses": terms.uses})
    if terms.in_parts and (not new.value_cents or new.value_cents % terms.uses):
        yield Fault("value_cents", "offer-parts-value-invalid", {"uses": terms.uses})
    if terms.activation_minutes is not None and len(new.venue_ids) > 1:
        yield Fault("venue_ids", "offer-activation-one-venue")
    if terms.seats and new.places not in {None, len(terms.seats)}:
        yield Fault("places", "offer-seats-differ-from-places", {"seats": len(terms.seats)})
    month, most = terms.per_month_limit, new.per_person_limit
    if month is not None and most is not None and month > most:
        yield Fault("per_month_limit", "offer-month-limit-above-limit", {"limit": most})


def _vat(new: NewOffer) -> Iterator[Fault]:
    if new.vat_kind is VatKind.SINGLE_PURPOSE:
        if new.vat_rate_percent is None:
            yield Fault("vat_rate_percent", "offer-vat-rate-missing")
        elif not 0 <= new.vat_rate_percent <= 100:  # noqa: PLR2004 -- a percentage
            yield Fault("vat_rate_percent", "offer-vat-rate-invalid")
    elif new.vat_rate_percent is not None:
        yield Fault("vat_rate_percent", "offer-vat-rate-not-wanted")


def _aware(*instants: dt.datetime | None) -> bool:
    return all(instant is None or instant.tzinfo is not None for instant in instants)
