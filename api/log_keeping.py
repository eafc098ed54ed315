"""Keeping the transparency logs: every city is sealed when something was booked, on a thread of its own.

Apart from the worker's other duties, because rebuilding a log or waiting for a witness may take long.
"""

import contextlib
import threading
from collections.abc import Iterator

from api import duties
from api.services import Services
from kernel import cities, logs
from kernel.cities import City
from kernel.errors import DomainError
from ledger import sealing

_log = logs.get(__name__)


def seal_due(services: Services, city: City, *, anyway: bool = False) -> bool:
    """Seal a city if there is something to seal or a witness to ask (or `anyway`); return whether it was."""
    with services.database.reading(city.city_id) as reading:
        if not anyway and not sealing.is_due(reading):
            return False
    return sealing.seal(services.log(city)) is not None


def run_forever(services: Services, stop: threading.Event) -> None:
    """Seal every city in turn, again after `Settings.seal_seconds`, until `stop` is set."""
    looked_at: set[int] = set()
    while not stop.is_set():
        for city in cities.every(services.database):
            try:
                # At the start even without anything new: an interrupted run may have left something undone.
                seal_due(services, city, anyway=city.city_id not in looked_at)
                looked_at.add(city.city_id)
            except DomainError as error:
                _log.error("log-not-sealed", city=city.slug, code=error.code, details=dict(error.details))
            except Exception:  # noqa: BLE001 -- whatever it is, the other cities go on
                _log.exception("log-not-sealed", city=city.slug)
        stop.wait(services.settings.seal_seconds)


@contextlib.contextmanager
def background(services: Services) -> Iterator[None]:
    """Keep the logs on a thread of their own while the block lasts."""
    with duties.duty(run_forever, services, "log"):
        yield
