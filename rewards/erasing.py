"""Erasing what a person handed in: texts, places, photos, checks, decisions, awards; and their team."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from rewards import awarding, evidence, teams, walking
from rewards.case_tables import case_confirmations, cases
from rewards.life_tables import waiting_awards
from rewards.tables import (
    awards,
    check_results,
    city_events,
    decisions,
    desk_entries,
    evidence_files,
    submissions,
)

_AT_ONCE = 500
COARSE_DIGITS = 3
"""Of microdegrees: a report whose reporter is gone is known to a hundred metres."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted and has traces elsewhere: keys of photos in the evidence store, numbers in answers."""

    submission_ids: tuple[int, ...]
    photos: tuple[str, ...]


def erase(work: Work, city: City, owner: str) -> Erased:
    """Delete all that an owner handed in; what was only promised for it goes back to the budgets.

    What may be rewarded once stays known by a digest, so that nobody earns twice by leaving and coming back.
    """
    teams.leave(work, owner)
    photos: list[str] = []
    numbers: list[int] = []
    walking.erase(work, owner)
    for chunk in _submissions(work, owner):
        for number in chunk:
            awarding.reject(work, city, number)
        photos += _spend(work, chunk)
        _forget_events(work, chunk)
        _leave_cases(work, chunk)
        for table in (
            case_confirmations,
            waiting_awards,
            decisions,
            check_results,
            evidence_files,
            awards,
            desk_entries,
            submissions,
        ):
            work.connection.execute(
                sa.delete(table).where(table.c.city_id == work.city_id, table.c.submission_id.in_(chunk))
            )
        numbers += chunk
    return Erased(tuple(numbers), tuple(photos))


def open_submissions(reading: Reading, owner: str) -> int:
    """Return how many of an owner's submissions still await a decision or an outcome."""
    waiting = sa.select(sa.func.count()).where(
        submissions.c.city_id == reading.city_id,
        submissions.c.owner == owner,
        submissions.c.status.in_(("review", "accepted")),
    )
    return int(reading.connection.execute(waiting).scalar_one())


def _submissions(work: Work, owner: str) -> Iterator[list[int]]:
    """Yield the owner's submissions in chunks, as long as there are any: each is gone before the next."""
    newest = (
        sa.select(submissions.c.submission_id)
        .where(submissions.c.city_id == work.city_id, submissions.c.owner == owner)
        .order_by(submissions.c.submission_id)
        .limit(_AT_ONCE)
    )
    while chunk := list(work.connection.execute(newest).scalars()):
        yield chunk


def _spend(work: Work, chunk: list[int]) -> list[str]:
    """Remember digests of the evidence of submissions; return the keys of their photos."""
    mine = submissions.c
    keys = work.connection.execute(
        sa.select(mine.action, mine.evidence_key).where(
            mine.city_id == work.city_id, mine.submission_id.in_(chunk), mine.evidence_key.not_like("own/%")
        )
    ).all()
    files = evidence_files.c
    photos = work.connection.execute(
        sa.select(files.storage_key, files.sha256).where(
            files.city_id == work.city_id, files.submission_id.in_(chunk)
        )
    ).all()
    digests = [evidence.digest(row.action, row.evidence_key) for row in keys]
    digests += [evidence.digest("photo", row.sha256) for row in photos]
    evidence.spend(work, digests)
    return [row.storage_key for row in photos]


def _forget_events(work: Work, chunk: list[int]) -> None:
    """Delete what other systems told about these submissions: a case number leads to a person."""
    mine, events = submissions.c, city_events.c
    told = sa.exists().where(
        mine.city_id == events.city_id,
        mine.city_id == work.city_id,
        mine.action == events.action,
        mine.evidence_key == events.evidence_key,
        mine.submission_id.in_(chunk),
    )
    work.connection.execute(sa.delete(city_events).where(events.city_id == work.city_id, told))


def _leave_cases(work: Work, chunk: list[int]) -> None:
    """Leave the public reports as the city's own, without words, photos, address or exact place."""
    mine = sa.and_(cases.c.city_id == work.city_id, cases.c.submission_id.in_(chunk))
    places = work.connection.execute(
        sa.select(cases.c.case_id, cases.c.latitude_e6, cases.c.longitude_e6).where(
            mine, cases.c.latitude_e6.is_not(None)
        )
    ).all()
    for row in places:
        coarse = {
            "latitude_e6": round(row.latitude_e6, -COARSE_DIGITS),
            "longitude_e6": round(row.longitude_e6, -COARSE_DIGITS),
        }
        work.connection.execute(
            sa.update(cases)
            .where(cases.c.city_id == work.city_id, cases.c.case_id == row.case_id)
            .values(**coarse)
        )
    work.connection.execute(
        sa.update(cases)
        .where(mine)
        .values(submission_id=None, words=None, address=None, street=None, photos=[])
    )
