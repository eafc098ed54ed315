"""What guests may redeem on their own phones: limits for the city, and a venue's own where it needs them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import sentences, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.v1.shapes import INTEGER_MAX
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from merchants import venues
from redemption import presented_policies, presented_venues
from redemption.presented_policies import EVERYWHERE, PresentedPolicy
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/presented")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
framing.announce(
    {
        "presented-saved": ("success", N_("Saved. It holds from the next redemption on.")),
        "presented-forgotten": ("success", N_("The city's limits hold at this venue again.")),
    }
)


@router.get("")
def show(request: Request, caller: Administrator, venue_id: int = EVERYWHERE) -> Response:
    """Show what holds in the city, or at one venue."""
    return _page(request, caller, venue_id)


@router.post("")
async def save(request: Request, caller: AdministratorForm) -> Response:
    """Set what holds."""
    typed = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    venue_id = min(_number(typed, "venue_id"), INTEGER_MAX)
    policy = PresentedPolicy(
        allowed="allowed" in typed,
        value_cents_max=100 * _number(typed, "value_cents_max"),
        person_day_cents=100 * _number(typed, "person_day_cents"),
        venue_day_cents=100 * _number(typed, "venue_day_cents"),
    )

    def command(work: Work) -> None:
        presented_policies.save(work, venue_id, policy)
        auditing.record(work, caller.scope, "presented-policy-set", f"venue/{venue_id}", asdict(policy))

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _page(request, caller, venue_id, typed=policy, refused=error)
    return framing.go(f"/office/presented?venue_id={venue_id}", "presented-saved")


@router.post("/{venue_id}/forget")
def forget(request: Request, caller: AdministratorForm, venue_id: int) -> Response:
    """Let the city's limits hold at a venue."""

    def command(work: Work) -> None:
        presented_policies.forget(work, venue_id)
        auditing.record(work, caller.scope, "presented-policy-forgotten", f"venue/{venue_id}", {})

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go("/office/presented", "presented-forgotten")


def _page(
    request: Request,
    caller: Caller,
    venue_id: int,
    *,
    typed: PresentedPolicy | None = None,
    refused: DomainError | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        own = presented_policies.every(reading)
        known = venues.every(reading)
        modes = presented_venues.modes_of(reading, [one.venue_id for one in known])
    errors = _faults(request, caller, refused) if refused else []
    policy = typed or own.get(venue_id) or own.get(EVERYWHERE) or presented_policies.SUGGESTED
    return framing.show(
        request, caller, "office/presented.html", status=422 if errors else 200, area=Area.OFFICE,
        policy=policy, venue_id=venue_id, own=own, venues=known, errors=errors, by_field=dict(errors),
        is_set=EVERYWHERE in own, venue=next((one for one in known if one.venue_id == venue_id), None),
        using=[one for one in known if one.venue_id in modes and modes[one.venue_id].is_on],
    )  # fmt: skip


def _faults(request: Request, caller: Caller, error: DomainError) -> list[tuple[str | None, str]]:
    """Return all fields that are wrong, with their sentences."""
    first = framing.field_errors(request, caller, error)
    listed = error.details.get("faults")
    translation = framing.gettext_of(request, caller)
    if not isinstance(listed, list):
        return first
    return [(one["field"], sentences.by_code(one["code"], one, translation)) for one in listed]


def _number(typed: Mapping[str, str], name: str) -> int:
    text = typed.get(name, "").strip()
    return int(text[:7]) if text.isascii() and text.isdigit() else -1
