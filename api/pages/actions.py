"""Joining in: the actions, handing something in, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from api import commanding, pairs, services, timelines, uploading
from api.access import Access, Caller, Sort
from api.pages import framing, report_asking, told_facts
from identity import cards
from identity.persons import TrustLevel
from kernel.db import Work
from kernel.errors import DomainError, Invalid, NotFound
from rewards import (
    action_types,
    announcing,
    awarding,
    budgets,
    case_files,
    departments,
    evidence,
    explaining,
    occasions,
    submissions,
    submitting,
)
from rewards.action_types import ActionType
from rewards.case_files import Case
from rewards.checking import Place
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce({"handed-in": ("success", N_("Thank you! It has been handed in."))})

LIGHTS: Mapping[Status, str] = {
    Status.REVIEW: "amber",
    Status.ACCEPTED: "blue",
    Status.DONE: "green",
    Status.DECLINED: "red",
    Status.REJECTED: "red",
}
STATUS_WORDS: Mapping[Status, str] = {
    Status.REVIEW: N_("Being checked"),
    Status.ACCEPTED: N_("Accepted, in work"),
    Status.DONE: N_("Done"),
    Status.DECLINED: N_("Declined"),
    Status.REJECTED: N_("Not confirmed"),
}
PAGE = 30


@router.get("/actions")
def every(request: Request, caller: Anyone) -> Response:
    """Show what people can do for the city, and what they handed in."""
    mine: Sequence[Submission] = ()
    cases: Mapping[int, Case] = {}
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = action_types.by_code(reading)
        endings = budgets.ending(reading, caller.city)
        if caller.session is not None:
            mine = submissions.of_owner(reading, caller.session.person.owner, limit=PAGE)
            cases = case_files.of_submissions(reading, [one.submission_id for one in mine])
    standing = {one.submission_id: report_asking.standing(one, cases, LIGHTS, STATUS_WORDS) for one in mine}
    return framing.show(
        request, caller, "citizen/actions.html", actions=known.values(), mine=mine,
        titles=known, standing=standing, endings=endings,
    )  # fmt: skip


@router.get("/actions/mine/{submission_id}")
def mine(request: Request, caller: Citizen, submission_id: int) -> Response:
    """Show what became of something that was handed in."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        submission = _own(submissions.get(reading, submission_id), caller)
        history = submissions.history(reading, [submission_id])[submission_id]
        awards = awarding.of_submission(reading, submission_id)
        photos = [number for number, _ in evidence.keys_of(reading, submission_id)]
        parts = evidence.parts_of(reading, submission_id)
        action = action_types.get(reading, submission.action)
        cases = case_files.of_submissions(reading, [submission_id])
        case = cases.get(submission_id)
        steps = case_files.steps(reading, case.case_id) if case else ()
        known = departments.by_code(reading)
    translate = framing.gettext_of(request, caller).gettext
    return framing.show(
        request, caller, "citizen/submission.html", submission=submission, history=history, awards=awards,
        photos=photos, parts=parts, action=action, lights=LIGHTS, words=STATUS_WORDS, case=case,
        thanks=timelines.thanks(case, steps, known, translate, caller.language),
        standing=report_asking.standing(submission, cases, LIGHTS, STATUS_WORDS),
        why=lambda receipt: explaining.why(receipt, translate, action=action, language=caller.language),
        waiting=lambda code: explaining.waiting(code, translate),
    )  # fmt: skip


@router.get("/actions/mine/{submission_id}/photos/{evidence_id}")
def photo(request: Request, caller: Citizen, submission_id: int, evidence_id: int) -> Response:
    """Return one of your photos."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        _own(submissions.get(reading, submission_id), caller)
        keys = dict(evidence.keys_of(reading, submission_id))
    if evidence_id not in keys:
        raise NotFound("picture-not-found")
    return Response(given.evidence(caller.city).read(keys[evidence_id]), media_type="image/jpeg")


@router.get("/actions/{code}")
def form(request: Request, caller: Anyone, code: str) -> Response:
    """Show what an action is and the form to hand it in."""
    return _form(request, caller, _action(request, caller, code), {})


@router.post("/actions/{code}/card")
async def card(request: Request, caller: CitizenForm, code: str) -> Response:
    """Make the card whose code the city's portal asks for; one that is there stays."""
    person_id = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        cards.card_of(work, person_id)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/actions/{_action(request, caller, code).code}")


