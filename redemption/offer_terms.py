"""The terms of an offer beyond price, places and validity: who may buy, how it is used, what can be returned.

Pure. Each mistyped term gives one fault that names it; which terms fit which kind is decided here, too.
"""

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass

from identity.persons import TrustLevel
from redemption.faults import Fault

USES_MAX = 50
ACTIVATION_MINUTES_MAX = 7 * 24 * 60
SEATS_MAX = 2000
SEAT_LENGTH_MAX = 12
CENTS_MAX = 2**32 - 1
PER_PERSON_MAX = 1000
AGE_MAX = 99
REFUND_HOURS_MAX = 366 * 24
UNDO_MINUTES_MAX = 24 * 60
ADMISSION = dt.timedelta(hours=1)
"""How long before it begins an event lets people in that does not say when its doors open."""


class OfferKind(enum.StrEnum):
    """What the points are spent on."""

    TICKET = "ticket"
    POOL = "pool"
    DISCOUNT = "discount"
    FINE = "fine"
    FEE = "fee"

    @property
    def by_reference(self) -> bool:
        """Whether a register says what is to be paid: such an offer has no price and no voucher."""
        return self in {OfferKind.FINE, OfferKind.FEE}


class Reentry(enum.StrEnum):
    """Whether a guest who went out may come in again without a further use."""

    NONE = "none"
    SAME_DAY = "same-day"


class RefundRule(enum.StrEnum):
    """Until when an unused voucher can be given back; a cancelled event is returned in any case."""

    ALWAYS = "always"
    """As long as it is valid."""
    UNTIL = "until"
    """Until `refund_hours` before the event begins, or before the validity ends."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer may say besides; the defaults are those of a plain single entry."""

    uses: int = 1
    """How often a voucher may be used; each use is captured for itself."""
    activation_minutes: int | None = None
    """Not scanned to be used, but activated by its holder, and valid for so long from then on."""
    event_begins_at: dt.datetime | None = None
    event_ends_at: dt.datetime | None = None
    doors_at: dt.datetime | None = None
    seats: tuple[str, ...] = ()
    """Names of numbered seats, best first; none: plain places."""
    personal: bool = False
    """For its buyer only: the name is compared with an identity card."""
    transferable: bool = False
    """May be handed to somebody of the household."""
    discount_percent: int | None = None
    discount_cents: int | None = None
    minimum_cents: int | None = None
    """Least purchase for which a discount is given."""
    per_month_limit: int | None = None
    """How many one person may buy in a month of the calendar."""
    trust_least: TrustLevel = TrustLevel.ANONYMOUS
    age_least: int | None = None
    refund_rule: RefundRule = RefundRule.ALWAYS
    refund_hours: int | None = None
    undo_minutes: int = 0
    """How long a venue may take a scan back; 0: not at all."""
    reentry: Reentry = Reentry.NONE
    in_parts: bool = False
    """A use is a part of its value and not a person: 20 euros in ten parts."""

    @property
    def dated(self) -> bool:
        """Whether it is a ticket for an event at one time."""
        return self.event_begins_at is not None and self.event_ends_at is not None

    @property
    def admits_from(self) -> dt.datetime | None:
        """When the event begins to let people in."""
        if self.doors_at is not None or self.event_begins_at is None:
            return self.doors_at
        return self.event_begins_at - ADMISSION

    @property
    def identity_checked(self) -> bool:
        """Whether its holder shows an identity card."""
        return self.personal or self.age_least is not None

    def returnable_until(self, valid_until: dt.datetime) -> dt.datetime | None:
        """Return until when (exclusive) an unused voucher can be given back; None: not at all."""
        if self.refund_rule is RefundRule.NEVER:
            return None
        if self.refund_rule is RefundRule.ALWAYS:
            return valid_until
        return (self.event_begins_at or valid_until) - dt.timedelta(hours=self.refund_hours or 0)


NAMES = tuple(Terms.__dataclass_fields__)
PLAIN = Terms()


def faults(terms: Terms, kind: OfferKind, now: dt.datetime) -> Iterator[Fault]:
    """Give what is mistyped in the terms of an offer of this kind."""
    if kind.by_reference:
        if terms != Terms(trust_least=terms.trust_least):
            yield Fault("kind", "offer-fine-without-terms")
        return
    yield from _use(terms, kind)
    yield from _event(terms, kind, now)
    yield from _seats(terms)
    yield from _discount(terms, kind)
    yield from _buyers(terms)
    yield from _returning(terms)
    if terms.in_parts and (terms.uses == 1 or terms.reentry is not Reentry.NONE):
        yield Fault("in_parts", "offer-parts-not-here")
    if terms.reentry is not Reentry.NONE and (
        kind is OfferKind.DISCOUNT or terms.activation_minutes is not None
    ):
        yield Fault("reentry", "offer-reentry-not-here")


