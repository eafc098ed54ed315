"""Tuning: how the city sets the thresholds of the checks; one person proposes, another one approves.

A threshold decides for everybody what is paid without a look, so it has the same two pairs of eyes as a
rule. What came in is checked by what was in force then.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from rewards import thresholds
from rewards.check_tables import check_thresholds as table
from rewards.thresholds import Thresholds

NOTE_MAX = 500
DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Thresholds that somebody proposed; in force once they are approved, until the next ones are."""

    proposal_id: int
    thresholds: Thresholds
    note: str
    author_id: int
    created_at: dt.datetime
    approver_id: int | None
    approved_at: dt.datetime | None
    withdrawn_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it was neither approved nor withdrawn."""
        return self.approved_at is None and self.withdrawn_at is None


def propose(work: Work, document: Mapping[str, Any], author_id: int, *, note: str) -> Proposal:
    """Propose thresholds, all of them; a proposal that was open before is withdrawn.

    Raises ThresholdsRefused, Invalid `note-missing`, `note-too-long` or `thresholds-unchanged`.
    """
    proposed = thresholds.read(document)
    if not note.strip():
        raise Invalid("note-missing", field="note")
    if len(note) > NOTE_MAX:
        raise Invalid("note-too-long", field="note", maximum=NOTE_MAX)
    if proposed == in_force(work):
        raise Invalid("thresholds-unchanged")
    before = open_proposal(work)
    if before is not None:
        _set(work, before.proposal_id, withdrawn_at=work.now)
    proposal_id = work.ids.next()
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            proposal_id=proposal_id,
            document=proposed.document(),
            note=note.strip(),
            author_id=author_id,
            created_at=work.now,
        )
    )
    return get(work, proposal_id)


def approve(work: Work, proposal_id: int, approver_id: int) -> Proposal:
    """Put somebody else's proposal in force.

    Raises NotFound `thresholds-not-found`, Forbidden `own-thresholds`, Conflict `thresholds-decided`.
    """
    proposal = get(work, proposal_id)
    if proposal.author_id == approver_id:
        raise Forbidden("own-thresholds")
    if not proposal.is_open:
        raise Conflict("thresholds-decided")
    _set(work, proposal_id, approver_id=approver_id, approved_at=work.now)
    return get(work, proposal_id)


def withdraw(work: Work, proposal_id: int) -> Proposal:
    """Take an open proposal back. Raises NotFound `thresholds-not-found`, Conflict `thresholds-decided`."""
    if not get(work, proposal_id).is_open:
        raise Conflict("thresholds-decided")
    _set(work, proposal_id, withdrawn_at=work.now)
    return get(work, proposal_id)


def in_force(reading: Reading, at: dt.datetime | None = None) -> Thresholds:
    """Return the thresholds in force now or at another instant: those approved last, or the defaults."""
    document = reading.connection.execute(
        sa.select(table.c.document)
        .where(table.c.city_id == reading.city_id, table.c.approved_at <= (at or reading.now))
        .order_by(table.c.approved_at.desc(), table.c.proposal_id.desc())
        .limit(1)
    ).scalar()
    return DEFAULT if document is None else thresholds.stored(document)


def open_proposal(reading: Reading) -> Proposal | None:
    """Return the proposal that awaits a second person."""
    found = [one for one in every(reading) if one.is_open]
    return found[0] if found else None


def get(reading: Reading, proposal_id: int) -> Proposal:
    """Return a proposal. Raises NotFound `thresholds-not-found`."""
    for found in _select(reading, table.c.proposal_id == proposal_id):
        return found
    raise NotFound("thresholds-not-found")


def every(reading: Reading) -> list[Proposal]:
    """Return all proposals, newest first."""
    return _select(reading, sa.true())


def _set(work: Work, proposal_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.proposal_id == proposal_id)
        .values(**values)
    )


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Proposal]:
    rows = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.proposal_id.desc())
    )
    return [
        Proposal(
            row.proposal_id,
            thresholds.stored(row.document),
            row.note,
            row.author_id,
            row.created_at,
            row.approver_id,
            row.approved_at,
            row.withdrawn_at,
        )
        for row in rows
    ]
