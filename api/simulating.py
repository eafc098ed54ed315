"""Simulations that pages asked for: on a thread of their own, long ones in a process of their own.

A long one would take turns with the requests of the same process. Both read in short transactions, and say
how far they are once a second.
"""

import contextlib
import io
import multiprocessing
import threading
import time
from collections.abc import Iterator

from api import duties
from api.services import Services
from kernel import cities, logs
from kernel.cities import City
from kernel.db import Database
from kernel.errors import DomainError
from rewards import programme, recollecting, rehearsing, simulations
from rewards.rehearsing import Window
from rewards.simulations import Simulation

LOOK_SECONDS = 1.0
STEPS_HERE_MAX = 3_000
"""What is longer is worth the two seconds that a process of its own takes to start."""
_BEAT_SECONDS = 1.0
_log = logs.get(__name__)


class Cancelled(Exception):
    """Somebody cancelled the simulation, or the installation stops."""


def run_due(services: Services, city: City, stop: threading.Event | None = None) -> int:
    """Run what waits; return how many were taken up."""
    with services.database.reading(city.city_id) as reading:
        due = simulations.waiting(reading)
        long = recollecting.extent(reading).steps > STEPS_HERE_MAX if due else False
    taken = 0
    for simulation_id in due:
        if stop is not None and stop.is_set():
            break
        if long:
            elsewhere(services.database, city, simulation_id, stop)
        else:
            perform(services.database, city, simulation_id)
        taken += 1
    return taken


def perform(database: Database, city: City, simulation_id: int) -> None:
    """Work on one simulation until it has ended, one way or the other."""
    claimed = database.run(city.city_id, lambda work: simulations.claim(work, simulation_id))
    if claimed is None:
        return
    try:
        report = _report(database, city, claimed)
    except Cancelled:
        return
    except DomainError as error:
        code, details = error.code, dict(error.details)
        database.run(city.city_id, lambda work: simulations.fail(work, simulation_id, code, details))
        return
    except Exception:
        database.run(city.city_id, lambda work: simulations.fail(work, simulation_id, "internal-error", {}))
        raise
    database.run(city.city_id, lambda work: simulations.finish(work, simulation_id, report))


@contextlib.contextmanager
def background(services: Services) -> Iterator[None]:
    """Run every city's simulations as they are asked for, while the block lasts."""
    with duties.duty(_run, services, "simulations"):
        yield


def _run(services: Services, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            taken = sum(run_due(services, city, stop) for city in cities.every(services.database))
        except Exception:  # noqa: BLE001 -- a database that is away comes back
            _log.exception("simulation-failed")
            taken = 0
        if not taken:
            stop.wait(LOOK_SECONDS)


def _report(database: Database, city: City, claimed: Simulation) -> dict[str, object]:
    with database.reading(city.city_id) as reading:
        draft = programme.get(reading, claimed.version_hash).version
        file = simulations.file_of(reading, claimed.simulation_id)
    said_at = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at < _BEAT_SECONDS and done < total:
            return
        said_at = time.monotonic()
        number = claimed.simulation_id
        if not database.run(city.city_id, lambda work: simulations.beat(work, number, done, total)):
            raise Cancelled

    if file is not None:
        return rehearsing.rehearse_file(database, city, draft, io.BytesIO(file), progress)
    window = Window(claimed.first_day, claimed.last_day)
    return rehearsing.rehearse(database, city, draft, window, progress)


def elsewhere(
    database: Database, city: City, simulation_id: int, stop: threading.Event | None = None
) -> None:
    """Work on it in a process; end that when the installation stops: it begins anew then."""
    url = database.engine.url.render_as_string(hide_password=False)
    # Forking would copy open connections into the process.
    process = multiprocessing.get_context("spawn").Process(
        target=_in_process, args=(url, city.city_id, simulation_id), daemon=True
    )
    process.start()
    while process.is_alive():
        process.join(timeout=0.5)
        if stop is not None and stop.is_set():
            process.terminate()
    if process.exitcode:
        _log.warning("simulation-process-ended", city=city.slug, code=process.exitcode)


def _in_process(url: str, city_id: int, simulation_id: int) -> None:
    database = Database(url)
    try:
        with database.reading(city_id) as reading:
            city = cities.get(reading)
        perform(database, city, simulation_id)
    finally:
        database.close()
