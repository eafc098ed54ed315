"""The administrator's form of an offer: what to begin from, which fields fit, and reading it.

A form has the fields of its shape only, so that what does not go together can't be typed together. What can't
be read becomes what validation refuses, or a refusal that names the field.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from identity.persons import TrustLevel
from kernel.cities import City
from kernel.errors import Invalid
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import SEATS_MAX, OfferKind, Reentry, RefundRule, Terms
from redemption.offers import Offer
from web.marking import N_


@dataclass(frozen=True, slots=True)
class Start:
    """Something to begin from."""

    code: str
    label: str
    hint: str
    shape: str
    """Which fields there are: `entry`, `event`, `activation`, `discount` or `reference`."""
    typed: Mapping[str, str]

    @property
    def pictogram(self) -> str:
        """The pictogram to begin with."""
        return self.typed["pictogram"]


_UNDO = "5"
"""Minutes; long enough for a slip at the till, too short to let a guest in twice."""
_ENTRY = {
    "kind": "pool",
    "pictogram": "pool",
    "uses": "1",
    "vat_kind": "multi-purpose",
    "undo_minutes": _UNDO,
}
_TICKET = {"kind": "ticket", "vat_kind": "multi-purpose"}
STARTS = (
    Start(
        "pool",
        N_("Pool: single entry"),
        N_("One visit, used at the first scan."),
        "entry",
        _ENTRY | {"valid_days": "60", "refund_rule": "always"},
    ),
    Start(
        "strip",
        N_("Strip of ten"),
        N_("Ten visits with one code; what is left can be given back."),
        "entry",
        _ENTRY | {"uses": "10", "valid_days": "365", "refund_rule": "always"},
    ),
    Start(
        "museum",
        N_("Museum"),
        N_("One visit to an exhibition or the zoo."),
        "entry",
        _ENTRY | {"kind": "ticket", "pictogram": "museum", "valid_days": "90", "refund_rule": "always"},
    ),
    Start(
        "event",
        N_("Event"),
        N_("Concert, play or match at one date, with places or numbered seats."),
        "event",
        _TICKET
        | {
            "pictogram": "theatre",
            "undo_minutes": _UNDO,
            "refund_rule": "until",
            "refund_hours": "24",
            "per_person_limit": "4",
        },
    ),
    Start(
        "tram",
        N_("Tram day ticket"),
        N_("Its 24 hours begin when the guest taps “activate”."),
        "activation",
        _TICKET
        | {
            "pictogram": "tram",
            "activation_minutes": "1440",
            "valid_days": "30",
            "refund_rule": "always",
            "uses": "1",
        },
    ),
    Start(
        "discount",
        N_("Discount 10 %%"),
        N_("A reduction at the till, from a purchase of 20 euros."),
        "discount",
        {
            "kind": "discount",
            "pictogram": "discount",
            "undo_minutes": _UNDO,
            "discount_percent": "10",
            "minimum_euros": "20",
            "valid_days": "30",
            "per_month_limit": "2",
            "refund_rule": "always",
            "vat_kind": "discount",
        },
    ),
    Start(
        "fine",
        N_("Parking fines"),
        N_("Found by the reference on the letter; the register says what is due."),
        "reference",
        {"kind": "fine", "pictogram": "parking-fine", "vat_kind": "discount"},
    ),
    Start(
        "fee",
        N_("Fees"),
        N_("Of the administration or for parking, by the reference on the notice."),
        "reference",
        {"kind": "fee", "pictogram": "fee", "vat_kind": "discount"},
    ),
)
KINDS = {
    "entry": ("pool", "ticket"),
    "event": ("ticket",),
    "activation": ("ticket",),
    "discount": ("discount",),
    "reference": ("fine", "fee"),
}
"""The kinds among which a form of each shape lets choose."""
FIELDS = {
    "titles": "title_de",
    "descriptions": "description_de",
    "value_cents": "value_euros",
    "price_cents": "price_euros",
    "discount_cents": "discount_euros",
    "minimum_cents": "minimum_euros",
    "kind": "kind",
}
"""The form's name of a field where it is another than the offer's."""
_RANGE = re.compile(r"(?P<row>\D*)(?P<first>\d+)\s*-\s*(?P=row)?(?P<last>\d+)")
_TIMES = ("sales_from", "sales_until", "valid_from", "valid_until")
_EVENT_TIMES = ("event_begins_at", "event_ends_at", "doors_at")


def start(code: str) -> Start:
    """Return what to begin from; the first one for an unknown code."""
    return next((one for one in STARTS if one.code == code), STARTS[0])


def shape_of(offer: Offer) -> str:
    """Return which form an offer has."""
    if offer.kind.by_reference:
        return "reference"
    if offer.kind is OfferKind.DISCOUNT:
        return "discount"
    if offer.terms.dated:
        return "event"
    return "entry" if offer.terms.activation_minutes is None else "activation"


def read(typed: Mapping[str, str], venue_ids: Sequence[int], city: City) -> NewOffer:
    """Return the offer in a form. Raises Invalid `offer-time-invalid`, `offer-seats-unreadable`."""
    kind, vat = typed.get("kind", ""), typed.get("vat_kind", "")
    return NewOffer(
        code=typed.get("code", "").strip(),
        kind=OfferKind(kind) if kind in set(OfferKind) else OfferKind.TICKET,
        titles=_texts(typed, "title"),
        descriptions=_texts(typed, "description"),
        pictogram=typed.get("pictogram", "ticket"),
        price_points=_number(typed, "price_points") or 0,
        price_cents=_cents(typed, "price_euros") or 0,
        extra_points_most=_number(typed, "extra_points_most") or 0,
        value_cents=_cents(typed, "value_euros") or 0,
        venue_ids=tuple(venue_ids),
        places=_number(typed, "places"),
        sales_from=_instant(typed, "sales_from", city),
        sales_until=_instant(typed, "sales_until", city),
        valid_from=_instant(typed, "valid_from", city),
        valid_until=_instant(typed, "valid_until", city),
        valid_days=_number(typed, "valid_days"),
        per_person_limit=_number(typed, "per_person_limit"),
        vat_kind=VatKind(vat) if vat in set(VatKind) else VatKind.MULTI_PURPOSE,
        vat_rate_percent=_number(typed, "vat_rate_percent"),
        live_code="live_code" in typed,
        terms=_terms(typed, city),
    )


def write(offer: Offer, city: City) -> dict[str, str]:
    """Return what a form says that an offer was made of: to change a draft, or to begin from another."""
    terms, derived = offer.terms, offer.terms.dated
    values: dict[str, Any] = {
        "code": offer.code,
        "kind": offer.kind.value,
        "pictogram": offer.pictogram,
        "price_points": offer.price_points or None,
        "price_euros": _euros(offer.price_cents or None),
        "extra_points_most": offer.extra_points_most or None,
        "value_euros": _euros(offer.value_cents or None),
        "places": offer.planned_places,
        "valid_days": offer.valid_days,
        "per_person_limit": offer.per_person_limit,
        "vat_kind": offer.vat_kind.value,
        "vat_rate_percent": offer.vat_rate_percent,
        "uses": terms.uses,
        "activation_minutes": terms.activation_minutes,
        "seats": ", ".join(terms.seats),
        "live_code": "yes" if offer.live_code else None,
        "personal": "yes" if terms.personal else None,
        "transferable": "yes" if terms.transferable else None,
        "discount_percent": terms.discount_percent,
        "discount_euros": _euros(terms.discount_cents),
        "minimum_euros": _euros(terms.minimum_cents),
        "per_month_limit": terms.per_month_limit,
        "trust_least": terms.trust_least.value,
        "age_least": terms.age_least,
        "refund_rule": terms.refund_rule.value,
        "refund_hours": terms.refund_hours,
        "undo_minutes": terms.undo_minutes or None,
        "in_parts": "yes" if terms.in_parts else None,
        "reentry": None if terms.reentry is Reentry.NONE else "yes",
    }
    for language in ("de", "en"):
        values[f"title_{language}"] = offer.titles.get(language)
        values[f"description_{language}"] = offer.descriptions.get(language)
    for name in _TIMES[: 2 if derived else None]:
        values[name] = _local(getattr(offer, name), city)
    for name in _EVENT_TIMES:
        values[name] = _local(getattr(terms, name), city)
    return {name: str(value) for name, value in values.items() if value is not None}


def read_seats(text: str) -> tuple[str, ...]:
    """Return the seats in a list such as `A1-A12, Loge 1`. Raises Invalid `offer-seats-unreadable`."""
    seats: list[str] = []
    for part in re.split(r"[,;\n]", text):
        name = part.strip()
        found = _RANGE.fullmatch(name)
        if not found:
            seats += [name] if name else []
            continue
        first, last = int(found["first"]), int(found["last"])
        if not first <= last < first + SEATS_MAX:
            raise Invalid("offer-seats-unreadable", field="seats", text=name)
        seats += [f"{found['row']}{number}" for number in range(first, last + 1)]
    return tuple(seats)


def _terms(typed: Mapping[str, str], city: City) -> Terms:
    rule, trust = typed.get("refund_rule", ""), typed.get("trust_least", "")
    chosen = RefundRule(rule) if rule in set(RefundRule) else RefundRule.ALWAYS
    return Terms(
        uses=1 if (uses := _number(typed, "uses")) is None else uses,
        activation_minutes=_number(typed, "activation_minutes"),
        event_begins_at=_instant(typed, "event_begins_at", city),
        event_ends_at=_instant(typed, "event_ends_at", city),
        doors_at=_instant(typed, "doors_at", city),
        seats=read_seats(typed.get("seats", "")),
        personal="personal" in typed,
        transferable="transferable" in typed,
        discount_percent=_number(typed, "discount_percent"),
        discount_cents=_cents(typed, "discount_euros"),
        minimum_cents=_cents(typed, "minimum_euros"),
        per_month_limit=_number(typed, "per_month_limit"),
        trust_least=TrustLevel(trust) if trust in set(TrustLevel) else TrustLevel.ANONYMOUS,
        age_least=_number(typed, "age_least"),
        refund_rule=chosen,
        # A form keeps the field also for the rules that have no use for it.
        refund_hours=_number(typed, "refund_hours") if chosen is RefundRule.UNTIL else None,
        undo_minutes=_number(typed, "undo_minutes") or 0,
        in_parts="in_parts" in typed,
        reentry=Reentry.SAME_DAY if "reentry" in typed else Reentry.NONE,
    )


def _texts(typed: Mapping[str, str], name: str) -> dict[str, str]:
    return {language: typed.get(f"{name}_{language}", "").strip() for language in ("de", "en")}


def _number(typed: Mapping[str, str], name: str) -> int | None:
    text = typed.get(name, "").strip()
    return int(text[:18]) if text.isascii() and text.isdigit() else (-1 if text else None)


def _cents(typed: Mapping[str, str], name: str) -> int | None:
    text = typed.get(name, "").strip().removesuffix("€").strip().replace(",", ".")
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2}))?", text, re.ASCII)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else -1


def _euros(cents: int | None) -> str | None:
    return None if cents is None else f"{cents // 100},{cents % 100:02}"


def _instant(typed: Mapping[str, str], name: str, city: City) -> dt.datetime | None:
    text = typed.get(name, "").strip()
    if not text:
        return None
    try:
        local = dt.datetime.fromisoformat(text)
        return (local.replace(tzinfo=city.zone) if local.tzinfo is None else local).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise Invalid("offer-time-invalid", field=name) from None


def _local(instant: dt.datetime | None, city: City) -> str | None:
    if instant is None:
        return None
    return instant.astimezone(city.zone).replace(tzinfo=None).isoformat(timespec="minutes")
