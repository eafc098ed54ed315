"""Similar reports: is it this one? What is open near a place, or in the same street where no place is known.

Suggested within 250 m, as FixMyStreet does; what is too near to be another one, the checks say (checking).
"""

from dataclasses import dataclass

import sqlalchemy as sa

from kernel.db import Reading
from rewards import case_files, checking
from rewards.case_files import Case
from rewards.case_tables import cases
from rewards.cases import Light
from rewards.checking import Place

DISTANCE_M = 250
SHOWN = 5
_METRE_E6 = 9
"""One metre to the north in microdegrees."""


@dataclass(frozen=True, slots=True)
class Similar:
    """An open report of the same sort; `distance_m` is rounded to tens, None if it is of the same street."""

    case: Case
    distance_m: int | None


def find(
    reading: Reading, action: str, category: str | None, place: Place | None, address: str | None = None
) -> list[Similar]:
    """Return the open reports of the same action and category, the nearest first."""
    same = sa.and_(
        cases.c.action == action,
        cases.c.category == category if category else sa.true(),
        cases.c.light.in_([Light.RECEIVED.value, Light.IN_WORK.value]),
    )
    if place is not None:
        return _near(reading, same, place)
    street = case_files.street_of(address)
    if street is None:
        return []
    found = case_files.select(reading, sa.and_(same, cases.c.street == street), limit=SHOWN)
    return [Similar(case, None) for case in found]


def _near(reading: Reading, same: sa.ColumnElement[bool], place: Place) -> list[Similar]:
    span = DISTANCE_M * _METRE_E6
    columns = cases.c
    box = sa.and_(
        same,
        columns.latitude_e6.between(place.latitude_e6 - span, place.latitude_e6 + span),
        columns.longitude_e6.between(place.longitude_e6 - 2 * span, place.longitude_e6 + 2 * span),
    )
    found = [
        (checking.distance_m(place, case.exact_place), case)
        for case in case_files.select(reading, box)
        if case.exact_place is not None
    ]
    nearest = sorted((pair for pair in found if pair[0] <= DISTANCE_M), key=lambda pair: pair[0])
    return [Similar(case, round(metres, -1)) for metres, case in nearest[:SHOWN]]
