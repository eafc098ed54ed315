"""A small city for the browser: founded through the use cases of production, served on a thread of its own."""

import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from api import founding, services
from api.app import create_app
from identity import persons, roles, signing_in
from identity.roles import CITY, Role
from kernel.cities import City, NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.settings import Settings
from ledger import chart, invariants, queries
from ledger.invariants import Report
from ledger.outcomes import Counters
from merchants import contracts, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, Venue, VenueKind
from redemption import offers
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import OfferKind
from redemption.offers import Offer
from rewards import action_types, programme
from tests.fixtures.databases import Prepare

SECRET = "browser-tests-only-0123456789abcdef"
PLACE = (51.434, 6.762)
"""Königstraße in Duisburg."""


@dataclass
class Town:
    """A running city and what a test needs to know of it."""

    url: str
    database: Database
    clock: FixedClock
    city: City
    pool: Venue
    museum: Venue
    swim: Offer
    folder: Path

    def link(self, email: str, *granted: Role, venue_id: int = CITY) -> str:
        """Return the address that signs somebody in who has these roles."""

        def command(work: Work) -> str:
            person = persons.by_email(work, email) or persons.register(
                work, email, name=email.partition("@")[0]
            )
            for role in granted:
                roles.grant(work, person.person_id, role, venue_id=venue_id, granter_id=None)
            return signing_in.make_link(work, person.person_id, dt.timedelta(days=1))

        return f"{self.url}/sign-in/link?token={self.database.run(self.city.city_id, command)}"

    def wallet(self, email: str) -> Counters:
        """Return the sums over a citizen's lots."""
        with self.database.reading(self.city.city_id) as reading:
            person = persons.by_email(reading, email)
            assert person is not None
            lots = [left for account, left in queries.trial_balance(reading) if account.owner == person.owner]
        return Counters(*(sum(getattr(left, name) for left in lots) for name in Counters._fields))

    def balance(self, path: str) -> Counters:
        """Return an account's counters."""
        with self.database.reading(self.city.city_id) as reading:
            return queries.balance(reading, path)

    def verify(self) -> Report:
        """Check every invariant of the book."""
        with self.database.reading(self.city.city_id) as reading:
            return invariants.verify(reading)


def settings(database: Database, folder: Path) -> Settings:
    """Return settings for a test server."""
    return Settings(
        database_url=database.engine.url.render_as_string(hide_password=False),
        secret_key=SecretStr(SECRET),
        data_directory=folder,
        demo=True,
    )


def prepared(prepare: Prepare, folder: Path) -> tuple[Database, Settings, City, Venue, Venue, Offer]:
    """Return a copy of a founded city's database and what `found` gives, with settings of the test's own."""
    database, founded = prepare("town", lambda empty: found(empty, settings(empty, folder)))
    return database, settings(database, folder), *founded


def found(
    database: Database, chosen: Settings, *, centre: tuple[int, int] | None = (51_434_000, 6_762_000)
) -> tuple[City, Venue, Venue, Offer]:
    """Found Duisburg with a pool, a museum, active rules with budgets and one offer."""
    new = NewCity(
        slug="duisburg",
        name="Duisburg",
        fines_enabled=True,
        latitude_e6=centre[0] if centre else None,
        longitude_e6=centre[1] if centre else None,
    )
    city = founding.found(database, services.sealer(chosen), new)

    def command(work: Work) -> tuple[Venue, Venue, Offer]:
        today = city.day_of(work.now)
        author, approver = work.ids.next(), work.ids.next()
        for rule in action_types.starter_rules():
            chart.fund_budget(
                work, rule.budget, 100_000, effective=today, reference="DS 1", transfer_id=work.ids.uuid()
            )
            stored = programme.draft(work, city, rule, author)
            programme.approve(work, stored.version_hash, approver)
            programme.activate(work, stored.version_hash)
        pool = venues.create(
            work,
            NewVenue(
                "Rhein-Ruhr-Bad", VenueKind.POOL, "Kopernikusstr. 11", "47167", "Hamborn", "DuisburgSport"
            ),
        )
        museum = venues.create(
            work,
            NewVenue(
                "Lehmbruck Museum", VenueKind.MUSEUM, "Düsseldorfer Str. 51", "47051", "Mitte", "Lehmbruck"
            ),
        )
        monday = today - dt.timedelta(days=today.weekday())
        for venue in (pool, museum):
            contracts.sign(
                work, venue.venue_id, rate_cents_per_point=2, period=PeriodKind.WEEK, valid_from=monday
            )
        offer = offers.create(work, _swim(pool))
        return pool, museum, offers.publish(work, city, offer.offer_id)

    pool, museum, swim = database.run(city.city_id, command)
    return city, pool, museum, swim


def _swim(pool: Venue) -> NewOffer:
    return NewOffer(
        code="rhein-ruhr-bad-einzel",
        kind=OfferKind.POOL,
        titles={"de": "Einzelkarte Rhein-Ruhr-Bad", "en": "Single ticket Rhein-Ruhr-Bad"},
        descriptions={"de": "Ein Besuch im Hallenbad.", "en": "One visit to the pool."},
        pictogram="pool",
        price_points=40,
        value_cents=450,
        venue_ids=(pool.venue_id,),
        places=5,
        valid_days=30,
        vat_kind=VatKind.MULTI_PURPOSE,
    )


@contextlib.contextmanager
def serving(chosen: Settings, database: Database, port: int = 0) -> Iterator[str]:
    """Serve the application on this port, or a free one; give its address."""
    with running(create_app(chosen, database), port) as place:
        yield f"http://{place}"


@contextlib.contextmanager
def running(app: FastAPI, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve an application, uvicorn having these options too, on this port or a free one; give host and port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
