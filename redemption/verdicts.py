"""What a venue is told after a scan. Pure: codes, colours and what is shown with them.

Green: let the guest in. Amber: the voucher may be good, but not here and now; do what the text says. Red: no
admission with this code.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel.cities import LocalizedText


class Question(enum.StrEnum):
    """What a device asks staff for, if need be, before a voucher is redeemed."""

    AMOUNT = "amount"
    RECEIPT = "receipt"


class Colour(enum.StrEnum):
    """The colour of the whole screen."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class VerdictCode(enum.StrEnum):
    """What a scan found out, in order of precedence: the first that applies is the one given."""

    ACCEPTED = "accepted"
    LET_IN_AGAIN = "let-in-again"
    """Went out before and comes in again: takes no use."""
    LET_OUT = "let-out"
    TEST_PASSED = "test-passed"
    """A test voucher of this venue: the scanner works, nobody is let in by it."""
    VENUE_SUSPENDED = "venue-suspended"
    DEVICE_SUSPENDED = "device-suspended"
    NOT_READABLE = "not-readable"
    """No code of ours, or damaged beyond reading."""
    MISTYPED_CODE = "mistyped-code"
    """The ten typed characters contain a slip: their check character says so."""
    UNKNOWN_KEY = "unknown-key"
    """Signed with a key that this city never had: another city's voucher, or a forged one."""
    BLOCKED_KEY = "blocked-key"
    """Signed with a key that the city has blocked."""
    BAD_SIGNATURE = "bad-signature"
    """The content was changed after signing."""
    UNKNOWN_VOUCHER = "unknown-voucher"
    """Nothing of this number was ever sold here."""
    REPLACED = "replaced"
    """The code of who had the voucher before it was handed on."""
    ALREADY_INSIDE = "already-inside"
    """All its guests are inside: who shows it has a copy."""
    FEWER_OUTSIDE = "fewer-outside"
    """Some of them went out and may come in again, but not so many."""
    NOT_INSIDE = "not-inside"
    """At the way out: nobody was seen to come in with it. Nobody is kept inside."""
    NO_REENTRY = "no-reentry"
    """At the way out: who leaves may not come in again."""
    ALREADY_USED = "already-used"
    TOO_FEW_LEFT = "too-few-left"
    """It is good, but not for so many at once."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DISPUTED = "disputed"
    """The buyer's bank has taken the money back for now."""
    LEASED = "leased"
    """Reserved for one device, which may take it without a network."""
    AT_HUB = "at-hub"
    """Left to the venue's hub, which takes it without a network."""
    HUB_BLOCKED = "hub-blocked"
    """Said by a hub: the city has stopped it, or its owner has."""
    HUB_CLOSED = "hub-closed"
    """Said by a hub: its time is over, and it reaches nobody who could say."""
    NOT_ON_LIST = "not-on-list"
    """Said by a hub: only the city knows, and it can't be reached."""
    OTHER_VENUE = "other-venue"
    OTHER_GATE = "other-gate"
    """Taken at this venue, but by devices at other gates."""
    OFFER_NOT_HERE = "offer-not-here"
    """The device does not take this offer."""
    ACTIVE = "active"
    """A ticket that its holder has activated: good until it ends, looked at as often as need be."""
    NOT_YET_VALID = "not-yet-valid"
    AMOUNT_NEEDED = "amount-needed"
    """All is well; staff has to say how much of its value is taken."""
    RECEIPT_NEEDED = "receipt-needed"
    """All is well; the till's receipt has to be named first."""
    LIVE_CODE_NEEDED = "live-code-needed"
    """The voucher is good only with a code that moves, and this one stands still."""
    LIVE_CODE_OLD = "live-code-old"
    """A picture of a code that has moved on since."""
    LIVE_CODE_WRONG = "live-code-wrong"
    """The moving part does not belong to the voucher."""
    PHONE_CLOCK_OFF = "phone-clock-off"
    """All is well but the phone's clock, or it is a picture of some minutes ago: somebody has to look."""
    NOT_ACTIVATED = "not-activated"


