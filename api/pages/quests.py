"""Wayfinding quests: what there is, and one of them step by step."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing, phone_places
from api.v1.shapes import LongId
from kernel.db import Work
from kernel.errors import DomainError
from rewards import action_types, quests, submissions, walking
from rewards.walking import Walk
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/quests")
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce({"set-out": ("success", N_("Off you go! Stop whenever you like and go on here later."))})


@router.get("")
def every(request: Request, caller: Anyone) -> Response:
    """Show the quests, and how far one is on each."""
    mine: dict[int, Walk] = {}
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = quests.available(reading)
        action = action_types.get(reading, walking.ACTION)
        if caller.session is not None:
            owner = caller.session.person.owner
            mine = {walk.quest_id: walk for walk in walking.of_owner(reading, owner)}
            known = {quest.quest_id for quest in found}
            # Who is on the way on a quest that is over may finish it.
            found += [
                quests.get(reading, walk.quest_id)
                for walk in mine.values()
                if walk.quest_id not in known and walk.finished_at is None
            ]
    return framing.show(request, caller, "citizen/quests.html", quests=found, mine=mine, action=action)


@router.get("/{quest_id}")
def one(request: Request, caller: Anyone, quest_id: LongId) -> Response:
    """Show a quest: where to go next, and how."""
    return _page(request, caller, quest_id)


@router.post("/{quest_id}/start")
async def start(request: Request, caller: CitizenForm, quest_id: LongId) -> Response:
    """Set out."""
    owner = caller.person_session.person.owner
    return await _walk(
        request, caller, quest_id, lambda work: walking.start(work, quest_id, owner), "set-out"
    )


@router.post("/{quest_id}/visits")
async def visit(  # the fields of the form
    request: Request,
    caller: CitizenForm,
    quest_id: LongId,
    code: Annotated[str, Form()] = "",
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    accuracy: Annotated[str, Form()] = "",
) -> Response:
    """Reach a station by the code that was typed."""
    person = caller.person_session.person
    place = phone_places.read(latitude, longitude, accuracy)

    def act(work: Work) -> Walk:
        return walking.visit(
            work,
            caller.city,
            quest_id,
            owner=person.owner,
            trust_level=person.trust_level.value,
            code=code,
            place=place,
        )

    return await _walk(request, caller, quest_id, act, "station-reached", typed=code)


async def _walk(
    request: Request,
    caller: Caller,
    quest_id: LongId,
    act: Callable[[Work], Walk],
    notice: str,
    typed: str = "",
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        return {"reached": act(work).reached}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, quest_id, status=422, errors=errors, typed=typed)
    return framing.go(f"/quests/{quest_id}", notice)


def _page(
    request: Request,
    caller: Caller,
    quest_id: LongId,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: str = "",
) -> Response:
    walk: Walk | None = None
    with services.of(request).database.reading(caller.city.city_id) as reading:
        quest = quests.opened(reading, quest_id)
        action = action_types.get(reading, walking.ACTION)
        if caller.session is not None:
            walk = walking.find(reading, quest_id, caller.session.person.owner)
        handed_in = submissions.get(reading, walk.submission_id) if walk and walk.submission_id else None
    return framing.show(
        request, caller, "citizen/quest.html", status=status, quest=quest, walk=walk, action=action,
        handed_in=handed_in, errors=errors or [], by_field=dict(errors or []), typed=typed,
        signed_in=caller.session is not None,
    )  # fmt: skip
