"""Which request an incoming bank transfer pays, decided strictly by reference and amount. Pure.

What is decided depends on the set of transfers only, not on the order of entries: money for a request is
added up, up to what is due, and whatever is above that, too little, late or for nobody stays open.
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


class Cause(enum.StrEnum):
    """Why a receipt is as it is; all but MATCHED leave money open that somebody has to see to."""

    MATCHED = "matched"
    UNDERPAID = "underpaid"
    """Less than is due; with the rest under the same reference it is taken."""
    OVERPAID = "overpaid"
    """What is due was taken, the rest is open."""
    DUPLICATE = "duplicate"
    """The request was paid already."""
    LATE = "late"
    """The request was called off or had run out before the money came."""
    UNKNOWN = "unknown"
    """It names no request of ours, or more than one."""
    TAKEN_BACK = "taken-back"
    """The bank took an earlier receipt back."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be paid by transfer, and what came for it so far."""

    payment_id: int
    cents: int
    received_cents: int
    is_over: bool
    """Called off or run out: nothing is taken for it any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An incoming transfer; `waiting_cents` of earlier imports are in the same place as those of this one."""

    key: str
    cents: int
    booked_on: dt.date
    payment_ids: tuple[int, ...]
    """The numbers that its reference names; one if it is in order."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an entry is taken for."""

    key: str
    cause: Cause
    payment_id: int | None
    matched_cents: int
    open_cents: int


def decide(
    requests: Mapping[int, Request], entries: Iterable[Entry], waiting: Collection[Entry] = ()
) -> list[Decision]:
    """Return a decision for each entry, and for each of the `waiting` ones that the new ones complete.

    `waiting` are entries of earlier imports that were too little for their request.
    """
    decisions: list[Decision] = []
    by_request: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        known = [number for number in entry.payment_ids if number in requests]
        if len(entry.payment_ids) != 1 or not known:
            decisions.append(Decision(entry.key, Cause.UNKNOWN, None, 0, entry.cents))
        else:
            by_request[known[0]].append(entry)
    earlier = {entry.key for entry in waiting}
    for entry in waiting:
        if entry.payment_ids and entry.payment_ids[0] in by_request:
            by_request[entry.payment_ids[0]].append(entry)
    for payment_id, found in sorted(by_request.items()):
        decided = _for_request(requests[payment_id], sorted(found, key=lambda one: (one.booked_on, one.key)))
        decisions += (one for one in decided if one.key not in earlier or one.cause is not Cause.UNDERPAID)
    return decisions


def _for_request(request: Request, entries: Collection[Entry]) -> Iterable[Decision]:
    due = request.cents - request.received_cents
    if request.is_over or due <= 0:
        cause = Cause.DUPLICATE if due <= 0 else Cause.LATE
        return [Decision(one.key, cause, request.payment_id, 0, one.cents) for one in entries]
    if sum(one.cents for one in entries) < due:
        return [Decision(one.key, Cause.UNDERPAID, request.payment_id, 0, one.cents) for one in entries]
    # One that pays exactly what is due is taken before others that happen to have come first.
    exact = [one for one in entries if one.cents == due][:1]
    decisions: list[Decision] = []
    for one in [*exact, *(entry for entry in entries if entry not in exact)]:
        taken = min(one.cents, due)
        due -= taken
        partly = Cause.OVERPAID if taken else Cause.DUPLICATE
        cause = Cause.MATCHED if taken == one.cents else partly
        decisions.append(Decision(one.key, cause, request.payment_id, taken, one.cents - taken))
    return decisions
