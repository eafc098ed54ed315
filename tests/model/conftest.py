"""Fixtures of the model tests."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource, seeded
from tests.fixtures.databases import START, Templates

NewScratch = Callable[[], contextlib.AbstractContextManager[Database]]


@pytest.fixture
def new_scratch(request: pytest.FixtureRequest, backend: str) -> NewScratch:
    """Give a function that opens one more empty database and drops it at the end of its block."""
    templates: Templates = request.getfixturevalue(f"{backend}_templates")

    @contextlib.contextmanager
    def scratch() -> Iterator[Database]:
        clock = FixedClock(START)
        with templates.copy() as url:
            database = Database(url, clock=clock, ids=IdSource(clock, seeded(1)))
            try:
                yield database
            finally:
                database.close()

    return scratch
