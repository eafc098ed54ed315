"""Fixtures of the edge's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.db import Database
from tests.api.edge import Edge, open_edge


@pytest.fixture
def edge(database: Database, tmp_path: Path) -> Iterator[Edge]:
    """Give the application with a small city."""
    opened = open_edge(database, tmp_path)
    yield opened
    opened.app.state.services.writer.close()
