"""The administration's goals and teams."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from rewards import action_types, districts, goals, teams
from rewards.goals import NewGoal
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/together")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
EditorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.RULE_EDITOR, form=True))]
framing.announce(
    {
        "goal-set": ("success", N_("The goal has been set.")),
        "goal-withdrawn": ("success", N_("The goal is no longer shown.")),
        "team-opened": ("success", N_("The team is open. Hand its code on.")),
        "team-closed": ("success", N_("Nobody can join this team any more.")),
    }
)


@router.get("")
def overview(request: Request, caller: Office) -> Response:
    """Show all goals and teams."""
    return _page(request, caller)


@router.post("/goals")
async def set_goal(request: Request, caller: EditorForm) -> Response:
    """Set a goal."""

    def act(work: Work, typed: Mapping[str, str]) -> str:
        return f"goal/{goals.create(work, caller.city, _read_goal(typed)).goal_id}"

    return await _changed(request, caller, "goal-set", act)


@router.post("/goals/{goal_id}/withdraw")
async def withdraw(request: Request, caller: EditorForm, goal_id: LongId) -> Response:
    """Show a goal no longer."""

    def act(work: Work, _: Mapping[str, str]) -> str:
        return f"goal/{goals.withdraw(work, caller.city, goal_id).goal_id}"

    return await _changed(request, caller, "goal-withdrawn", act)


@router.post("/teams")
async def open_team(request: Request, caller: EditorForm) -> Response:
    """Open a team."""

    def act(work: Work, typed: Mapping[str, str]) -> str:
        return f"team/{teams.create(work, typed.get('name', '')).team_id}"

    return await _changed(request, caller, "team-opened", act)


@router.post("/teams/{team_id}/close")
async def close_team(request: Request, caller: EditorForm, team_id: LongId) -> Response:
    """Let nobody join any more."""

    def act(work: Work, _: Mapping[str, str]) -> str:
        return f"team/{teams.close(work, team_id).team_id}"

    return await _changed(request, caller, "team-closed", act)


async def _changed(
    request: Request, caller: Caller, what: str, act: Callable[[Work, Mapping[str, str]], str]
) -> Response:
    """Do what a form says, note it in the audit log, and show the page again."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}

    def command(work: Work) -> Mapping[str, Any]:
        subject = act(work, typed)
        auditing.record(work, caller.scope, what, subject, {})
        return {"subject": subject}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, status=422, errors=errors, typed=typed)
    return framing.go("/office/together", what)


def _read_goal(typed: Mapping[str, str]) -> NewGoal:
    """Return the goal that was typed. Raises Invalid `goal-target-invalid` or `day-invalid`."""
    target = typed.get("target", "").strip()
    if not target.isdecimal() or len(target) > len(str(goals.TARGET_MAX)):
        raise Invalid("goal-target-invalid", field="target", maximum=goals.TARGET_MAX)
    team = typed.get("team_id", "")
    return NewGoal(
        titles={"de": typed.get("title_de", ""), "en": typed.get("title_en", "")},
        target=int(target),
        first_day=_day(typed, "first_day"),
        last_day=_day(typed, "last_day"),
        action=typed.get("action") or None,
        district=typed.get("district") or None,
        team_id=int(team) if team.isdecimal() else None,
    )


def _day(typed: Mapping[str, str], name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(typed.get(name, ""))
    except ValueError:
        raise Invalid("day-invalid", field=name) from None


def _page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        every_goal = goals.every(reading, caller.city)
        every_team = teams.every(reading)
        actions = action_types.by_code(reading)
        parts = sorted(set(districts.names(reading).values()))
        today = caller.city.day_of(reading.now)
    return framing.show(
        request, caller, "office/together.html", area=Area.OFFICE, status=status, goals=every_goal,
        teams=every_team, names={one.team_id: one.name for one in every_team}, titles=actions,
        districts=parts, today=today, errors=errors or [], typed=typed or {},
        by_field={name: text for name, text in errors or [] if name},
        may_change=caller.has(Role.ADMINISTRATOR, Role.RULE_EDITOR),
    )  # fmt: skip
