"""Taking part: an occasion, its code or its answers, and thanks."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.v1.shapes import LongId
from kernel.db import Work
from kernel.errors import DomainError
from rewards import action_types, attending, occasions, submissions
from rewards.submissions import Submission
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/actions/occasions")
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce(
    {"taken-part": ("success", N_("Thank you for taking part! What you said was not noted with your name."))}
)


@router.get("/{occasion_id}")
def one(request: Request, caller: Anyone, occasion_id: LongId) -> Response:
    """Show an occasion and how to take part."""
    return _page(request, caller, occasion_id)


@router.post("/{occasion_id}/attendance")
async def attend(
    request: Request, caller: CitizenForm, occasion_id: LongId, code: Annotated[str, Form()] = ""
) -> Response:
    """Note attendance by the code that is shown there."""
    person = caller.person_session.person

    def take(work: Work) -> Submission:
        trust = person.trust_level.value
        return attending.attend(
            work, caller.city, occasion_id, owner=person.owner, trust_level=trust, code=code
        )

    return await _take_part(request, caller, occasion_id, take, typed=code)


@router.post("/{occasion_id}/answer")
async def answer(
    request: Request, caller: CitizenForm, occasion_id: LongId, option: Annotated[str, Form()] = ""
) -> Response:
    """Count an answer to a poll, and note that somebody answered."""
    person = caller.person_session.person

    def take(work: Work) -> Submission:
        trust = person.trust_level.value
        return attending.answer(
            work, caller.city, occasion_id, owner=person.owner, trust_level=trust, option=option
        )

    return await _take_part(request, caller, occasion_id, take)


async def _take_part(
    request: Request, caller: Caller, occasion_id: LongId, take: Callable[[Work], Submission], typed: str = ""
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        return {"submission_id": take(work).submission_id}

    key = (await request.form()).get(commanding.KEY_FIELD)
    try:
        # What was said is not part of what is compared: the comparison is kept with the person's number.
        await commanding.perform(
            request, caller, key if isinstance(key, str) else None, command, content=b"taking part"
        )
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, occasion_id, status=422, errors=errors, typed=typed)
    return framing.go(f"/actions/occasions/{occasion_id}", "taken-part")


def _page(
    request: Request,
    caller: Caller,
    occasion_id: LongId,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: str = "",
) -> Response:
    mine = None
    with services.of(request).database.reading(caller.city.city_id) as reading:
        occasion = occasions.get(reading, occasion_id)
        action = action_types.get(reading, occasion.action)
        stage = occasion.stage(reading.now)
        tally = occasions.tally(reading, occasion_id) if stage is occasions.Stage.OVER else {}
        if caller.session is not None:
            key = occasions.evidence_key(occasion_id, caller.session.person.owner)
            mine = submissions.by_evidence(reading, occasion.action, key)
    return framing.show(
        request, caller, "citizen/occasion.html", status=status, occasion=occasion, action=action,
        stage=stage.value, mine=mine, tally=tally, errors=errors or [], by_field=dict(errors or []),
        typed=typed, signed_in=caller.session is not None,
    )  # fmt: skip
