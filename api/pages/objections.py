"""“That was not me”: a citizen objects to a redemption, from its receipt."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.v1.shapes import LongId
from kernel.db import Work
from kernel.errors import DomainError
from redemption import claims, objecting, receipts
from web.marking import N_

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
framing.announce({"objected": ("success", N_("Thank you. The city looks into it and writes to you."))})


@router.get("/receipts/{receipt_id}/objection")
def ask(request: Request, caller: Citizen, receipt_id: LongId) -> Response:
    """Show a redemption, and how to say that it was not oneself."""
    return _page(request, caller, receipt_id)


@router.post("/receipts/{receipt_id}/objection")
async def object_to(
    request: Request, caller: CitizenForm, receipt_id: LongId, remark: Annotated[str, Form()] = ""
) -> Response:
    """Object to it."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        objecting.object_to(work, owner, receipt_id, remark)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, receipt_id, framing.field_errors(request, caller, error))
    return framing.go(f"/receipts/{receipt_id}/objection", "objected")


def _page(
    request: Request, caller: Caller, receipt_id: int, errors: list[tuple[str | None, str]] | None = None
) -> Response:
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        receipt = receipts.get(reading, receipt_id, owner)
        about = f"receipt/{receipt_id}"
        claim = next((one for one in claims.of_owner(reading, owner) if one.about == about), None)
        decision = objecting.by_claim(reading, [claim.claim_id]).get(claim.claim_id) if claim else None
    return framing.show(
        request, caller, "citizen/objection.html", status=422 if errors else 200, receipt=receipt,
        said=receipt.facts, happened_at=dt.datetime.fromisoformat(receipt.facts["happened_at"]),
        claim=claim, decision=decision, errors=errors or [], by_field=dict(errors or []),
    )  # fmt: skip
