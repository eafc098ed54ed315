"""Giving back what was sold of offers that were called off: batch after batch, as long as there is some."""

from functools import partial

from api.services import Services
from kernel.cities import City
from redemption import calling_off

BATCHES_AT_ONCE = 20
"""Then other work has its turn."""


def proceed(services: Services, city: City) -> int:
    """Give back some batches, each in its own unit of work; return how many."""
    with services.database.reading(city.city_id) as reading:
        waiting = calling_off.waiting(reading)
    done = 0
    for offer_id in waiting:
        step = partial(calling_off.proceed, city=city, offer_id=offer_id)
        while done < BATCHES_AT_ONCE:
            done += 1
            if not services.database.run(city.city_id, step):
                break
    return done
