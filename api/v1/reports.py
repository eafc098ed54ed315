"""Public reports over the API: what was reported, what became of it, and what other systems tell of it."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1 import actions
from api.v1.actions import SubmissionOut
from api.v1.shapes import Before, In, Limit, Out, Paged
from identity import auditing
from identity.clients import Scope
from identity.persons import TrustLevel
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import Forbidden
from rewards import action_types, case_files, confirming, departments, handling, similar
from rewards.case_files import Case, Wanted
from rewards.cases import Event, Light, Reason
from rewards.checking import Place
from rewards.handling import Handled, Told

router = APIRouter(tags=["reports"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CaseWorker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
CitySystem = Annotated[Caller, Depends(Access(Sort.CLIENT))]
Reference = Annotated[
    str, Path(max_length=20, examples=["K7Q29MXT"], description="The number on the report's page")
]
Code = Annotated[str | None, Query(max_length=60)]


class PlaceOut(Out):
    """A place, rounded to about ten metres, to a hundred while the words are not released."""

    latitude: float = Field(examples=[51.434])
    longitude: float = Field(examples=[6.762])


class ReportOut(Out):
    """A report as everybody sees it: nothing says who reported it."""

    reference: str = Field(examples=["K7Q29MXT"])
    action: str = Field(examples=["litter-report"])
    category: str | None = Field(examples=["dumping"])
    district: str | None = Field(examples=["mitte"])
    department: str | None = Field(examples=["wirtschaftsbetriebe"])
    status: Light = Field(examples=["in-work"])
    reason: Reason | None = Field(description="Why it was declined", examples=[None])
    words: str | None = Field(description="The reporter's own, once released by a case worker")
    address: str | None = Field(description="The same")
    photos: list[str] = Field(description="Addresses of released photos")
    place: PlaceOut | None
    confirmations: int = Field(description="By how many others", examples=[2])
    reported_at: dt.datetime
    closed_at: dt.datetime | None


class StepOut(Out):
    """One line of a timeline."""

    event: Event = Field(examples=["take"])
    status: Light = Field(description="After it", examples=["in-work"])
    happened_at: dt.datetime
    reason: Reason | None = Field(examples=[None])
    note: str = Field(examples=["Der Sperrmüll wird morgen abgeholt."])
    department: str | None = Field(examples=["wirtschaftsbetriebe"])
    photo: str | None = Field(description="Address of a picture of the place afterwards", examples=[None])
    applied: bool = Field(description="False: told too late, it changed nothing", examples=[True])


class ReportWithTimelineOut(ReportOut):
    """A report with what happened to it."""

    timeline: list[StepOut]


class SimilarOut(Out):
    """An open report nearby."""

    report: ReportOut
    distance_m: int | None = Field(description="Rounded to tens", examples=[40])


class DepartmentOut(Out):
    """An office or a company that looks after reports."""

    code: str = Field(examples=["wirtschaftsbetriebe"])
    names: dict[str, str] = Field(examples=[{"de": "Wirtschaftsbetriebe", "en": "Waste company"}])
    contact: str = Field(examples=["0203 283-3000"])
    categories: list[str] = Field(
        description="`action/category` of what goes to it; without category: everything else",
        examples=[["litter-report/dumping"]],
    )


class StepIn(In):
    """What a department does with a report; the note is public."""

    step: Literal["take", "done", "decline", "forward", "reopen"] = Field(examples=["done"])
    note: str = Field(default="", max_length=500, examples=["Abgeholt."])
    reason: Reason | None = Field(default=None, description="Needed to decline", examples=[None])
    department: str | None = Field(default=None, max_length=60, description="Needed to forward")


class EventIn(In):
    """What another system tells of a report. Events may come late, twice and in any order."""

    event_id: str = Field(
        min_length=1, max_length=100, description="Its number in that system", examples=["WBD-2026-4711"]
    )
    event: Literal["take", "done", "decline"] = Field(examples=["done"])
    happened_at: AwareDatetime = Field(examples=["2026-05-04T10:00:00Z"])
    note: str = Field(default="", max_length=500, description="Public", examples=["Abgeholt."])
    reason: Reason | None = Field(default=None, description="Needed to decline", examples=[None])


class EventOut(Out):
    """What became of an event."""

    applied: bool = Field(description="False: it came too late or did not fit; it is history only")
    report: ReportOut


@router.get("/reports", summary="Public reports")
def every(
    request: Request,
    caller: Anyone,
    action: Code = None,
    category: Code = None,
    district: Code = None,
    department: Code = None,
    status: Light | None = None,
    before: Before = None,
    limit: Limit = 50,
) -> Paged[ReportOut]:
    """Return a page of reports, newest first."""
    lights = frozenset({status}) if status else frozenset[Light]()
    wanted = Wanted(action, category, district, department or None, lights)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = case_files.page(reading, wanted, before=before, limit=limit)
    following = str(found[-1].case_id) if len(found) == limit else None
    return Paged(items=[_report(one) for one in found], next=following)


@router.get("/reports/near", summary="Is it one of these?")
def near(  # one parameter for each thing that may be asked
    request: Request,
    caller: Anyone,
    action: Annotated[str, Query(max_length=60, examples=["litter-report"])],
    latitude: Annotated[float, Query(ge=-90, le=90, examples=[51.434])],
    longitude: Annotated[float, Query(ge=-180, le=180, examples=[6.762])],
    category: Code = None,
) -> list[SimilarOut]:
    """Return open reports within 250 metres, the nearest first: confirm one instead of reporting it again."""
    place = Place(round(latitude * 1_000_000), round(longitude * 1_000_000))
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = action_types.get(reading, action)
        found = similar.find(reading, known.code, category, place)
    return [SimilarOut(report=_report(one.case), distance_m=one.distance_m) for one in found]


@router.get("/reports/{reference}", summary="One report")
def one(request: Request, caller: Anyone, reference: Reference) -> ReportWithTimelineOut:
    """Return a report with its timeline."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        case = case_files.by_reference(reading, reference)
        steps = case_files.steps(reading, case.case_id)
    timeline = [
        StepOut(
            event=step.event,
            status=step.light,
            happened_at=step.happened_at,
            reason=step.reason,
            note=step.note,
            department=step.department,
            photo=f"/reports/{case.reference}/after/{step.step_id}" if step.photo_key else None,
            applied=step.applied,
        )
        for step in steps
    ]
    return ReportWithTimelineOut(**_report(case).model_dump(), timeline=timeline)


