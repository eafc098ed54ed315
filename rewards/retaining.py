"""How long photos are kept: until some time after their submission or case was closed, then they are gone.

What stays is a digest of the file, so that the same photo is not rewarded again. A photo that nothing names,
because its request was refused or repeated, goes after a day.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.db import Reading, Work
from rewards import evidence
from rewards.case_tables import case_steps, cases
from rewards.evidence import Kept
from rewards.tables import evidence_files, submissions

AT_ONCE = 200
NAMELESS_KEPT = dt.timedelta(days=1)
"""Longer than any request takes between keeping a photo and naming it."""


@dataclass(frozen=True, slots=True)
class Over:
    """A photo whose time is over."""

    evidence_id: int
    submission_id: int
    storage_key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PictureAfter:
    """A picture of a place afterwards whose time is over."""

    step_id: int
    storage_key: str


def over(reading: Reading, kept: dt.timedelta, *, limit: int = AT_ONCE) -> list[Over]:
    """Return photos of submissions that were closed, or declined, longer ago than photos are kept."""
    files, mine = evidence_files.c, submissions.c
    ended = sa.func.coalesce(mine.closed_at, mine.decided_at)
    rows = reading.connection.execute(
        sa.select(files.evidence_id, files.submission_id, files.storage_key, files.sha256)
        .join(submissions, sa.and_(mine.city_id == files.city_id, mine.submission_id == files.submission_id))
        .where(
            files.city_id == reading.city_id,
            mine.status.in_(("done", "declined", "rejected")),
            ended < reading.now - kept,
        )
        .order_by(files.evidence_id)
        .limit(limit)
    )
    return [Over(**row._mapping) for row in rows]


def forget(work: Work, gone: Sequence[Over]) -> None:
    """Delete the rows of photos whose files are deleted already; remember that they were used.

    Their public reports show no photos any more.
    """
    evidence.spend(work, (evidence.digest("photo", one.sha256) for one in gone))
    work.connection.execute(
        sa.delete(evidence_files).where(
            evidence_files.c.city_id == work.city_id,
            evidence_files.c.evidence_id.in_([one.evidence_id for one in gone]),
        )
    )
    work.connection.execute(
        sa.update(cases)
        .where(
            cases.c.city_id == work.city_id,
            cases.c.submission_id.in_(sorted({one.submission_id for one in gone})),
        )
        .values(photos=[])
    )


def over_after(reading: Reading, kept: dt.timedelta, *, limit: int = AT_ONCE) -> list[PictureAfter]:
    """Return pictures of places afterwards whose case was closed longer ago than photos are kept."""
    steps = case_steps.c
    rows = reading.connection.execute(
        sa.select(steps.step_id, steps.photo_key)
        .join(cases, sa.and_(cases.c.city_id == steps.city_id, cases.c.case_id == steps.case_id))
        .where(
            steps.city_id == reading.city_id,
            steps.photo_key.is_not(None),
            cases.c.closed_at < reading.now - kept,
        )
        .order_by(steps.step_id)
        .limit(limit)
    )
    return [PictureAfter(row.step_id, row.photo_key) for row in rows]


def forget_after(work: Work, gone: Sequence[PictureAfter]) -> None:
    """Leave the lines of timelines without the pictures whose files are deleted already."""
    work.connection.execute(
        sa.update(case_steps)
        .where(case_steps.c.city_id == work.city_id, case_steps.c.step_id.in_([one.step_id for one in gone]))
        .values(photo_key=None)
    )


def named(reading: Reading) -> frozenset[str]:
    """Return the keys of all photos that anything names."""
    files = sa.select(evidence_files.c.storage_key).where(evidence_files.c.city_id == reading.city_id)
    steps = sa.select(case_steps.c.photo_key).where(
        case_steps.c.city_id == reading.city_id, case_steps.c.photo_key.is_not(None)
    )
    return frozenset(reading.connection.execute(sa.union(files, steps)).scalars())


def nameless(every: Iterable[Kept], names: frozenset[str], now: dt.datetime) -> Iterator[str]:
    """Yield the keys of photos that nothing names and that are a day old, of all that a store keeps."""
    until = now - NAMELESS_KEPT
    return (one.key for one in every if one.since < until and one.key not in names)
