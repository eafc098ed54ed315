"""Going in now: a citizen reserves a voucher for one entrance, which then takes it without a network."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing, spending
from kernel.db import Work
from kernel.errors import DomainError
from redemption import leasing
from web.marking import N_

router = APIRouter(include_in_schema=False)
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
framing.announce(
    {"leased": ("success", N_("Reserved. At this entrance you get in even if it has no network."))}
)


@router.post("/vouchers/{voucher_id}/lease")
async def reserve(
    request: Request, caller: CitizenForm, voucher_id: str, device_id: Annotated[str, Form()] = ""
) -> Response:
    """Reserve a voucher for an entrance."""
    sealer, owner = services.of(request).sealer, caller.person_session.person.owner
    number = int(device_id[:19]) if device_id.isascii() and device_id.isdigit() else 0

    def command(work: Work) -> Mapping[str, Any]:
        return {"lease_id": str(leasing.lease(work, sealer, owner, voucher_id, number).lease_id)}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return spending.voucher_page(request, caller, voucher_id, status=409, errors=errors)
    return framing.go(f"/vouchers/{voucher_id}", "leased")
