"""What rules refer to and how they work together: combinations, campaigns, districts."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.commanding import Command
from api.pages import framing, rule_choices
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Forbidden, Invalid
from rewards import campaigns, combinations, districts
from rewards.campaigns import Campaign
from rewards.conditions import as_day
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules/settings")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]
ApproverForm = Annotated[Caller, Depends(Access(Role.APPROVER, form=True))]

WAYS = {
    "best": N_("The rule that gives most counts alone"),
    "sum": N_("All rules that fit add up"),
    "priority": N_("The rule with the highest priority counts alone"),
}
framing.announce(
    {
        "combination-proposed": ("success", N_("Proposed. A second person has to approve it.")),
        "combination-approved": ("success", N_("The rules work together like that now.")),
        "campaign-saved": ("success", N_("The campaign is saved.")),
        "districts-saved": ("success", N_("The districts are saved.")),
    }
)


@router.get("")
def settings(request: Request, caller: Office) -> Response:
    """Show what there is."""
    return _page(request, caller, {})


@router.post("/combination")
async def propose(
    request: Request,
    caller: EditorForm,
    campaign: Annotated[str, Form()] = "",
    combination: Annotated[str, Form()] = "",
) -> Response:
    """Propose how the rules of the programme or of one campaign work together."""
    author = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        choice = combinations.propose(work, campaign, combination, author)
        details = {"campaign": campaign, "combination": combination}
        auditing.record(
            work, caller.scope, "combination-proposed", f"combination/{choice.combination_id}", details
        )
        return {}

    return await _done(request, caller, command, "combination-proposed", {})


@router.post("/combination/{combination_id}/approve")
async def approve(request: Request, caller: ApproverForm, combination_id: int) -> Response:
    """Approve what somebody else proposed."""
    approver = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        combinations.approve(work, combination_id, approver)
        auditing.record(work, caller.scope, "combination-approved", f"combination/{combination_id}", {})
        return {}

    return await _done(request, caller, command, "combination-approved", {})


@router.post("/campaign")
async def save_campaign(  # the fields of the form
    request: Request,
    caller: ApproverForm,
    code: Annotated[str, Form()] = "",
    name_de: Annotated[str, Form()] = "",
    name_en: Annotated[str, Form()] = "",
    first_day: Annotated[str, Form()] = "",
    last_day: Annotated[str, Form()] = "",
) -> Response:
    """Add or change a campaign. Rules that ask for it follow at once, so it takes who may approve rules."""
    typed = {
        "code": code,
        "name_de": name_de,
        "name_en": name_en,
        "first_day": first_day,
        "last_day": last_day,
    }

    def command(work: Work) -> Mapping[str, Any]:
        days = {name: _day(typed[name], name) for name in ("first_day", "last_day")}
        saved = campaigns.save(work, Campaign(code.strip(), {"de": name_de, "en": name_en}, **days))
        details = {"first_day": first_day, "last_day": last_day}
        auditing.record(work, caller.scope, "campaign-saved", f"campaign/{saved.code}", details)
        return {}

    return await _done(request, caller, command, "campaign-saved", typed)


@router.post("/districts")
async def save_districts(
    request: Request, caller: ApproverForm, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Take the districts from a GeoJSON file, in the place of those that there are."""
    content = await file.read(districts.BYTES_MAX + 1) if file is not None else b""

    def command(work: Work) -> Mapping[str, Any]:
        found = districts.read(content)
        districts.replace(work, found)
        auditing.record(work, caller.scope, "districts-saved", "districts", {"count": len(found)})
        return {}

    digest = hashlib.sha256(content).digest()
    return await _done(request, caller, command, "districts-saved", {}, digest)


async def _done(
    request: Request,
    caller: Caller,
    command: Command,
    notice: str,
    typed: Mapping[str, str],
    content: bytes = b"",
) -> Response:
    try:
        await commanding.perform_form(request, caller, command, content=content)
    except Forbidden as forbidden:
        said: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, forbidden))]
    except DomainError as error:
        said = framing.field_errors(request, caller, error)
    else:
        return framing.go("/office/rules/settings", notice)
    return await run_in_threadpool(_page, request, caller, typed, status=422, errors=said)


def _page(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        programme, own = combinations.in_force(reading)
        waiting, budgets = combinations.waiting(reading), rule_choices.budgets(reading)
        seasons, names = campaigns.every(reading), districts.names(reading)
        today = caller.city.day_of(reading.now)
    return framing.show(
        request, caller, "office/rule_settings.html", area=Area.OFFICE, status=status, ways=WAYS,
        programme=programme, own=own, waiting=waiting, budgets=budgets, campaigns=seasons, districts=names,
        today=today, typed=typed, errors=errors or [], by_field=dict(errors or []),
        may_edit=caller.has(Role.RULE_EDITOR), may_approve=caller.has(Role.APPROVER),
    )  # fmt: skip


def _day(text: str, name: str) -> dt.date:
    day = as_day(text)
    if day is None:
        raise Invalid("day-missing", field=name)
    return day
