"""Bins and a quest in the demo city, with somebody who used one and somebody who is on the way."""

import json
from functools import partial
from importlib import resources
from typing import Any

from api.demo.living import Life
from identity.roles import Role
from kernel.db import Work
from rewards import binning, quests, tags, walking
from rewards.checking import Place
from rewards.quests import NewQuest, NewStation
from rewards.tag_codes import Mode
from rewards.tags import NewTag, Purpose

_USED_BY, _WALKED_BY = slice(0, 3), 1


def put_up(life: Life) -> None:
    """Put the signs up; let three people use a bin, and one walk half of the way."""
    told = json.loads((resources.files("api.demo") / "data" / "tags.json").read_text("utf-8"))
    author = life.cast.staff[Role.ADMINISTRATOR].person_id
    quest_id = life.database.run(life.city.city_id, lambda work: _sign(life, told, author, work))
    life.database.run(life.city.city_id, lambda work: _use(life, work))
    for at in (0, 1):
        life.database.run(life.city.city_id, partial(_reach, life, quest_id, at))


def _sign(life: Life, told: dict[str, Any], author: int, work: Work) -> int:
    for one in told["bins"]:
        tags.create(work, life.city, NewTag(**{**one, "mode": Mode(one["mode"])}), Purpose.BIN, author)
    quest = told["quest"]
    made = quests.create(work, NewQuest(quest["titles"], quest["descriptions"], quest["minutes"]), author)
    for one in quest["stations"]:
        directions, pictogram = one.pop("directions"), one.pop("pictogram")
        new = NewStation(NewTag(**one, mode=Mode.PRINTED), directions, pictogram)
        quests.add_station(work, life.city, made.quest_id, new, author)
    return quests.open_for_all(work, made.quest_id).quest_id


def _use(life: Life, work: Work) -> None:
    (tag,) = (one for one in tags.bins(work) if one.mode is Mode.PRINTED)
    for person in life.cast.citizens[_USED_BY]:
        binning.use(
            work,
            life.city,
            tag,
            owner=person.owner,
            trust_level=person.trust_level.value,
            code=tag.code(work.now) or "",
            place=_before(tag.place),
        )


def _reach(life: Life, quest_id: int, at: int, work: Work) -> None:
    person = life.cast.citizens[_WALKED_BY]
    tag = quests.get(work, quest_id).stations[at].tag
    walking.visit(
        work,
        life.city,
        quest_id,
        owner=person.owner,
        trust_level=person.trust_level.value,
        code=tag.code(work.now) or "",
        place=_before(tag.place),
    )


def _before(place: Place | None) -> Place | None:
    return None if place is None else Place(place.latitude_e6, place.longitude_e6, 9)
