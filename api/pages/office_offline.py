"""What venues may let in without a network: one policy for the city, and a venue's own where it needs one."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from merchants import venues
from redemption import offline_policies, offline_policy
from redemption.offline_policies import EVERYWHERE
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
    return _page(request, caller, venue_id)


@router.post("")
async def save(request: Request, caller: AdministratorForm) -> Response:
    """Set what holds."""
    typed = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    venue_id = int(typed["venue_id"]) if typed.get("venue_id", "").isdecimal() else EVERYWHERE
    policy = _read(typed)

    def command(work: Work) -> None:
        offline_policies.save(work, venue_id, policy)
        auditing.record(work, caller.scope, "offline-policy-set", f"venue/{venue_id}", {})

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _page(request, caller, venue_id, typed=policy, refused=error)
    return framing.go(f"/office/offline?venue_id={venue_id}", "offline-saved")


@router.post("/{venue_id}/forget")
def forget(request: Request, caller: AdministratorForm, venue_id: int) -> Response:
    """Let the city's rules hold at a venue."""

    def command(work: Work) -> None:
        offline_policies.forget(work, venue_id)
        auditing.record(work, caller.scope, "offline-policy-forgotten", f"venue/{venue_id}", {})

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go("/office/offline", "offline-forgotten")


def _page(
    request: Request,
    caller: Caller,
    venue_id: int,
    *,
    typed: Policy | None = None,
    refused: DomainError | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        own = offline_policies.every(reading)
        known = venues.every(reading)
    errors = framing.field_errors(request, caller, refused) if refused else []
    policy = typed or own.get(venue_id) or own.get(EVERYWHERE) or offline_policy.SUGGESTED
    return framing.show(
        request, caller, "office/offline.html", status=422 if errors else 200, area=Area.OFFICE,
        policy=policy, venue_id=venue_id, own=own, venues=known, errors=errors, by_field=dict(errors),
        proofs=[(proof.value, label) for proof, label in PROOFS.items()],
        is_set=EVERYWHERE in own, venue=next((one for one in known if one.venue_id == venue_id), None),
    )  # fmt: skip


def _read(typed: Mapping[str, str]) -> Policy:
    proof = typed.get("proof", "")
    hours = _number(typed, "list_age_max")
    return Policy(
        capped="capped" in typed,
        value_cents_max=100 * _number(typed, "value_cents_max"),
        device_day_cents=100 * _number(typed, "device_day_cents"),
        list_age_max=dt.timedelta(hours=hours),
        single_venue="single_venue" in typed,
        proof=Proof(proof) if proof in set(Proof) else Proof.LIVE_OR_ID,
    )


def _number(typed: Mapping[str, str], name: str) -> int:
    text = typed.get(name, "").strip()
    return int(text[:7]) if text.isascii() and text.isdigit() else -1
