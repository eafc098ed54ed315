"""Sessions: kept on the server, known to the browser by a random token that is stored as a hash only."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from identity import persons, roles
from identity.persons import Person
from identity.roles import CITY, Held, Role
from identity.tables import sessions
from kernel import ids
from kernel.db import Reading, Work

CITIZEN_IDLE = dt.timedelta(days=30)
STAFF_IDLE = dt.timedelta(hours=12)
LIFETIME_MAX = dt.timedelta(days=90)
TOUCH_AFTER = dt.timedelta(minutes=10)
"""How old `seen_at` becomes before it is written again: reading a page should not cost an update."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, with what they may do."""

    session_id: int
    person: Person
    roles: frozenset[Held]
    started_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime

    def has(self, role: Role, venue_id: int = CITY) -> bool:
        """Whether the person has a role in the city or at a venue."""
        return Held(role, venue_id) in self.roles


def start(work: Work, person_id: int) -> str:
    """Sign somebody in; return the session's token, which can't be read again later."""
    token = work.ids.token()
    work.connection.execute(
        sa.insert(sessions).values(
            city_id=work.city_id,
            session_id=work.ids.next(),
            token_hash=ids.secret_hash(token),
            person_id=person_id,
            started_at=work.now,
            seen_at=work.now,
            expires_at=work.now + LIFETIME_MAX,
        )
    )
    return token


def find(reading: Reading, token: str) -> Session | None:
    """Return the session of a token, or None if it is unknown, ended, idle for too long or too old."""
    row = reading.connection.execute(
        sa.select(sessions).where(
            sessions.c.city_id == reading.city_id, sessions.c.token_hash == ids.secret_hash(token)
        )
    ).first()
    if row is None or row.ended_at is not None or row.expires_at <= reading.now:
        return None
    held = roles.of(reading, row.person_id)
    if row.seen_at + (STAFF_IDLE if held else CITIZEN_IDLE) <= reading.now:
        return None
    person = persons.get(reading, row.person_id)
    return Session(row.session_id, person, held, row.started_at, row.seen_at, row.expires_at)


def touch(work: Work, session: Session) -> None:
    """Note that a session is in use, unless that was noted within TOUCH_AFTER."""
    if work.now - session.seen_at >= TOUCH_AFTER:
        _set(work, sessions.c.session_id == session.session_id, seen_at=work.now)


def end(work: Work, session_id: int) -> None:
    """Sign out here."""
    _set(work, sessions.c.session_id == session_id, ended_at=work.now)


def end_all(work: Work, person_id: int) -> None:
    """Sign out everywhere."""
    _set(work, sessions.c.person_id == person_id, ended_at=work.now)


def forget_old(work: Work) -> None:
    """Delete sessions that are over."""
    work.connection.execute(
        sa.delete(sessions).where(sessions.c.city_id == work.city_id, sessions.c.expires_at <= work.now)
    )


def _set(work: Work, condition: sa.ColumnElement[bool], **values: object) -> None:
    work.connection.execute(
        sa.update(sessions)
        .where(sessions.c.city_id == work.city_id, condition, sessions.c.ended_at.is_(None))
        .values(**values)
    )
