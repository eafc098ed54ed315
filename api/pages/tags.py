"""A tag that was opened: a bin that somebody threw something into, or a station that they reached."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing, phone_places
from kernel.db import Work
from kernel.errors import DomainError, NotFound
from rewards import action_types, binning, quests, tag_codes, tags, walking
from rewards.quests import Quest
from rewards.tags import Purpose
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce(
    {
        "bin-used": ("success", N_("Thank you! It went where it belongs.")),
        "station-reached": ("success", N_("Station reached. Well done!")),
    }
)


@router.get("/bins")
def bins(request: Request, caller: Anyone) -> Response:
    """Show the bins that take part, and the form for a code that is typed."""
    return _bins(request, caller, "")


@router.get("/T")
def typed(request: Request, caller: Anyone, code: str = "") -> Response:
    """Open the tag whose number and code were typed."""
    number, rest = tag_codes.split(code)
    try:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            tag = tags.by_number(reading, number)
    except NotFound as error:
        sentence = framing.sentence(request, caller, error)
        return _bins(request, caller, code, status=422, errors=[("code", sentence)])
    return framing.go(f"/T/{tag.number}/{tag_codes.plain(rest) or '-'}")


@router.get("/T/{number}/{code}")
def opened(request: Request, caller: Anyone, number: str, code: str) -> Response:
    """Show the tag; nothing happens before the button is pressed."""
    return _page(request, caller, number, code)


@router.post("/T/{number}/{code}")
async def take(  # the fields of the form
    request: Request,
    caller: CitizenForm,
    number: str,
    code: str,
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    accuracy: Annotated[str, Form()] = "",
) -> Response:
    """Take that something was thrown in, or that a station was reached."""
    person = caller.person_session.person
    owner, trust = person.owner, person.trust_level.value
    place = phone_places.read(latitude, longitude, accuracy)

    def command(work: Work) -> Mapping[str, Any]:
        tag = tags.by_number(work, number)
        if tag.purpose is Purpose.STATION:
            quest_id = quests.of_tag(work, tag.tag_id).quest_id
            walking.visit(work, caller.city, quest_id, owner=owner, trust_level=trust, code=code, place=place)
            return {"to": f"/quests/{quest_id}", "notice": "station-reached"}
        made = binning.use(work, caller.city, tag, owner=owner, trust_level=trust, code=code, place=place)
        return {"to": f"/actions/mine/{made.submission_id}", "notice": "bin-used"}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, number, code, status=422, errors=errors)
    return framing.go(answer["to"], answer["notice"])


def _page(
    request: Request,
    caller: Caller,
    number: str,
    code: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        tag = tags.by_number(reading, number)
        quest: Quest | None = None
        if tag.purpose is Purpose.STATION:
            quest = quests.opened(reading, quests.of_tag(reading, tag.tag_id).quest_id)
        action = action_types.get(reading, binning.ACTION if quest is None else walking.ACTION)
    # What is wrong is the code in the address: no field of this page shows it.
    told = [sentence for _, sentence in errors or []]
    return framing.show(
        request, caller, "citizen/tag.html", status=status, tag=tag, code=code, quest=quest, action=action,
        told=told, signed_in=caller.session is not None,
    )  # fmt: skip


def _bins(
    request: Request,
    caller: Caller,
    code: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = tags.bins(reading)
        action = action_types.get(reading, binning.ACTION)
    return framing.show(
        request, caller, "citizen/bins.html", status=status, bins=found, action=action, code=code,
        errors=errors or [], by_field=dict(errors or []),
    )  # fmt: skip
