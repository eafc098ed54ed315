"""Gathering: what the checks look at, read from the city in a fixed number of statements."""

import datetime as dt
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading
from rewards import checking, evidence
from rewards.action_types import ActionType
from rewards.checking import CLEANUP, PEOPLE, REPORT, Earlier, Photo, Place, Subject
from rewards.pictures import Picture
from rewards.submissions import Status, Submission
from rewards.tables import evidence_files, submissions
from rewards.thresholds import Thresholds

METRE_E6 = 9
"""One metre to the north in microdegrees, rounded up."""
ROWS_MAX = 200
PHOTOS_MAX = 1000
_SPOT = (REPORT, CLEANUP)


def subject(
    reading: Reading,
    city: City,
    action: ActionType,
    submission: Submission,
    photos: Sequence[Photo],
    thresholds: Thresholds,
) -> Subject:
    """Return everything that the checks may look at for a submission that is not kept yet."""
    own = _own(reading, submission, thresholds)
    around = _around(reading, submission, thresholds)
    return Subject(
        action=submission.action,
        owner=submission.owner,
        source=submission.source,
        category=submission.category,
        occurred_at=submission.occurred_at,
        # The other system took it in when it happened; when it is imported is not the person's fault.
        now=submission.occurred_at if submission.source == "open311" else reading.now,
        needs_place=action.needs_place,
        needs_photo=action.needs_photo and submission.source == "app",
        needs_pair=action.needs_pair and submission.source == "app",
        category_known=not action.categories or submission.category in action.category_codes,
        place=submission.place,
        address=submission.address,
        city_centre=_centre(city),
        service=_service(submission.facts),
        photos=photos,
        earlier_hashes=_hashes(reading, submission, thresholds) if photos else (),
        nearby=around,
        own=own,
        partners=_partners(reading, submission, around, thresholds),
        thresholds=thresholds,
    )


def photos(reading: Reading, city: City, handed_in: Sequence[tuple[Picture, str | None]]) -> list[Photo]:
    """Return what the checks see of photos, each with the part that it has in a pair."""
    return [
        Photo(
            evidence.used_before(reading, [one.sha256]),
            one.taken_at_local.replace(tzinfo=city.zone) if one.taken_at_local else None,
            one.hashes or None,
            Place(*one.place_e6) if one.place_e6 else None,
            part=part,
            content=hashlib.sha256(one.jpeg).hexdigest(),
            sure=one.sure,
        )
        for one, part in handed_in
    ]


def _own(reading: Reading, submission: Submission, thresholds: Thresholds) -> list[Earlier]:
    if submission.source not in PEOPLE and _service(submission.facts) is None:
        return []
    mine = submissions.c.owner == submission.owner
    # Read apart, each with its own bound: much of one kind is not to push what matters out of sight.
    lately = _select(reading, mine, _received_within(reading, thresholds.finds_days))
    service_days = thresholds.service_months * 31 if _service(submission.facts) else 1
    days = max(thresholds.finds_days, thresholds.declined_days, service_days)
    alike = _select(reading, mine, submissions.c.action == submission.action, _received_within(reading, days))
    known = {one.submission_id for one in alike}
    return [*alike, *(one for one in lately if one.submission_id not in known)]


def _received_within(reading: Reading, days: int) -> sa.ColumnElement[bool]:
    return submissions.c.received_at >= reading.now - dt.timedelta(days=days)


def _around(reading: Reading, submission: Submission, thresholds: Thresholds) -> list[Earlier]:
    if submission.place is None:
        return []
    columns, days = submissions.c, max(thresholds.duplicate_days, thresholds.partners_days)
    actions = _SPOT if submission.action in _SPOT else (submission.action,)
    since = min(reading.now, submission.occurred_at) - dt.timedelta(days=days)
    still_open = columns.status.in_((Status.REVIEW.value, Status.ACCEPTED.value))
    return _select(
        reading,
        columns.action.in_(actions),
        columns.status != Status.DECLINED.value,
        sa.or_(columns.received_at >= since, still_open),
        *_box(columns, submission.place, thresholds.duplicate_distance_m + 2 * thresholds.accuracy_usable_m),
    )