def _use(terms: Terms, kind: OfferKind) -> Iterator[Fault]:
    if not 1 <= terms.uses <= USES_MAX:
        yield Fault("uses", "offer-uses-invalid", {"maximum": USES_MAX})
    elif terms.uses > 1 and (kind is OfferKind.DISCOUNT or terms.event_begins_at):
        yield Fault("uses", "offer-uses-not-here")
    minutes = terms.activation_minutes
    if minutes is None:
        return
    if not 1 <= minutes <= ACTIVATION_MINUTES_MAX:
        yield Fault("activation_minutes", "offer-activation-invalid", {"maximum": ACTIVATION_MINUTES_MAX})
    elif kind is OfferKind.DISCOUNT or terms.event_begins_at:
        yield Fault("activation_minutes", "offer-activation-not-here")


def _event(terms: Terms, kind: OfferKind, now: dt.datetime) -> Iterator[Fault]:
    begins, ends, doors = terms.event_begins_at, terms.event_ends_at, terms.doors_at
    named = [one for one in (begins, ends, doors) if one is not None]
    if not named:
        return
    if any(one.tzinfo is None for one in named):
        yield Fault("event_begins_at", "instant-without-time-zone")
    elif kind is not OfferKind.TICKET:
        yield Fault("event_begins_at", "offer-event-not-here")
    elif begins is None:
        yield Fault("event_begins_at", "offer-event-begin-missing")
    elif ends is None:
        yield Fault("event_ends_at", "offer-event-end-missing")
    elif ends <= begins:
        yield Fault("event_ends_at", "offer-event-end-invalid")
    elif ends <= now:
        yield Fault("event_ends_at", "offer-event-past")
    elif doors is not None and doors > begins:
        yield Fault("doors_at", "offer-doors-invalid")


def _seats(terms: Terms) -> Iterator[Fault]:
    if not terms.seats:
        return
    if not terms.event_begins_at:
        yield Fault("seats", "offer-seats-without-event")
    elif len(terms.seats) > SEATS_MAX:
        yield Fault("seats", "offer-seats-too-many", {"maximum": SEATS_MAX})
    elif len(set(terms.seats)) != len(terms.seats):
        yield Fault("seats", "offer-seat-twice")
    elif not all(0 < len(seat) <= SEAT_LENGTH_MAX for seat in terms.seats):
        yield Fault("seats", "offer-seat-invalid", {"maximum": SEAT_LENGTH_MAX})


def _discount(terms: Terms, kind: OfferKind) -> Iterator[Fault]:
    percent, cents, least = terms.discount_percent, terms.discount_cents, terms.minimum_cents
    if kind is not OfferKind.DISCOUNT:
        if (percent, cents, least) != (None, None, None):
            yield Fault("discount_percent", "offer-discount-not-here")
        return
    if percent is None and cents is None:
        yield Fault("discount_percent", "offer-discount-missing")
    elif percent is not None and cents is not None:
        yield Fault("discount_percent", "offer-discount-twice")
    elif percent is not None and not 1 <= percent <= 100:  # noqa: PLR2004 -- a percentage
        yield Fault("discount_percent", "offer-discount-percent-invalid")
    elif cents is not None and not 1 <= cents <= CENTS_MAX:
        yield Fault("discount_cents", "offer-discount-cents-invalid")
    if least is not None and not 1 <= least <= CENTS_MAX:
        yield Fault("minimum_cents", "offer-minimum-invalid")
    elif least is not None and cents is not None and least < cents:
        yield Fault("minimum_cents", "offer-minimum-below-discount")


def _buyers(terms: Terms) -> Iterator[Fault]:
    if terms.per_month_limit is not None and not 1 <= terms.per_month_limit <= PER_PERSON_MAX:
        yield Fault("per_month_limit", "offer-month-limit-invalid", {"maximum": PER_PERSON_MAX})
    if terms.age_least is not None and not 1 <= terms.age_least <= AGE_MAX:
        yield Fault("age_least", "offer-age-invalid", {"maximum": AGE_MAX})
    if terms.personal and terms.transferable:
        yield Fault("transferable", "offer-personal-not-transferable")


def _returning(terms: Terms) -> Iterator[Fault]:
    if terms.refund_rule is RefundRule.UNTIL:
        if terms.refund_hours is None:
            yield Fault("refund_hours", "offer-refund-hours-missing")
        elif not 0 <= terms.refund_hours <= REFUND_HOURS_MAX:
            yield Fault("refund_hours", "offer-refund-hours-invalid", {"maximum": REFUND_HOURS_MAX})
    elif terms.refund_hours is not None:
        yield Fault("refund_hours", "offer-refund-hours-not-wanted")
    if not 0 <= terms.undo_minutes <= UNDO_MINUTES_MAX:
        yield Fault("undo_minutes", "offer-undo-invalid", {"maximum": UNDO_MINUTES_MAX})
    elif terms.undo_minutes and terms.activation_minutes is not None:
        yield Fault("undo_minutes", "offer-undo-with-activation")
