"""What people reach together and each for themselves: goals, badges, teams, donations."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing
from kernel.db import Work
from kernel.errors import DomainError
from ledger import wallets
from rewards import action_types, campaigns, donating, goals, standing, submissions, teams
from web import formats
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

LEVEL_WORDS = (
    N_("New here"),
    N_("Helper"),
    N_("Neighbour"),
    N_("District friend"),
    N_("City friend"),
    N_("City shaper"),
    N_("Pillar of the city"),
)
"""A name for each of `standing.LEVELS`."""
framing.announce(
    {
        "donated": ("success", N_("Thank you! The points have been given.")),
        "team-joined": ("success", N_("You are in the team.")),
        "team-left": ("success", N_("You have left the team.")),
    }
)


@router.get("/together")
def together(request: Request, caller: Anyone) -> Response:
    """Show the goals that run, campaigns and who takes donations."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        team = teams.of_owner(reading, caller.session.person.owner) if caller.session else None
        running = goals.running(reading, caller.city, team_id=team.team_id if team else None)
        today = caller.city.day_of(reading.now)
        seasons = [one for one in campaigns.every(reading) if one.runs_on(today)]
        actions = action_types.by_code(reading)
        recipients = donating.recipients(reading)
    return framing.show(
        request, caller, "citizen/together.html", goals=running, seasons=seasons, titles=actions,
        recipients=recipients, team=team,
    )  # fmt: skip


@router.get("/achievements")
def achievements(request: Request, caller: Citizen) -> Response:
    """Show one's own level, badges, weeks in a row and team."""
    return _achievements_page(request, caller)


@router.post("/achievements/team")
async def join(request: Request, caller: CitizenForm) -> Response:
    """Join the team of a code."""
    owner = caller.person_session.person.owner
    code = str((await request.form()).get("code", ""))

    def command(work: Work) -> Mapping[str, Any]:
        return {"team_id": str(teams.join(work, owner, code).team_id)}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors: list[tuple[str | None, str]] = [("code", framing.sentence(request, caller, error))]
        return _achievements_page(request, caller, status=409, errors=errors, code=code)
    return framing.go("/achievements", "team-joined")


@router.post("/achievements/team/leave")
async def leave(request: Request, caller: CitizenForm) -> Response:
    """Leave one's team."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        teams.leave(work, owner)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/achievements", "team-left")


@router.get("/donate")
def donate_form(request: Request, caller: Citizen) -> Response:
    """Show who takes donations, and the form."""
    return _donate_page(request, caller)


@router.post("/donate")
async def donate(request: Request, caller: CitizenForm) -> Response:
    """Give points to a club or a school."""
    owner = caller.person_session.person.owner
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("venue_id", "points")}
    numbers = {name: int(value) if value.isdecimal() else 0 for name, value in typed.items()}

    if not numbers["venue_id"]:
        nobody = framing.gettext_of(request, caller).gettext("Please choose who gets the points.")
        return _donate_page(request, caller, status=422, errors=[("venue_id", nobody)], typed=typed)

    if form.get("sure") != "yes":
        return _donation_asked(request, caller, numbers, typed)

    def command(work: Work) -> Mapping[str, Any]:
        given = donating.donate(work, caller.city, owner, numbers["venue_id"], numbers["points"])
        return {"donation_id": str(given.donation_id)}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _donate_page(request, caller, status=409, errors=errors, typed=typed)
    return framing.go("/together", "donated")


def _achievements_page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    code: str = "",
) -> Response:
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions = action_types.by_code(reading)
        done = submissions.contributions(reading, caller.city, owner)
        shown = [one.code for one in actions.values() if one.active]
        reached = standing.of(done, shown, caller.city.day_of(reading.now))
        team = teams.of_owner(reading, owner)
        running = goals.running(reading, caller.city, team_id=team.team_id if team else None)
    return framing.show(
        request, caller, "citizen/achievements.html", status=status, standing=reached, titles=actions,
        team=team, goals=[one for one in running if one.team_id is not None], level_words=LEVEL_WORDS,
        errors=errors or [], code=code, steps=standing.STEPS,
    )  # fmt: skip


def _donation_asked(
    request: Request, caller: Caller, numbers: Mapping[str, int], typed: Mapping[str, str]
) -> Response:
    """Ask once more, because a donation can't be taken back; say at once what could not be given."""
    _ = framing.gettext_of(request, caller).gettext
    with services.of(request).database.reading(caller.city.city_id) as reading:
        names = {one.venue.venue_id: one.venue.name for one in donating.recipients(reading)}
        available = wallets.wallet(reading, caller.person_session.person.owner).available
    if numbers["venue_id"] not in names:
        return _donate_page(
            request, caller, status=422, typed=typed,
            errors=[("venue_id", _("Please choose who gets the points."))],
        )  # fmt: skip
    if not 0 < numbers["points"] <= available:
        fault = _("Please enter a whole number from 1 to %(most)s.") % {
            "most": formats.number(available, caller.language)
        }
        return _donate_page(request, caller, status=422, typed=typed, errors=[("points", fault)])
    return framing.show(
        request, caller, "citizen/donate_sure.html", recipient=names[numbers["venue_id"]],
        venue_id=numbers["venue_id"], points=numbers["points"],
    )  # fmt: skip


def _donate_page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        recipients = donating.recipients(reading)
        wallet = wallets.wallet(reading, caller.person_session.person.owner)
    return framing.show(
        request, caller, "citizen/donate.html", status=status, recipients=recipients, wallet=wallet,
        errors=errors or [], typed=typed or {"venue_id": request.query_params.get("to", ""), "points": ""},
    )  # fmt: skip
