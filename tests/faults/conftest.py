"""Fixtures of the tests with real faults."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import migrating
from kernel.db import Database
from tests.faults.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give a durable PostgreSQL with an empty, migrated database."""
    with tempfile.TemporaryDirectory(prefix="duiscoin-killed-", ignore_cleanup_errors=True) as name:
        made = Cluster(Path(name))
        made.start()
        try:
            with contextlib.closing(Database(made.url)) as database:
                migrating.upgrade(database.engine)
            yield made
        finally:
            made.kill()