def _partners(
    reading: Reading, submission: Submission, around: Iterable[Earlier], thresholds: Thresholds
) -> dict[str, int]:
    """Return how often the owner and each owner of a counterpart nearby cleared what the other reported."""
    here = {other.owner for other in around if other.action in _SPOT and other.action != submission.action}
    others = here - {submission.owner} if submission.action in _SPOT else set()
    if not others:
        return {}
    report, cleanup = submissions.alias("report"), submissions.alias("cleanup")
    span = (thresholds.duplicate_distance_m + 2 * thresholds.accuracy_usable_m) * METRE_E6
    both = [submission.owner, *sorted(others)]
    rows = reading.connection.execute(
        sa.select(
            *(table.c[name] for table in (report, cleanup) for name in ("submission_id", "owner")),
            *(table.c[name] for table in (report, cleanup) for name in ("latitude_e6", "longitude_e6")),
            *(table.c.accuracy_m for table in (report, cleanup)),
        ).where(
            report.c.city_id == reading.city_id,
            cleanup.c.city_id == reading.city_id,
            report.c.action == REPORT,
            cleanup.c.action == CLEANUP,
            report.c.owner.in_(both),
            cleanup.c.owner.in_(both),
            report.c.owner != cleanup.c.owner,
            report.c.status.not_in((Status.DECLINED.value, Status.REJECTED.value)),
            cleanup.c.status.not_in((Status.DECLINED.value, Status.REJECTED.value)),
            cleanup.c.received_at >= submission.occurred_at - dt.timedelta(days=thresholds.partners_days),
            report.c.latitude_e6.between(cleanup.c.latitude_e6 - span, cleanup.c.latitude_e6 + span),
        )
    )
    met = {
        (row[2], row[1], row[3])
        for row in rows
        if submission.owner in (row[1], row[3]) and _same_spot(row, thresholds)
    }
    return dict(Counter(({one, two} - {submission.owner}).pop() for _, one, two in met))


def _same_spot(row: Sequence[Any], thresholds: Thresholds) -> bool:
    report = Place(row[4], row[5], row[8])
    cleanup = Place(row[6], row[7], row[9])
    reach = checking.reach_m(report, cleanup, thresholds.duplicate_distance_m, thresholds)
    return checking.distance_m(report, cleanup) <= reach


def _hashes(reading: Reading, submission: Submission, thresholds: Thresholds) -> list[int]:
    """Return the fingerprints of the owner's photos and of those taken around the place, lately."""
    files, mine = evidence_files.c, submissions.c
    whose = mine.owner == submission.owner
    if submission.place is not None:
        whose = sa.or_(whose, sa.and_(*_box(mine, submission.place, thresholds.photo_cell_m)))
    rows = reading.connection.execute(
        sa.select(files.fingerprint)
        .join_from(
            submissions,
            evidence_files,
            sa.and_(files.city_id == mine.city_id, files.submission_id == mine.submission_id),
        )
        .where(
            mine.city_id == reading.city_id,
            files.city_id == reading.city_id,
            mine.received_at >= reading.now - dt.timedelta(days=thresholds.photo_days),
            files.fingerprint.is_not(None),
            whose,
        )
        .order_by(files.evidence_id.desc())
        .limit(PHOTOS_MAX)
    )
    return list(rows.scalars())


def _select(reading: Reading, *conditions: sa.ColumnElement[bool]) -> list[Earlier]:
    names = (
        "submission_id", "action", "owner", "category", "source", "status", "latitude_e6", "longitude_e6",
        "accuracy_m", "occurred_at", "closed_at", "facts",
    )  # fmt: skip
    rows = reading.connection.execute(
        sa.select(*(submissions.c[name] for name in names))
        .where(submissions.c.city_id == reading.city_id, *conditions)
        .order_by(submissions.c.submission_id.desc())
        .limit(ROWS_MAX)
    )
    return [
        Earlier(
            row.submission_id,
            row.action,
            row.owner,
            row.category,
            row.source,
            row.status,
            None if row.latitude_e6 is None else Place(row.latitude_e6, row.longitude_e6, row.accuracy_m),
            row.occurred_at,
            row.closed_at,
            _service(row.facts),
        )
        for row in rows
    ]


def _box(columns: Any, place: Place, metres: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Return conditions for places in a box that holds the circle around a place."""
    north = metres * METRE_E6
    # A degree to the east is shorter than one to the north; near the poles a box is of no use, nor is a city.
    east = math.ceil(north / max(math.cos(math.radians(place.latitude_e6 / 1e6)), 0.01))
    return (
        columns.latitude_e6.between(place.latitude_e6 - north, place.latitude_e6 + north),
        columns.longitude_e6.between(place.longitude_e6 - east, place.longitude_e6 + east),
    )


def _service(facts: Any) -> str | None:
    service = facts.get("service")
    return service if isinstance(service, str) and service else None


def _centre(city: City) -> Place | None:
    if city.latitude_e6 is None or city.longitude_e6 is None:
        return None
    return Place(city.latitude_e6, city.longitude_e6)
