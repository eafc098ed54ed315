"""Sessions: kept on the server, known to the browser by a random token that is stored as a hash only."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from identity import persons
from identity.persons import Person
from identity.roles import CITY, Held, Role
from identity.tables import persons as persons_table
from identity.tables import roles, sessions
from kernel import bulk, ids
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


_SESSION = tuple(
    sessions.c[name] for name in ("token_hash", "session_id", "started_at", "seen_at", "expires_at")
)
_ROLE = (roles.c.role, roles.c.venue_id)
_OWN_COLUMNS = len(_SESSION) + len(_ROLE)
_WITH_PERSON = (
    sa.select(*_SESSION, *_ROLE, *persons.COLUMNS)
    .join(
        persons_table,
        sa.and_(
            persons_table.c.city_id == sessions.c.city_id, persons_table.c.person_id == sessions.c.person_id
        ),
    )
    .outerjoin(
        roles, sa.and_(roles.c.city_id == sessions.c.city_id, roles.c.person_id == sessions.c.person_id)
    )
)
"""Sessions with their persons, a row for each role."""


def start(work: Work, person_id: int) -> str:
    """Sign somebody in; return the session's token, which can't be read again later.

    Each sign-in has a token of its own: nobody can plant one before. Raises NotFound `person-not-found`.
    """
    persons.get(work, person_id)
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
    return find_all(reading, [token])[0]


def find_all(reading: Reading, tokens: Sequence[str]) -> list[Session | None]:
    """Return the session of each token as `find` does, one statement for all."""
    hashes = [ids.secret_hash(token) for token in tokens]
    wanted = bulk.any_of(sessions.c.token_hash, "token_hashes")
    found = _open(reading, wanted, {"token_hashes": sorted(set(hashes))})
    return [found.get(token_hash) for token_hash in hashes]


def of(reading: Reading, person_id: int) -> list[Session]:
    """Return where a person is signed in, the newest first."""
    return list(_open(reading, sessions.c.person_id == person_id).values())


def is_due(session: Session, now: dt.datetime) -> bool:
    """Whether the use of a session should be noted again."""
    return now - session.seen_at >= TOUCH_AFTER


def touch(work: Work, session: Session) -> None:
    """Note that a session is in use, unless that was noted within TOUCH_AFTER."""
    if is_due(session, work.now):
        _set(work, sessions.c.session_id == session.session_id, seen_at=work.now)


def end(work: Work, session_id: int) -> None:
    """Sign out here."""
    _set(work, sessions.c.session_id == session_id, ended_at=work.now)


def end_own(work: Work, person_id: int, session_id: int) -> None:
    """Sign out at one place that the person picked from their own; somebody else's session is left alone."""
    mine = sa.and_(sessions.c.person_id == person_id, sessions.c.session_id == session_id)
    _set(work, mine, ended_at=work.now)


def end_all(work: Work, person_id: int) -> None:
    """Sign out everywhere."""
    _set(work, sessions.c.person_id == person_id, ended_at=work.now)


def forget_old(work: Work) -> None:
    """Delete sessions that were ended, are too old, or were idle for longer than anybody's may be."""
    over = sa.or_(
        sessions.c.ended_at.is_not(None),
        sessions.c.expires_at <= work.now,
        sessions.c.seen_at <= work.now - CITIZEN_IDLE,
    )
    work.connection.execute(sa.delete(sessions).where(sessions.c.city_id == work.city_id, over))


def _open(
    reading: Reading, condition: sa.ColumnElement[bool], asked: Mapping[str, object] | None = None
) -> dict[str, Session]:
    """Return sessions that are not over by the hash of their token, with persons and roles, newest first."""
    statement = _WITH_PERSON.where(
        sessions.c.city_id == reading.city_id,
        condition,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > reading.now,
    ).order_by(sessions.c.session_id.desc())
    with bulk.planned_anew(reading):
        rows = reading.connection.execute(statement, asked).all()
    found = {}
    for _, one in itertools.groupby(rows, key=lambda row: row.session_id):
        first, *others = one
        held = frozenset(
            Held(Role(row.role), row.venue_id) for row in (first, *others) if row.role is not None
        )
        if first.seen_at + (STAFF_IDLE if held else CITIZEN_IDLE) > reading.now:
            person = persons.of_row(first[_OWN_COLUMNS:])
            found[first.token_hash] = Session(
                first.session_id, person, held, first.started_at, first.seen_at, first.expires_at
            )
    return found


def _set(work: Work, condition: sa.ColumnElement[bool], **values: object) -> None:
    work.connection.execute(
        sa.update(sessions)
        .where(sessions.c.city_id == work.city_id, condition, sessions.c.ended_at.is_(None))
        .values(**values)
    )
