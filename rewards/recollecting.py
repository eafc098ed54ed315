"""Recollecting: the city's recorded past for a replay, read in chunks of a fixed number of statements."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from identity import persons
from kernel.cities import City
from kernel.db import Database, Reading
from ledger import chart, queries
from rewards import campaigns, combinations, districts, programme
from rewards.checking import Place
from rewards.deeds import Deed, Told, Turn
from rewards.district_maps import DistrictMap
from rewards.events import Person
from rewards.simulating import Phase, Rules, Surroundings
from rewards.submissions import Status
from rewards.tables import decisions, submissions

CHUNK = 5_000
"""Steps that are read at once, in a transaction of their own: no long one holds up the storage."""
_LOST = (Status.DECLINED.value, Status.REJECTED.value)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much past there is: the newest decision, and how many steps lead to it."""

    last: int
    steps: int


def extent(reading: Reading) -> Extent:
    """Return how much there is to replay now; what is decided later is left out."""
    row = reading.connection.execute(
        sa.select(sa.func.max(decisions.c.decision_id), sa.func.count()).where(
            decisions.c.city_id == reading.city_id, decisions.c.status.in_(_turns())
        )
    ).one()
    return Extent(row[0] or 0, row[1])


def steps(database: Database, city_id: int, until: Extent) -> Iterator[list[Told]]:
    """Yield the past in chunks, in the order in which it was decided."""
    after = 0
    while True:
        with database.reading(city_id) as reading:
            rows = _chunk(reading, after, until.last)
        if not rows:
            return
        yield [_told(row) for row in rows]
        after = rows[-1][0]


def surroundings(reading: Reading, city: City) -> Surroundings:
    """Return what rules may ask for around a deed, as it is now, in three statements.

    What persons say of themselves may have been another thing when the deed was decided.
    """
    said = {
        owner: Person(one.age_group, one.home_district) for owner, one in persons.all_said(reading).items()
    }
    found = districts.every(reading)
    names = {one.code: one.name for one in found}
    return Surroundings(city.zone, said, campaigns.every(reading), DistrictMap(found).of_place, names)


def in_force(reading: Reading) -> Rules:
    """Return the rules in force now."""
    versions = tuple(stored.version for stored in programme.active(reading))
    return Rules(versions, *combinations.in_force(reading))


def as_it_was(reading: Reading) -> tuple[Phase, ...]:
    """Return which rules were in force when, from the first on; how they are combined is as it is now."""
    stored = programme.every(reading)
    combined = combinations.in_force(reading)
    instants = sorted({at for one in stored for span in one.spans for at in (span.start, span.end) if at})
    return tuple(
        Phase(
            at,
            Rules(
                tuple(one.version for one in stored if any(span.covers(at) for span in one.spans)), *combined
            ),
        )
        for at in instants
    )


def left_in_budgets(reading: Reading, budgets: Sequence[str]) -> dict[str, int]:
    """Return the points that each budget can still give."""
    found = queries.balances(reading, [chart.budget_path(budget) for budget in budgets])
    return {budget: found[chart.budget_path(budget)].available for budget in budgets}


def window(reading: Reading, city: City) -> tuple[dt.date, dt.date]:
    """Return the days that a simulation counts if none are asked for: the last year up to yesterday.

    A younger city's window begins with its first submission.
    """
    last = city.day_of(reading.now)
    earliest = reading.connection.execute(
        sa.select(sa.func.min(submissions.c.received_at)).where(submissions.c.city_id == reading.city_id)
    ).scalar_one()
    year = last - dt.timedelta(days=364)
    return max(year, city.day_of(earliest)) if earliest else year, last


def _turns() -> tuple[str, ...]:
    return (Status.ACCEPTED.value, *_LOST)


def _chunk(reading: Reading, after: int, last: int) -> Sequence[Any]:
    mine, step = submissions.c, decisions.c
    return reading.connection.execute(
        sa.select(
            step.decision_id,
            step.status,
            mine.submission_id,
            mine.owner,
            mine.action,
            mine.facts,
            mine.occurred_at,
            mine.received_at,
            mine.latitude_e6,
            mine.longitude_e6,
            mine.accuracy_m,
            mine.evidence_key,
            mine.district,
            mine.source,
            mine.status,
        )
        .join_from(
            decisions,
            submissions,
            sa.and_(mine.city_id == step.city_id, mine.submission_id == step.submission_id),
        )
        .where(
            step.city_id == reading.city_id,
            mine.city_id == reading.city_id,
            step.decision_id > after,
            step.decision_id <= last,
            step.status.in_(_turns()),
        )
        .order_by(step.decision_id)
        .limit(CHUNK)
    ).all()


def _told(row: Any) -> Told:
    place = None if row[8] is None or row[9] is None else Place(row[8], row[9], row[10])
    turn = Turn.ACCEPTED if row[1] == Status.ACCEPTED.value else Turn.REVOKED
    number, owner, action, facts, occurred_at, received_at = row[2:8]
    key, district, source = row[11:14]
    kept = row[14] not in _LOST
    return Told(
        turn,
        Deed(number, owner, action, facts, occurred_at, received_at, place, key, district, source, kept),
    )
