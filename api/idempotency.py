"""Answering a repeated request with the first answer (IETF draft idempotency-key-header).

The key, the effect and the answer are written in one transaction. A request that was refused leaves
nothing behind, so it may be tried again under the same key. Keys are kept for `KEPT_FOR`.
"""

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from api.tables import idempotency_keys
from kernel import bulk, db
from kernel.errors import Conflict, Invalid

KEY_MAX_LENGTH = 255
KEPT_FOR = dt.timedelta(days=7)
SOURCE_KEPT_FOR = dt.timedelta(days=1)
"""For those who are not signed in, known by their network address: it is not kept for longer than needed."""
_COLUMNS = ("city_id", "scope", "key", "fingerprint", "answer", "created_at")
_KNOWN = sa.select(
    *(idempotency_keys.c[name] for name in ("scope", "key", "fingerprint", "answer")),
).where(
    idempotency_keys.c.city_id == sa.bindparam("city"),
    bulk.any_row_of((idempotency_keys.c.scope, idempotency_keys.c.key), "places"),
)


class KeyReused(Invalid):
    """The key was used before for another request."""

    code = "idempotency-key-reused"


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    code = "idempotency-key-in-use"


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a request the same: who asks, under which key, for what."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is kept; `place` is its scope and key."""

    place: tuple[str, str]
    answer: bytes


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Return the SHA-256 by which two requests are compared."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def request(scope: str, key: str | None, print_of_request: str) -> Request:
    """Return the request's identity. Raises Invalid as `checked`."""
    return Request(scope, checked(key), print_of_request)


def checked(key: str | None) -> str:
    """Return the key. Raises Invalid `idempotency-key-missing` or `idempotency-key-malformed`."""
    if not key:
        raise Invalid("idempotency-key-missing")
    if len(key) > KEY_MAX_LENGTH or not key.isprintable():
        raise Invalid("idempotency-key-malformed", maximum=KEY_MAX_LENGTH)
    return key


def known(reading: db.Reading, asked: Sequence[Request]) -> dict[Request, bytes | KeyReused]:
    """Return the first answers of those requests that were answered before, one statement for all.

    In place of an answer stands KeyReused where the key belongs to another request: it is for that caller
    alone to be refused.
    """
    if not asked:
        return {}
    places = [(one.scope, one.key) for one in asked]
    rows = reading.connection.execute(_KNOWN, {"city": reading.city_id, "places": places})
    found = {(row.scope, row.key): (row.fingerprint, row.answer) for row in rows}
    answers: dict[Request, bytes | KeyReused] = {}
    for one in asked:
        if (one.scope, one.key) in found:
            print_of_first, answer = found[one.scope, one.key]
            answers[one] = answer if print_of_first == one.fingerprint else KeyReused()
    return answers


def remember(work: db.Work, answered: Iterable[tuple[Request, bytes]]) -> None:
    """Keep the answers of requests that are not known yet, each with a scope and key of its own."""
    rows = [(work.city_id, one.scope, one.key, one.fingerprint, answer, work.now) for one, answer in answered]
    bulk.insert_rows(work, idempotency_keys, _COLUMNS, rows)


def once(work: db.Work, asked: Request, command: Callable[[db.Work], bytes]) -> bytes:
    """Run `command` unless it ran before, and return its answer, the first one byte for byte.

    Raises KeyReused, and whatever the command raises.
    """
    first = known(work, [asked]).get(asked)
    if isinstance(first, KeyReused):
        raise first
    if first is None:
        first = command(work)
        remember(work, [(asked, first)])
    return first


def page(reading: db.Reading, *, after: tuple[str, str] | None = None, limit: int = 500) -> list[Kept]:
    """Return kept answers in order of scope and key, those after a place."""
    table = idempotency_keys.c
    statement = sa.select(table.scope, table.key, table.answer).where(table.city_id == reading.city_id)
    if after is not None:
        statement = statement.where(sa.tuple_(table.scope, table.key) > after)
    rows = reading.connection.execute(statement.order_by(table.scope, table.key).limit(limit))
    return [Kept((row.scope, row.key), row.answer) for row in rows]


def drop(work: db.Work, places: Sequence[tuple[str, str]]) -> None:
    """Delete the answers kept under these scopes and keys."""
    table = idempotency_keys.c
    for scope, key in places:
        work.connection.execute(
            sa.delete(idempotency_keys).where(
                table.city_id == work.city_id, table.scope == scope, table.key == key
            )
        )


def forget(work: db.Work, scope: str) -> None:
    """Delete all that is kept for one caller: the answers may hold personal data."""
    work.connection.execute(
        sa.delete(idempotency_keys).where(
            idempotency_keys.c.city_id == work.city_id, idempotency_keys.c.scope == scope
        )
    )


def forget_old(work: db.Work) -> None:
    """Delete keys that nobody will repeat any more."""
    work.connection.execute(
        sa.delete(idempotency_keys).where(
            idempotency_keys.c.city_id == work.city_id,
            sa.or_(
                idempotency_keys.c.created_at < work.now - KEPT_FOR,
                sa.and_(
                    idempotency_keys.c.scope.like("source/%"),
                    idempotency_keys.c.created_at < work.now - SOURCE_KEPT_FOR,
                ),
            ),
        )
    )


class InFlight:
    """The requests of this process that are being answered; another process waits for the city's writer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[tuple[int, str, str]] = set()

    @contextmanager
    def hold(self, city_id: int, asked: Request) -> Iterator[None]:
        """Mark a request as running. Raises StillRunning if it is already."""
        mark = (city_id, asked.scope, asked.key)
        with self._lock:
            if mark in self._running:
                raise StillRunning
            self._running.add(mark)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(mark)
