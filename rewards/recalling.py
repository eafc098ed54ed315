"""Recalling: what is known around a submission, read in a fixed number of statements.

Which of it is needed is known from the rules' compiled form (`combining.Needs`): a programme that asks for
no history, person, campaign or district costs none of these statements.
"""

import datetime as dt
import math
from collections.abc import Iterable

import sqlalchemy as sa

from identity import persons
from kernel.cities import City
from kernel.db import Reading
from rewards import awarding, campaigns, districts, measures
from rewards.checking import Place
from rewards.combining import Needs
from rewards.compiling import Facts, Person
from rewards.measures import STREAK_REACH, Measure, Moment, Past, Sort
from rewards.questions import Of, Who
from rewards.submissions import Status, Submission
from rewards.tables import awards, submissions

_COUNTED = (Status.ACCEPTED.value, Status.DONE.value)
_MONTH = dt.timedelta(days=31)
_METRE_E6 = 9
"""One metre to the north in microdegrees, rounded up."""


def facts(reading: Reading, city: City, submission: Submission, needs: Needs) -> Facts:
    """Return what the rules may look at when they decide a submission."""
    place = submission.place
    return Facts(
        submission.facts,
        submission.occurred_at,
        city.zone,
        place,
        action=submission.action,
        person=_person(reading, submission.owner) if needs.person else Person(),
        campaigns=_campaigns(reading, city, submission) if needs.campaigns else {},
        districts=districts.of_place(reading, place) if needs.districts and place else None,
        counts=counts(reading, city, submission, needs.measures) if needs.measures else {},
    )


def counts(reading: Reading, city: City, submission: Submission, wanted: Iterable[Measure]) -> dict[str, int]:
    """Return measures of the past by key, in three statements at most."""
    moment = Moment(submission.received_at, submission.action, submission.place, city.zone)
    own = [one for one in wanted if one.who is Who.PERSON and one.of is not Of.RULE]
    ruled = [one for one in wanted if one.of is Of.RULE]
    here = [one for one in wanted if one.who is Who.ANYONE]
    past: list[Past] = []
    if own:
        past += _own(reading, submission.owner, _since(own, moment))
    if ruled:
        codes = sorted({one.rule for one in ruled})
        past += _awarded(reading, submission.owner, codes, _since(ruled, moment))
    found = measures.count([*own, *ruled], past, moment)
    if here and moment.place is not None:
        around = _anyones(reading, submission.action, moment.place, here, _since(here, moment))
        found |= measures.count(here, around, moment)
    return found


def _campaigns(reading: Reading, city: City, submission: Submission) -> dict[str, bool]:
    """Return which campaigns run on the day of the event; of a day beyond the calendar nothing is known."""
    try:
        day = submission.occurred_at.astimezone(city.zone).date()
    except OverflowError:
        return {}
    return campaigns.running(reading, day)


def _person(reading: Reading, owner: str) -> Person:
    said = persons.said_by(reading, owner)
    return Person(said.age_group, said.home_district) if said else Person()


def _since(wanted: list[Measure], moment: Moment) -> dt.datetime | None:
    """Return how far back one has to look; None for all that there is."""
    reaches = []
    for one in wanted:
        if one.sort is Sort.COUNT and one.days is None:
            return None
        if one.sort is Sort.STREAK:
            reaches.append(STREAK_REACH)
        elif one.sort is Sort.UNIT:
            reaches.append(_MONTH)
        else:
            # A day more: calendar days begin up to a day earlier than 24 hours ago, and clocks change.
            reaches.append(dt.timedelta(days=(one.days or 0) + 1))
    return moment.at - max(reaches)


def _own(reading: Reading, owner: str, since: dt.datetime | None) -> list[Past]:
    mine = submissions.c
    rows = reading.connection.execute(
        sa.select(mine.received_at, mine.action, mine.latitude_e6, mine.longitude_e6).where(
            mine.city_id == reading.city_id,
            mine.owner == owner,
            mine.status.in_(_COUNTED),
            *([mine.received_at >= since] if since else []),
        )
    )
    return [Past(row[0], row[1], None, _place(row[2], row[3]), own=True) for row in rows]


def _awarded(reading: Reading, owner: str, codes: list[str], since: dt.datetime | None) -> list[Past]:
    mine = submissions.c
    rows = reading.connection.execute(
        sa.select(mine.received_at, mine.action, awards.c.rule_code, mine.latitude_e6, mine.longitude_e6)
        .join_from(
            awards,
            submissions,
            sa.and_(mine.city_id == awards.c.city_id, mine.submission_id == awards.c.submission_id),
        )
        .where(
            awards.c.city_id == reading.city_id,
            mine.city_id == reading.city_id,
            awards.c.owner == owner,
            awards.c.rule_code.in_(codes),
            awarding.KEPT,
            *([mine.received_at >= since] if since else []),
        )
    )
    return [Past(row[0], row[1], row[2], _place(row[3], row[4]), own=True) for row in rows]


def _anyones(
    reading: Reading, action: str, place: Place, wanted: list[Measure], since: dt.datetime | None
) -> list[Past]:
    """Return what anyone did of an action around a place: in a box; the measures look at the circle."""
    reach = (max(one.here_m or 0 for one in wanted) + 1) * _METRE_E6
    # Degrees of longitude are shorter away from the equator; at the poles there is no city.
    wide = round(reach / max(0.01, math.cos(math.radians(place.latitude_e6 / 1e6)))) + 1
    mine = submissions.c
    rows = reading.connection.execute(
        sa.select(mine.received_at, mine.latitude_e6, mine.longitude_e6).where(
            mine.city_id == reading.city_id,
            mine.action == action,
            mine.status.in_(_COUNTED),
            mine.latitude_e6.between(place.latitude_e6 - reach, place.latitude_e6 + reach),
            mine.longitude_e6.between(place.longitude_e6 - wide, place.longitude_e6 + wide),
            *([mine.received_at >= since] if since else []),
        )
    )
    return [Past(row[0], action, None, _place(row[1], row[2]), own=False) for row in rows]


def _place(latitude: int | None, longitude: int | None) -> Place | None:
    return None if latitude is None or longitude is None else Place(latitude, longitude)
