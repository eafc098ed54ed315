"""Quests in the administration: described, station by station, opened, printed, ended."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing, tag_forms, tag_prints
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from rewards import quests
from rewards.quests import NewQuest, NewStation, Quest
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/quests")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

framing.announce(
    {
        "quest-created": ("success", N_("Begun. Now add the stations in their order.")),
        "station-added": ("success", N_("The station has been added.")),
        "station-removed": ("success", N_("The last station has been removed.")),
        "quest-opened": ("success", N_("Open: people can set out now. Please put the signs up.")),
        "quest-retired": ("success", N_("Ended: nobody sets out any more. Who is on the way may finish.")),
    }
)


@router.get("")
def every(request: Request, caller: Administrator) -> Response:
    """Show all quests and the form of a new one."""
    return _list(request, caller, {})


@router.post("")
async def create(request: Request, caller: AdministratorForm) -> Response:
    """Begin a quest."""
    typed = await _typed(request)
    minutes = typed.get("minutes", "")
    new = NewQuest(
        _texts(typed, "title"), _texts(typed, "description"), int(minutes[:6]) if minutes.isdecimal() else 0
    )
    author = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        made = quests.create(work, new, author)
        auditing.record(work, caller.scope, "quest-created", f"quest/{made.quest_id}", {})
        return {"quest_id": made.quest_id}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _list(request, caller, typed, status=422, errors=errors)
    return framing.go(f"/office/quests/{answer['quest_id']}", "quest-created")


@router.get("/{quest_id}")
def one(request: Request, caller: Administrator, quest_id: LongId) -> Response:
    """Show a quest with its stations, and the form of the next one while it is not open."""
    return _page(request, caller, quest_id, {})


@router.post("/{quest_id}/stations")
async def add(request: Request, caller: AdministratorForm, quest_id: LongId) -> Response:
    """Add a station at the end."""
    typed = await _typed(request)
    author = caller.person_session.person.person_id
    try:
        new = NewStation(
            tag_forms.read(typed), _texts(typed, "directions"), typed.get("pictogram", "location")
        )
        return await _act(
            request, caller, quest_id, "station-added",
            lambda work: quests.add_station(work, caller.city, quest_id, new, author),
        )  # fmt: skip
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, quest_id, typed, status=422, errors=errors)


@router.post("/{quest_id}/stations/removal")
async def remove(request: Request, caller: AdministratorForm, quest_id: LongId) -> Response:
    """Take the last station away."""
    return await _step(request, caller, quest_id, "station-removed", quests.remove_last_station)


@router.post("/{quest_id}/open")
async def open_for_all(request: Request, caller: AdministratorForm, quest_id: LongId) -> Response:
    """Let people set out."""
    return await _step(request, caller, quest_id, "quest-opened", quests.open_for_all)


@router.post("/{quest_id}/retire")
async def retire(request: Request, caller: AdministratorForm, quest_id: LongId) -> Response:
    """Let nobody set out any more."""
    return await _step(request, caller, quest_id, "quest-retired", quests.retire)


@router.get("/{quest_id}/print")
def signs(request: Request, caller: Administrator, quest_id: LongId) -> Response:
    """Show the signs of all stations, ready to be printed."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        quest = quests.get(reading, quest_id)
    made = [tag_prints.of(given, caller.city, one.tag, one.tag.name) for one in quest.stations]
    titles = {one.tag.tag_id: (one.position, quest.titles) for one in quest.stations}
    return framing.show(
        request, caller, "office/signs.html", area=Area.OFFICE, signs=[one for one in made if one.code],
        back=f"/office/quests/{quest_id}", titles=titles,
    )  # fmt: skip


async def _step(
    request: Request, caller: Caller, quest_id: LongId, done: str, use_case: Callable[[Work, int], Quest]
) -> Response:
    try:
        return await _act(request, caller, quest_id, done, lambda work: use_case(work, quest_id))
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, quest_id, {}, status=409, errors=errors)


async def _act(
    request: Request, caller: Caller, quest_id: LongId, done: str, use_case: Callable[[Work], Quest]
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        use_case(work)
        auditing.record(work, caller.scope, done, f"quest/{quest_id}", {})
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/quests/{quest_id}", done)


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _texts(typed: Mapping[str, str], name: str) -> dict[str, str]:
    return {language: typed.get(f"{name}_{language}", "").strip() for language in ("de", "en")}


def _page(
    request: Request,
    caller: Caller,
    quest_id: LongId,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        quest = quests.get(reading, quest_id)
    return framing.show(
        request, caller, "office/quest.html", area=Area.OFFICE, status=status, quest=quest, typed=typed,
        errors=errors or [], by_field=dict(errors or []), modes=tag_forms.MODE_WORDS,
        pictograms=quests.PICTOGRAMS, stations_min=quests.STATIONS_MIN,
    )  # fmt: skip


def _list(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = quests.every(reading)
    return framing.show(
        request, caller, "office/quests.html", area=Area.OFFICE, status=status, quests=found, typed=typed,
        errors=errors or [], by_field=dict(errors or []),
    )  # fmt: skip
