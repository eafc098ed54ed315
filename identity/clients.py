"""API clients: other systems of the city, known by a bearer token that is stored as a hash only."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from identity import auditing, names
from identity.tables import clients
from kernel import bulk, ids
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid, Kind, NotFound
from kernel.signing import VerifyKey

NAME_MAX = 80


class Scope(enum.StrEnum):
    """What a client may do."""

    REPORT_ACTIONS = "report-actions"
    """Report that somebody did something, and what became of it."""


class ClientRefused(DomainError):
    """The token names no client that may act: `client-unknown` or `client-revoked`."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "client-unknown"


@dataclass(frozen=True, slots=True)
class Client:
    """Another system of the city."""

    client_id: int
    name: str
    scopes: frozenset[Scope]
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    public_key: bytes | None = None
    """Ed25519. With one, what the client sends has to be signed by it."""


def create(
    work: Work,
    name: str,
    scopes: frozenset[Scope],
    *,
    creator_id: int | None,
    public_key: VerifyKey | None = None,
) -> tuple[Client, str]:
    """Admit a client; return it with its token, which can't be read again later.

    Raises Invalid `client-name-invalid`.
    """
    name = names.tidy(name)
    if not 0 < len(name) <= NAME_MAX:
        raise Invalid("client-name-invalid", field="name", maximum=NAME_MAX)
    key = public_key.public_key if public_key else None
    client, token = Client(work.ids.next(), name, scopes, work.now, None, key), work.ids.token()
    work.connection.execute(
        sa.insert(clients).values(
            city_id=work.city_id,
            client_id=client.client_id,
            name=name,
            scopes=sorted(scope.value for scope in scopes),
            token_hash=ids.secret_hash(token),
            created_at=work.now,
            public_key=key,
        )
    )
    actor = "command-line" if creator_id is None else f"person/{creator_id}"
    auditing.record(work, actor, "client-created", f"client/{client.client_id}", {"name": name})
    return client, token


def authenticate(reading: Reading, token: str) -> Client:
    """Return the client that a token belongs to. Raises ClientRefused."""
    (found,) = authenticate_all(reading, [token])
    if isinstance(found, DomainError):
        raise found
    return found


def authenticate_all(reading: Reading, tokens: Sequence[str]) -> list[Client | DomainError]:
    """Return the client of each token, or what `authenticate` would raise for it; one statement for all."""
    hashes = [ids.secret_hash(token) for token in tokens]
    wanted = bulk.any_of(clients.c.token_hash, "token_hashes")
    rows = _rows(reading, wanted, {"token_hashes": sorted(set(hashes))})
    found = {row.token_hash: _client(row) for row in rows}
    return [_admitted(found.get(token_hash)) for token_hash in hashes]


def revoke(work: Work, client_id: int, *, revoker_id: int | None) -> None:
    """Shut a client out; again changes nothing. Raises NotFound `client-not-found`."""
    mine = clients.c.client_id == client_id
    found = _select(work, mine)
    if not found:
        raise NotFound("client-not-found")
    if found[0].revoked_at is None:
        work.connection.execute(
            sa.update(clients).where(clients.c.city_id == work.city_id, mine).values(revoked_at=work.now)
        )
        actor = "command-line" if revoker_id is None else f"person/{revoker_id}"
        auditing.record(work, actor, "client-revoked", f"client/{client_id}", {})


def every(reading: Reading) -> list[Client]:
    """Return all clients of the city."""
    return _select(reading, sa.true())


def _admitted(client: Client | None) -> Client | DomainError:
    """Return the client, or why it may not act."""
    if client is None:
        return ClientRefused()
    return client if client.revoked_at is None else ClientRefused("client-revoked")


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Client]:
    return [_client(row) for row in _rows(reading, condition)]


def _rows(
    reading: Reading, condition: sa.ColumnElement[bool], asked: Mapping[str, object] | None = None
) -> Sequence[sa.Row[Any]]:
    statement = (
        sa.select(clients)
        .where(clients.c.city_id == reading.city_id, condition)
        .order_by(clients.c.client_id)
    )
    return reading.connection.execute(statement, asked).all()


def _client(row: sa.Row[Any]) -> Client:
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Client(row.client_id, row.name, scopes, row.created_at, row.revoked_at, row.public_key)
