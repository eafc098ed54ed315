"""Occasions to take part in: workshops, polls, consultations."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.actions import SubmissionOut, present
from api.v1.shapes import IdText, In, LongId, Out
from identity import auditing
from identity.persons import Person
from identity.roles import Role
from kernel.db import Reading, Work
from rewards import attending, occasions
from rewards.occasions import NewOccasion, Occasion
from rewards.submissions import Submission

router = APIRouter(tags=["occasions"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
Host = Annotated[Caller, Depends(Access(Role.CASE_WORKER, Role.ADMINISTRATOR))]
Names = dict[str, str]


class OptionOut(Out):
    """An answer that a poll offers."""

    code: str = Field(examples=["a1"])
    names: Names = Field(examples=[{"de": "Mehr Bäume", "en": "More trees"}])


class OccasionOut(Out):
    """Something to take part in."""

    occasion_id: IdText
    action: str = Field(examples=["city-shaping"])
    kind: str = Field(examples=["workshop"])
    titles: Names
    descriptions: Names
    place: str | None
    options: list[OptionOut] = Field(description="Answers of a poll; empty if it is attended with a code")
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    stage: str = Field(examples=["open"], description="ahead, open, over or cancelled")


class OccasionIn(In):
    """Something to take part in, as staff announce it."""

    action: str = Field(default="city-shaping", max_length=60)
    kind: str = Field(max_length=60, examples=["workshop"])
    titles: Names = Field(examples=[{"de": "Werkstatt Innenhafen", "en": "Workshop Inner Harbour"}])
    descriptions: Names = Field(examples=[{"de": "Wie soll er werden?", "en": "What should it become?"}])
    place: str | None = Field(default=None, max_length=200)
    options: list[Names] = Field(
        default_factory=list, max_length=occasions.OPTIONS_MAX, description="With answers it is a poll"
    )
    printed_code: bool = Field(
        default=False, description="One code for all the time instead of changing ones"
    )
    opens_at: AwareDatetime = Field(examples=["2027-05-04T16:00:00Z"])
    closes_at: AwareDatetime = Field(examples=["2027-05-04T18:00:00Z"])
    expected: int = Field(examples=[40], description="More people than this are looked at by a person")


class AttendanceIn(In):
    """That somebody was there."""

    code: str = Field(max_length=20, examples=["K7QM3Z"], description="As it is shown there")


class AnswerIn(In):
    """An answer to a poll. It is counted and forgotten: what is kept is that you answered."""

    option: str = Field(max_length=60, examples=["a1"])


@router.get("/occasions", summary="What one can take part in")
def coming(request: Request, caller: Anyone) -> list[OccasionOut]:
    """Return what is open or ahead, the next first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_out(reading, one) for one in occasions.coming(reading)]


@router.post("/occasions", status_code=201, summary="Announce an occasion", response_model=OccasionOut)
async def announce(request: Request, caller: Host, body: OccasionIn, key: IdempotencyKey) -> JSONResponse:
    """Announce a workshop, a poll or a consultation."""
    new = NewOccasion(**{**body.model_dump(), "options": tuple(body.options)})

    def command(work: Work) -> Mapping[str, Any]:
        made = occasions.create(work, new, caller.person_session.person.person_id)
        auditing.record(work, caller.scope, "occasion-announced", f"occasion/{made.occasion_id}", {})
        return _out(work, made).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/occasions/{occasion_id}/cancellation", summary="Call off", response_model=OccasionOut)
async def cancel(request: Request, caller: Host, occasion_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Call an occasion off; who took part already keeps their points."""

    def command(work: Work) -> Mapping[str, Any]:
        gone = occasions.cancel(work, occasion_id)
        auditing.record(work, caller.scope, "occasion-cancelled", f"occasion/{occasion_id}", {})
        return _out(work, gone).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command)


@router.post(
    "/occasions/{occasion_id}/attendance", summary="Say that you are there", response_model=SubmissionOut
)
async def attend(
    request: Request, caller: Citizen, occasion_id: LongId, body: AttendanceIn, key: IdempotencyKey
) -> JSONResponse:
    """Note your attendance by the code that is shown there."""

    def take(work: Work, person: Person) -> Submission:
        trust = person.trust_level.value
        return attending.attend(
            work, caller.city, occasion_id, owner=person.owner, trust_level=trust, code=body.code
        )

    return await commanding.answer(request, caller, key, _taking(caller, take))


@router.post("/occasions/{occasion_id}/answer", summary="Answer a poll", response_model=SubmissionOut)
async def answer(
    request: Request, caller: Citizen, occasion_id: LongId, body: AnswerIn, key: IdempotencyKey
) -> JSONResponse:
    """Answer a poll. The answer is counted without a name and a time; a second one is not counted."""

    def take(work: Work, person: Person) -> Submission:
        trust = person.trust_level.value
        return attending.answer(
            work, caller.city, occasion_id, owner=person.owner, trust_level=trust, option=body.option
        )

    # What was answered is not part of what is compared: the comparison is kept with the person's number.
    content = f"poll/{occasion_id}".encode()
    return await commanding.answer(request, caller, key, _taking(caller, take), content=content)


def _taking(caller: Caller, take: Callable[[Work, Person], Submission]) -> commanding.Command:
    return lambda work: present(work, take(work, caller.person_session.person))


def _out(reading: Reading, one: Occasion) -> OccasionOut:
    values = {name: getattr(one, name) for name in OccasionOut.model_fields if name != "stage"}
    return OccasionOut.model_validate({**values, "stage": one.stage(reading.now).value})
