"""Fixtures of the browser tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from tests.browser import town as towns
from tests.browser.town import Town
from tests.fixtures.databases import Prepare


@pytest.fixture
def town(prepared_database: Prepare, clock: FixedClock, tmp_path: Path) -> Iterator[Town]:
    """Serve a small city whose clock the test moves."""
    database, chosen, city, pool, museum, swim = towns.prepared(prepared_database, tmp_path)
    with towns.serving(chosen, database) as url:
        yield Town(url, database, clock, city, pool, museum, swim, tmp_path)
