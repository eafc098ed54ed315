"""Cases: what a public report goes through, as a state machine without input or output.

A case has a light that everybody sees. Each contribution that hangs on it (the report itself, the
confirmations of others) has points that are settled once:

    light                                      points
    received -- TAKE ----> in work             undecided -- ACCEPT --> pending
    in work --- FORWARD -> received            pending, the light is done -------> confirmed
    received, in work -- DONE -----> done      pending or undecided, the light is
                      -- DECLINE --> declined      declined or withdrawn --------> released
                      -- REFUSE ---> declined  undecided -- REFUSE ---------------> released
                      -- WITHDRAW -> withdrawn pending -- LAPSE ------------------> confirmed
    done, declined, withdrawn -- REOPEN -> in work

`confirmed` and `released` are final: whatever is reopened, repeated or told late moves the light alone, so
nothing is paid twice. Under a light that is done, declined or withdrawn nothing is pending, so no hold is
left behind. What was done before it was accepted (the outcome came first) is confirmed when it is accepted.
STEP_BACK is the withdrawal of a report that others have confirmed: it goes on without its reporter.

A step that repeats what is so already changes nothing; one that is not possible gives None.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace


class Light(enum.StrEnum):
    """What everybody sees of a case."""

    RECEIVED = "received"
    IN_WORK = "in-work"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self in {Light.RECEIVED, Light.IN_WORK}


class Points(enum.StrEnum):
    """How far the points of one contribution are."""

    UNDECIDED = "undecided"
    """A person has to look first; nothing is promised."""
    PENDING = "pending"
    """Promised: a hold on the budget may stand behind it."""
    CONFIRMED = "confirmed"
    RELEASED = "released"

    @property
    def are_settled(self) -> bool:
        """Whether they never change again."""
        return self in {Points.CONFIRMED, Points.RELEASED}


class Event(enum.StrEnum):
    """What can happen to a case."""

    ACCEPT = "accept"
    """The checks, or a case worker, let the report pass."""
    REFUSE = "refuse"
    """A case worker did not."""
    LAPSE = "lapse"
    """Nobody rejected it in time."""
    TAKE = "take"
    FORWARD = "forward"
    DONE = "done"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    STEP_BACK = "step-back"
    REOPEN = "reopen"


class Reason(enum.StrEnum):
    """Why a report is declined: from a list, because everybody reads it."""

    NOTHING_FOUND = "nothing-found"
    KNOWN_ALREADY = "known-already"
    PRIVATE_GROUND = "private-ground"
    NOT_OURS = "not-ours"
    PLANNED_LATER = "planned-later"
    NO_FAULT = "no-fault"
    NOT_CONFIRMED = "not-confirmed"
    """Said by a review or another system whose own words are not public."""


@dataclass(frozen=True, slots=True)
class State:
    """The light of a case, and the points of one contribution that hangs on it."""

    light: Light
    points: Points


_ANY_OPEN = frozenset({Light.RECEIVED, Light.IN_WORK})
_CLOSED = frozenset({Light.DONE, Light.DECLINED, Light.WITHDRAWN})
_MOVES: Mapping[Event, tuple[frozenset[Light], Light]] = {
    Event.TAKE: (frozenset({Light.RECEIVED}), Light.IN_WORK),
    Event.FORWARD: (_ANY_OPEN, Light.RECEIVED),
    Event.DONE: (_ANY_OPEN, Light.DONE),
    Event.DECLINE: (_ANY_OPEN, Light.DECLINED),
    Event.WITHDRAW: (_ANY_OPEN, Light.WITHDRAWN),
    Event.REOPEN: (_CLOSED, Light.IN_WORK),
}
"""From which lights an event leads to which."""


def opened(points: Points) -> State:
    """Return the state of a new report."""
    return State(Light.RECEIVED, points)


def step(state: State, event: Event) -> State | None:
    """Return the state after an event; the same one if it is so already; None if it is not possible."""
    light = _light(state, event)
    if light is None:
        return None
    return settled(replace(state, light=light, points=_points(state, event)))


def settled(state: State) -> State:
    """Return the state with points as the light wants them."""
    if state.light is Light.DONE and state.points is Points.PENDING:
        return replace(state, points=Points.CONFIRMED)
    if state.light in {Light.DECLINED, Light.WITHDRAWN} and not state.points.are_settled:
        return replace(state, points=Points.RELEASED)
    return state


def is_late(happened_at: dt.datetime, newest: dt.datetime) -> bool:
    """Return whether an event is told after one that happened later: then it is history and moves nothing."""
    return happened_at < newest


def _light(state: State, event: Event) -> Light | None:
    if event in _MOVES:
        before, after = _MOVES[event]
        return after if state.light in before or state.light is after else None
    if event is Event.REFUSE:
        if state.points is Points.UNDECIDED:
            return Light.DECLINED if state.light.is_open else state.light
        return state.light if state.points is Points.RELEASED else None
    if event is Event.STEP_BACK and not state.light.is_open:
        return None
    return state.light


def _points(state: State, event: Event) -> Points:
    if event is Event.ACCEPT and state.points is Points.UNDECIDED:
        return Points.PENDING
    if event is Event.LAPSE and state.points is Points.PENDING:
        return Points.CONFIRMED
    if event is Event.REFUSE and state.points is Points.UNDECIDED:
        return Points.RELEASED
    if event is Event.STEP_BACK and not state.points.are_settled:
        return Points.RELEASED
    return state.points