PASSED = frozenset({VerdictCode.LET_IN_AGAIN, VerdictCode.LET_OUT})
"""Somebody passed a gate, and no use was taken."""
ASKED = frozenset({VerdictCode.AMOUNT_NEEDED, VerdictCode.RECEIPT_NEEDED})
"""A question to staff, after which the same code is scanned again."""
GONE_ON = frozenset({
    *PASSED, *ASKED, VerdictCode.ACCEPTED, VerdictCode.ACTIVE, VerdictCode.NOT_INSIDE, VerdictCode.NO_REENTRY,
})  # fmt: skip
"""Verdicts on guests whom nobody stopped: at the way out nobody is."""

_COLOURS = {
    VerdictCode.ACCEPTED: Colour.GREEN,
    VerdictCode.LET_IN_AGAIN: Colour.GREEN,
    VerdictCode.LET_OUT: Colour.GREEN,
    VerdictCode.FEWER_OUTSIDE: Colour.AMBER,
    VerdictCode.AMOUNT_NEEDED: Colour.AMBER,
    VerdictCode.RECEIPT_NEEDED: Colour.AMBER,
    VerdictCode.NOT_INSIDE: Colour.AMBER,
    VerdictCode.NO_REENTRY: Colour.AMBER,
    VerdictCode.ACTIVE: Colour.GREEN,
    VerdictCode.TEST_PASSED: Colour.GREEN,
    VerdictCode.VENUE_SUSPENDED: Colour.AMBER,
    VerdictCode.DEVICE_SUSPENDED: Colour.AMBER,
    VerdictCode.NOT_READABLE: Colour.AMBER,
    VerdictCode.MISTYPED_CODE: Colour.AMBER,
    VerdictCode.TOO_FEW_LEFT: Colour.AMBER,
    VerdictCode.LEASED: Colour.AMBER,
    VerdictCode.AT_HUB: Colour.AMBER,
    VerdictCode.HUB_BLOCKED: Colour.AMBER,
    VerdictCode.HUB_CLOSED: Colour.AMBER,
    VerdictCode.NOT_ON_LIST: Colour.AMBER,
    VerdictCode.OTHER_VENUE: Colour.AMBER,
    VerdictCode.OTHER_GATE: Colour.AMBER,
    VerdictCode.OFFER_NOT_HERE: Colour.AMBER,
    VerdictCode.NOT_YET_VALID: Colour.AMBER,
    VerdictCode.LIVE_CODE_NEEDED: Colour.AMBER,
    VerdictCode.PHONE_CLOCK_OFF: Colour.AMBER,
    VerdictCode.NOT_ACTIVATED: Colour.AMBER,
}


@dataclass(frozen=True, slots=True)
class FirstUse:
    """When and where a voucher was redeemed."""

    at: dt.datetime
    venue_name: str
    device_name: str
    """Empty: on the guest's own phone, without a device."""


