"""The registry of one city for identity's tests: short ways to sign up, sign in and look inside."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from identity import auditing, persons, roles, sessions, signing_in
from identity.persons import Person
from identity.roles import CITY, Role
from identity.sessions import Session
from identity.signing_in import CodeAnswer, CodeRequest
from kernel import db, outbox
from kernel.clock import FixedClock
from kernel.db import Database, Reading, Work

T = TypeVar("T")
ROOM = (
    "persons",
    "roles",
    "sessions",
    "sign_in_codes",
    "sign_in_links",
    "clients",
    "audit_log",
)


class Registry:
    """One city's persons."""

    def __init__(self, database: Database, city_id: int, clock: FixedClock) -> None:
        self.database = database
        self.city_id = city_id
        self.clock = clock

    def run(self, command: Callable[[Work], T]) -> T:
        """Run a command in a unit of work of its own."""
        return self.database.run(self.city_id, command)

    def read(self, question: Callable[[Reading], T]) -> T:
        """Ask a question."""
        with self.database.reading(self.city_id) as reading:
            return question(reading)

    def sign_up(self, email: str, name: str = "") -> Person:
        """Open an account."""
        return self.run(lambda work: persons.register(work, email, name=name))

    def grant(self, person: Person, role: Role, venue_id: int = CITY) -> None:
        """Give a role by the command line."""
        self.run(lambda work: roles.grant(work, person.person_id, role, venue_id=venue_id, granter_id=None))

    def sign_in(self, person: Person) -> str:
        """Start a session and return its token."""
        return self.run(lambda work: sessions.start(work, person.person_id))

    def session(self, token: str) -> Session | None:
        """Ask whose token this is."""
        return self.read(lambda reading: sessions.find(reading, token))

    def ask_for_code(self, email: str, language: str = "de") -> CodeRequest:
        """Ask for a code by e-mail."""
        return self.run(lambda work: signing_in.request_code(work, email, language))

    def type_code(self, request: CodeRequest, code: str) -> CodeAnswer:
        """Type a code."""
        return self.run(lambda work: signing_in.verify_code(work, request.request_id, code, "de"))

    def link(self, person: Person, hours: int = 1, *, reusable: bool = False) -> str:
        """Make a sign-in link and return its secret."""
        valid = dt.timedelta(hours=hours)
        return self.run(lambda work: signing_in.make_link(work, person.person_id, valid, reusable=reusable))

    def audited(self) -> list[tuple[str, str, str]]:
        """Return actor, action and subject of every entry of the audit log, oldest first."""
        entries = self.read(auditing.page)
        return [(entry.actor, entry.action, entry.subject) for entry in reversed(entries)]

    def mail(self) -> list[dict[str, object]]:
        """Return the codes that wait to be sent, oldest first."""
        due = self.read(outbox.due)
        return [dict(event.payload) for event in due if event.topic == signing_in.TOPIC]

    def stored(self) -> str:
        """Return everything that the room's tables hold for this city, bytes in hex."""
        return self.read(self._dump)

    def _dump(self, reading: Reading) -> str:
        cells = []
        for name in ROOM:
            table = db.metadata.tables[name]
            for row in reading.connection.execute(sa.select(table).where(table.c.city_id == reading.city_id)):
                cells += [cell.hex() if isinstance(cell, bytes) else str(cell) for cell in row]
        return "\n".join(cells)
