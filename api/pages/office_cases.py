"""A department's work list: take a report, finish it, decline it, pass it on, open it again, release it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from api import commanding, services, timelines, uploading
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.reports import STATES
from api.timelines import LIGHTS, WORDS
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid, NotFound
from rewards import (
    action_types,
    case_files,
    departments,
    evidence,
    explaining,
    handling,
    publishing,
    submissions,
)
from rewards.case_files import Wanted
from rewards.cases import Event, Light, Reason
from rewards.handling import Handled
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/cases")
CaseWorker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
CaseWorkerForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, form=True))]

PAGE = 30
NOBODY = "-"
"""In the address: reports that go to no department yet."""
STEPS = frozenset({Event.TAKE, Event.DONE, Event.DECLINE, Event.FORWARD, Event.REOPEN})
framing.announce(
    {
        "case-take": ("success", N_("It is in work now; everybody sees that.")),
        "case-done": ("success", N_("Done. Points that were pending have been given.")),
        "case-decline": ("success", N_("Declined. Points that were pending went back.")),
        "case-forward": ("success", N_("Passed on.")),
        "case-reopen": ("success", N_("It is open again. Points stay as they are.")),
        "case-released": ("success", N_("Everybody sees this now.")),
        "case-hidden": ("success", N_("The words and photos are hidden.")),
    }
)


@router.get("")
def work_list(
    request: Request,
    caller: CaseWorker,
    department: str = "",
    status: str = "open",
    before: int | None = None,
) -> Response:
    """Show a department's reports, newest first."""
    lights = STATES[status][1] if status in STATES else frozenset[Light]()
    wanted = Wanted(department={"": None, NOBODY: ""}.get(department, department), lights=lights)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = case_files.page(reading, wanted, before=before, limit=PAGE)
        known = departments.every(reading)
        counts = {one.code: case_files.counts(reading, one.code) for one in known}
        titles = action_types.by_code(reading)
        quarters = case_files.district_names(reading)
    older = None
    if len(found) == PAGE:
        older = f"/office/cases?department={department}&status={status}&before={found[-1].case_id}"
    return framing.show(
        request, caller, "office/cases.html", area=Area.OFFICE, cases=found, departments=known, counts=counts,
        titles=titles, quarters=quarters, chosen={"department": department, "status": status}, states=STATES,
        lights=LIGHTS, words=WORDS, older=older,
    )  # fmt: skip


@router.get("/{case_id}")
def one(request: Request, caller: CaseWorker, case_id: int) -> Response:
    """Show one report with all that helps to work on it."""
    return _page(request, caller, case_id)


@router.post("/{case_id}/release")
async def release(
    request: Request,
    caller: CaseWorkerForm,
    case_id: int,
    words: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    photos: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """Show the reporter's words and the chosen photos to everybody; without words, hide them."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        publishing.release(
            work, case_id, words=words, address=address, photos=photos or [], releaser_owner=owner
        )
        shown = "case-release" if words.strip() else "case-hide"
        auditing.record(work, caller.scope, shown, f"case/{case_id}", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, case_id, errors=framing.field_errors(request, caller, error))
    notice = "case-released" if words.strip() else "case-hidden"
    return framing.go(f"/office/cases/{case_id}", notice)


@router.post("/{case_id}/{step}")
async def move(  # the fields of the forms
    request: Request,
    caller: CaseWorkerForm,
    case_id: int,
    step: str,
    note: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    photo: Annotated[UploadFile | None, File()] = None,
    looked: Annotated[str, Form()] = "",
) -> Response:
    """Do one step. A picture on which somebody may be recognised is public only if its sender has looked."""
    if step not in {one.value for one in STEPS}:
        raise NotFound("page-not-found")
    person = caller.person_session.person
    try:
        kept = await uploading.keep(services.of(request), caller.city, [photo] if photo else [])
        if not looked and not all(one.picture.sure for one in kept):
            raise Invalid("picture-people-possible", field="photo")
        handled = Handled(
            event=Event(step),
            staff_id=person.person_id,
            staff_owner=person.owner,
            note=note,
            reason=_reason(reason),
            department=department or None,
            photo_key=kept[0].key if kept else None,
        )

        def command(work: Work) -> Mapping[str, Any]:
            handling.handle(work, caller.city, case_id, handled)
            auditing.record(work, caller.scope, f"case-{step}", f"case/{case_id}", {})
            return {}

        await commanding.perform_form(request, caller, command, content=uploading.digest(kept))
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, case_id, errors=errors, typed={step: note})
    return framing.go(f"/office/cases/{case_id}", f"case-{step}")


def _reason(text: str) -> Reason | None:
    if not text:
        return None
    if text not in set(Reason):
        raise Invalid("decline-reason-missing", field="reason")
    return Reason(text)


def _page(
    request: Request,
    caller: Caller,
    case_id: int,
    *,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    # `typed` are the notes of refused steps.
    translate = framing.gettext_of(request, caller).gettext
    with services.of(request).database.reading(caller.city.city_id) as reading:
        case = case_files.get(reading, case_id)
        steps = case_files.steps(reading, case_id)
        known = departments.by_code(reading)
        action = action_types.get(reading, case.action)
        submission = submissions.get(reading, case.submission_id) if case.submission_id else None
        photos = [number for number, _ in evidence.keys_of(reading, case.submission_id or 0)]
        district = case_files.district_names(reading).get(case.district or "")
    reasons = explaining.decline_reasons(translate)
    return framing.show(
        request, caller, "office/case.html", area=Area.OFFICE, status=409 if errors else 200, case=case,
        lines=timelines.lines(steps, known, translate, caller.language), departments=known, action=action,
        submission=submission, photos=photos, district=district, lights=LIGHTS, words=WORDS,
        reasons=[(one.value, reasons[one.value]) for one in Reason], errors=errors or [],
        by_field=dict(errors or []), typed=typed or {},
        own=submission is not None and submission.owner == caller.person_session.person.owner,
    )  # fmt: skip
