"""The audit log: every privileged act of a city, each entry chained to the one before by its hash."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from identity.tables import audit_log
from kernel.db import Reading, Work

GENESIS = bytes(32)
PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what."""

    sequence: int
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    at: dt.datetime
    previous_hash: bytes
    entry_hash: bytes


def record(work: Work, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
    """Add an entry. `actor` is `person/<id>`, `client/<id>`, `device/<id>`, `applicant` or `command-line`.

    `details` hold text, whole numbers, truth values, nothing, and lists or mappings of these, no personal
    data: entries stay for ever. Raises TypeError for anything else, which could come back from the database
    in another form and look like tampering.
    """
    if not _is_exact(details):
        msg = f"details of {action} hold what JSON does not keep exactly"
        raise TypeError(msg)
    newest = page(work, limit=1)
    sequence = newest[0].sequence + 1 if newest else 1
    previous = newest[0].entry_hash if newest else GENESIS
    fields = (sequence, actor, action, subject, dict(details), work.now)
    work.connection.execute(
        sa.insert(audit_log).values(
            city_id=work.city_id,
            sequence=sequence,
            actor=actor,
            action=action,
            subject=subject,
            details=dict(details),
            at=work.now,
            previous_hash=previous,
            entry_hash=_hash(work.city_id, previous, *fields),
        )
    )


def page(reading: Reading, *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """Return a page of the log, newest first."""
    columns = [audit_log.c[name] for name in Entry.__dataclass_fields__]
    statement = sa.select(*columns).where(audit_log.c.city_id == reading.city_id)
    if before is not None:
        statement = statement.where(audit_log.c.sequence < before)
    newest = statement.order_by(audit_log.c.sequence.desc()).limit(min(limit, PAGE_MAX))
    return [Entry(**row._mapping) for row in reading.connection.execute(newest)]


def verify(reading: Reading) -> int | None:
    """Return the number of the first entry that is not what was written, or None if all are.

    Finds what was changed, taken out, put in or moved. Entries cut off at the end leave no trace in the rest:
    they are missed by whoever noted the newest `entry_hash` elsewhere.
    """
    columns = [audit_log.c[name] for name in Entry.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(audit_log.c.city_id == reading.city_id).order_by(audit_log.c.sequence)
    )
    previous = GENESIS
    for expected, row in enumerate(rows, start=1):
        fields = (row.sequence, row.actor, row.action, row.subject, row.details, row.at)
        good = row.previous_hash == previous and row.entry_hash == _hash(reading.city_id, previous, *fields)
        if row.sequence != expected or not good:
            return expected
        previous = row.entry_hash
    return None


def _is_exact(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_exact(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return all(_is_exact(part) for part in value)
    return value is None or isinstance(value, str | int)


def _hash(
    city_id: int,
    previous: bytes,
    sequence: int,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    at: dt.datetime,
) -> bytes:
    content = json.dumps(
        [city_id, sequence, actor, action, subject, details, at.astimezone(dt.UTC).isoformat()],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(b"duiscoin-audit-1" + previous + content.encode()).digest()
