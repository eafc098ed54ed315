"""Answering a repeated request with the first answer (IETF draft idempotency-key-header).

The key, the effect and the answer are written in one transaction. A request that was refused leaves
nothing behind, so it may be tried again under the same key. Keys are kept for `KEPT_FOR`.
"""

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.tables import idempotency_keys
from kernel import db
from kernel.errors import Conflict, Invalid

KEY_MAX_LENGTH = 255
KEPT_FOR = dt.timedelta(days=7)


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


def once(
    work: db.Work, asked: Request, command: Callable[[db.Work], Mapping[str, Any]]
) -> tuple[Mapping[str, Any], bool]:
    """Run `command` unless it ran before; return its answer (plain JSON values) and whether it is a repeat.

    Raises KeyReused, and whatever the command raises.
    """
    table = idempotency_keys.c
    row = work.connection.execute(
        sa.select(table.fingerprint, table.answer).where(
            table.city_id == work.city_id, table.scope == asked.scope, table.key == asked.key
        )
    ).first()
    if row is not None:
        if row.fingerprint != asked.fingerprint:
            raise KeyReused
        return row.answer, True
    answer = command(work)
    work.connection.execute(
        sa.insert(idempotency_keys).values(
            city_id=work.city_id,
            scope=asked.scope,
            key=asked.key,
            fingerprint=asked.fingerprint,
            answer=dict(answer),
            created_at=work.now,
        )
    )
    return answer, False


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
            idempotency_keys.c.created_at < work.now - KEPT_FOR,
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
