"""Action types and submissions of citizens."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, pairs, services, uploading
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import Before, IdText, In, Limit, LongId, Out, Paged
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import NotFound
from rewards import action_types, awarding, shaping_actions, submissions, submitting
from rewards.submissions import Submission
from rewards.submitting import NewSubmission, StoredPicture

router = APIRouter(tags=["actions"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
Shaper = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.RULE_EDITOR))]


class ActionTypeOut(Out):
    """Something that people can do for the city."""

    code: str = Field(examples=["litter-report"])
    active: bool
    names: dict[str, str] = Field(examples=[{"de": "Müll melden", "en": "Report litter"}])
    descriptions: dict[str, str]
    pictogram: str = Field(examples=["litter"])
    needs_photo: bool
    needs_pair: bool = Field(description="Two photos of one place: before and after")
    needs_place: bool
    needs_description: bool
    needs_case: bool
    categories: list[dict[str, Any]] = Field(examples=[[{"code": "litter", "names": {"de": "Müll"}}]])
    questions: dict[str, dict[str, str]] = Field(description="Facts that are asked for, and how")
    facts: dict[str, str] = Field(examples=[{"category": "text", "photo": "truth"}])
    link: str | None
    outcome_event: str = Field(examples=["report.closed"])
    other_route: dict[str, str] = Field(description="The way without photo, map or smartphone")


class ActionTypeIn(In):
    """An action type as data; facts that are found out for every submission need not be named."""

    document: dict[str, Any] = Field(
        examples=[action_types.built_ins()["suggestion"].model_dump(mode="json")]
    )


class _Told(In):
    """What somebody did, without what only one of the two forms can carry."""

    action: str = Field(examples=["suggestion"])
    description: str = Field(default="", max_length=8000, examples=["Ein Trinkbrunnen am Sonnenwall."])
    category: str | None = Field(default=None, examples=["services"])
    address: str | None = Field(default=None, examples=["Königstraße 10"])
    latitude: float | None = Field(default=None, ge=-90, le=90, examples=[51.434])
    longitude: float | None = Field(default=None, ge=-180, le=180, examples=[6.762])
    accuracy_m: int | None = Field(default=None, ge=0, le=100_000, examples=[8])


class SubmissionIn(_Told):
    """What somebody did."""

    facts: dict[str, bool | int | str] = Field(
        default_factory=dict, description="Answers to the action's questions", examples=[{}]
    )


class PhotoSubmissionIn(_Told):
    """What somebody did, with photos of it, as a form with files; a pair is `before` and `after`."""

    photos: list[UploadFile] = Field(
        default_factory=list,
        description="Up to three, as JPEG, PNG or WebP, 12 MB each",
        examples=[["litter.jpg"]],
    )
    before: UploadFile | None = Field(default=None, examples=["before.jpg"])
    after: UploadFile | None = Field(default=None, examples=["after.jpg"])


class AwardOut(Out):
    """Points for a submission."""

    points_now: int = Field(examples=[10])
    points_later: int = Field(description="Given when the outcome is known", examples=[40])
    state: str = Field(examples=["pending"], description="pending, confirmed or rejected")
    rule_code: str = Field(examples=["litter-report"])
    version_hash: str
    receipt: dict[str, Any] = Field(description="Facts seen, deciding clause, trace")


class SubmissionOut(Out):
    """A submission and what became of it."""

    submission_id: IdText
    action: str = Field(examples=["litter-report"])
    status: str = Field(examples=["accepted"], description="review, accepted, declined, done or rejected")
    category: str | None
    description: str
    received_at: dt.datetime
    decided_at: dt.datetime | None
    closed_at: dt.datetime | None
    awards: list[AwardOut]


@router.get("/action-types", summary="What people can do")
def types(request: Request, caller: Anyone) -> list[ActionTypeOut]:
    """Return all action types."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [ActionTypeOut.model_validate(one.model_dump()) for one in action_types.every(reading)]


