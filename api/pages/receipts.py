"""A citizen's receipt for one movement of points: what it proves, the file, and where it is checked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import histories, receipts, services
from api.access import Access, Caller, Sort
from api.pages import framing

router = APIRouter(prefix="/history", include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


@router.get("/{transfer_id}")
def movement(request: Request, caller: Citizen, transfer_id: UUID) -> Response:
    """Show one movement and its receipt, or when that will be ready."""
    given, owner = services.of(request), caller.person_session.person.owner
    translation = framing.gettext_of(request, caller)
    with given.database.reading(caller.city.city_id) as reading:
        sequence = receipts.own(reading, owner, transfer_id).booked.sequence
        lines = histories.page(reading, owner, translation, caller.language, before=sequence + 1, limit=1)
        sealed = receipts.sealed_up_to(reading)
    return framing.show(
        request, caller, "citizen/movement.html", line=lines[0], ready=sequence <= sealed,
        seconds=round(given.settings.seal_seconds),
    )  # fmt: skip


@router.get("/{transfer_id}/receipt")
def receipt(request: Request, caller: Citizen, transfer_id: UUID) -> Response:
    """Return the receipt as a file."""
    return receipts.download(
        services.of(request), caller.city, caller.person_session.person.owner, transfer_id
    )
