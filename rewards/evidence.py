"""Where photos and proofs are kept: outside the database, behind a port, under keys that tell nothing.

A photo is written before the transaction that names it and read only through it. What a refused request or a
crash leaves is a photo that nothing names; `retaining.nameless` finds it.
"""

import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from kernel import db
from kernel.db import Reading, Work
from kernel.errors import Busy, NotFound
from rewards.tables import evidence_files, spent_evidence

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30,64}\.(?:jpg|pdf)")
_DRAFT = ".part"


class PhotosUnavailable(Busy):
    """Where photos are kept does not answer, or is full; it may again in a moment."""

    code = "photos-unavailable"


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo in a store, and since when it is there."""

    key: str
    since: dt.datetime


class EvidenceStore(Protocol):
    """Keeps bytes under a key. Raises PhotosUnavailable if it can't; reading what is not there, NotFound."""

    def write(self, key: str, data: bytes) -> None:
        """Keep `data`; when this returns, it survives a crash."""
        ...

    def read(self, key: str) -> bytes:
        """Return what was kept."""
        ...

    def delete(self, key: str) -> None:
        """Forget what was kept; a key that is not there is forgotten already."""
        ...

    def every(self) -> Iterator[Kept]:
        """Yield all that is kept, in any order."""
        ...


class FolderStore:
    """Keeps photos in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, key: str, data: bytes) -> None:
        """Write to a new file, flush it to the disk, then give it its name."""
        path = self._path(key)
        draft = path.with_suffix(_DRAFT)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise PhotosUnavailable from error

    def read(self, key: str) -> bytes:
        """Return the bytes. Raises NotFound."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound("picture-not-found") from None
        except OSError as error:
            raise PhotosUnavailable from error

    def delete(self, key: str) -> None:
        """Remove the file, and what a crash left of writing it. Raises NotFound for what is no key."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
            path.with_suffix(_DRAFT).unlink(missing_ok=True)
        except OSError as error:
            raise PhotosUnavailable from error

    def every(self) -> Iterator[Kept]:
        """Yield all that is kept; half-written files under the key that they were meant for."""
        for path in self._folder.glob("*/*"):
            suffix = ".jpg" if path.suffix == _DRAFT else path.suffix
            key = f"{path.parent.name}/{path.stem}{suffix}"
            if KEY.fullmatch(key):
                yield Kept(key, dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC))

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise NotFound("picture-not-found")
        return self._folder / key


def new_key(random_bytes: bytes, suffix: str = "jpg") -> str:
    """Return a storage key from at least 16 random bytes; only proofs of venues may be `pdf`."""
    text = random_bytes.hex()
    return f"{text[:2]}/{text[2:]}.{suffix}"


def keys_of(reading: Reading, submission_id: int) -> list[tuple[int, str]]:
    """Return number and storage key of a submission's photos."""
    table = evidence_files.c
    rows = reading.connection.execute(
        sa.select(table.evidence_id, table.storage_key)
        .where(table.city_id == reading.city_id, table.submission_id == submission_id)
        .order_by(table.evidence_id)
    )
    return [(row.evidence_id, row.storage_key) for row in rows]


def parts_of(reading: Reading, submission_id: int) -> dict[int, str]:
    """Return by number which of a submission's photos are `before` and which `after`."""
    table = evidence_files.c
    rows = reading.connection.execute(
        sa.select(table.evidence_id, table.part).where(
            table.city_id == reading.city_id, table.submission_id == submission_id, table.part.is_not(None)
        )
    )
    return {row.evidence_id: row.part for row in rows}


def used_before(reading: Reading, sha256s: Iterable[str]) -> bool:
    """Return whether any of these photos was handed in before."""
    table, hashes = evidence_files.c, list(sha256s)
    statement = (
        sa.select(table.evidence_id)
        .where(table.city_id == reading.city_id, table.sha256.in_(hashes))
        .limit(1)
    )
    if reading.connection.execute(statement).first() is not None:
        return True
    return is_spent(reading, [digest("photo", sha256) for sha256 in hashes])


def digest(sort: str, name: str) -> bytes:
    """Return by what evidence is recognised when nothing else of it is left.

    `sort` is `photo` (then `name` is the SHA-256 of its file) or the code of an action type.
    """
    return hashlib.sha256(f"duiscoin-spent-evidence\0{sort}\0{name}".encode()).digest()


def is_spent(reading: Reading, digests: Iterable[bytes]) -> bool:
    """Return whether somebody who was erased since had handed any of this in."""
    statement = (
        sa.select(spent_evidence.c.digest)
        .where(spent_evidence.c.city_id == reading.city_id, spent_evidence.c.digest.in_(list(digests)))
        .limit(1)
    )
    return reading.connection.execute(statement).first() is not None


def spend(work: Work, digests: Iterable[bytes]) -> None:
    """Remember evidence whose submission is about to be erased."""
    # Sorted: the order of the rows tells nothing about the order of the submissions.
    rows = [{"city_id": work.city_id, "digest": one} for one in sorted(set(digests))]
    if rows:
        work.connection.execute(db.insert(work, spent_evidence).values(rows).on_conflict_do_nothing())