@router.post("/actions/{code}")
async def hand_in(  # the fields of the form
    request: Request,
    caller: CitizenForm,
    code: str,
    description: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    accuracy: Annotated[str, Form()] = "",
    similar_seen: Annotated[str, Form()] = "",
    photos: Annotated[list[UploadFile] | None, File()] = None,
    before: Annotated[UploadFile | None, File()] = None,
    after: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Hand something in; who reports is asked once whether it is one of the open reports nearby."""
    fields = await request.form()
    typed = {"description": description, "category": category, "address": address, **told_facts.typed(fields)}
    typed |= {"latitude": latitude, "longitude": longitude, "accuracy": accuracy}
    action = _action(request, caller, code)
    try:
        place = _place(latitude, longitude)
        asked = report_asking.asked(request, caller, action, category, place, address)
        if asked and not similar_seen:
            return _form(request, caller, action, typed, similar=asked)
        _check_findable(action, description, address, place, [*(photos or []), before, after])
        kept = await pairs.keep(services.of(request), caller.city, photos or [], before, after)
        new = NewSubmission(
            action=action.code,
            owner=caller.person_session.person.owner,
            source="app",
            description=description,
            category=category or None,
            address=address.strip() or None,
            latitude_e6=_micro(latitude, "latitude"),
            longitude_e6=_micro(longitude, "longitude"),
            accuracy_m=_metres(accuracy),
            trust_level=TrustLevel(caller.person_session.person.trust_level).value,
            facts=told_facts.read(action, fields),
            pictures=kept,
        )

        def command(work: Work) -> Mapping[str, Any]:
            submission, _ = submitting.submit(work, caller.city, new)
            return {"submission_id": submission.submission_id}

        answer = await commanding.perform_form(request, caller, command, content=uploading.digest(kept))
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _form(request, caller, action, typed, status=422, errors=errors)
    return framing.go(f"/actions/mine/{answer['submission_id']}", "handed-in")


def _action(request: Request, caller: Caller, code: str) -> ActionType:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return action_types.get(reading, code)


def _form(
    request: Request,
    caller: Caller,
    action: ActionType,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    similar: Mapping[str, Any] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        endings = announcing.of_action(reading, caller.city, action.code)
        coming = occasions.coming(reading, action.code)
        card = cards.find(reading, caller.session.person.person_id) if caller.session else None
    return framing.show(
        request, caller, "citizen/action.html", status=status, typed=typed, endings=endings,
        errors=errors or [], by_field=dict(errors or []), signed_in=caller.session is not None,
        occasions=coming, now=services.of(request).database.clock.now(),
        card=cards.shown(card) if card else None,
        is_report=departments.is_report(action), **{"similar": (), **(similar or {}), "action": action},
    )  # fmt: skip


def _own(submission: Submission, caller: Caller) -> Submission:
    if submission.owner != caller.person_session.person.owner:
        raise NotFound("submission-not-found", submission_id=submission.submission_id)
    return submission


def _micro(text: str, name: str) -> int | None:
    """Return degrees as microdegrees; nothing if the field is empty. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return round(float(text) * 1_000_000)
    except (ValueError, OverflowError):
        raise Invalid("place-unreadable", field=name) from None


def _place(latitude: str, longitude: str) -> Place | None:
    """Return the place in the form; None if it has none, or half of one."""
    north, east = _micro(latitude, "latitude"), _micro(longitude, "longitude")
    return None if north is None or east is None else Place(north, east)


def _check_findable(
    action: ActionType,
    description: str,
    address: str,
    place: Place | None,
    files: Sequence[UploadFile | None],
) -> None:
    """Raise Invalid for what nobody could check: without words, photo or place."""
    told = description.strip() or address.strip() or place
    sent = any(one is not None and one.filename for one in files)
    if (action.needs_place or action.needs_photo) and not action.needs_description and not told and not sent:
        raise Invalid("place-or-photo-missing", field="address")


def _metres(text: str) -> int | None:
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return None
