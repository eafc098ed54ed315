"""Wayfinding quests: routes of stations, walked one after the other."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, Field

from api import commanding, desks, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.actions import SubmissionOut, present
from api.v1.shapes import IdText, In, LongId, Out
from api.v1.tags import Code, PhoneIn, TagIn, note_entry
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import NotFound
from rewards import desk, quests, walking
from rewards.desk import Channel
from rewards.quests import NewQuest, NewStation, Quest
from rewards.walking import Walk

router = APIRouter(tags=["quests"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
Clerk = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
Names = dict[str, str]


class StationOut(Out):
    """A station of a quest, without its code: that stands there."""

    position: int = Field(examples=[1])
    name: str = Field(examples=["Stadttheater"])
    address: str | None
    latitude_e6: int | None = Field(description="Millionths of a degree", examples=[51434000])
    longitude_e6: int | None
    directions: Names = Field(examples=[{"de": "Über den Platz.", "en": "Across the square."}])
    pictogram: str = Field(examples=["theatre"])


class QuestOut(Out):
    """A quest."""

    quest_id: IdText
    titles: Names = Field(examples=[{"de": "Vom Theater zum Hafen", "en": "From the theatre to the harbour"}])
    descriptions: Names
    minutes: int = Field(examples=[40])
    metres: int | None = Field(description="Straight from station to station", examples=[1800])
    is_open: bool
    stations: list[StationOut]


class StationIn(TagIn):
    """A station; its tag is made with it."""

    directions: Names = Field(examples=[{"de": "Über den Platz.", "en": "Across the square."}])
    pictogram: str = Field(default="location", max_length=40, examples=["theatre"])


class QuestIn(In):
    """A quest with its stations in order."""

    titles: Names = Field(examples=[{"de": "Vom Theater zum Hafen", "en": "From the theatre to the harbour"}])
    descriptions: Names = Field(examples=[{"de": "Zu Fuß.", "en": "On foot."}])
    minutes: int = Field(examples=[40])
    stations: list[StationIn] = Field(
        max_length=quests.STATIONS_MAX,
        examples=[
            [
                {
                    "name": "Stadttheater",
                    "mode": "printed",
                    "latitude": 51.4336,
                    "longitude": 6.7696,
                    "directions": {"de": "Über den Platz.", "en": "Across the square."},
                    "pictogram": "theatre",
                }
            ]
        ],
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


class WalkOut(Out):
    """How far you are."""

    quest_id: IdText
    reached: int = Field(description="Stations reached; 0 again when the walk is finished", examples=[2])
    started_at: dt.datetime
    finished_at: dt.datetime | None
    submission_id: Annotated[str | None, BeforeValidator(_text)] = Field(
        default=None, description="What was handed in at the end", examples=["271828182845904523"]
    )


class VisitIn(PhoneIn):
    """That you reached a station."""

    code: Code


class WalkEntryIn(In):
    """The codes of all stations in their order, written down by a citizen without a phone."""

    who: str = Field(max_length=254, examples=["K7QM-3ZPX"], description="E-mail address, or code of a card")
    channel: Channel = Field(examples=["paper"])
    codes: list[Code] = Field(max_length=quests.STATIONS_MAX, examples=[["Z9PX4T", "7H2M0A"]])


@router.get("/quests", summary="Quests on which one can set out")
def available(request: Request, caller: Anyone) -> list[QuestOut]:
    """Return the quests with their stations, the newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_out(one) for one in quests.available(reading)]


@router.get("/quests/{quest_id}", summary="One quest")
def one(request: Request, caller: Anyone, quest_id: LongId) -> QuestOut:
    """Return a quest that was opened, also if nobody sets out on it any more."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return _out(quests.opened(reading, quest_id))


@router.get("/quests/{quest_id}/walk", summary="How far you are")
def walk(request: Request, caller: Citizen, quest_id: LongId) -> WalkOut:
    """Return your walk. 404 `walk-not-found` if you did not set out."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = walking.find(reading, quest_id, owner)
    if found is None:
        raise NotFound("walk-not-found")
    return WalkOut.model_validate(found)


