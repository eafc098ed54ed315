"""Fixtures of the tests of the hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.edge import Edge, open_edge
from tests.fixtures.databases import Prepare


@pytest.fixture
def edge(prepared_database: Prepare, tmp_path: Path) -> Iterator[Edge]:
    """Give the application with a small city."""
    opened = open_edge(prepared_database, tmp_path)
    yield opened
    opened.app.state.services.writer.close()
