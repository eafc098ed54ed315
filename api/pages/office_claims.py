"""The administration's questions about redemptions: what citizens say, and who bears it. Nobody is named."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.v1.shapes import BIGINT_MAX, LongId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from merchants import venues
from redemption import claims, objecting
from redemption.claims import ClaimKind
from redemption.objecting import Outcome
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/claims")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

PAGE = 50
OUTCOME_WORDS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.CITY: ("success", N_("Given back by the city")),
    Outcome.VENUE: ("success", N_("Given back by the venue")),
    Outcome.DECLINED: ("info", N_("Declined")),
}
framing.announce({"claim-decided": ("success", N_("Decided. The citizen has been told."))})


@router.get("")
def every(
    request: Request,
    caller: Administrator,
    before: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """Show what citizens say about redemptions, the newest first."""
    return _page(request, caller, before)


@router.post("/{claim_id}")
async def decide(
    request: Request,
    caller: AdministratorForm,
    claim_id: LongId,
    outcome: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Decide who bears a redemption."""

    def command(work: Work) -> Mapping[str, Any]:
        if outcome not in set(Outcome):
            raise Invalid("request-invalid")
        made = objecting.decide(work, caller.city, claim_id, Outcome(outcome), by=caller.scope, reason=reason)
        details = {"outcome": outcome, "points": made.points}
        auditing.record(work, caller.scope, "claim-decided", f"claim/{claim_id}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, None, framing.field_errors(request, caller, error))
    return framing.go("/office/claims", "claim-decided")


def _page(
    request: Request,
    caller: Caller,
    before: int | None,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = claims.every(reading, before=before, limit=PAGE + 1)
        shown = found[:PAGE]
        decided = objecting.by_claim(reading, [one.claim_id for one in shown])
        known = venues.by_id(reading, [one.venue_id for one in shown])
    older = f"/office/claims?before={shown[-1].claim_id if shown else 0}"
    return framing.show(
        request, caller, "office/claims.html", area=Area.OFFICE, status=422 if errors else 200, claims=shown,
        decided=decided, venues=known, older=older if len(found) > PAGE else None, words=OUTCOME_WORDS,
        disputed=ClaimKind.DISPUTED, errors=errors or [],
    )  # fmt: skip
