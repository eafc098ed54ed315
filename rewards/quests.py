"""Quests: routes of stations through the town, each station with a tag, walked one after the other."""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from rewards import checking, tags
from rewards.tag_tables import quests, stations
from rewards.tags import NewTag, Purpose, Tag

TITLE_MAX = 120
DESCRIPTION_MAX = 1000
DIRECTIONS_MAX = 500
STATIONS_MIN, STATIONS_MAX = 2, 20
MINUTES_MAX = 600
PAGE_MAX = 200
PICTOGRAMS = (
    "quest", "location", "city", "flower", "museum", "theatre", "library", "ship", "blast-furnace", "tram",
    "bicycle", "shop", "sport", "pool", "music", "school", "coffee",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewQuest:
    """A quest as staff describe it; stations follow."""

    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    minutes: int


@dataclass(frozen=True, slots=True)
class NewStation:
    """A station as staff describe it."""

    tag: NewTag
    directions: Mapping[str, str]
    """How to get there, from the station before."""
    pictogram: str = "location"


@dataclass(frozen=True, slots=True)
class Station:
    """A station of a quest."""

    position: int
    tag: Tag
    directions: Mapping[str, str]
    pictogram: str


@dataclass(frozen=True, slots=True)
class Quest:
    """A route with its stations in order."""

    quest_id: int
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    minutes: int
    created_at: dt.datetime
    opened_at: dt.datetime | None
    retired_at: dt.datetime | None
    stations: tuple[Station, ...]

    @property
    def is_open(self) -> bool:
        """Whether one can set out now."""
        return self.opened_at is not None and self.retired_at is None

    @property
    def metres(self) -> int | None:
        """How long it is at least, straight from station to station; None if a place is not known."""
        places = [one.tag.place for one in self.stations]
        if any(place is None for place in places):
            return None
        pairs = itertools.pairwise(places)
        return sum(checking.distance_m(one, other) for one, other in pairs if one and other)


def create(work: Work, new: NewQuest, author_id: int) -> Quest:
    """Begin a quest. Raises Invalid with the field: texts-missing, text-too-long, quest-minutes-wrong."""
    _check_texts("title", new.titles, TITLE_MAX)
    _check_texts("description", new.descriptions, DESCRIPTION_MAX)
    if not 1 <= new.minutes <= MINUTES_MAX:
        raise Invalid("quest-minutes-wrong", field="minutes", maximum=MINUTES_MAX)
    quest_id = work.ids.next()
    work.connection.execute(
        sa.insert(quests).values(
            city_id=work.city_id,
            quest_id=quest_id,
            titles=dict(new.titles),
            descriptions=dict(new.descriptions),
            minutes=new.minutes,
            author_id=author_id,
            created_at=work.now,
        )
    )
    return get(work, quest_id)


def add_station(work: Work, city: City, quest_id: int, new: NewStation, author_id: int) -> Quest:
    """Add a station at the end, with a tag of its own.

    Raises NotFound, Conflict quest-is-open, quest-full; Invalid with the field: texts-missing,
    text-too-long, pictogram-unknown, and what `tags.create` raises.
    """
    quest = _draft(work, quest_id)
    if len(quest.stations) >= STATIONS_MAX:
        raise Conflict("quest-full", maximum=STATIONS_MAX)
    _check_texts("directions", new.directions, DIRECTIONS_MAX)
    if new.pictogram not in PICTOGRAMS:
        raise Invalid("pictogram-unknown", field="pictogram")
    tag = tags.create(work, city, new.tag, Purpose.STATION, author_id)
    work.connection.execute(
        sa.insert(stations).values(
            city_id=work.city_id,
            quest_id=quest_id,
            position=len(quest.stations) + 1,
            tag_id=tag.tag_id,
            directions=dict(new.directions),
            pictogram=new.pictogram,
        )
    )
    return get(work, quest_id)


def remove_last_station(work: Work, quest_id: int) -> Quest:
    """Take the last station away again. Raises NotFound, Conflict quest-is-open, quest-without-stations."""
    quest = _draft(work, quest_id)
    if not quest.stations:
        raise Conflict("quest-without-stations")
    last = quest.stations[-1]
    work.connection.execute(
        sa.delete(stations).where(
            stations.c.city_id == work.city_id,
            stations.c.quest_id == quest_id,
            stations.c.position == last.position,
        )
    )
    tags.retire(work, last.tag.tag_id)
    return get(work, quest_id)


def open_for_all(work: Work, quest_id: int) -> Quest:
    """Let people set out. Raises NotFound, Conflict quest-is-open, quest-too-short."""
    quest = _draft(work, quest_id)
    if len(quest.stations) < STATIONS_MIN:
        raise Conflict("quest-too-short", minimum=STATIONS_MIN)
    _update(work, quest_id, opened_at=work.now)
    return get(work, quest_id)


def retire(work: Work, quest_id: int) -> Quest:
    """Let nobody set out any more; again changes nothing. Who is on the way may finish. Raises NotFound."""
    if get(work, quest_id).retired_at is None:
        _update(work, quest_id, retired_at=work.now)
    return get(work, quest_id)


def get(reading: Reading, quest_id: int) -> Quest:
    """Return a quest. Raises NotFound `quest-not-found`."""
    for found in _select(reading, quests.c.quest_id == quest_id):
        return found
    raise NotFound("quest-not-found")


def opened(reading: Reading, quest_id: int) -> Quest:
    """Return a quest that everybody may see. Raises NotFound `quest-not-found`."""
    quest = get(reading, quest_id)
    if quest.opened_at is None:
        raise NotFound("quest-not-found")
    return quest


def of_tag(reading: Reading, tag_id: int) -> Quest:
    """Return the quest that a station's tag belongs to. Raises NotFound `quest-not-found`."""
    row = reading.connection.execute(
        sa.select(stations.c.quest_id).where(
            stations.c.city_id == reading.city_id, stations.c.tag_id == tag_id
        )
    ).first()
    if row is None:
        raise NotFound("quest-not-found")
    return get(reading, row.quest_id)


def available(reading: Reading) -> list[Quest]:
    """Return the quests on which one can set out, the newest first."""
    return _select(reading, sa.and_(quests.c.opened_at.is_not(None), quests.c.retired_at.is_(None)))


def every(reading: Reading) -> list[Quest]:
    """Return all quests, the newest first."""
    return _select(reading, sa.true())


def _draft(work: Work, quest_id: int) -> Quest:
    quest = get(work, quest_id)
    if quest.opened_at is not None or quest.retired_at is not None:
        raise Conflict("quest-is-open")
    return quest


def _check_texts(name: str, texts: Mapping[str, str], maximum: int) -> None:
    for language in ("de", "en"):
        text = texts.get(language, "").strip()
        if not text:
            raise Invalid("texts-missing", field=f"{name}_{language}")
        if len(text) > maximum:
            raise Invalid("text-too-long", field=f"{name}_{language}", maximum=maximum)


def _update(work: Work, quest_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(quests)
        .where(quests.c.city_id == work.city_id, quests.c.quest_id == quest_id)
        .values(**values)
    )


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Quest]:
    names = [name for name in Quest.__dataclass_fields__ if name != "stations"]
    rows = reading.connection.execute(
        sa.select(*(quests.c[name] for name in names))
        .where(quests.c.city_id == reading.city_id, condition)
        .order_by(quests.c.quest_id.desc())
        .limit(PAGE_MAX)
    ).all()
    found = _stations(reading, [row.quest_id for row in rows])
    return [Quest(**row._mapping, stations=tuple(found.get(row.quest_id, ()))) for row in rows]


def _stations(reading: Reading, quest_ids: list[int]) -> dict[int, list[Station]]:
    rows = reading.connection.execute(
        sa.select(
            stations.c.quest_id,
            stations.c.position,
            stations.c.tag_id,
            stations.c.directions,
            stations.c.pictogram,
        )
        .where(stations.c.city_id == reading.city_id, stations.c.quest_id.in_(quest_ids))
        .order_by(stations.c.quest_id, stations.c.position)
    ).all()
    known = tags.by_ids(reading, [row.tag_id for row in rows])
    found: dict[int, list[Station]] = {}
    for row in rows:
        station = Station(row.position, known[row.tag_id], row.directions, row.pictogram)
        found.setdefault(row.quest_id, []).append(station)
    return found
