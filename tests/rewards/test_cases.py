"""The state machine of public reports: whatever happens in whatever order, points are settled once."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import cases
from rewards.cases import Event, Light, Points, State

EVERY = [State(light, points) for light, points in itertools.product(Light, Points)]


def test_the_usual_way() -> None:
    """Accepted, taken, done: the points are confirmed when it is done."""
    state: State | None = cases.opened(Points.UNDECIDED)
    for event in (Event.ACCEPT, Event.TAKE, Event.DONE):
        assert state is not None
        state = cases.step(state, event)

    assert State(Light.DONE, Points.CONFIRMED) == state


@pytest.mark.parametrize(
    ("before", "event"),
    [
        (State(Light.DONE, Points.CONFIRMED), Event.TAKE),
        (State(Light.DONE, Points.CONFIRMED), Event.WITHDRAW),
        (State(Light.DONE, Points.CONFIRMED), Event.DECLINE),
        (State(Light.DECLINED, Points.RELEASED), Event.DONE),
        (State(Light.WITHDRAWN, Points.RELEASED), Event.FORWARD),
        (State(Light.RECEIVED, Points.PENDING), Event.REOPEN),
        (State(Light.RECEIVED, Points.PENDING), Event.REFUSE),
        (State(Light.DONE, Points.CONFIRMED), Event.STEP_BACK),
    ],
)
def test_what_is_not_possible_gives_nothing(before: State, event: Event) -> None:
    """A closed case is reopened first; what was accepted is not refused any more."""
    assert cases.step(before, event) is None


def test_done_before_it_was_accepted_is_confirmed_then() -> None:
    """The outcome may come first: accepting it later confirms at once and leaves nothing pending."""
    done = cases.step(cases.opened(Points.UNDECIDED), Event.DONE)
    assert State(Light.DONE, Points.UNDECIDED) == done
    assert State(Light.DONE, Points.CONFIRMED) == cases.step(done, Event.ACCEPT)


@given(st.lists(st.sampled_from(list(Event)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_order_settles_once(events: list[Event]) -> None:
    """Settled points never change, under a closed light nothing is pending, repeating changes nothing."""
    state = cases.opened(Points.UNDECIDED)
    for event in events:
        after = cases.step(state, event)
        if after is None:
            continue
        if state.points.are_settled:
            assert state.points is after.points
        assert after.light.is_open or after.points is not Points.PENDING
        if event is not Event.FORWARD:
            assert after == (cases.step(after, event) or after)
        state = after


def test_settling_is_settled() -> None:
    """Settling again changes nothing, in any state."""
    for state in EVERY:
        assert cases.settled(state) == cases.settled(cases.settled(state))
