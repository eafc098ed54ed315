"""Fixtures of the conformance suite."""

import pytest

from kernel.db import Database
from tests.ledger.desk import Desk


@pytest.fixture
def desk(database: Database, city_id: int) -> Desk:
    """Give a desk with open accounts and nothing booked."""
    return Desk(database, city_id)
