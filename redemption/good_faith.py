"""Whether a venue followed the rules when it let somebody in without a network. Pure.

Who did is paid, also if somebody else was first. What is against the rules takes no use and is not paid, and
the reason is told to the venue.
"""

import datetime as dt
import enum
from dataclasses import dataclass

from merchants.devices import Device, DeviceKind
from redemption import tokens
from redemption.gates import PASSING
from redemption.offer_terms import Reentry
from redemption.offline_policy import Policy, Proof
from redemption.scan_events import EventFlags, More, ScanEvent, Tier
from redemption.tokens import Claims, Flags
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher


class Reason(enum.StrEnum):
    """Why a scan is not paid, in the order in which it is checked. Also why it is held."""

    NO_CODE = "no-code"
    NEVER_ARRIVED = "never-arrived"
    """It is said to have been decided online, and the server knows nothing of it."""
    UNKNOWN_VOUCHER = "unknown-voucher"
    REPLACED = "replaced"
    """The voucher had been handed on before, and the device could have known."""
    BLOCKED_KEY = "blocked-key"
    BAD_SIGNATURE = "bad-signature"
    DEVICE_LOST = "device-lost"
    OTHER_VENUE = "other-venue"
    OFFER_NOT_HERE = "offer-not-here"
    NOT_VALID_THEN = "not-valid-then"
    NO_REENTRY = "no-reentry"
    """Somebody was let in again whose voucher does not allow that."""
    NOT_LEASED = "not-leased"
    """The voucher was not reserved for this device."""
    TIER_OFF = "tier-off"
    TOO_VALUABLE = "too-valuable"
    LIST_TOO_OLD = "list-too-old"
    NOT_LOOKED_AT = "not-looked-at"
    """Neither a live code nor an identity card was looked at, where one of them was due."""
    VALUE_DIFFERS = "value-differs"
    """The device noted another amount than its uses are worth."""
    BUDGET_SPENT = "budget-spent"
    NOTHING_TO_UNDO = "nothing-to-undo"
    UNDO_TOO_LATE = "undo-too-late"
    RECEIPT_USED = "receipt-used"
    """Paid all the same: the number of the receipt stands for another guest of that day."""
    RECEIPT_MISSING = "receipt-missing"
    """Paid all the same: the contract wants a number."""
    QUARANTINE = "quarantine"
    """The log of the device is broken: held, or refused after somebody had looked."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan with all that is known about it."""

    event: ScanEvent
    device: Device
    at: dt.datetime
    """Clamped."""
    voucher: Voucher
    claims: Claims
    """Of the token that was shown; of the voucher's own if ten characters were typed."""
    at_hub: bool = False
    """It was left to this hub then."""


def fault_of(seen: Seen, policy: Policy) -> Reason | None:  # noqa: PLR0911 -- one for each rule
    """Return the first rule that a scan breaks, None if it is in good faith."""
    device, voucher = seen.device, seen.voucher
    passing = seen.event.decision in PASSING
    if device.lost_at is not None and seen.at >= device.lost_at:
        return Reason.DEVICE_LOST
    if device.venue_id not in voucher.venue_ids:
        return Reason.OTHER_VENUE
    if passing and voucher.terms.reentry is Reentry.NONE:
        return Reason.NO_REENTRY
    if seen.event.decision == VerdictCode.LET_OUT.value:
        return None
    if not device.limits.take(voucher.offer_id):
        return Reason.OFFER_NOT_HERE
    if not voucher.valid_from <= seen.at < voucher.valid_until or voucher.terms.activation_minutes:
        return Reason.NOT_VALID_THEN
    said = seen.event.more.get(More.VALUE_CENTS)
    if said is not None and said != cents_of(voucher, seen.event.uses):
        return Reason.VALUE_DIFFERS
    # Who comes in again takes nothing, so nothing limits it.
    return None if passing else _fault_of_tier(seen, policy)


def _fault_of_tier(seen: Seen, policy: Policy) -> Reason | None:
    match seen.event.tier:
        case Tier.LEASED:
            return _fault_of_leased(seen)
        case Tier.HUB:
            if seen.device.kind is not DeviceKind.HUB:
                return Reason.TIER_OFF
            return None if seen.at_hub else Reason.NOT_LEASED
        case Tier.CAPPED:
            return _fault_of_capped(seen, policy)
        case _:
            return None


def cents_of(voucher: Voucher, uses: int) -> int:
    """Return what uses of a voucher are worth: their share of its value, rounded up."""
    return -(-voucher.value_cents * uses // voucher.uses)


def _fault_of_leased(seen: Seen) -> Reason | None:
    claims, name = seen.claims, tokens.device_name(seen.device.device_id)
    mine = Flags.LEASE in claims.flags and claims.device == name
    in_time = seen.at.timestamp() < claims.expires_at + tokens.SKEW_SECONDS
    return None if mine and in_time else Reason.NOT_LEASED


def _fault_of_capped(seen: Seen, policy: Policy) -> Reason | None:
    event, flags = seen.event, seen.claims.flags
    several = policy.single_venue and len(seen.claims.venues) > 1
    if (
        not policy.capped
        or several
        or flags & (Flags.ONLINE_ONLY | Flags.LEASE)
        or isinstance(event.code, str)
    ):
        return Reason.TIER_OFF
    if cents_of(seen.voucher, event.uses) > policy.value_cents_max:
        return Reason.TOO_VALUABLE
    age = dt.timedelta(milliseconds=event.at_ms - event.anchor_ms)
    if not event.list_version or age > policy.list_age_max:
        return Reason.LIST_TOO_OLD
    looked_at = event.live is not None or EventFlags.ID_SEEN in event.flags
    due = policy.proof is not Proof.NONE or Flags.LIVE in flags or Flags.ID_CHECK in flags
    return Reason.NOT_LOOKED_AT if due and not looked_at else None
