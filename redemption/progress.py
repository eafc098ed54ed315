"""What follows from an answer of a payment service: the decisions, without books, rows or calls. Pure.

Answers may be old, doubled, out of order or lost; calls may have happened without our knowing. Whatever
comes in whatever order, these functions lead an order to an end in which the buyer has either what was
ordered or the money.
"""

import enum
from dataclasses import dataclass

from redemption.providers import PaymentStatus, RefundStatus

REFUND_ATTEMPTS_MAX = 5
"""How often money is sent back before somebody has to look into it."""


class OrderStatus(enum.StrEnum):
    """How an order stands."""

    OPEN = "open"
    """Points and place are held; the euros are awaited."""
    DONE = "done"
    """Paid in full: the voucher is there, the fine is paid."""
    FAILED = "failed"
    """The payment failed, or what was ordered could not be given; nothing is held, euros go back."""
    EXPIRED = "expired"
    """Not paid in time; nothing is held."""
    CANCELLED = "cancelled"
    """Called off by the buyer before it was paid; nothing is held."""


class Call(enum.Enum):
    """What a payment service is to be asked."""

    NOTHING = enum.auto()
    """It has never heard of the payment and need not: no money can come."""
    CREATE = enum.auto()
    FIND = enum.auto()
    """Whether the first call has had an effect is unknown, and none is wanted any more."""
    FIND_OR_CREATE = enum.auto()
    """The same, so long ago that the key may be forgotten."""
    FETCH = enum.auto()


class Booking(enum.Enum):
    """What becomes of the money that a refund holds."""

    CAPTURE = enum.auto()
    """It is on its way back for good."""
    RELEASE = enum.auto()
    """It never left."""
    REVERSE = enum.auto()
    """It had left and has come back."""


@dataclass(frozen=True, slots=True)
class Known:
    """An order and its payment as they are known."""

    is_open: bool
    ending: OrderStatus | None
    """As what the order ends if no money comes; it is not wanted any more."""
    cents: int
    status: PaymentStatus
    received_cents: int


@dataclass(frozen=True, slots=True)
class Step:
    """What an answer leads to."""

    status: PaymentStatus
    received_cents: int
    captures: bool
    """The hold of the expected euros is captured: they have come in one sum."""
    drops: bool
    """It is released: they have come in parts, or don't come."""
    posts_cents: int
    """What has come besides."""
    order: OrderStatus
    reason: str


@dataclass(frozen=True, slots=True)
class RefundStep:
    """What an answer about a refund leads to."""

    booking: Booking | None
    again: bool
    """The money is to be sent back anew."""


def next_call(*, wanted: bool, asked: bool, long_ago: bool, named: bool) -> Call:
    """Return what to ask about a payment.

    `wanted`: the order still waits for its money. `asked`: the service was called before, `long_ago` if its
    key may be forgotten. `named`: we know the service's name for the payment.
    """
    if named:
        return Call.FETCH
    if not asked:
        return Call.CREATE if wanted else Call.NOTHING
    if not wanted:
        return Call.FIND
    return Call.FIND_OR_CREATE if long_ago else Call.CREATE


def observed(known: Known, status: PaymentStatus, received_cents: int, obstacle: str, failure: str) -> Step:
    """Return what follows from an answer: only what goes further than what is known has an effect.

    `obstacle` says why what was ordered can't be given any more, if it can't.
    """
    further = status if status.rank > known.status.rank else known.status
    received = max(known.received_cents, received_cents)
    fresh = received - known.received_cents
    captures = known.is_open and not known.received_cents and fresh >= known.cents
    order, reason = _order(known, further, received, obstacle, failure)
    drops = known.is_open and not captures and order is not OrderStatus.OPEN
    return Step(further, received, captures, drops, fresh - known.cents * captures, order, reason)


def refund_observed(known: RefundStatus | None, seen: RefundStatus, attempt: int) -> RefundStep | None:
    """Return what follows from an answer about a refund; None if it is no news."""
    if _REFUND_RANKS[seen] <= _REFUND_RANKS[known]:
        return None
    if seen is RefundStatus.FAILED:
        came_back = known is RefundStatus.SUCCEEDED
        return RefundStep(Booking.REVERSE if came_back else Booking.RELEASE, attempt < REFUND_ATTEMPTS_MAX)
    return RefundStep(Booking.CAPTURE if seen is RefundStatus.SUCCEEDED else None, again=False)


def goes_back(*, is_open: bool, idle_cents: int, disputed: bool, last_failed_attempt: int) -> bool:
    """Return whether idle money of an order is sent back by itself.

    Not while the order waits for more, not while the payer's bank has it, and not after it failed too often.
    """
    return idle_cents > 0 and not is_open and not disputed and last_failed_attempt < REFUND_ATTEMPTS_MAX


def _order(
    known: Known, status: PaymentStatus, received: int, obstacle: str, failure: str
) -> tuple[OrderStatus, str]:
    """Return as what the order goes on, if it was open, and why."""
    if not known.is_open or not status.is_over:
        return OrderStatus.OPEN, ""
    if status is PaymentStatus.SUCCEEDED:
        why = obstacle if received >= known.cents else "amount-differs"
        return (OrderStatus.FAILED, why) if why else (OrderStatus.DONE, "")
    if known.ending is not None:
        return known.ending, failure
    return (OrderStatus.FAILED if status is PaymentStatus.FAILED else OrderStatus.EXPIRED), failure


_REFUND_RANKS = {None: 0, RefundStatus.PENDING: 1, RefundStatus.SUCCEEDED: 2, RefundStatus.FAILED: 3}
