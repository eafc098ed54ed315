"""What a choice of points leaves to be paid in euros. Pure; rounding is `kernel.money`'s.

A price is points and euros. Instead of some of the euros the buyer may use more points, at the city's rate.
What remains is nothing or at least `providers.MINIMUM_CENTS`, because less can't be collected.
"""

from dataclasses import dataclass

from kernel import money
from kernel.errors import Invalid
from redemption.providers import MINIMUM_CENTS


@dataclass(frozen=True, slots=True)
class Parts:
    """What is paid: points and euros together."""

    points: int
    cents: int


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs, and how much of the euros may be paid with points instead."""

    points: int
    """Due in any case."""
    cents: int
    """Due besides, unless more points are used."""
    extra_points_most: int
    """How many more points may be used; never more than pay the euros in full."""
    rate_cents_per_point: int

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.extra_points_most == 0

    @property
    def points_most(self) -> int:
        """The most points that can be used."""
        return self.points + self.extra_points_most

    def at(self, points: int) -> Parts:
        """Return the parts if `points` are used in all.

        Raises Invalid `points-choice-invalid` outside the bounds, and `rest-below-minimum` if a few cents
        would remain: `fewer` and, where that is possible, `more` say which choices are next to it.
        """
        if not self.points <= points <= self.points_most:
            raise Invalid("points-choice-invalid", field="points", least=self.points, most=self.points_most)
        cents = self._rest(points)
        if 0 < cents < MINIMUM_CENTS:
            nearest = {"fewer": self.nearest(points).points}
            if self._rest(self.points_most) == 0:
                nearest["more"] = self.points_most
            raise Invalid("rest-below-minimum", field="points", minimum_cents=MINIMUM_CENTS, **nearest)
        return Parts(points, cents)

    def nearest(self, points: int) -> Parts:
        """Return the parts for `points` or the next fewer that are possible, whatever was asked for."""
        bounded = max(self.points, min(points, self.points_most))
        if 0 < self._rest(bounded) < MINIMUM_CENTS:
            bounded = self.points + money.cents_to_whole_points(
                self.cents - MINIMUM_CENTS, self.rate_cents_per_point
            )
        return Parts(bounded, self._rest(bounded))

    def affordable(self, available: int) -> Parts | None:
        """Return the parts with as many of the available points as possible; None if they are too few."""
        return self.nearest(available) if available >= self.points else None

    def _rest(self, points: int) -> int:
        return max(0, self.cents - money.points_to_cents(points - self.points, self.rate_cents_per_point))


def price(points: int, cents: int, extra_points_most: int, rate_cents_per_point: int) -> Price:
    """Return a price; more points than pay the euros in full are never taken.

    Raises ValueError for an amount in euros that can't be collected.
    """
    if 0 < cents < MINIMUM_CENTS:
        msg = f"{cents} cents can't be collected"
        raise ValueError(msg)
    enough = money.cents_to_points(cents, rate_cents_per_point)
    return Price(points, cents, min(extra_points_most, enough), rate_cents_per_point)


def in_full(cents: int, rate_cents_per_point: int) -> Price:
    """Return the price of what is due in euros and may be paid with any number of points: a fine, a fee.

    An amount that is too small to be collected is paid with points only.
    """
    enough = money.cents_to_points(cents, rate_cents_per_point)
    if cents < MINIMUM_CENTS:
        return Price(enough, 0, 0, rate_cents_per_point)
    return Price(0, cents, enough, rate_cents_per_point)
