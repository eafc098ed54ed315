"""Settling what is due: in one unit of work, or each venue and period in its own."""

import datetime as dt
from functools import partial

from identity import auditing
from kernel.cities import City
from kernel.db import Database, Reading, Work
from merchants import settling
from merchants.settlements import Settlement


def count(reading: Reading, city: City) -> int:
    """Return how many periods are finished but not settled."""
    return len(settling.due_settlements(reading, city))


def settle(database: Database, city: City, actor: str) -> list[Settlement]:
    """Settle every finished period with every venue; again changes nothing. Return what was made."""
    with database.reading(city.city_id) as reading:
        due = settling.due_settlements(reading, city)
    return [
        database.run(city.city_id, partial(_settle, city=city, venue_id=venue, first_day=day, actor=actor))
        for venue, day in due
    ]


def settle_in(work: Work, city: City, actor: str) -> list[Settlement]:
    """Settle every finished period with every venue, all or none; again changes nothing."""
    due = settling.due_settlements(work, city)
    return [_settle(work, city=city, venue_id=venue, first_day=day, actor=actor) for venue, day in due]


def _settle(work: Work, *, city: City, venue_id: int, first_day: dt.date, actor: str) -> Settlement:
    made = settling.settle(work, city, venue_id, first_day)
    details = {"venue_id": venue_id, "points": made.settled_points, "cents": made.settled_cents}
    auditing.record(work, actor, "settled", f"settlement/{made.number}", details)
    return made
