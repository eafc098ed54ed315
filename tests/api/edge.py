"""The application as tests call it: in process, with callers of every sort."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import csrf
from api.access import SESSION_COOKIE
from api.app import create_app
from identity import auditing, clients, persons, roles, sessions
from identity.clients import Scope
from identity.persons import Person
from identity.roles import AT_VENUE, CITY, Role
from kernel.cities import City
from kernel.db import Database, Work
from ledger import posting, transfers, wallets
from merchants import devices
from merchants.venues import Venue
from redemption.offers import Offer
from tests.browser import town as towns
from tests.fixtures.databases import Prepare


@dataclass
class Edge:
    """One city behind the application."""

    app: FastAPI
    client: TestClient
    database: Database
    city: City
    pool: Venue
    swim: Offer
    _keys: int = field(default=0)

    def person(self, email: str = "anna@example.org", *granted: Role) -> tuple[Person, str]:
        """Return a person with these roles and the token of a session."""

        def command(work: Work) -> tuple[Person, str]:
            person = persons.by_email(work, email) or persons.register(work, email)
            for role in granted:
                venue_id = self.pool.venue_id if role in AT_VENUE else CITY
                roles.grant(work, person.person_id, role, venue_id=venue_id, granter_id=None)
            return person, sessions.start(work, person.person_id)

        return self.database.run(self.city.city_id, command)

    def device(self) -> str:
        """Return the token of a new device of the pool."""
        run = self.database.run
        return run(self.city.city_id, lambda work: devices.enrol(work, self.pool.venue_id, "Kasse")[1])

    def system(self, *scopes: Scope) -> str:
        """Return the token of another system of the city."""
        return self.database.run(
            self.city.city_id,
            lambda work: clients.create(work, "Portal", frozenset(scopes), creator_id=None)[1],
        )

    def give(self, person: Person, points: int) -> None:
        """Give somebody points."""

        def command(work: Work) -> None:
            lot = wallets.open_lot(work, person.owner, dt.date(2028, 12, 31))
            gift = transfers.post(
                work.ids.uuid(), "issued", lot, points, effective=work.now.date(), purpose="test"
            )
            posting.post_or_raise(work, [gift])

        self.database.run(self.city.city_id, command)

    def call(self, method: str, path: str, token: str | None = None, **rest: Any) -> Any:
        """Call the API with a bearer token and, for writes, a fresh idempotency key."""
        headers = {"Accept-Language": "en", **rest.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if method != "GET" and "Idempotency-Key" not in headers:
            self._keys += 1
            headers["Idempotency-Key"] = f"key-{self._keys}"
        return self.client.request(method, path, headers=headers, **rest)

    def refused(self, answer: Any) -> tuple[int, str]:
        """Return status and code of a problem document, having checked that it is one."""
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, f"/problems/{problem['code']}") == (problem["status"], problem["type"])
        assert problem["title"]
        return answer.status_code, problem["code"]

    def audited(self) -> list[str]:
        """Return what the audit log says was done, in order."""
        with self.database.reading(self.city.city_id) as reading:
            return [one.action for one in reversed(auditing.page(reading, limit=200))]

    def browse(self, token: str) -> dict[str, str]:
        """Make the client a browser that is signed in; return the hidden fields of its forms."""
        self.client.cookies.clear()
        self.client.cookies.set(SESSION_COOKIE, token)
        self._keys += 1
        return {csrf.FIELD: csrf.token(towns.SECRET, token), "idempotency_key": f"form-{self._keys}"}


def open_edge(prepare: Prepare, folder: Path) -> Edge:
    """Return a founded city behind the application."""
    database, chosen, city, pool, _, swim = towns.prepared(prepare, folder)
    app = create_app(chosen, database)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    return Edge(app, client, database, city, pool, swim)
