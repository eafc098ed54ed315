"""What waits in the outbox."""

import datetime as dt

from kernel import outbox
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.outbox import Backlog


def test_the_backlog(database: Database, city_id: int, other_city_id: int, clock: FixedClock) -> None:
    """Counts what waits since when and what was given up, of one city; what was delivered counts no more."""
    begun = clock.now()

    def backlog(city: int) -> Backlog:
        with database.reading(city) as reading:
            return outbox.backlog(reading)

    def write(work: Work) -> int:
        return outbox.append(work, "test", {})

    assert Backlog(0, None, 0) == backlog(city_id)
    first = database.run(city_id, write)
    clock.advance(dt.timedelta(minutes=5))
    database.run(city_id, write)
    assert Backlog(2, begun, 0) == backlog(city_id)

    database.run(city_id, lambda work: outbox.delivered(work, first))
    assert Backlog(1, clock.now(), 0) == backlog(city_id)

    for _ in range(outbox.ATTEMPTS_MAX):
        clock.advance(dt.timedelta(days=1))
        with database.reading(city_id) as reading:
            (event,) = outbox.due(reading)
        database.run(city_id, lambda work, event=event: outbox.failed(work, event, "no answer"))  # type: ignore[misc]  # mypy knows no lambda with a default
    assert Backlog(0, None, 1) == backlog(city_id)
    assert Backlog(0, None, 0) == backlog(other_city_id)
