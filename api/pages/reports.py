"""Public reports: what was reported where, and what became of it. Nothing here says who reported it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from api import commanding, services, timelines
from api.access import Access, Caller, Sort
from api.pages import framing
from api.timelines import LIGHTS, WORDS
from identity.persons import TrustLevel
from kernel.db import Reading, Work
from kernel.errors import DomainError, NotFound
from rewards import action_types, case_files, confirming, departments, evidence, handling, similar
from rewards import submissions as handed_in
from rewards.action_types import ActionType
from rewards.case_files import Case, Wanted
from rewards.cases import Light
from rewards.checking import Place
from rewards.similar import Similar
from web.marking import N_
from web.templating import Notice

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
AnyoneForm = Annotated[Caller, Depends(Access(Sort.ANYONE, form=True))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

PAGE = 20
STATES: Mapping[str, tuple[str, frozenset[Light]]] = {
    "open": (N_("Received or in work"), frozenset({Light.RECEIVED, Light.IN_WORK})),
    **{light.value: (WORDS[light], frozenset({light})) for light in Light if light is not Light.WITHDRAWN},
}
"""What a list can be narrowed to."""
_SHOWN = frozenset(Light) - {Light.WITHDRAWN}
framing.announce(
    {
        "report-confirmed": ("success", N_("Thank you! Your confirmation counts.")),
        "report-withdrawn": ("success", N_("You took the report back.")),
    }
)


@dataclass(frozen=True, slots=True)
class Mine:
    """What a report is to the reader."""

    reported: bool = False
    confirmed: bool = False


@router.get("/reports")
def every(
    request: Request,
    caller: Anyone,
    kind: str = "",
    district: str = "",
    status: str = "",
    before: int | None = None,
) -> Response:
    """Show what was reported, narrowed to a kind (`action/category`), a district and a status."""
    action, _, category = kind.partition("/")
    lights = STATES[status][1] if status in STATES else _SHOWN
    wanted = Wanted(action or None, category or None, district or None, None, lights)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        types = departments.report_types(reading)
        quarters = case_files.district_names(reading)
        found = case_files.page(reading, wanted, before=before, limit=PAGE)
        counts = case_files.counts(reading)
        titles = action_types.by_code(reading)
    older = None
    if len(found) == PAGE:
        older = f"/reports?kind={kind}&district={district}&status={status}&before={found[-1].case_id}"
    return framing.show(
        request, caller, "citizen/reports.html", reports=found, counts=counts, types=types, quarters=quarters,
        chosen={"kind": kind, "district": district, "status": status}, states=STATES, titles=titles,
        lights=LIGHTS, words=WORDS, older=older,
    )  # fmt: skip


@router.get("/actions/report-confirmation")
def instead(_: Anyone) -> Response:
    """Lead who wants to confirm something to what can be confirmed."""
    return RedirectResponse("/reports?status=open", 303)


@router.post("/reports/near")
def near(
    request: Request,
    caller: AnyoneForm,
    action: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = "",
    latitude: Annotated[float | None, Form(ge=-90, le=90)] = None,
    longitude: Annotated[float | None, Form(ge=-180, le=180)] = None,
) -> Response:
    """Return the part of the form that asks whether it is one of these; a script puts it in."""
    place = None
    if latitude is not None and longitude is not None:
        place = Place(round(latitude * 1_000_000), round(longitude * 1_000_000))
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = action_types.get(reading, action)
        found = similar.find(reading, known.code, category or None, place)
        return framing.show(
            request, caller, "citizen/_similar.html", **shown(reading, caller, known, found)
        )  # fmt: skip


def shown(reading: Reading, caller: Caller, action: ActionType, found: list[Similar]) -> dict[str, Any]:
    """Return what `citizen/_similar.html` needs to show similar reports to this reader."""
    mine = {one.case.case_id: _mine(reading, caller, one.case) for one in found}
    return {"similar": found, "action": action, "mine": mine, "case_lights": LIGHTS, "case_words": WORDS}


@router.get("/reports/{reference}")
def one(request: Request, caller: Anyone, reference: str) -> Response:
    """Show one report."""
    return _page(request, caller, reference)


@router.get("/reports/{reference}/photos/{evidence_id}")
def photo(request: Request, _: Anyone, reference: str, evidence_id: int) -> Response:
    """Return a photo that a case worker has released."""
    given = services.of(request)
    city = given.city_of(request.url.hostname or "")
    with given.database.reading(city.city_id) as reading:
        case = case_files.by_reference(reading, reference)
        keys = dict(evidence.keys_of(reading, case.submission_id)) if case.submission_id else {}
    if evidence_id not in case.photos or evidence_id not in keys:
        raise NotFound("picture-not-found")
    return Response(given.evidence(city).read(keys[evidence_id]), media_type="image/jpeg")


@router.get("/reports/{reference}/after/{step_id}")
def after(request: Request, _: Anyone, reference: str, step_id: int) -> Response:
    """Return the picture of the place afterwards."""
    given = services.of(request)
    city = given.city_of(request.url.hostname or "")
    with given.database.reading(city.city_id) as reading:
        case = case_files.by_reference(reading, reference)
        keys = {step.step_id: step.photo_key for step in case_files.steps(reading, case.case_id)}
    key = keys.get(step_id)
    if key is None:
        raise NotFound("picture-not-found")
    return Response(given.evidence(city).read(key), media_type="image/jpeg")


@router.post("/reports/{reference}/confirm")
async def confirm(request: Request, caller: CitizenForm, reference: str) -> Response:
    """Say that one has seen the same."""
    person = caller.person_session.person

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        trust = TrustLevel(person.trust_level).value
        confirming.confirm(work, caller.city, case.case_id, person.owner, trust)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        _, sentence = framing.field_errors(request, caller, error)[0]
        return _page(request, caller, reference, status=409, notice=Notice("danger", sentence))
    return framing.go(f"/reports/{reference}", "report-confirmed")


@router.get("/reports/{reference}/withdraw")
def ask_withdraw(request: Request, caller: Citizen, reference: str) -> Response:
    """Ask whether the report is to be taken back."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        case = case_files.by_reference(reading, reference)
        if not _mine(reading, caller, case).reported:
            raise NotFound("report-not-found")
    return framing.show(request, caller, "citizen/report_withdraw.html", case=case)