@router.post(
    "/reports/{reference}/confirmations",
    status_code=201,
    summary="Confirm somebody else's report",
    response_model=SubmissionOut,
)
async def confirm(
    request: Request, caller: Citizen, reference: Reference, key: IdempotencyKey
) -> JSONResponse:
    """Say that you have seen the same; again it is the same confirmation. Never for your own report."""
    person = caller.person_session.person

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        trust = TrustLevel(person.trust_level).value
        made = confirming.confirm(work, caller.city, case.case_id, person.owner, trust)
        return actions.present(work, made)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/reports/{reference}/withdrawal", summary="Take your report back", response_model=ReportOut)
async def withdraw(
    request: Request, caller: Citizen, reference: Reference, key: IdempotencyKey
) -> JSONResponse:
    """Hide words and photos, and give pending points back. If others confirmed it, it goes on without you."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        return _plain(handling.withdraw(work, caller.city, case.case_id, owner))

    return await commanding.answer(request, caller, key, command)


@router.post("/reports/{reference}/steps", summary="Work on a report", response_model=ReportOut)
async def move(
    request: Request, caller: CaseWorker, reference: Reference, body: StepIn, key: IdempotencyKey
) -> JSONResponse:
    """Take it, finish it, decline it, pass it on, open it again; pending points follow, once."""
    person = caller.person_session.person

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        handled = Handled(
            Event(body.step), person.person_id, person.owner, body.note, body.reason, body.department
        )
        moved = handling.handle(work, caller.city, case.case_id, handled)
        auditing.record(work, caller.scope, f"case-{body.step}", f"case/{case.case_id}", {})
        return _plain(moved)

    return await commanding.answer(request, caller, key, command)


@router.post("/reports/{reference}/events", summary="Tell of a report", response_model=EventOut)
async def event(
    request: Request, caller: CitySystem, reference: Reference, body: EventIn, key: IdempotencyKey
) -> JSONResponse:
    """Take in what another system knows. An event older than what is known is history and moves nothing."""
    client = caller.client
    if client is not None and Scope.REPORT_ACTIONS not in client.scopes:
        raise Forbidden("wrong-scope")

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        told = Told(Event(body.event), caller.scope, body.event_id, body.happened_at, body.note, body.reason)
        moved, applied = handling.told(work, caller.city, case.case_id, told)
        auditing.record(work, caller.scope, f"case-{body.event}", f"case/{case.case_id}", {})
        return {"applied": applied, "report": _plain(moved)}

    return await commanding.answer(request, caller, key, command)


@router.get("/departments", summary="Who looks after what")
def looked_after(request: Request, caller: Anyone) -> list[DepartmentOut]:
    """Return the departments that take reports."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [
            DepartmentOut(
                code=one.code,
                names=dict(one.names),
                contact=one.contact,
                categories=_categories(reading, one.code),
            )
            for one in departments.every(reading)
            if one.active
        ]


def _categories(reading: Reading, code: str) -> list[str]:
    return [
        f"{route.action}/{route.category}".rstrip("/")
        for route in departments.routes(reading)
        if route.department == code
    ]


def _report(case: Case) -> ReportOut:
    place = case.public_place
    return ReportOut(
        reference=case.reference,
        action=case.action,
        category=case.category,
        district=case.district,
        department=case.department,
        status=case.light,
        reason=case.reason,
        words=case.words,
        address=case.address,
        photos=[f"/reports/{case.reference}/photos/{number}" for number in case.photos],
        place=PlaceOut(latitude=place.latitude_e6 / 1e6, longitude=place.longitude_e6 / 1e6)
        if place
        else None,
        confirmations=case.confirmations,
        reported_at=case.opened_at,
        closed_at=case.closed_at,
    )


def _plain(case: Case) -> dict[str, Any]:
    return _report(case).model_dump(mode="json")
