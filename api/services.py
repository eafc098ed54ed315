"""What requests share: built once by the application factory, found in `app.state.services`."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from pathlib import Path
from typing import TypeVar

from fastapi import Request

from api.idempotency import InFlight
from api.limiting import Limiter
from api.metering import Meter
from kernel import cities
from kernel.cities import City
from kernel.clock import Clock
from kernel.db import Database, Work
from kernel.errors import NotFound
from kernel.settings import Settings
from kernel.writing import Handler, Reader, Writer
from ledger import log_keys
from ledger.log_parts import Log
from ledger.log_store import LogFolder
from redemption.file_register import FileFineRegister
from redemption.fines import FineRegister
from redemption.keys import Sealer
from rewards.bucket_signing import Access
from rewards.evidence import EvidenceStore, FolderStore
from rewards.evidence_bucket import BucketStore
from web import catalogues, templating
from web.templating import Templates

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 -- an item


@dataclass(frozen=True, slots=True)
class Services:
    """The long-lived parts of a process."""

    settings: Settings
    database: Database
    writer: Writer
    reader: Reader
    limiter: Limiter
    in_flight: InFlight
    translations: Mapping[str, NullTranslations]
    templates: Templates
    meter: Meter
    sealer: Sealer
    """What opens the cities' signing keys."""
    scanner_translations: Mapping[str, NullTranslations]
    """With the languages that only the scanner speaks."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret keys that may still open something, the present one first."""
        return secrets_of(self.settings)

    async def write(self, city_id: int, command: Callable[[Work], T]) -> T:
        """Hand a command to the writer and wait for its outcome without occupying a thread."""
        with self.meter.counted():
            return await asyncio.wrap_future(self.writer.submit(city_id, command))

    async def write_with(self, city_id: int, handler: Handler[I, T], item: I) -> T:
        """Hand an item to the writer, for a handler that takes those of all callers; wait for its outcome."""
        with self.meter.counted():
            return await self.writer.submit_from_loop(city_id, handler, item)

    def evidence(self, city: City) -> EvidenceStore:
        """Return where the city's photos are kept."""
        return photos_of(self.settings, city, self.database.clock)

    def fine_register(self, city: City) -> FineRegister:
        """Return the city's register of fines and fees."""
        return FileFineRegister(folder_of(self.settings, city) / "fines")

    def log(self, city: City) -> Log:
        """Return the parts of the city's transparency log."""
        return log_of(self.settings, self.database, city)

    def city_of(self, host: str) -> City:
        """Return the city that a host name leads to, as known a moment ago. Raises NotFound."""
        known = cities.remembered(self.database)
        for city in known:
            if city.host == host:
                return city
        for city in known:
            if len(known) == 1 or city.slug == self.settings.default_city:
                return city
        raise NotFound("city-not-found", host=host)

    def close(self) -> None:
        """Finish what is queued and close the database."""
        self.writer.close()
        self.reader.close()
        self.database.close()


def folder_of(settings: Settings, city: City) -> Path:
    """Return the folder of a city's files."""
    return settings.data_directory / city.slug


def photos_of(settings: Settings, city: City, clock: Clock) -> EvidenceStore:
    """Return where a city's photos are kept: in a bucket if one is set, else in the city's folder."""
    url, key_id, secret = (
        settings.photos_bucket_url,
        settings.photos_bucket_key_id,
        settings.photos_bucket_secret,
    )
    if url is None or key_id is None or secret is None:
        return FolderStore(folder_of(settings, city) / "photos")
    access = Access(key_id, secret.get_secret_value(), settings.photos_bucket_region)
    return BucketStore(url, f"{city.slug}/photos/", access, clock)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Return the secret keys, the present one first."""
    older = (secret.get_secret_value() for secret in settings.previous_secret_keys)
    return (settings.secret_key.get_secret_value(), *older)


def sealer(settings: Settings) -> Sealer:
    """Return what seals and opens the cities' signing keys."""
    present, *older = secrets_of(settings)
    return Sealer(present, tuple(older))


def log_of(settings: Settings, database: Database, city: City) -> Log:
    """Return the parts of a city's transparency log."""
    store = LogFolder(folder_of(settings, city) / "log")
    origin = log_keys.origin_for(city, settings.public_url)
    return Log(database, city.city_id, store, sealer(settings), origin)


def build(settings: Settings, database: Database | None = None) -> Services:
    """Return the services of a process."""
    opened = database or Database(settings.database_url)
    translations = catalogues.load()
    for_scanner = catalogues.load_for_scanner(translations)
    meter = Meter()
    return Services(
        settings,
        opened,
        Writer(opened, meter.observe),
        Reader(opened),
        Limiter(settings.redis_url),
        InFlight(),
        translations,
        templating.build(for_scanner),
        meter,
        sealer(settings),
        for_scanner,
    )


def of(request: Request) -> Services:
    """Return the services of the running application."""
    services: Services = request.app.state.services
    return services
