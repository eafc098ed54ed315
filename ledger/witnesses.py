"""Witnesses: others who confirm that the log only ever grew, and what each said last."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid, NotFound
from kernel.signing import VerifyKey
from ledger.log_tables import NAME_CHARACTERS, cosignatures
from ledger.log_tables import witnesses as table
from ledger.notes import Kind, Signature, Verifier

CONTRADICTS = "log-witness-contradicts"
"""A witness saw a log that ours does not continue."""
_FIRST_PAUSE = dt.timedelta(seconds=30)
_LONGEST_PAUSE = dt.timedelta(hours=1)
_REFRESH = dt.timedelta(hours=6)
"""Age of a cosignature after which a quiet log is shown again."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness with how it answered lately."""

    name: str
    url: str
    public_key: bytes
    added_at: dt.datetime
    tried_at: dt.datetime | None
    failures: int
    last_error: str | None
    """Why the last try failed; None if it did not."""
    size: int
    """Most transfers that it confirmed; 0 if none."""
    cosigned_at: dt.datetime | None
    """When it confirmed that, by its own clock."""

    @property
    def verifier(self) -> Verifier:
        """The key of its cosignatures."""
        return Verifier(self.name, VerifyKey(self.public_key), Kind.COSIGNATURE)

    def age(self, now: dt.datetime) -> dt.timedelta | None:
        """Return how long ago it confirmed the log; None if never."""
        return now - self.cosigned_at if self.cosigned_at else None

    def is_wanted(self, size: int, now: dt.datetime) -> bool:
        """Whether it has not confirmed `size` transfers, or long ago, and may be asked again."""
        age = self.age(now)
        return self.is_due(now) and (self.size < size or age is None or age > _REFRESH)

    def is_due(self, now: dt.datetime) -> bool:
        """Whether to ask it: one that does not answer is asked ever more rarely, up to once an hour."""
        if self.tried_at is None or not self.failures or self.last_error == CONTRADICTS:
            return True
        pause: dt.timedelta = min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE)
        return now >= self.tried_at + pause


def add(work: db.Work, name: str, url: str, public_key: str) -> None:
    """Have the log confirmed by a witness from now on.

    `public_key` is the 32 bytes in hex or base64, or a verifier key of the same name. Raises Conflict
    `witness-exists`, Invalid `witness-url-invalid`, `verifier-key-invalid`, `key-name-invalid`.
    """
    key = _key(name, public_key)
    if not _is_address(url):
        raise Invalid("witness-url-invalid")
    if len(name) > NAME_CHARACTERS:
        raise Invalid("key-name-invalid", name=name)
    if any(known.name == name for known in every(work)):
        raise Conflict("witness-exists", name=name)
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            name=name,
            url=url.rstrip("/"),
            public_key=key.public_key,
            added_at=work.now,
            failures=0,
        )
    )


def remove(work: db.Work, name: str) -> None:
    """Ask a witness no more; what it confirmed stays. Raises NotFound `witness-not-found`."""
    if all(known.name != name for known in every(work)):
        raise NotFound("witness-not-found", name=name)
    work.connection.execute(sa.delete(table).where(table.c.city_id == work.city_id, table.c.name == name))


def every(reading: db.Reading) -> list[Witness]:
    """Return the city's witnesses by name, each with its newest cosignature."""
    rows = reading.connection.execute(
        sa.select(*(table.c[name] for name in _STORED))
        .where(table.c.city_id == reading.city_id)
        .order_by(table.c.name)
    ).all()
    newest = {row.name: _newest(reading, row.name) for row in rows}
    return [Witness(**row._mapping, **newest[row.name]) for row in rows]


def note_success(work: db.Work, witness: Witness, size: int, signature: Signature, seconds: int) -> None:
    """Keep a verified cosignature of the checkpoint of `size`."""
    cosigned_at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    statement = db.insert(work, cosignatures).values(
        city_id=work.city_id,
        size=size,
        witness=witness.name,
        line=signature.line,
        cosigned_at=cosigned_at,
    )
    work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["city_id", "size", "witness"],
            set_={"line": signature.line, "cosigned_at": cosigned_at},
        )
    )
    _note(work, witness.name, failures=0, last_error=None)


def note_failure(work: db.Work, witness: Witness, code: str) -> None:
    """Keep why a witness did not confirm."""
    _note(work, witness.name, failures=witness.failures + 1, last_error=code)


_STORED = ("name", "url", "public_key", "added_at", "tried_at", "failures", "last_error")


def _newest(reading: db.Reading, name: str) -> dict[str, Any]:
    row = reading.connection.execute(
        sa.select(cosignatures.c.size, cosignatures.c.cosigned_at)
        .where(cosignatures.c.city_id == reading.city_id, cosignatures.c.witness == name)
        .order_by(cosignatures.c.size.desc())
        .limit(1)
    ).first()
    return {"size": row.size, "cosigned_at": row.cosigned_at} if row else {"size": 0, "cosigned_at": None}


def _note(work: db.Work, name: str, *, failures: int, last_error: str | None) -> None:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.name == name)
        .values(tried_at=work.now, failures=failures, last_error=last_error)
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = not parts.query and not parts.fragment and "@" not in parts.netloc and url.isascii()
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and plain


def _key(name: str, text: str) -> VerifyKey:
    if "+" not in text or not text.startswith(f"{name}+"):
        try:
            return Verifier(name, VerifyKey.from_text(text), Kind.COSIGNATURE).key
        except Invalid as error:
            if error.code == "key-name-invalid":
                raise
            raise Invalid("verifier-key-invalid") from None
    found = Verifier.from_text(text)
    if found.kind is not Kind.COSIGNATURE:
        raise Invalid("verifier-key-invalid")
    return found.key
