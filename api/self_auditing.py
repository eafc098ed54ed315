"""The books verify themselves: on a thread of its own, because a long book must not hold up messages."""

import contextlib
import threading
from collections.abc import Iterator

from api import duties
from api.services import Services
from kernel import cities, logs
from kernel.cities import City
from ledger import verifying
from ledger.verifying import Verification

LOOK_SECONDS = 60.0
"""How often to look whether a city's book is due."""
_log = logs.get(__name__)


def verify_due(services: Services, city: City, stop: threading.Event | None = None) -> Verification | None:
    """Verify the city's book if that is due; return the result. Raises Stopped when `stop` is set."""

    def check(done: int, total: int) -> None:
        del done, total
        if stop is not None and stop.is_set():
            raise verifying.Stopped

    with services.database.reading(city.city_id) as reading:
        if not verifying.is_due(reading):
            return None
    made = verifying.verify(services.database, city.city_id, check)
    if made.ok:
        _log.info("ledger-verified", city=city.slug, transfers=made.to_sequence)
    else:
        names = sorted({finding.check for finding in made.findings})
        _log.error("ledger-broken", city=city.slug, findings=made.finding_count, checks=names)
    return made


@contextlib.contextmanager
def background(services: Services) -> Iterator[None]:
    """Verify every city's book whenever it is due, while the block lasts."""
    with duties.duty(_run, services, "self-audit"):
        yield


def _run(services: Services, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            for city in cities.every(services.database):
                verify_due(services, city, stop)
        except verifying.Stopped:
            return
        except Exception:  # noqa: BLE001 -- a database that is away comes back
            _log.exception("self-audit-failed")
        stop.wait(LOOK_SECONDS)
