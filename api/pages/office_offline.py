"""What venues may let in without a network: one policy for the city, and a venue's own where it needs one."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.access import Access, Caller
from api.pages import framing
from api.pages.venue_limits import EVERYWHERE, Limits, cents, number
from identity.roles import Role
from redemption import offline_policies, offline_policy
from redemption.offline_policy import Policy, Proof
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/offline")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
PROOFS: Mapping[Proof, str] = {
    Proof.LIVE_OR_ID: N_("The moving code or an identity card"),
    Proof.LIVE: N_("The moving code"),
    Proof.ID: N_("An identity card"),
    Proof.NONE: N_("Nothing but the code"),
}
framing.announce(
    {
        "offline-saved": ("success", N_("Saved. Scanners take it over with their next connection.")),
        "offline-forgotten": ("success", N_("The city's rules hold at this venue again.")),
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
    """Let the city's rules hold at a venue."""
    return LIMITS.forget(request, caller, venue_id)


def _write(policy: Policy) -> dict[str, str]:
    boxes = {"capped": policy.capped, "single_venue": policy.single_venue}
    return {name: "yes" for name, ticked in boxes.items() if ticked} | {
        "value_cents_max": str(policy.value_cents_max // 100),
        "device_day_cents": str(policy.device_day_cents // 100),
        "list_age_max": str(policy.list_age_max // dt.timedelta(hours=1)),
        "proof": policy.proof.value,
    }


def _read(typed: Mapping[str, str]) -> Policy:
    proof = typed.get("proof", "")
    return Policy(
        capped="capped" in typed,
        value_cents_max=cents(typed, "value_cents_max"),
        device_day_cents=cents(typed, "device_day_cents"),
        list_age_max=dt.timedelta(hours=number(typed, "list_age_max")),
        single_venue="single_venue" in typed,
        proof=Proof(proof) if proof in set(Proof) else Proof.LIVE_OR_ID,
    )


LIMITS: Final = Limits(
    name="offline",
    kept=offline_policies,
    suggested=offline_policy.SUGGESTED,
    write=_write,
    read=_read,
    more=lambda _reading, _venues: {"proofs": [(proof.value, label) for proof, label in PROOFS.items()]},
)
