"""Old ranges of the book: moved to cheap storage, or written to a file that can be verified by itself.

An archive is a gzip file of JSON lines: a head with the city, the size and the signed checkpoint that
covers it, then each transfer as it stands in the book, with the paths of its accounts and its commitment.
It holds no salt and no secret, so a person who is erased later can't be found in it by guessing either.
That a row is what was committed to is shown by receipts; that no commitment was changed, left out or added,
by the root.
"""

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid
from ledger import accounts, log_seals, merkle, notes, partitions, rows
from ledger.notes import Verifier
from ledger.tables import transfers

FORMAT: Final = "duiscoin-ledger-archive/1"
CHUNK: Final = 5000
Progress = Callable[[int, int], None]
"""Called with the number of transfers done and the number in all."""

_ROWS = (
    sa.select(*rows.COLUMNS, transfers.c.commitment)
    .where(
        transfers.c.city_id == sa.bindparam("city"),
        transfers.c.sequence > sa.bindparam("after"),
        transfers.c.sequence <= sa.bindparam("upto"),
    )
    .order_by(transfers.c.sequence)
    .limit(CHUNK)
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive holds."""

    city_id: int
    size: int
    root: bytes


def write(reading: db.Reading, path: Path, upto: int, progress: Progress | None = None) -> Archive:
    """Write the transfers from the first to those of the newest seal not after `upto`; never overwrites.

    Raises Conflict `archive-not-sealed` if nothing is sealed up to there, `archive-exists` for a file that is
    there, and Conflict `archive-contradicts-seal` (leaving no file) if the book is not what was sealed.
    """
    seal = next(iter(log_seals.newest(reading, 1, up_to=upto)), None)
    if seal is None:
        raise Conflict("archive-not-sealed", upto=upto)
    if path.exists():
        raise Conflict("archive-exists", file=str(path))
    part = path.with_name(path.name + ".part")
    try:
        with gzip.open(part, "wt", encoding="utf-8", newline="\n") as file:
            head = {
                "format": FORMAT,
                "city": reading.city_id,
                "size": seal.size,
                "checkpoint": seal.checkpoint,
            }
            file.write(_line(head))
            for done, row in enumerate(_rows(reading, seal.size), 1):
                file.write(_line(row))
                if progress and done % CHUNK == 0:
                    progress(done, seal.size)
        archive = verify(part)
    except Invalid as error:
        raise Conflict("archive-contradicts-seal", size=seal.size) from error
    else:
        part.replace(path)
        return archive
    finally:
        part.unlink(missing_ok=True)


def verify(path: Path, known: Verifier | None = None, progress: Progress | None = None) -> Archive:
    """Check an archive without any database: complete, in order, and under the checkpoint's root.

    With `known`, the log's public key, the checkpoint's signature too. Raises Invalid `archive-malformed`,
    `archive-incomplete` or `archive-root-wrong` (with the first place where that is known), and what
    `notes.verify` raises.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            head = json.loads(file.readline())
            note = notes.parse(head["checkpoint"])
            checkpoint = notes.Checkpoint.of(note.text)
            leaves = [
                _leaf(number, line) for number, line in enumerate(_told(file, checkpoint.size, progress), 1)
            ]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Invalid("archive-malformed", file=str(path)) from error
    if head.get("format") != FORMAT or head.get("size") != checkpoint.size:
        raise Invalid("archive-malformed", file=str(path))
    if len(leaves) != checkpoint.size:
        raise Invalid("archive-incomplete", expected=checkpoint.size, found=len(leaves))
    if merkle.root_of(leaves) != checkpoint.root:
        raise Invalid("archive-root-wrong", size=checkpoint.size)
    if known is not None:
        notes.verify(note, [known])
    return Archive(head["city"], checkpoint.size, checkpoint.root)


def move(work: db.Work, tablespace: str, upto: int) -> list[str]:
    """Move the full partitions whose transfers all lie up to `upto` to a tablespace; return their names.

    Everything stays readable and verifiable. Readers of a partition wait while it is copied. The newest
    partition stays where it is. Raises Conflict `archive-needs-postgresql`, Invalid `tablespace-unknown`.
    """
    connection = work.connection
    if connection.dialect.name != "postgresql":
        raise Conflict("archive-needs-postgresql")
    known = connection.exec_driver_sql("SELECT spcname FROM pg_catalog.pg_tablespace").scalars().all()
    if tablespace not in known:
        raise Invalid("tablespace-unknown", name=tablespace)
    quoted = connection.dialect.identifier_preparer.quote(tablespace)
    moved: list[str] = []
    for number in range(partitions.number_of(upto + 1)):
        name = partitions.name_of(number)
        indexes = connection.exec_driver_sql(
            "SELECT indexname FROM pg_catalog.pg_indexes WHERE tablename = %s ORDER BY indexname", (name,)
        ).scalars()
        connection.exec_driver_sql(f"ALTER TABLE {name} SET TABLESPACE {quoted}")
        for index in indexes.all():
            connection.exec_driver_sql(f"ALTER INDEX {index} SET TABLESPACE {quoted}")
        moved.append(name)
    return moved


def _rows(reading: db.Reading, size: int) -> Iterator[dict[str, Any]]:
    known = {account.account_id: account for account in accounts.every(reading)}
    after = 0
    while after < size:
        found = reading.connection.execute(
            _ROWS, {"city": reading.city_id, "after": after, "upto": size}
        ).all()
        if not found:
            return
        for row in found:
            booked = rows.booked(row)
            plain: dict[str, Any] = dict(zip(booked._fields, booked, strict=True))
            for side in ("debit", "credit"):
                account = known.get(plain.pop(f"{side}_account_id"))
                plain[side] = account.path if account else None
                plain["asset"] = account.asset if account else None
            yield plain | {"commitment": row.commitment}
        after = found[-1].sequence


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    msg = f"{type(value).__name__} has no form in an archive"
    raise TypeError(msg)


def _told(lines: Iterator[str], size: int, progress: Progress | None) -> Iterator[str]:
    for done, line in enumerate(lines, 1):
        if progress and done % CHUNK == 0:
            progress(done, size)
        yield line


def _leaf(number: int, line: str) -> bytes:
    row = json.loads(line)
    commitment = bytes.fromhex(row["commitment"])
    if row["sequence"] != number or len(commitment) != merkle.HASH_BYTES:
        msg = f"line {number} is not transfer {number}"
        raise ValueError(msg)
    return merkle.leaf_hash(commitment)
