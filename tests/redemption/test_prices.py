"""What a choice of points leaves to be paid in euros."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from redemption import prices
from redemption.prices import Parts, Price
from redemption.providers import MINIMUM_CENTS

PRICES = st.builds(
    prices.price,
    points=st.integers(0, 10_000),
    cents=st.one_of(st.just(0), st.integers(MINIMUM_CENTS, 2_000)),
    extra_points_most=st.integers(0, 3_000),
    rate_cents_per_point=st.integers(1, 7),
)


def accepted(price: Price, points: int) -> Parts | None:
    """Return the parts for a choice of points, None if it is refused."""
    try:
        return price.at(points)
    except Invalid:
        return None


@given(price=PRICES, points=st.integers(0, 20_000))
def test_a_choice_is_paid_in_full_or_refused(price: Price, points: int) -> None:
    """Points at the city's rate and euros come to the price, at most the last point is worth more than the rest;
    what remains can be collected.
    """
    parts = accepted(price, points)
    if parts is None:
        return
    extra = parts.points - price.points
    assert 0 <= extra <= price.extra_points_most
    assert 0 == parts.cents or parts.cents >= MINIMUM_CENTS
    paid = extra * price.rate_cents_per_point + parts.cents
    assert price.cents <= paid < price.cents + price.rate_cents_per_point
    assert paid == price.cents or parts.cents == 0


@given(price=PRICES, points=st.integers(-5, 20_000))
def test_the_nearest_choice_is_always_possible(price: Price, points: int) -> None:
    """It is the choice itself if that is possible, and otherwise uses no more points than were asked for."""
    nearest = price.nearest(points)
    assert nearest == price.at(nearest.points)
    assert accepted(price, points) in {None, nearest}
    assert nearest.points <= max(points, price.points)


@given(price=PRICES)
def test_the_ends_are_possible(price: Price) -> None:
    """The least points always; the most as well if they pay everything."""
    assert Parts(price.points, price.cents) == price.at(price.points)
    if price.cents and price.extra_points_most * price.rate_cents_per_point >= price.cents:
        assert 0 == price.at(price.points_most).cents


@given(cents=st.integers(1, 20_000), rate=st.integers(1, 7))
def test_what_is_due_in_euros_may_be_paid_with_points_alone(cents: int, rate: int) -> None:
    """Any fine can be; what is too small to be collected only so."""
    price = prices.in_full(cents, rate)
    full = price.at(price.points_most)
    assert (0, -(-cents // rate)) == (full.cents, full.points)
    assert price.is_fixed == (cents < MINIMUM_CENTS)


def test_a_few_cents_are_never_left() -> None:
    """The refusal names the choices beside it."""
    price = prices.price(100, 200, 200, 1)
    assert Parts(250, 50) == price.at(250)
    with pytest.raises(Invalid) as refused:
        price.at(251)
    assert {"field": "points", "minimum_cents": 50, "fewer": 250, "more": 300} == dict(refused.value.details)
    assert Parts(250, 50) == price.nearest(299)
    assert Parts(300, 0) == price.nearest(1_000)
    assert Parts(300, 0) == price.affordable(5_000)
    assert price.affordable(99) is None
    with pytest.raises(Invalid, match="rest-below-minimum") as refused:
        prices.price(0, 80, 40, 1).at(31)
    assert {"field": "points", "minimum_cents": 50, "fewer": 30} == dict(refused.value.details)


@pytest.mark.parametrize("points", [99, 301])
def test_a_choice_outside_the_bounds_is_refused(points: int) -> None:
    """Fewer points than due, or more than the euros are worth."""
    with pytest.raises(Invalid, match="points-choice-invalid") as refused:
        prices.price(100, 200, 900, 1).at(points)
    assert {"field": "points", "least": 100, "most": 300} == dict(refused.value.details)


def test_an_amount_that_can_not_be_collected_is_no_price() -> None:
    """It would be found out at the till."""
    with pytest.raises(ValueError, match="49 cents"):
        prices.price(0, 49, 0, 1)
