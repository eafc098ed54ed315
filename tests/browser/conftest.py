"""Fixtures of the browser tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.db import Database
from tests.browser import town as towns
from tests.browser.town import Town


@pytest.fixture
def town(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Town]:
    """Serve a small city whose clock the test moves."""
    chosen = towns.settings(database, tmp_path)
    city, pool, museum, swim = towns.found(database, chosen)
    with towns.serving(chosen, database) as url:
        yield Town(url, database, clock, city, pool, museum, swim, tmp_path)
