"""One's own card: the code by which one is known at a desk or on the telephone."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing
from identity import cards
from kernel.db import Work

router = APIRouter(include_in_schema=False, prefix="/account/card")
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]


@router.get("")
def card(request: Request, caller: Citizen) -> Response:
    """Show the card, to be printed or read aloud."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        code = cards.find(reading, caller.person_session.person.person_id)
    return framing.show(request, caller, "account/card.html", code=cards.shown(code) if code else None)


@router.post("")
async def renew(request: Request, caller: CitizenForm) -> Response:
    """Make a card; one that is there leads nowhere any more."""
    person_id = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        cards.renew(work, person_id)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/account/card", "saved")
