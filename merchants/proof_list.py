"""The proofs of an application: which files there are. The store has them, under keys that tell nothing."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from merchants.onboarding_tables import applications
from merchants.onboarding_tables import proofs as table
from merchants.proof_files import ProofFile

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that shows who applies."""

    proof_id: int
    application_id: int
    storage_key: str
    media_type: str
    name: str
    size_bytes: int
    sha256: str
    uploaded_at: dt.datetime


def add(work: db.Work, application_id: int, key: str, file: ProofFile) -> Proof:
    """Note a file that is kept under `key`."""
    proof = Proof(
        work.ids.next(), application_id, key, file.media_type, file.name, len(file.content), file.sha256,
        work.now,
    )  # fmt: skip
    values = {name: getattr(proof, name) for name in Proof.__dataclass_fields__}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
    return proof


def get(reading: db.Reading, application_id: int, proof_id: int) -> Proof:
    """Return a proof of this very application. Raises NotFound `proof-not-found`."""
    wanted = sa.and_(table.c.application_id == application_id, table.c.proof_id == proof_id)
    for one in _select(reading, wanted):
        return one
    raise NotFound("proof-not-found")


def of_application(reading: db.Reading, application_id: int) -> list[Proof]:
    """Return the proofs of an application, oldest first."""
    return _select(reading, table.c.application_id == application_id)


def remove(work: db.Work, gone: Iterable[Proof]) -> None:
    """Forget proofs; their files are the caller's to delete."""
    numbers = [one.proof_id for one in gone]
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.proof_id.in_(numbers))
    )


def forget_of(work: db.Work, application_ids: Collection[int]) -> list[str]:
    """Forget all proofs of applications; return the keys of their files."""
    gone = _select(work, table.c.application_id.in_(sorted(application_ids)))
    remove(work, gone)
    return [one.storage_key for one in gone]


def over(reading: db.Reading, kept: dt.timedelta, *, limit: int = AT_ONCE) -> list[Proof]:
    """Return proofs of applications that were decided longer ago than proofs are kept."""
    decided = sa.select(applications.c.application_id).where(
        applications.c.city_id == reading.city_id,
        applications.c.state.in_(("approved", "rejected")),
        applications.c.decided_at < reading.now - kept,
    )
    return _select(reading, table.c.application_id.in_(decided), limit)


def named(reading: db.Reading) -> frozenset[str]:
    """Return the keys of all files that are proofs."""
    rows = reading.connection.execute(
        sa.select(table.c.storage_key).where(table.c.city_id == reading.city_id)
    )
    return frozenset(rows.scalars())


def _select(reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[Proof]:
    columns = [table.c[name] for name in Proof.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.proof_id)
        .limit(limit)
    )
    return [Proof(**row._mapping) for row in rows]
