"""What a device may let in without a network. Pure: the scanner decides by the same rules in JavaScript.

`tests/redemption/vectors/offline_policy.json` holds cases that both pass. A device comes here with a token
that is genuine, valid now and for its venue, of an offer that it takes, not on the list of invalid ones and
not used up at this device.
"""

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from redemption.faults import Fault
from redemption.live_codes import Liveness
from redemption.tokens import TEST_PRODUCT, Flags

VALUE_CENTS_MOST: Final = 20_000
DAY_CENTS_MOST: Final = 1_000_000
LIST_AGE_MOST: Final = dt.timedelta(days=2)


class Proof(enum.StrEnum):
    """What has to be seen besides the code."""

    NONE = "none"
    LIVE = "live"
    ID = "id"
    LIVE_OR_ID = "live-or-id"


class OfflineCode(enum.StrEnum):
    """What the scanner decides without a network, in order of precedence: the first that applies is given."""

    TEST_PASSED = "test-passed"
    """A test voucher: all checks run, nobody is let in by it."""
    ONLINE_ONLY = "offline-not-allowed"
    """The voucher, or the policy, wants the server to be asked."""
    LEASED_ELSEWHERE = "offline-leased-elsewhere"
    LIST_OLD = "offline-list-old"
    VENUES = "offline-venues"
    """Several venues take it, and only the server knows whether another one has."""
    VALUE = "offline-value"
    BUDGET = "offline-budget"
    LIVE_WRONG = "live-code-wrong"
    LIVE_OLD = "live-code-old"
    CLOCK_OFF = "phone-clock-off"
    LIVE_NEEDED = "live-code-needed"
    ID_NEEDED = "offline-id-needed"
    ACCEPTED = "accepted"


class Ground(enum.StrEnum):
    """On what a device lets somebody in without a network."""

    LEASED = "leased"
    CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a city lets a venue do without a network. The default: nothing but what is leased."""

    capped: bool = False
    value_cents_max: int = 0
    """Of what one scan takes."""
    device_day_cents: int = 0
    list_age_max: dt.timedelta = dt.timedelta(0)
    single_venue: bool = True
    """Only vouchers that no other venue takes."""
    proof: Proof = Proof.LIVE_OR_ID


LEASES_ONLY: Final = Policy()
SUGGESTED: Final = Policy(
    capped=True, value_cents_max=1_000, device_day_cents=20_000, list_age_max=dt.timedelta(hours=1)
)
"""With what a city begins that lets small values in."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a device knows about a code that it has read."""

    product: int = 1
    """Number of the offer."""
    flags: Flags = Flags.NONE
    venues: int = 1
    """How many venues take it."""
    uses: int = 1
    value_cents: int = 0
    """Of all uses together."""
    taken: int = 1
    """How many uses this scan takes."""
    mine: bool = False
    """Leased to this device."""
    liveness: Liveness = Liveness.STILL
    moving_seen: bool = False
    id_seen: bool = False
    list_age: dt.timedelta | None = None
    """Of the list of invalid vouchers; None: the device has none."""
    spent_cents: int = 0
    """What the device has let in today without a network."""

    @property
    def cents(self) -> int:
        """What this scan is worth: its share of the voucher's value, rounded up."""
        return -(-self.value_cents * self.taken // self.uses)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a device does."""

    code: OfflineCode
    ground: Ground | None = None
    """On what the guest comes in; None: not at all."""


_BY_LIVENESS: Final = {
    Liveness.WRONG: OfflineCode.LIVE_WRONG,
    Liveness.OLD: OfflineCode.LIVE_OLD,
    Liveness.CLOCK_OFF: OfflineCode.CLOCK_OFF,
}


def decide(policy: Policy, facts: Facts) -> Decided:
    """Return what a device does with a good voucher as long as it can't ask the server."""
    ground = Ground.LEASED if Flags.LEASE in facts.flags else Ground.CAPPED
    refused = next(_refusals(policy, facts, ground), None)
    return Decided(OfflineCode.ACCEPTED, ground) if refused is None else Decided(refused)


def _refusals(policy: Policy, facts: Facts, ground: Ground) -> Iterator[OfflineCode]:
    """Yield what speaks against letting somebody in, the first reason first."""
    if facts.product == TEST_PRODUCT:
        yield OfflineCode.TEST_PASSED
    if Flags.ONLINE_ONLY in facts.flags:
        yield OfflineCode.ONLINE_ONLY
    if ground is Ground.CAPPED:
        yield from _beyond(policy, facts)
    elif not facts.mine:
        yield OfflineCode.LEASED_ELSEWHERE
    moves = facts.liveness is Liveness.LIVE or (facts.liveness is Liveness.CLOCK_OFF and facts.moving_seen)
    needs_live = Flags.LIVE in facts.flags
    # A clock that is off says nothing against a guest whose card was looked at.
    forgiven = facts.liveness is Liveness.CLOCK_OFF and facts.id_seen and not needs_live
    if facts.liveness in _BY_LIVENESS and not (moves or forgiven):
        yield _BY_LIVENESS[facts.liveness]
    if needs_live and not moves:
        yield OfflineCode.LIVE_NEEDED
    # Nobody else takes what is leased, so it needs no further proof.
    if ground is Ground.CAPPED and not _proven(policy.proof, moves=moves, id_seen=facts.id_seen):
        yield OfflineCode.LIVE_NEEDED if policy.proof is Proof.LIVE else OfflineCode.ID_NEEDED


def _beyond(policy: Policy, facts: Facts) -> Iterator[OfflineCode]:
    """Yield which limits of the policy are passed."""
    if not policy.capped:
        yield OfflineCode.ONLINE_ONLY
    if facts.list_age is None or facts.list_age > policy.list_age_max:
        yield OfflineCode.LIST_OLD
    if policy.single_venue and facts.venues > 1:
        yield OfflineCode.VENUES
    if facts.cents > policy.value_cents_max:
        yield OfflineCode.VALUE
    if facts.spent_cents + facts.cents > policy.device_day_cents:
        yield OfflineCode.BUDGET


def _proven(proof: Proof, *, moves: bool, id_seen: bool) -> bool:
    return {
        Proof.NONE: True,
        Proof.LIVE: moves,
        Proof.ID: id_seen,
        Proof.LIVE_OR_ID: moves or id_seen,
    }[proof]


def faults(policy: Policy) -> tuple[Fault, ...]:
    """Return one fault for each value that no city should have."""
    found: list[Fault] = []
    if not 0 <= policy.value_cents_max <= VALUE_CENTS_MOST:
        found.append(Fault("value_cents_max", "offline-value-invalid", {"maximum": VALUE_CENTS_MOST // 100}))
    if not policy.value_cents_max <= policy.device_day_cents <= DAY_CENTS_MOST:
        limits = {"maximum": DAY_CENTS_MOST // 100}
        found.append(Fault("device_day_cents", "offline-budget-invalid", limits))
    if not dt.timedelta(0) <= policy.list_age_max <= LIST_AGE_MOST:
        hours = int(LIST_AGE_MOST.total_seconds() // 3600)
        found.append(Fault("list_age_max", "offline-list-age-invalid", {"maximum": hours}))
    return tuple(found)
