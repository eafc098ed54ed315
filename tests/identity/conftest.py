"""Fixtures of identity's tests."""

import pytest

from identity.persons import Person
from kernel.clock import FixedClock
from kernel.db import Database
from tests.identity.registry import Registry


@pytest.fixture
def registry(database: Database, city_id: int, clock: FixedClock) -> Registry:
    """Give Duisburg's registry."""
    return Registry(database, city_id, clock)


@pytest.fixture
def other_registry(database: Database, other_city_id: int, clock: FixedClock) -> Registry:
    """Give Moers' registry in the same database."""
    return Registry(database, other_city_id, clock)


@pytest.fixture
def anna(registry: Registry) -> Person:
    """Sign a citizen up."""
    return registry.sign_up("anna@duisburg.test", "Anna Weber")


@pytest.fixture
def boss(registry: Registry) -> Person:
    """Sign somebody up who gives roles to others."""
    return registry.sign_up("boss@duisburg.test", "Bilal Şahin")
