"""Seals: what was signed of the log, one row for each checkpoint, chained by digests."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid
from ledger import notes
from ledger.log_tables import cosignatures
from ledger.log_tables import seals as table
from ledger.notes import Checkpoint, Note, Verifier

_DOMAIN = b"duiscoin-ledger-seal\x01"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Seal:
    """A checkpoint that was signed."""

    size: int
    root: bytes
    sealed_at: dt.datetime
    checkpoint: str
    """The signed note, without cosignatures."""
    digest: bytes

    @property
    def note(self) -> Note:
        """The signed note."""
        return notes.parse(self.checkpoint)


def digest(city_id: int, previous: bytes, size: int, root: bytes, sealed_at: dt.datetime, note: str) -> bytes:
    """Return what chains a seal to the one before; `previous` is empty for the first."""
    micros = (sealed_at - _EPOCH) // dt.timedelta(microseconds=1)
    numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (city_id, size, micros))
    return hashlib.sha256(_DOMAIN + previous.rjust(32, b"\0") + numbers + root + note.encode()).digest()


def last(reading: db.Reading) -> Seal | None:
    """Return the newest seal."""
    return next(iter(newest(reading, 1)), None)


def newest(reading: db.Reading, count: int, *, up_to: int | None = None) -> list[Seal]:
    """Return the newest seals, of sizes up to `up_to`, the newest first."""
    chosen = _columns().where(table.c.city_id == reading.city_id)
    if up_to is not None:
        chosen = chosen.where(table.c.size <= up_to)
    return _read(reading, chosen.order_by(table.c.size.desc()).limit(count))


def following(reading: db.Reading, size: int, count: int) -> list[Seal]:
    """Return up to `count` seals of more than `size` transfers, the smallest first."""
    chosen = _columns().where(table.c.city_id == reading.city_id, table.c.size > size)
    return _read(reading, chosen.order_by(table.c.size).limit(count))


def at(reading: db.Reading, size: int) -> Seal | None:
    """Return the seal of exactly that many transfers."""
    chosen = _columns().where(table.c.city_id == reading.city_id, table.c.size == size)
    return next(iter(_read(reading, chosen)), None)


def covering(reading: db.Reading, sequence: int) -> Seal | None:
    """Return the seal to prove a transfer by: the newest that a witness confirmed, else the newest."""
    confirmed = reading.connection.execute(
        sa.select(sa.func.max(cosignatures.c.size)).where(cosignatures.c.city_id == reading.city_id)
    ).scalar()
    found = at(reading, confirmed) if confirmed is not None and confirmed >= sequence else last(reading)
    return found if found is not None and found.size >= sequence else None


def append(work: db.Work, before: Seal | None, note: Note, sealed_at: dt.datetime | None = None) -> Seal:
    """Add a seal after the one that is the newest."""
    said = Checkpoint.of(note.text)
    at_instant = sealed_at or work.now
    checkpoint = str(note)
    seal = Seal(
        said.size,
        said.root,
        at_instant,
        checkpoint,
        digest(work.city_id, before.digest if before else b"", said.size, said.root, at_instant, checkpoint),
    )
    values = {name: getattr(seal, name) for name in Seal.__dataclass_fields__}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
    return seal


def check(reading: db.Reading, seal: Seal, before: Seal | None, log: Verifier) -> None:
    """Check that a seal is what was written and signed. Raises Conflict `log-seal-altered`."""
    expected = digest(
        reading.city_id,
        before.digest if before else b"",
        seal.size,
        seal.root,
        seal.sealed_at,
        seal.checkpoint,
    )
    try:
        note = notes.parse(seal.checkpoint)
        notes.verify(note, [log])
        said = Checkpoint.of(note.text)
    except Invalid:
        said = None
    same = said is not None and (said.origin, said.size, said.root) == (log.name, seal.size, seal.root)
    if not same or expected != seal.digest:
        raise Conflict("log-seal-altered", size=seal.size)


def cosigned(reading: db.Reading, seal: Seal) -> Note:
    """Return a seal's note with all cosignatures that it has."""
    lines = [line for _, line, _ in cosignatures_of(reading, seal)]
    return seal.note.signed_by(notes.parse_signatures("".join(lines)) if lines else ())


def cosignatures_of(reading: db.Reading, seal: Seal) -> list[tuple[str, str, dt.datetime]]:
    """Return witness, signature line and instant of each cosignature of a seal."""
    found = reading.connection.execute(
        sa.select(cosignatures.c.witness, cosignatures.c.line, cosignatures.c.cosigned_at)
        .where(cosignatures.c.city_id == reading.city_id, cosignatures.c.size == seal.size)
        .order_by(cosignatures.c.witness)
    )
    return [(row.witness, row.line, row.cosigned_at) for row in found]


def _columns() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(table.c[name] for name in Seal.__dataclass_fields__))


def _read(reading: db.Reading, chosen: sa.Select[tuple[object, ...]]) -> list[Seal]:
    return [Seal(**row._mapping) for row in reading.connection.execute(chosen)]
