"""Fixtures of the tests of redemption."""

import pytest

from kernel.db import Database
from tests.redemption.office import Office


@pytest.fixture
def office(database: Database, city_id: int) -> Office:
    """Give a ticket office in Duisburg: two venues with a device each, a key, no offers, nobody with points."""
    return Office(database, city_id)
