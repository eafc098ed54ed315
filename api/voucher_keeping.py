"""Keeping the trust in vouchers: status lists, alarms, and signing anew what a blocked key signed.

On a thread of its own: a hundred thousand vouchers must not hold up messages, nor messages a status list.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

from api import duties
from api.services import Services
from identity.roles import Role
from kernel import cities, logs
from kernel.cities import City
from redemption import keys, live_keys, publishing_status, reissuing
from redemption.reissuing import Reissue

KEEPERS = (Role.ADMINISTRATOR, Role.APPROVER)
"""Who sees the keys, asks for one to be blocked, or confirms what somebody else asked for."""
LOOK_SECONDS = 2.0
_log = logs.get(__name__)

Progress = Callable[[Reissue], None]


def status_list_uri(services: Services, city: City) -> str:
    """Return where the city's status list is published: what its `sub` says."""
    base = f"https://{city.host}" if city.host else services.settings.public_url.rstrip("/")
    return f"{base}/api/v1/voucher-status-list"


def keep(services: Services, city: City, stop: threading.Event | None = None) -> None:
    """Do what is due in a city: live secret, status list, alarms, new codes."""
    database, sealer = services.database, services.sealer
    with database.reading(city.city_id) as reading:
        lacking = not live_keys.exists(reading)
        due, first = publishing_status.is_due(reading), publishing_status.find(reading) is None
        unfinished = reissuing.unfinished(reading)
    if lacking:
        database.run(city.city_id, lambda work: live_keys.ensure(work, sealer))
    if due:
        publish(services, city, first=first)
    for key in database.run(city.city_id, keys.alarm):
        _log.error("key-suspicious", city=city.slug, kid=key.kid, issued=key.issued, accepted=key.accepted)
    for one in unfinished:
        reissue(services, city, one.kid, stop=stop)


def publish(services: Services, city: City, *, first: bool = False) -> None:
    """Publish the status list; the first one is made from the ledger, outside the writer's section."""
    made = None
    if first:
        with services.database.reading(city.city_id) as reading:
            made = publishing_status.from_the_ledger(reading)
    uri = status_list_uri(services, city)
    services.database.run(
        city.city_id, lambda work: publishing_status.publish(work, services.sealer, uri, made)
    )


def reissue(
    services: Services,
    city: City,
    kid: str,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Sign the open vouchers of a blocked key anew, batch by batch, until all are done or `stop` is set."""
    while stop is None or not stop.is_set():
        done = services.database.run(city.city_id, lambda work: reissuing.go_on(work, services.sealer, kid))
        if progress is not None:
            progress(done)
        if done.finished_at is not None:
            _log.info("vouchers-reissued", city=city.slug, kid=kid, vouchers=done.reissued)
            return


@contextlib.contextmanager
def background(services: Services) -> Iterator[None]:
    """Keep every city's trust while the block lasts."""
    with duties.duty(_run, services, "voucher-keeping"):
        yield


def _run(services: Services, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            for city in cities.every(services.database):
                keep(services, city, stop)
        except Exception:  # noqa: BLE001 -- a database that is away comes back
            _log.exception("voucher-keeping-failed")
        stop.wait(LOOK_SECONDS)