@router.put("/action-types/{code}", summary="Add or change what people can do", response_model=ActionTypeOut)
async def shape(
    request: Request, caller: Shaper, code: str, body: ActionTypeIn, key: IdempotencyKey
) -> JSONResponse:
    """Keep an action type: a new one, or another version of one that is there. No code is needed for it."""
    action = shaping_actions.with_system_facts(shaping_actions.parse({**body.document, "code": code}))

    def command(work: Work) -> Mapping[str, Any]:
        known = action.code in action_types.by_code(work)
        kept = shaping_actions.save(work, action, new=not known)
        auditing.record(work, caller.scope, "action-type-saved", f"action-type/{kept.code}", {})
        return ActionTypeOut.model_validate(kept.model_dump()).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command)


@router.post("/submissions", status_code=201, summary="Hand something in", response_model=SubmissionOut)
async def submit(request: Request, caller: Citizen, body: SubmissionIn, key: IdempotencyKey) -> JSONResponse:
    """Take a submission in, check it and let the rules decide."""
    return await _hand_in(request, caller, key, body, [])


@router.post(
    "/submissions/with-photos",
    status_code=201,
    summary="Hand something in with photos",
    response_model=SubmissionOut,
)
async def submit_photos(
    request: Request,
    caller: Citizen,
    body: Annotated[PhotoSubmissionIn, Form(media_type="multipart/form-data")],
    key: IdempotencyKey,
) -> JSONResponse:
    """Take a submission with up to three photos in. What a camera noted in them is read, then removed."""
    kept = await pairs.keep(services.of(request), caller.city, body.photos, body.before, body.after)
    return await _hand_in(request, caller, key, body, kept)


@router.get("/submissions", summary="What you handed in")
def mine(request: Request, caller: Citizen, before: Before = None, limit: Limit = 50) -> Paged[SubmissionOut]:
    """Return a page of your submissions."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        owner = caller.person_session.person.owner
        found = submissions.of_owner(reading, owner, before=before, limit=limit)
        items = [SubmissionOut.model_validate(present(reading, one)) for one in found]
    following = str(found[-1].submission_id) if len(found) == limit else None
    return Paged(items=items, next=following)


@router.get("/submissions/{submission_id}", summary="One submission")
def one(request: Request, caller: Citizen, submission_id: LongId) -> SubmissionOut:
    """Return one of your submissions."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = submissions.get(reading, submission_id)
        if found.owner != caller.person_session.person.owner:
            raise NotFound("submission-not-found", submission_id=submission_id)
        return SubmissionOut.model_validate(present(reading, found))


def present(reading: Reading, submission: Submission) -> dict[str, Any]:
    """Return a submission with its awards as plain JSON values."""
    awards = awarding.of_submission(reading, submission.submission_id)
    values = {name: getattr(submission, name) for name in SubmissionOut.model_fields if name != "awards"}
    return SubmissionOut.model_validate({**values, "awards": awards}).model_dump(mode="json")


async def _hand_in(
    request: Request, caller: Caller, key: str, body: _Told, kept: Sequence[StoredPicture]
) -> JSONResponse:
    person = caller.person_session.person
    new = NewSubmission(
        action=body.action,
        owner=person.owner,
        source="app",
        description=body.description,
        category=body.category,
        address=body.address,
        latitude_e6=None if body.latitude is None else round(body.latitude * 1_000_000),
        longitude_e6=None if body.longitude is None else round(body.longitude * 1_000_000),
        accuracy_m=body.accuracy_m,
        trust_level=person.trust_level.value,
        facts=body.facts if isinstance(body, SubmissionIn) else {},
        pictures=kept,
    )

    def command(work: Work) -> Mapping[str, Any]:
        return present(work, submitting.submit(work, caller.city, new)[0])

    # Two uploads of the same form differ in their boundary, so what was said is compared.
    content = body.model_dump_json(exclude={"photos", "before", "after"}).encode() + uploading.digest(kept)
    return await commanding.answer(request, caller, key, command, status=201, content=content)