@dataclass(frozen=True, slots=True)
class ShownVoucher:
    """What a cashier may know about a voucher: nothing about its owner."""

    voucher_id: str
    offer_code: str
    kind: str
    titles: LocalizedText
    value_cents: int
    valid_from: dt.datetime
    valid_until: dt.datetime
    """Exclusive."""
    venue_names: tuple[str, ...]
    uses: int = 1
    left: int = 0
    """How often it can be used after this scan."""
    seat: str | None = None
    personal: bool = False
    """The name in the app is to be compared with an identity card."""
    age_least: int | None = None
    discount_percent: int | None = None
    discount_cents: int | None = None
    minimum_cents: int | None = None
    undo_minutes: int = 0
    """How long after this scan the venue may take it back."""
    gates: tuple[str, ...] = ()
    """With `other-gate`, `leased` or `at-hub`: where it is taken."""
    leased_until: str | None = None
    """With `leased` or `at-hub`: until when it is reserved there, in RFC 3339."""
    taken: int = 1
    """How many uses this scan took or asked for, or how many guests passed."""
    outside: int = 0
    """With `fewer-outside`: how many may come in again."""
    reentry_until: str | None = None
    """Until when who goes out may come in again, in RFC 3339."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one scan. The same scan, sent again, gets the same answer."""

    code: VerdictCode
    scan_id: int
    at: dt.datetime
    voucher: ShownVoucher | None = None
    first_use: FirstUse | None = None
    """With `already-used`: the redemption that came first; with `already-inside`: when they came in."""
    clock_seconds: int | None = None
    """How far the guest's phone is ahead, where its code says so; below zero: it is slow."""

    @property
    def may_be_confirmed(self) -> bool:
        """Whether the same scan is accepted once somebody has seen that the code moves."""
        return self.code is VerdictCode.PHONE_CLOCK_OFF

    @property
    def part_cents(self) -> int | None:
        """What one use is worth, if staff has to say how much is taken."""
        asked = self.code is VerdictCode.AMOUNT_NEEDED and self.voucher is not None
        return self.voucher.value_cents // self.voucher.uses if asked and self.voucher else None

    @property
    def undo_until(self) -> dt.datetime | None:
        """Until when the venue may take this scan back (exclusive); None: not at all."""
        if self.voucher is None or not self.voucher.undo_minutes:
            return None
        return self.at + dt.timedelta(minutes=self.voucher.undo_minutes)

    @property
    def accepted(self) -> bool:
        """Whether the guest may come in."""
        return self.code in {VerdictCode.ACCEPTED, VerdictCode.ACTIVE, VerdictCode.LET_IN_AGAIN}

    @property
    def passed(self) -> bool:
        """Whether the guest may go on, in or out."""
        return self.accepted or self.code is VerdictCode.LET_OUT

    @property
    def colour(self) -> Colour:
        """The colour to show."""
        return _COLOURS.get(self.code, Colour.RED)


_DEFAULTS = {
    field.name: field.default
    for field in dataclasses.fields(ShownVoucher)
    if field.default is not dataclasses.MISSING
}
_FURTHER = tuple(_DEFAULTS)
"""What most vouchers don't have is not kept with each scan."""


def to_details(verdict: Verdict) -> dict[str, Any]:
    """Return what a verdict shows as plain JSON values, to be kept with the scan."""
    voucher, first = verdict.voucher, verdict.first_use
    details: dict[str, Any] = {}
    if voucher is not None:
        details["voucher"] = {
            "voucher_id": voucher.voucher_id,
            "offer_code": voucher.offer_code,
            "kind": voucher.kind,
            "titles": voucher.titles,
            "value_cents": voucher.value_cents,
            "valid_from": voucher.valid_from.isoformat(),
            "valid_until": voucher.valid_until.isoformat(),
            "venue_names": list(voucher.venue_names),
            **{name: value for name in _FURTHER if (value := getattr(voucher, name)) != _DEFAULTS[name]},
        }
    if first is not None:
        details["first_use"] = {
            "at": first.at.isoformat(),
            "venue_name": first.venue_name,
            "device_name": first.device_name,
        }
    if verdict.clock_seconds is not None:
        details["clock_seconds"] = verdict.clock_seconds
    return details


def without_number(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details of a scan of a voucher that nobody shall find any more.

    The beginning of its validity is the second of the purchase: of that only the day stays.
    """
    voucher = details.get("voucher")
    if voucher is None:
        return dict(details)
    begins = dt.datetime.fromisoformat(voucher["valid_from"]).replace(hour=0, minute=0, second=0)
    return {**details, "voucher": {**voucher, "voucher_id": "", "valid_from": begins.isoformat()}}


def from_details(code: VerdictCode, scan_id: int, at: dt.datetime, details: Mapping[str, Any]) -> Verdict:
    """Return the verdict that `to_details` was made from."""
    voucher, first = details.get("voucher"), details.get("first_use")
    return Verdict(
        code,
        scan_id,
        at,
        voucher=voucher
        and ShownVoucher(
            **{
                **voucher,
                "valid_from": dt.datetime.fromisoformat(voucher["valid_from"]),
                "valid_until": dt.datetime.fromisoformat(voucher["valid_until"]),
                "venue_names": tuple(voucher["venue_names"]),
                "gates": tuple(voucher.get("gates", ())),
            }
        ),
        first_use=first and FirstUse(**{**first, "at": dt.datetime.fromisoformat(first["at"])}),
        clock_seconds=details.get("clock_seconds"),
    )
