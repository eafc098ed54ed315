"""Deleting photos whose time is over: the files first, then the rows that name them.

So a crash in between leaves rows without files, which the next run deletes, and never a file without a name.
"""

import datetime as dt

from api.services import Services
from kernel.cities import City
from rewards import retaining


def expire(services: Services, city: City) -> int:
    """Delete a city's photos that were kept long enough; return how many."""
    store, kept = services.evidence(city), dt.timedelta(days=services.settings.photos_kept_days)
    deleted = 0
    while True:
        with services.database.reading(city.city_id) as reading:
            gone = retaining.over(reading, kept)
        if not gone:
            return deleted
        for one in gone:
            store.delete(one.storage_key)
        services.database.run(city.city_id, lambda work, gone=gone: retaining.forget(work, gone))  # type: ignore[misc]  # bound at once
        deleted += len(gone)
