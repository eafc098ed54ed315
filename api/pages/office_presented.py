"""What guests may redeem on their own phones: limits for the city, and a venue's own where it needs them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.access import Access, Caller
from api.pages import framing
from api.pages.venue_limits import EVERYWHERE, Limits, cents
from identity.roles import Role
from kernel.db import Reading
from merchants.venues import Venue
from redemption import presented_policies, presented_venues
from redemption.presented_policies import PresentedPolicy
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/presented")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
AMOUNTS: Final = ("value_cents_max", "person_day_cents", "venue_day_cents")
framing.announce(
    {
        "presented-saved": ("success", N_("Saved. It holds from the next redemption on.")),
        "presented-forgotten": ("success", N_("The city's limits hold at this venue again.")),
    }
)


@router.get("")
def show(request: Request, caller: Administrator, venue_id: int = EVERYWHERE) -> Response:
    """Show what holds in the city, or at one venue."""
    return LIMITS.show(request, caller, venue_id)


@router.post("")
async def save(request: Request, caller: AdministratorForm) -> Response:
    """Set what holds."""
    return await LIMITS.save(request, caller)


@router.post("/{venue_id}/forget")
def forget(request: Request, caller: AdministratorForm, venue_id: int) -> Response:
    """Let the city's limits hold at a venue."""
    return LIMITS.forget(request, caller, venue_id)


def _write(policy: PresentedPolicy) -> dict[str, str]:
    amounts = {name: str(getattr(policy, name) // 100) for name in AMOUNTS}
    return ({"allowed": "yes"} if policy.allowed else {}) | amounts


def _read(typed: Mapping[str, str]) -> PresentedPolicy:
    return PresentedPolicy("allowed" in typed, **{name: cents(typed, name) for name in AMOUNTS})


def _using(reading: Reading, venues: Sequence[Venue]) -> dict[str, Any]:
    """Return the venues where it is on."""
    modes = presented_venues.modes_of(reading, [one.venue_id for one in venues])
    return {"using": [one for one in venues if one.venue_id in modes and modes[one.venue_id].is_on]}


LIMITS: Final = Limits(
    name="presented",
    kept=presented_policies,
    suggested=presented_policies.SUGGESTED,
    write=_write,
    read=_read,
    more=_using,
)
