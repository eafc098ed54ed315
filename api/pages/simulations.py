"""Trying a version of a rule on the past: asking for it, watching it, reading and keeping what came out."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from babel import dates
from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from api import commanding, sentences, services
from api.access import Access, Caller
from api.pages import framing, simulation_charts
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid, NotFound
from rewards import districts, programme, simulation_csv, simulations
from rewards.rehearsing import Window
from rewards.simulations import FILE_BYTES_MAX, Simulation, State
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
TryingForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, Role.APPROVER, form=True))]

STATE_WORDS: Mapping[State, tuple[str, str]] = {
    State.WAITING: ("info", N_("Waits")),
    State.RUNNING: ("info", N_("Runs")),
    State.DONE: ("success", N_("Done")),
    State.FAILED: ("danger", N_("Failed")),
    State.CANCELLED: ("warning", N_("Cancelled")),
}
CAP_WORDS = {
    "cap-day": N_("Limit of a day reached"),
    "cap-month": N_("Limit of a month reached"),
    "cap-points-month": N_("Month's points used up"),
    "awarded-in-part": N_("Only the rest of the month's points"),
}
GROUP_WORDS = {
    "district": N_("By district of the contribution"),
    "home": N_("By home district, as people say"),
    "age": N_("By age, as people say"),
    "source": N_("By way of handing in"),
    "trust": N_("By trust level"),
    "activity": N_("By number of contributions"),
}
VALUE_WORDS = {
    "": N_("Not said"),
    "*": N_("Others together"),
    "under-14": N_("under 14"),
    "14-17": N_("14 to 17"),
    "18-26": N_("18 to 26"),
    "27-64": N_("27 to 64"),
    "65-plus": N_("65 and older"),
    "app": N_("In the app"),
    "desk": N_("At the desk"),
    "portal": N_("From the city's portal"),
    "open311": N_("Taken over from another system"),
    "anonymous": N_("Anonymous"),
    "basic": N_("Basic"),
    "verified": N_("Verified"),
    "1": N_("1 contribution"),
    "2-5": N_("2 to 5 contributions"),
    "6-20": N_("6 to 20 contributions"),
    "21+": N_("21 contributions and more"),
}
framing.announce({"simulation-cancelled": ("info", N_("The simulation was cancelled."))})


@router.get("/{version_hash}/simulation")
def ask(request: Request, caller: Office, version_hash: str) -> Response:
    """Show the form, and what was simulated before."""
    return _form(request, caller, version_hash)


@router.post("/{version_hash}/simulation")
async def start(
    request: Request,
    caller: TryingForm,
    version_hash: str,
    source: Annotated[str, Form()] = "past",
    first: Annotated[str, Form()] = "",
    last: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Ask for a simulation; the worker takes it up."""
    author = caller.person_session.person.person_id
    try:
        content = await file.read(FILE_BYTES_MAX + 1) if source == "file" and file else None
        if source == "file" and not content:
            raise Invalid("file-missing", field="file")
        window = Window() if content else Window(_day(first, "first"), _day(last, "last"))

        def command(work: Work) -> Mapping[str, Any]:
            made = simulations.ask(work, version_hash, author, window, content)
            auditing.record(work, caller.scope, "rule-simulation-asked", f"rule/{version_hash}", {})
            return {"simulation_id": str(made.simulation_id)}

        done = await commanding.perform_form(request, caller, command, content=content or b"")
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        typed = {"source": source, "first": first, "last": last}
        return _form(request, caller, version_hash, status=422, errors=errors, typed=typed)
    return framing.go(f"/office/rules/simulations/{done['simulation_id']}")


@router.get("/simulations/{simulation_id}")
def one(request: Request, caller: Office, simulation_id: int) -> Response:
    """Show how far it is, or what came out."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = simulations.get(reading, simulation_id)
        rule = programme.get(reading, found.version_hash)
        names = districts.names(reading)
    partial = request.headers.get("hx-request") == "true"
    if partial and not found.is_open:
        return Response(headers={"HX-Refresh": "true"})
    return framing.show(
        request, caller, "office/_simulation_progress.html" if partial else "office/simulation.html",
        area=Area.OFFICE, simulation=found, rule=rule, report=found.report, states=STATE_WORDS,
        fault=_fault(request, caller, found), cap_words=CAP_WORDS, group_words=GROUP_WORDS,
        value_words=VALUE_WORDS, names=names, day_of=dt.date.fromisoformat,
        label_of=lambda start: _label(caller.language, found, start),
        line_fault=lambda fault: _line_fault(request, caller, fault),
        chart=simulation_charts.drawn(found.report["series"]["rows"]) if found.report else None,
        may_try=caller.has(Role.RULE_EDITOR, Role.APPROVER),
    )  # fmt: skip


@router.post("/simulations/{simulation_id}/cancel")
async def cancel(request: Request, caller: TryingForm, simulation_id: int) -> Response:
    """End a simulation without a report."""

    def command(work: Work) -> Mapping[str, Any]:
        return {"version_hash": simulations.cancel(work, simulation_id).version_hash}

    done = await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/rules/{done['version_hash']}/simulation", "simulation-cancelled")


@router.get("/simulations/{simulation_id}/report.csv")
def table(request: Request, caller: Office, simulation_id: int) -> Response:
    """Return the report for a spreadsheet. Raises NotFound as long as there is none."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = simulations.get(reading, simulation_id)
    if found.report is None:
        raise NotFound("simulation-not-found")
    name = f"duiscoin-simulation-{found.version_hash[:10]}.csv"
    return Response(
        simulation_csv.written(found.report).encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _form(
    request: Request,
    caller: Caller,
    version_hash: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        rule = programme.get(reading, version_hash)
        earlier = _earlier(reading, version_hash)
    return framing.show(
        request, caller, "office/simulation_form.html", area=Area.OFFICE, status=status, rule=rule,
        earlier=earlier, states=STATE_WORDS, errors=errors or [], by_field=dict(errors or []),
        typed=typed or {}, may_try=caller.has(Role.RULE_EDITOR, Role.APPROVER),
    )  # fmt: skip


def _label(language: str, found: Simulation, start: str) -> str:
    """Return a day or a month in short, for the chart."""
    monthly = found.report is not None and found.report["series"]["unit"] == "month"
    return dates.format_skeleton("MMMy" if monthly else "MMMd", dt.date.fromisoformat(start), locale=language)


def _earlier(reading: Reading, version_hash: str) -> list[Simulation]:
    return simulations.of_version(reading, version_hash)


def _day(text: str, field: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("day-invalid", field=field) from None


def _fault(request: Request, caller: Caller, found: Simulation) -> str | None:
    """Return in words why a simulation failed."""
    if found.fault is None:
        return None
    translation = framing.gettext_of(request, caller)
    return sentences.by_code(str(found.fault["code"]), found.fault["details"], translation)


def _line_fault(request: Request, caller: Caller, fault: Mapping[str, Any]) -> str:
    translation = framing.gettext_of(request, caller)
    return sentences.by_code(f"deed-{fault['code']}", fault["details"], translation)
