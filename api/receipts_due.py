"""Receipts that are due: the worker follows the book and issues them."""

from kernel.cities import City
from kernel.db import Database
from redemption import receipting


def issue(database: Database, city: City) -> bool:
    """Issue the receipts of what was booked, some at a time; return whether there were any bookings."""
    with database.reading(city.city_id) as reading:
        if not receipting.behind(reading):
            return False
    while database.run(city.city_id, lambda work: receipting.follow(work, city)):
        pass
    return True
