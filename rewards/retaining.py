"""How long photos are kept: until some time after their submission was closed, then they are gone.

What stays is a digest of the file, so that the same photo is not rewarded again.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.db import Reading, Work
from rewards import evidence
from rewards.tables import evidence_files, submissions

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Over:
    """A photo whose time is over."""

    evidence_id: int
    storage_key: str
    sha256: str


def over(reading: Reading, kept: dt.timedelta, *, limit: int = AT_ONCE) -> list[Over]:
    """Return photos of submissions that were closed, or declined, longer ago than photos are kept."""
    files, mine = evidence_files.c, submissions.c
    ended = sa.func.coalesce(mine.closed_at, mine.decided_at)
    rows = reading.connection.execute(
        sa.select(files.evidence_id, files.storage_key, files.sha256)
        .join(submissions, sa.and_(mine.city_id == files.city_id, mine.submission_id == files.submission_id))
        .where(
            files.city_id == reading.city_id,
            mine.status.in_(("done", "declined", "rejected")),
            ended < reading.now - kept,
        )
        .order_by(files.evidence_id)
        .limit(limit)
    )
    return [Over(row.evidence_id, row.storage_key, row.sha256) for row in rows]


def forget(work: Work, gone: Sequence[Over]) -> None:
    """Delete the rows of photos whose files are deleted already; remember that they were used."""
    evidence.spend(work, (evidence.digest("photo", one.sha256) for one in gone))
    work.connection.execute(
        sa.delete(evidence_files).where(
            evidence_files.c.city_id == work.city_id,
            evidence_files.c.evidence_id.in_([one.evidence_id for one in gone]),
        )
    )
