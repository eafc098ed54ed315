"""Reproducible chance for the demo city."""

from collections.abc import Sequence
from typing import TypeVar

from kernel import ids

T = TypeVar("T")


class Dice:
    """Throws the same numbers for the same seed."""

    def __init__(self, seed: int) -> None:
        self._bytes = ids.seeded(seed)

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        return int.from_bytes(self._bytes(8)) % limit

    def between(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return whether something happens that happens so often."""
        return self.below(100) < percent

    def choose(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.below(len(items))]