@router.post("/reports/{reference}/withdraw")
async def withdraw(request: Request, caller: CitizenForm, reference: str) -> Response:
    """Take one's own report back."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        case = case_files.by_reference(work, reference)
        handling.withdraw(work, caller.city, case.case_id, owner)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        _, sentence = framing.field_errors(request, caller, error)[0]
        return _page(request, caller, reference, status=409, notice=Notice("danger", sentence))
    return framing.go(f"/reports/{reference}", "report-withdrawn")


def _mine(reading: Reading, caller: Caller, case: Case) -> Mine:
    if caller.session is None:
        return Mine()
    owner = caller.session.person.owner
    reported = case.submission_id is not None and handed_in.get(reading, case.submission_id).owner == owner
    return Mine(reported, confirming.find(reading, case.case_id, owner) is not None)


def _page(
    request: Request, caller: Caller, reference: str, *, status: int = 200, notice: Notice | None = None
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        case = case_files.by_reference(reading, reference)
        steps = case_files.steps(reading, case.case_id)
        known = departments.by_code(reading)
        action = action_types.get(reading, case.action)
        district = case_files.district_names(reading).get(case.district or "")
        mine = _mine(reading, caller, case)
    translate = framing.gettext_of(request, caller).gettext
    return framing.show(
        request, caller, "citizen/report.html", status=status, notice=notice, case=case, action=action,
        lines=timelines.lines(steps, known, translate, caller.language), district=district, mine=mine,
        department=known.get(case.department or ""), lights=LIGHTS, words=WORDS,
        signed_in=caller.session is not None,
    )  # fmt: skip
