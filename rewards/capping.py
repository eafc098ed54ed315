"""Capping: what one person may get of the whole programme, beyond the caps of each rule.

Whoever decides, a rule or a case worker: so many rewarded contributions a day, so many points a month, and
one reward for one spot, whether it was reported or cleared. What came in counts, whenever it is decided.
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading
from rewards import awarding, checking, tuning
from rewards.checking import COUNTERPARTS, Place
from rewards.submissions import Submission
from rewards.tables import awards, submissions
from rewards.thresholds import Thresholds


class Paid(NamedTuple):
    """Points that somebody got for another submission, or is going to get."""

    submission_id: int
    action: str
    place: Place | None
    received_at: dt.datetime
    points: int


class Refusal(NamedTuple):
    """Why nothing more is given, and which limit is reached."""

    reason: str
    limit: int | None = None


def refusal(
    submission: Submission,
    points: int,
    paid: Sequence[Paid],
    since: tuple[dt.datetime, dt.datetime],
    thresholds: Thresholds,
) -> Refusal | None:
    """Return why `points` can't be given on top of what was `paid`, or None. Pure.

    `since` is when the day and the month began in which the submission came in.
    """
    day, month = since
    today = {one.submission_id for one in paid if day <= one.received_at < day + dt.timedelta(days=1)}
    if len(today) >= thresholds.awards_per_day:
        return Refusal("total-day", thresholds.awards_per_day)
    limit = thresholds.points_month(str(submission.facts.get("trust_level", "")))
    in_month = (one for one in paid if _same_month(one.received_at, month))
    if sum(one.points for one in in_month) + points > limit:
        return Refusal("total-points-month", limit)
    if any(_same_spot(submission, one, thresholds) for one in paid):
        return Refusal("spot-rewarded")
    return None


def of_submission(reading: Reading, city: City, submission: Submission, points: int) -> Refusal | None:
    """Return why `points` can't be given for a submission, or None."""
    thresholds = tuning.in_force(reading, submission.received_at)
    # Midnight in the city's calendar: a day may have 23 or 25 hours.
    local = submission.received_at.astimezone(city.zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    since = min(month, submission.received_at - dt.timedelta(days=thresholds.duplicate_days))
    return refusal(submission, points, _paid(reading, submission, since), (day, month), thresholds)


def _same_month(instant: dt.datetime, month: dt.datetime) -> bool:
    local = instant.astimezone(month.tzinfo)
    return (local.year, local.month) == (month.year, month.month)


def _same_spot(submission: Submission, one: Paid, thresholds: Thresholds) -> bool:
    if one.place is None or submission.place is None or COUNTERPARTS.get(submission.action) != one.action:
        return False
    if abs(one.received_at - submission.received_at) > dt.timedelta(days=thresholds.duplicate_days):
        return False
    reach = checking.reach_m(submission.place, one.place, thresholds.duplicate_distance_m, thresholds)
    return checking.distance_m(submission.place, one.place) <= reach


def _paid(reading: Reading, submission: Submission, since: dt.datetime) -> list[Paid]:
    mine = submissions.c
    points = sa.func.sum(awarding.KEPT_POINTS)
    place = (mine.latitude_e6, mine.longitude_e6, mine.accuracy_m)
    rows = reading.connection.execute(
        sa.select(mine.submission_id, mine.action, mine.received_at, *place, points.label("points"))
        .join_from(
            awards,
            submissions,
            sa.and_(mine.city_id == awards.c.city_id, mine.submission_id == awards.c.submission_id),
        )
        .where(
            awards.c.city_id == reading.city_id,
            mine.city_id == reading.city_id,
            awards.c.owner == submission.owner,
            awards.c.submission_id != submission.submission_id,
            awarding.KEPT,
            mine.received_at >= since,
        )
        .group_by(mine.submission_id, mine.action, mine.received_at, *place)
    )
    return [
        Paid(
            row.submission_id,
            row.action,
            None if row.latitude_e6 is None else Place(row.latitude_e6, row.longitude_e6, row.accuracy_m),
            row.received_at,
            int(row.points),
        )
        for row in rows
    ]
