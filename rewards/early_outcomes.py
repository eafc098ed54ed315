"""Outcomes that other systems told before the submission they belong to was there or was accepted.

Events travel on different ways: the outcome of a case may overtake the report of it. It waits here.
"""

from typing import NamedTuple

import sqlalchemy as sa

from kernel.db import Reading, Work
from rewards.tables import city_events


class EarlyOutcome(NamedTuple):
    """An outcome that waits."""

    confirmed: bool
    reason: str


def waiting(reading: Reading, action: str, evidence_key: str) -> EarlyOutcome | None:
    """Return the outcome that waits for this evidence; of several the one that happened last."""
    events = city_events.c
    row = reading.connection.execute(
        sa.select(events.confirmed, events.reason)
        .where(*_of(reading, action, evidence_key))
        .order_by(events.happened_at.desc(), events.received_at.desc(), events.event_id.desc())
        .limit(1)
    ).first()
    return None if row is None else EarlyOutcome(row.confirmed, row.reason)


def close(work: Work, action: str, evidence_key: str) -> None:
    """Note that what waited for this evidence had its effect."""
    work.connection.execute(
        sa.update(city_events).where(*_of(work, action, evidence_key)).values(effect="applied")
    )


def _of(reading: Reading, action: str, evidence_key: str) -> tuple[sa.ColumnElement[bool], ...]:
    events = city_events.c
    return (
        events.city_id == reading.city_id,
        events.action == action,
        events.evidence_key == evidence_key,
        events.effect == "waiting",
    )
