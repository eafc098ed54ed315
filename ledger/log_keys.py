"""The key with which a city signs its log, and the name under which the log is known for ever."""

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import sqlalchemy as sa

from kernel import db, signing
from kernel.cities import City
from kernel.errors import Conflict
from kernel.signing import SigningKey, VerifyKey
from ledger import notes
from ledger.log_tables import log_keys as table
from ledger.notes import Note, Verifier


class Sealer(Protocol):
    """Seals and opens what is secret at rest."""

    def seal(self, work: db.Work, data: bytes) -> bytes:
        """Return `data` sealed."""
        ...

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises Invalid `seal-broken`."""
        ...


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log's name with the key that signs it."""

    verifier: Verifier
    signing_key: SigningKey = field(repr=False)

    def sign(self, text: str) -> Note:
        """Return a signed note."""
        return Note(text, (notes.sign(text, self.verifier.name, self.signing_key),))


def origin_for(city: City, public_url: str) -> str:
    """Return the name for a city's log: where it is served, without the scheme (c2sp.org/tlog-tiles).

    A city without a host of its own shares the installation's, so its short name makes the difference.
    """
    if city.host:
        return f"{city.host}/log"
    return f"{urlsplit(public_url).netloc}/log/{city.slug}"


def exists(reading: db.Reading) -> bool:
    """Whether the city's log has begun."""
    held = sa.select(table.c.origin).where(table.c.city_id == reading.city_id)
    return reading.connection.execute(held).first() is not None


def verifier(reading: db.Reading) -> Verifier:
    """Return the public key of the city's log. Raises Conflict `log-key-missing` before the first seal."""
    row = reading.connection.execute(
        sa.select(table.c.origin, table.c.public_key).where(table.c.city_id == reading.city_id)
    ).first()
    if row is None:
        raise Conflict("log-key-missing")
    return Verifier(row.origin, VerifyKey(row.public_key))


def key(reading: db.Reading, sealer: Sealer) -> LogKey:
    """Return the key that signs.

    Raises Conflict `log-key-missing`, `log-key-altered` if the halves don't fit, Invalid `seal-broken`.
    """
    known = verifier(reading)
    sealed: bytes = reading.connection.execute(
        sa.select(table.c.sealed_seed).where(table.c.city_id == reading.city_id)
    ).scalar_one()
    signing_key = SigningKey(sealer.unseal(sealed))
    if signing_key.verify_key != known.key:
        raise Conflict("log-key-altered")
    return LogKey(known, signing_key)


def begin(work: db.Work, sealer: Sealer, origin: str) -> None:
    """Make the city's key, if it has none; the name given first stays."""
    made = SigningKey(work.ids.random_bytes(signing.KEY_BYTES))
    Verifier(origin, made.verify_key)
    work.connection.execute(
        db.insert(work, table)
        .values(
            city_id=work.city_id,
            origin=origin,
            public_key=made.verify_key.public_key,
            sealed_seed=sealer.seal(work, made.seed),
            created_at=work.now,
        )
        .on_conflict_do_nothing()
    )
