"""Budgets: asked for by one person, released by another; how long they last, and what happens then."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.v1.budgets import audited
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from rewards import budgets, funding
from rewards.budgets import WhenDry
from rewards.funding import FundingRequest
from rewards.outlook import Level
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury/budgets")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES, *framing.OFFICE_ROLES))]
RequesterForm = Annotated[Caller, Depends(Access(Role.TREASURER, form=True))]
ReleaserForm = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER, form=True))]
ChooserForm = Annotated[Caller, Depends(Access(Role.TREASURER, Role.ADMINISTRATOR, form=True))]

PAGE = 20
LEVELS: Mapping[Level, tuple[str, str]] = {
    Level.FINE: ("green", N_("Enough is left")),
    Level.WATCH: ("amber", N_("More than 80 %% is used")),
    Level.NEARLY: ("red", N_("More than 95 %% is used")),
    Level.DRY: ("red", N_("Used up")),
}
WHEN_DRY: Mapping[WhenDry, tuple[str, str]] = {
    WhenDry.QUEUE: (
        N_("Let points wait"),
        N_("Contributions are accepted; their points come in order as soon as there is money again."),
    ),
    WhenDry.STOP: (
        N_("Stop"),
        N_("New contributions are accepted without points; the page of the action says so beforehand."),
    ),
    WhenDry.ANNOUNCE: (
        N_("Announce and stop"),
        N_("From 80 %% on everybody reads that the points come to an end, and when; then it stops."),
    ),
}
framing.announce(
    {
        "funding-requested": ("success", N_("Asked for. A second person releases the points.")),
        "funded": ("success", N_("The budget has been funded.")),
        "funding-declined": ("success", N_("The request is declined.")),
        "when-dry-chosen": ("success", N_("Your choice holds from now on.")),
    }
)


@router.get("")
def page(request: Request, caller: Reader) -> Response:
    """Show the campaigns' budgets and what waits for a second person."""
    return _page(request, caller, {})


@router.post("")
async def ask(
    request: Request,
    caller: RequesterForm,
    campaign: Annotated[str, Form()] = "",
    points: Annotated[str, Form()] = "",
    reference: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Ask for points by a council decision."""
    person = caller.person_session.person.person_id
    typed = {"campaign": campaign, "points": points, "reference": reference, "note": note}

    def command(work: Work) -> FundingRequest:
        return funding.request(
            work, campaign.strip(), _whole(points), reference=reference, requester_id=person, note=note
        )

    return await _act(request, caller, "budget-requested", "funding-requested", command, typed)


@router.post("/requests/{request_id}/release")
async def release(request: Request, caller: ReleaserForm, request_id: int) -> Response:
    """Release points that somebody else asked for."""
    person = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        "budget-funded",
        "funded",
        lambda work: funding.release(work, caller.city, request_id, person),
        {},
    )


@router.post("/requests/{request_id}/decline")
async def decline(
    request: Request, caller: ReleaserForm, request_id: int, reason: Annotated[str, Form()] = ""
) -> Response:
    """Say no to a request, or take one's own back."""
    person = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        "budget-declined",
        "funding-declined",
        lambda work: funding.decline(work, request_id, person, reason),
        {f"reason-{request_id}": reason},
    )


@router.post("/{campaign}/when-dry")
async def choose(
    request: Request, caller: ChooserForm, campaign: str, when_dry: Annotated[str, Form()] = ""
) -> Response:
    """Choose what happens when a budget runs dry."""
    person = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        policy = budgets.choose(work, campaign, when_dry, person)
        details = {"when_dry": policy.when_dry.value}
        auditing.record(work, caller.scope, "budget-policy-chosen", f"budget/{campaign}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, {}, status=422, errors=framing.field_errors(request, caller, error))
    return framing.go("/treasury/budgets", "when-dry-chosen")


async def _act(
    request: Request,
    caller: Caller,
    action: str,
    notice: str,
    use_case: Callable[[Work], FundingRequest],
    typed: Mapping[str, str],
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        found = use_case(work)
        auditing.record(work, caller.scope, action, f"budget/{found.campaign}", audited(found))
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code == "own-funding-request":
            errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))]
        else:
            fields = {"reason": next((name for name in typed if name.startswith("reason-")), "reason")}
            errors = framing.field_errors(request, caller, error, fields)
        return _page(request, caller, typed, status=422, errors=errors)
    return framing.go("/treasury/budgets", notice)


def _page(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = budgets.every(reading, caller.city)
        asked = funding.undecided(reading)
        decided = [one for one in funding.page(reading, limit=PAGE) if one.decided_by]
        numbers = {one.requested_by for one in (*asked, *decided)} | {one.decided_by or 0 for one in decided}
        people = persons.by_ids(reading, sorted(numbers))
    in_treasury = caller.has(*framing.TREASURY_ROLES)
    return framing.show(
        request, caller, "treasury/budgets.html", area=Area.TREASURY if in_treasury else Area.OFFICE,
        status=status, budgets=found, asked=asked, decided=decided, people=people, levels=LEVELS,
        when_dry=WHEN_DRY, typed=typed, errors=errors or [], by_field=dict(errors or []),
        may_ask=caller.has(Role.TREASURER), may_release=caller.has(Role.TREASURER, Role.APPROVER),
        may_choose=caller.has(Role.TREASURER, Role.ADMINISTRATOR), in_treasury=in_treasury,
        own=caller.person_session.person.person_id,
    )  # fmt: skip


def _whole(text: str) -> int:
    """Return a whole number as people type it. Raises Invalid."""
    try:
        return int(text.replace(".", "").replace(" ", ""))
    except ValueError:
        raise Invalid("amount-not-positive", field="points") from None
