"""Stating the supply of every month that is over: computed while the city goes on, written in a moment."""

import datetime as dt
from functools import partial

from kernel import logs
from kernel.cities import City
from kernel.errors import DomainError
from ledger import sealing, supply, supply_statements
from ledger.log_parts import Log
from ledger.supply_statements import Statement

WAIT_FOR_SEAL = dt.timedelta(days=7)
"""How long a month waits for a checkpoint that covers it; then it is stated without."""
_log = logs.get(__name__)


def state(log: Log, city: City) -> list[Statement]:
    """State what is due, the oldest month first, at a checkpoint of the city's log; again changes nothing.

    Return what was made.
    """
    made: list[Statement] = []
    while (statement := _next(log, city)) is not None:
        store = partial(supply_statements.store, statement=statement)
        made.append(log.database.run(city.city_id, store))
    return made


def _next(log: Log, city: City) -> Statement | None:
    with log.database.reading(city.city_id) as reading:
        month = supply.due(reading, city)
        to_seal = month is not None and sealing.is_due(reading)
    if month is None:
        return None
    if to_seal:
        _seal(log, city)
    with log.database.reading(city.city_id) as reading:
        computed = supply.compute(reading, city, month)
        waits = reading.now < supply.end_of(city, month) + WAIT_FOR_SEAL
    return None if computed.checkpoint_size is None and waits else computed


def _seal(log: Log, city: City) -> None:
    """Seal all that is booked. While that can't be done, because of the log or of its folder, months wait."""
    try:
        sealing.seal(log)
    except (DomainError, OSError) as error:
        _log.warning("supply-not-sealed", city=city.slug, error=repr(error))
