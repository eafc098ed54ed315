"""Fixtures of the venues' tests."""

from collections.abc import Iterator

import pytest

from kernel.clock import FixedClock
from kernel.db import Database
from tests.merchants.town import Town


@pytest.fixture
def town(database: Database, city_id: int, clock: FixedClock) -> Iterator[Town]:
    """Give Duisburg with points to spend; its books must be in order at the end of each test."""
    duisburg = Town(database, city_id, clock)
    yield duisburg
    duisburg.check_books()


@pytest.fixture
def other_town(database: Database, other_city_id: int, clock: FixedClock) -> Iterator[Town]:
    """Give Moers likewise."""
    moers = Town(database, other_city_id, clock)
    yield moers
    moers.check_books()
