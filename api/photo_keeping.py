"""Deleting photos and proofs whose time is over: the files first, then the rows that name them.

So a crash in between leaves rows without files, which the next run deletes, and never a file without a name.
Files that never got a name, because their request was refused or repeated, are found by looking at all files.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from api.services import Services
from kernel.cities import City
from kernel.db import Reading, Work
from merchants import proof_list
from rewards import retaining


class _Gone(Protocol):
    @property
    def storage_key(self) -> str: ...


G = TypeVar("G", bound=_Gone)


def expire(services: Services, city: City) -> int:
    """Delete a city's photos that were kept long enough; return how many."""
    kept = dt.timedelta(days=services.settings.photos_kept_days)
    return (
        _delete(services, city, partial(retaining.over, kept=kept), retaining.forget)
        + _delete(services, city, partial(retaining.over_after, kept=kept), retaining.forget_after)
        + _delete(services, city, partial(proof_list.over, kept=kept), proof_list.remove)
        + _sweep(services, city)
    )


def _delete(
    services: Services,
    city: City,
    over: Callable[[Reading], Sequence[G]],
    forget: Callable[[Work, Sequence[G]], None],
) -> int:
    store, deleted = services.evidence(city), 0
    while True:
        with services.database.reading(city.city_id) as reading:
            gone = over(reading)
        if not gone:
            return deleted
        for one in gone:
            store.delete(one.storage_key)
        services.database.run(city.city_id, lambda work, gone=gone: forget(work, gone))  # type: ignore[misc]  # bound at once
        deleted += len(gone)


def _sweep(services: Services, city: City) -> int:
    """Delete files that nothing names."""
    store = services.evidence(city)
    with services.database.reading(city.city_id) as reading:
        names = retaining.named(reading) | proof_list.named(reading)
    # Listed before anything goes: a store need not bear being changed while it is listed.
    gone = list(retaining.nameless(store.every(), names, services.database.clock.now()))
    for key in gone:
        store.delete(key)
    return len(gone)
