"""Stating the supply of every month that is over: computed while the city goes on, written in a moment."""

import datetime as dt
from functools import partial

from kernel.cities import City
from kernel.db import Database, Reading
from ledger import log_seals, supply, supply_statements
from ledger.supply_statements import Statement

WAIT_FOR_SEAL = dt.timedelta(days=7)
"""How long a month waits for a checkpoint that covers it, where the city's log has any."""


def state(database: Database, city: City) -> list[Statement]:
    """State what is due, the oldest month first; again changes nothing. Return what was made."""
    made: list[Statement] = []
    while (statement := _next(database, city)) is not None:
        made.append(database.run(city.city_id, partial(supply_statements.store, statement=statement)))
    return made


def _next(database: Database, city: City) -> Statement | None:
    with database.reading(city.city_id) as reading:
        month = supply.due(reading, city)
        if month is None:
            return None
        computed = supply.compute(reading, city, month)
        return None if _waits(reading, city, computed) else computed


def _waits(reading: Reading, city: City, computed: Statement) -> bool:
    if computed.checkpoint_size is not None or log_seals.last(reading) is None:
        return False
    return reading.now < supply.end_of(city, computed.month) + WAIT_FOR_SEAL