@router.put("/quests/{quest_id}/walk", summary="Set out", response_model=WalkOut)
async def start(request: Request, caller: Citizen, quest_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Set out on a quest, or go on with what was begun."""
    owner = caller.person_session.person.owner
    return await _walk(request, caller, key, lambda work: walking.start(work, quest_id, owner))


@router.post("/quests/{quest_id}/visits", summary="Reach a station", response_model=WalkOut)
async def visit(
    request: Request, caller: Citizen, quest_id: LongId, body: VisitIn, key: IdempotencyKey
) -> JSONResponse:
    """Reach the next station, by its code. The last one hands the walk in; it earns once per person."""
    person = caller.person_session.person

    def act(work: Work) -> Walk:
        return walking.visit(
            work,
            caller.city,
            quest_id,
            owner=person.owner,
            trust_level=person.trust_level.value,
            code=body.code,
            place=body.place(),
        )

    return await _walk(request, caller, key, act)


@router.post("/quests", status_code=201, summary="Make a quest", response_model=QuestOut)
async def create(request: Request, caller: Administrator, body: QuestIn, key: IdempotencyKey) -> JSONResponse:
    """Make a quest with all its stations, and let people set out."""
    author = caller.person_session.person.person_id

    def act(work: Work) -> Quest:
        made = quests.create(work, NewQuest(body.titles, body.descriptions, body.minutes), author)
        for one in body.stations:
            new = NewStation(one.new_tag(), one.directions, one.pictogram)
            quests.add_station(work, caller.city, made.quest_id, new, author)
        return quests.open_for_all(work, made.quest_id)

    return await _act(request, caller, key, "quest-opened", act, status=201)


@router.post("/quests/{quest_id}/retirement", summary="End a quest", response_model=QuestOut)
async def retire(
    request: Request, caller: Administrator, quest_id: LongId, key: IdempotencyKey
) -> JSONResponse:
    """Let nobody set out any more; who is on the way may finish."""
    return await _act(request, caller, key, "quest-retired", lambda work: quests.retire(work, quest_id))


@router.post(
    "/desk/quests/{quest_id}/walks", status_code=201, summary="Enter a walk", response_model=SubmissionOut
)
async def enter(
    request: Request, caller: Clerk, quest_id: LongId, body: WalkEntryIn, key: IdempotencyKey
) -> JSONResponse:
    """Enter the codes that a citizen wrote down on the way; somebody else decides it."""

    def command(work: Work) -> Mapping[str, Any]:
        found = desks.find(work, body.who)
        clerk = desks.clerk(caller, body.channel, found.identified_by)
        trust = found.person.trust_level.value
        made, _ = desk.enter_walk(work, caller.city, quest_id, body.codes, found.person.owner, trust, clerk)
        note_entry(work, caller, made)
        return present(work, made)

    return await commanding.answer(request, caller, key, command, status=201)


async def _walk(request: Request, caller: Caller, key: str, act: Callable[[Work], Walk]) -> JSONResponse:
    return await commanding.answer(request, caller, key, lambda work: WalkOut.plain(act(work)))


async def _act(
    request: Request,
    caller: Caller,
    key: str,
    action: str,
    use_case: Callable[[Work], Quest],
    status: int = 200,
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        made = use_case(work)
        auditing.record(work, caller.scope, action, f"quest/{made.quest_id}", {})
        return _out(made).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=status)


def _stations(quest: Quest) -> list[dict[str, Any]]:
    return [
        {
            "position": one.position,
            "name": one.tag.name,
            "address": one.tag.address,
            "latitude_e6": one.tag.latitude_e6,
            "longitude_e6": one.tag.longitude_e6,
            "directions": dict(one.directions),
            "pictogram": one.pictogram,
        }
        for one in quest.stations
    ]


def _out(quest: Quest) -> QuestOut:
    names = [name for name in QuestOut.model_fields if name != "stations"]
    values = {name: getattr(quest, name) for name in names}
    return QuestOut.model_validate({**values, "stations": _stations(quest)})
