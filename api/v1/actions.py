"""Action types and submissions, by citizens and by other systems of the city."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, services, uploading
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import Before, IdText, In, Limit, LongId, Out, Paged
from identity import auditing, persons
from identity.clients import Scope
from kernel.db import Reading, Work
from kernel.errors import Forbidden, NotFound
from rewards import action_types, awarding, reviewing, submissions, submitting
from rewards.submissions import Submission
from rewards.submitting import NewSubmission, StoredPicture

router = APIRouter(tags=["actions"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitySystem = Annotated[Caller, Depends(Access(Sort.CLIENT))]


class ActionTypeOut(Out):
    """Something that people can do for the city."""

    code: str = Field(examples=["litter-report"])
    active: bool
    names: dict[str, str] = Field(examples=[{"de": "Müll melden", "en": "Report litter"}])
    descriptions: dict[str, str]
    needs_photo: bool
    needs_place: bool
    other_route: dict[str, str] = Field(description="The way without photo, map or smartphone")


class SubmissionIn(In):
    """What somebody did."""

    action: str = Field(examples=["suggestion"])
    description: str = Field(default="", max_length=8000, examples=["Ein Trinkbrunnen am Sonnenwall."])
    category: str | None = Field(default=None, examples=["services"])
    address: str | None = Field(default=None, examples=["Königstraße 10"])
    latitude: float | None = Field(default=None, ge=-90, le=90, examples=[51.434])
    longitude: float | None = Field(default=None, ge=-180, le=180, examples=[6.762])
    accuracy_m: int | None = Field(default=None, ge=0, le=100_000, examples=[8])


class PhotoSubmissionIn(SubmissionIn):
    """What somebody did, with photos of it, as a form with files."""

    photos: list[UploadFile] = Field(
        description="Up to three, as JPEG, PNG or WebP, 12 MB each", examples=[["litter.jpg"]]
    )


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


class ActionEvent(In):
    """Another system tells that somebody did something."""

    owner: str = Field(description="Reference from the person's account page", examples=["9f86d081884c7d65"])
    action: str = Field(examples=["application-completed"])
    case_id: str = Field(min_length=1, max_length=80, examples=["wohnsitz/2026-118213"])
    facts: dict[str, bool | int | str] = Field(default_factory=dict, examples=[{"complete": True}])


class OutcomeEvent(In):
    """Another system tells what became of a case."""

    action: str = Field(examples=["application-completed"])
    case_id: str = Field(min_length=1, max_length=80, examples=["wohnsitz/2026-118213"])
    confirmed: bool = Field(examples=[True])
    reason: str = Field(default="", max_length=500)


@router.get("/action-types", summary="What people can do")
def types(request: Request, caller: Anyone) -> list[ActionTypeOut]:
    """Return all action types."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [ActionTypeOut.model_validate(one) for one in action_types.every(reading)]


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
    kept = await uploading.keep(services.of(request), caller.city, body.photos)
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


@router.post("/events/actions", status_code=201, summary="Report an action", response_model=SubmissionOut)
async def event(request: Request, caller: CitySystem, body: ActionEvent, key: IdempotencyKey) -> JSONResponse:
    """Take in what another system saw. The same case again gives the first answer and no more points."""
    _check_scope(caller)

    def command(work: Work) -> Mapping[str, Any]:
        person = persons.by_owner(work, body.owner)
        new = NewSubmission(
            action=body.action,
            owner=person.owner,
            source="portal",
            evidence_key=f"case/{body.case_id}",
            trust_level=person.trust_level.value,
            facts=body.facts,
        )
        return present(work, submitting.submit(work, caller.city, new)[0])

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/events/outcomes", summary="Report an outcome", response_model=SubmissionOut)
async def outcome(
    request: Request, caller: CitySystem, body: OutcomeEvent, key: IdempotencyKey
) -> JSONResponse:
    """Confirm pending points or give them back."""
    _check_scope(caller)

    def command(work: Work) -> Mapping[str, Any]:
        found = submissions.by_evidence(work, body.action, f"case/{body.case_id}")
        if found is None:
            raise NotFound("submission-not-found", case_id=body.case_id)
        decide = reviewing.confirm if body.confirmed else reviewing.reject
        decided = decide(work, caller.city, found.submission_id, reviewer_id=None, reason=body.reason)
        auditing.record(
            work,
            caller.scope,
            "submission-confirm" if body.confirmed else "submission-reject",
            f"submission/{found.submission_id}",
            {},
        )
        return present(work, decided)

    return await commanding.answer(request, caller, key, command)


def present(reading: Reading, submission: Submission) -> dict[str, Any]:
    """Return a submission with its awards as plain JSON values."""
    awards = awarding.of_submission(reading, submission.submission_id)
    values = {name: getattr(submission, name) for name in SubmissionOut.model_fields if name != "awards"}
    return SubmissionOut.model_validate({**values, "awards": awards}).model_dump(mode="json")


async def _hand_in(
    request: Request, caller: Caller, key: str, body: SubmissionIn, kept: Sequence[StoredPicture]
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
        pictures=kept,
    )

    def command(work: Work) -> Mapping[str, Any]:
        return present(work, submitting.submit(work, caller.city, new)[0])

    # Two uploads of the same form differ in their boundary, so what was said is compared.
    content = body.model_dump_json(exclude={"photos"}).encode() + uploading.digest(kept)
    return await commanding.answer(request, caller, key, command, status=201, content=content)


def _check_scope(caller: Caller) -> None:
    if caller.client is not None and Scope.REPORT_ACTIONS not in caller.client.scopes:
        raise Forbidden("wrong-scope")
