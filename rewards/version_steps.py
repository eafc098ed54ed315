"""Steps: what was done with a version of a rule, by whom, when and why. They are only ever added."""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Invalid
from rewards.life_tables import NOTE_MAX, rule_steps


class Kind(enum.StrEnum):
    """What a step did."""

    DRAFTED = "drafted"
    IMPORTED = "imported"
    SIMULATED = "simulated"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    """Put in force, at once or at an instant to come."""
    WITHDRAWN = "withdrawn"
    RETIRED = "retired"
    NOTED = "noted"
    """Nothing but a note."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a version."""

    step_id: int
    version_hash: str
    kind: Kind
    actor_id: int | None
    note: str
    details: Mapping[str, Any]
    at: dt.datetime
    effective_at: dt.datetime | None


def add(
    work: Work,
    version_hash: str,
    kind: Kind,
    actor_id: int | None,
    *,
    note: str = "",
    details: Mapping[str, Any] | None = None,
    effective_at: dt.datetime | None = None,
) -> None:
    """Add a step. Raises Invalid `note-too-long`."""
    if len(note.strip()) > NOTE_MAX:
        raise Invalid("note-too-long", field="note", maximum=NOTE_MAX)
    work.connection.execute(
        sa.insert(rule_steps).values(
            city_id=work.city_id,
            step_id=work.ids.next(),
            version_hash=version_hash,
            kind=kind.value,
            actor_id=actor_id,
            note=note.strip(),
            details=dict(details or {}),
            at=work.now,
            effective_at=effective_at,
        )
    )


def note(work: Work, version_hash: str, actor_id: int, text: str) -> None:
    """Leave a note at a version. Raises Invalid `note-missing` or `note-too-long`."""
    if not text.strip():
        raise Invalid("note-missing", field="note")
    add(work, version_hash, Kind.NOTED, actor_id, note=text)


def of_version(reading: Reading, version_hash: str) -> list[Step]:
    """Return the steps of a version in their order."""
    columns = [rule_steps.c[name] for name in Step.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(rule_steps.c.city_id == reading.city_id, rule_steps.c.version_hash == version_hash)
        .order_by(rule_steps.c.step_id)
    )
    return [Step(**(dict(row._mapping) | {"kind": Kind(row.kind)})) for row in rows]
