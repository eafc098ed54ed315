"""Walking a quest: from station to station in their order, to be continued at any time, rewarded once.

Of the way only the station and its time are kept, and both only until the last station is reached.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid
from rewards import checking, quests, reviewing, submitting, tag_checks, tags, tuning
from rewards.checking import Finding, Place, Result
from rewards.quests import Quest, Station
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission
from rewards.tag_checks import Leg
from rewards.tag_codes import Mode, Shown
from rewards.tag_tables import visits, walks

ACTION = "wayfinding-quest"
FINISHED = "quest-finished"


@dataclass(frozen=True, slots=True)
class Visit:
    """A station that was reached."""

    position: int
    visited_at: dt.datetime
    near: str


@dataclass(frozen=True, slots=True)
class Walk:
    """Somebody on the way: how far they are, or what was handed in at the end."""

    quest_id: int
    owner: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    submission_id: int | None
    reached: int
    """How many stations were reached."""


def start(work: Work, quest_id: int, owner: str) -> Walk:
    """Set out, or go on with what was begun. Raises NotFound, Conflict `quest-over`."""
    begun = find(work, quest_id, owner)
    if begun is not None:
        return begun
    if not quests.opened(work, quest_id).is_open:
        raise Conflict("quest-over")
    work.connection.execute(
        sa.insert(walks).values(city_id=work.city_id, quest_id=quest_id, owner=owner, started_at=work.now)
    )
    return Walk(quest_id, owner, work.now, None, None, 0)


def visit(
    work: Work,
    city: City,
    quest_id: int,
    *,
    owner: str,
    trust_level: str,
    code: str,
    place: Place | None = None,
) -> Walk:
    """Note that somebody reached the next station, by its code; a station reached before changes nothing.

    At the last one the walk is handed in. Raises NotFound, Conflict quest-over, station-out-of-order,
    tag-code-used; Invalid tag-code-wrong.
    """
    walk = start(work, quest_id, owner)
    if walk.finished_at is not None:
        return walk
    quest = quests.get(work, quest_id)
    station, shown = _station(quest, code, work.now, preferred=walk.reached + 1)
    if station.position <= walk.reached:
        return walk
    if station.position != walk.reached + 1:
        raise Conflict("station-out-of-order", field="code", expected=walk.reached + 1)
    if shown.mode is Mode.NFC:
        if tag_checks.replay(shown, station.tag.counter, used_before=False).reason == "tag-code-used":
            raise Conflict("tag-code-used", field="code")
        tags.count_up(work, station.tag.tag_id, shown.count)
    near = tag_checks.distance(station.tag.mode, place, station.tag.place, tuning.in_force(work))
    work.connection.execute(
        sa.insert(visits).values(
            city_id=work.city_id,
            quest_id=quest_id,
            owner=owner,
            position=station.position,
            visited_at=work.now,
            near=near.reason,
        )
    )
    if station.position == len(quest.stations):
        _finish(work, city, quest, owner, trust_level)
    return _known(work, quest_id, owner)


def enter(
    work: Work, city: City, quest_id: int, *, owner: str, trust_level: str, codes: Sequence[str]
) -> tuple[Submission, bool]:
    """Hand a walk in for somebody who wrote the codes down; a person decides it. Return whether it was known.

    Raises NotFound, Invalid `walk-incomplete`, `tag-code-wrong`.
    """
    quest = quests.opened(work, quest_id)
    if len(codes) != len(quest.stations):
        raise Invalid("walk-incomplete", field="codes", expected=len(quest.stations))
    for station, code in zip(quest.stations, codes, strict=True):
        if station.tag.mode is not Mode.PRINTED or station.tag.match(code, work.now) is None:
            raise Invalid("tag-code-wrong", field="codes")
    start(work, quest_id, owner)
    on_paper = Finding("quest-places", Result.REVIEW, "walk-on-paper")
    return _hand_in(work, city, quest, owner, trust_level, "desk", (on_paper,))


def find(reading: Reading, quest_id: int, owner: str) -> Walk | None:
    """Return how far somebody is on a quest; None if they did not set out."""
    found = [one for one in of_owner(reading, owner) if one.quest_id == quest_id]
    return found[0] if found else None


def of_owner(reading: Reading, owner: str) -> list[Walk]:
    """Return all walks of an owner, the latest first."""
    counted = reading.connection.execute(
        sa.select(visits.c.quest_id, sa.func.count())
        .where(visits.c.city_id == reading.city_id, visits.c.owner == owner)
        .group_by(visits.c.quest_id)
    )
    reached: dict[int, int] = {quest_id: int(count) for quest_id, count in counted}
    columns = [walks.c[name] for name in Walk.__dataclass_fields__ if name != "reached"]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(walks.c.city_id == reading.city_id, walks.c.owner == owner)
        .order_by(walks.c.started_at.desc(), walks.c.quest_id)
    )
    return [Walk(**row._mapping, reached=reached.get(row.quest_id, 0)) for row in rows]


def visits_of(reading: Reading, quest_id: int, owner: str) -> list[Visit]:
    """Return the stations that somebody on the way has reached, in order."""
    rows = reading.connection.execute(
        sa.select(visits.c.position, visits.c.visited_at, visits.c.near)
        .where(visits.c.city_id == reading.city_id, visits.c.quest_id == quest_id, visits.c.owner == owner)
        .order_by(visits.c.position)
    )
    return [Visit(**row._mapping) for row in rows]


def legs(stations: tuple[Station, ...], made: list[Visit]) -> list[Leg]:
    """Return the ways between visits of stations, in order."""
    places = {one.position: one.tag.place for one in stations}
    found = []
    for before, after in itertools.pairwise(made):
        one, other = places.get(before.position), places.get(after.position)
        apart = checking.distance_m(one, other) if one and other else None
        found.append(Leg(apart, (after.visited_at - before.visited_at).total_seconds()))
    return found


def _station(quest: Quest, code: str, now: dt.datetime, *, preferred: int) -> tuple[Station, Shown]:
    """Return the station that a code belongs to; looked for first is the next one."""
    for station in sorted(quest.stations, key=lambda one: one.position != preferred):
        shown = station.tag.match(code, now)
        if shown is not None:
            return station, shown
    raise Invalid("tag-code-wrong", field="code")


def _finish(work: Work, city: City, quest: Quest, owner: str, trust_level: str) -> None:
    made = visits_of(work, quest.quest_id, owner)
    places = tag_checks.stations([one.near for one in made])
    pace = tag_checks.speed(legs(quest.stations, made), tuning.in_force(work))
    submission, _ = _hand_in(work, city, quest, owner, trust_level, "app", (places, pace))
    if submission.status is Status.ACCEPTED:
        reviewing.confirm(work, city, submission.submission_id, reviewer_id=None, reason=FINISHED)


def _hand_in(
    work: Work,
    city: City,
    quest: Quest,
    owner: str,
    trust_level: str,
    source: str,
    findings: Sequence[Finding],
) -> tuple[Submission, bool]:
    new = NewSubmission(
        action=ACTION,
        owner=owner,
        source=source,
        description=quest.titles["de"],
        evidence_key=f"route/{quest.quest_id}/{owner}",
        trust_level=trust_level,
        facts={"route": str(quest.quest_id), "stations": len(quest.stations), "complete": True},
        findings=findings,
    )
    submission, known = submitting.submit(work, city, new)
    mine, made = walks.c, visits.c
    work.connection.execute(
        sa.update(walks)
        .where(mine.city_id == work.city_id, mine.quest_id == quest.quest_id, mine.owner == owner)
        .values(finished_at=work.now, submission_id=submission.submission_id)
    )
    work.connection.execute(
        sa.delete(visits).where(
            made.city_id == work.city_id, made.quest_id == quest.quest_id, made.owner == owner
        )
    )
    return submission, known


def erase(work: Work, owner: str) -> None:
    """Delete all walks of an owner."""
    for table in (visits, walks):
        work.connection.execute(
            sa.delete(table).where(table.c.city_id == work.city_id, table.c.owner == owner)
        )


def _known(reading: Reading, quest_id: int, owner: str) -> Walk:
    walk = find(reading, quest_id, owner)
    if walk is None:
        msg = "a walk that was just written is there"
        raise LookupError(msg)
    return walk
