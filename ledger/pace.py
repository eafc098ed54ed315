"""How fast the book grows: numbers have no gap and follow time, so two numbers tell how many lie between."""

import datetime as dt

import sqlalchemy as sa

from kernel import db
from ledger import queries
from ledger.tables import transfers


def booked_since(reading: db.Reading, instant: dt.datetime) -> int:
    """Return how many transfers were booked at or after an instant.

    Some dozen reads of one row each, however long the book is. Exact as long as the clock never went back.
    """
    head = queries.head_sequence(reading)
    inside, outside, step = head + 1, 0, 1
    while inside > 1:
        probe = max(inside - step, 1)
        if not _is_since(reading, probe, instant):
            outside = probe
            break
        inside, step = probe, step * 2
    while inside - outside > 1:
        middle = (inside + outside) // 2
        if _is_since(reading, middle, instant):
            inside = middle
        else:
            outside = middle
    return head + 1 - inside


def booked_at(reading: db.Reading, sequence: int) -> dt.datetime | None:
    """Return when a transfer was booked; None if it is not there (any more)."""
    return reading.connection.scalar(
        sa.select(transfers.c.booked_at).where(
            transfers.c.city_id == reading.city_id, transfers.c.sequence == sequence
        )
    )


def _is_since(reading: db.Reading, sequence: int, instant: dt.datetime) -> bool:
    at = booked_at(reading, sequence)
    # What was archived is old.
    return at is not None and at >= instant
