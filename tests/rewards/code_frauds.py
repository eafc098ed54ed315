"""Frauds with codes: photographed, passed on, walked by car. Played by the red team."""

from collections.abc import Callable
from typing import TypeVar

from kernel.db import Work
from kernel.errors import DomainError
from rewards import attendance_codes, attending, binning, occasions, quests, tags, walking
from rewards.checking import Place
from rewards.occasions import NewOccasion
from rewards.quests import NewQuest, NewStation, Quest
from rewards.tag_codes import Mode
from rewards.tags import NewTag, Purpose, Tag
from tests.rewards.suspects import CENTRE, DAY, HOUR, MINUTE, WORKER, Town

EVE, PAT = "p-eve", "p-pat"
METRE = 9
TEXTS = {"de": "Vom Rathaus zum Hafen", "en": "From the town hall to the harbour"}
T = TypeVar("T")


def a_sign_photographed_once(town: Town) -> None:
    """The printed code of a bin, typed at home twice a day: from far away, or without saying from where."""
    sign = _run(town, lambda work: tags.create(work, town.city, _new(0), Purpose.BIN, WORKER))
    for _ in range(5):
        _throw(town, sign, EVE, Place(CENTRE[0] + 5000 * METRE, CENTRE[1], 8))
        town.clock.advance(9 * HOUR)
        _throw(town, sign, EVE, None)
        town.clock.advance(DAY - 9 * HOUR)


def a_shown_code_for_all_friends(town: Town) -> None:
    """The code on a bin's display, sent to a friend within its half minute."""
    display = _new(0, Mode.DISPLAY)
    bin_ = _run(town, lambda work: tags.create(work, town.city, display, Purpose.BIN, WORKER))
    for owner in (EVE, PAT, EVE, PAT):
        _throw(town, bin_, owner, None)


def a_quest_by_car(town: Town) -> None:
    """Three stations, half a kilometre apart, in a minute."""
    quest = _quest(town)
    for station in quest.stations:
        _visit(town, quest, station.tag, EVE, station.tag.place)
        town.clock.advance(MINUTE / 2)


def a_quest_from_the_sofa(town: Town) -> None:
    """All codes from a friend's photos, at a pace as if one walked."""
    quest = _quest(town)
    for station in quest.stations:
        _visit(town, quest, station.tag, EVE, None)
        town.clock.advance(10 * MINUTE)


def a_printed_code_of_a_workshop_passed_on(town: Town) -> None:
    """One was there, as everybody who was expected; the other one got the code from the sheet."""
    now = town.clock.now()
    workshop = NewOccasion(
        "city-shaping", "workshop", TEXTS, TEXTS, now, now + 2 * HOUR, expected=1, place="Rathaus", printed_code=True
    )  # fmt: skip
    occasion = _run(town, lambda work: occasions.create(work, workshop, WORKER))
    code = attendance_codes.code(occasion.secret, attendance_codes.ALWAYS)
    for owner in (EVE, PAT, PAT):
        _attempt(
            town,
            lambda work, owner=owner: attending.attend(  # type: ignore[misc]  # bound at once
                work, town.city, occasion.occasion_id, owner=owner, trust_level="basic", code=code
            ),
        )
        town.clock.advance(MINUTE)


def _new(metres: int, mode: Mode = Mode.PRINTED) -> NewTag:
    return NewTag("Am Brunnen", mode, None, CENTRE[0] + metres * METRE, CENTRE[1])


def _quest(town: Town) -> Quest:
    def make(work: Work) -> Quest:
        quest = quests.create(work, NewQuest(TEXTS, TEXTS, 30), WORKER)
        for number in range(3):
            new = NewStation(_new(number * 500), TEXTS)
            quests.add_station(work, town.city, quest.quest_id, new, WORKER)
        return quests.open_for_all(work, quest.quest_id)

    return _run(town, make)


def _throw(town: Town, tag: Tag, owner: str, place: Place | None) -> None:
    code = tag.code(town.clock.now()) or ""
    _attempt(
        town,
        lambda work: binning.use(
            work, town.city, tag, owner=owner, trust_level="basic", code=code, place=place
        ),
    )


def _visit(town: Town, quest: Quest, tag: Tag, owner: str, place: Place | None) -> None:
    here = Place(place.latitude_e6, place.longitude_e6, 8) if place else None
    code = tag.code(town.clock.now()) or ""
    _attempt(
        town,
        lambda work: walking.visit(
            work, town.city, quest.quest_id, owner=owner, trust_level="basic", code=code, place=here
        ),
    )


def _attempt(town: Town, command: Callable[[Work], object]) -> None:
    """Try; a refusal ends the attempt."""
    try:
        _run(town, command)
    except DomainError:
        return


def _run(town: Town, command: Callable[[Work], T]) -> T:
    return town.database.run(town.city.city_id, command)
