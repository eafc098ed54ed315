"""Papers of the person who is signed in, as PDF."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import downloads, services, voucher_papers
from api.access import Access, Caller, Sort
from api.letters import Reader
from merchants import venues
from redemption import vouchers

router = APIRouter(tags=["vouchers"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


@router.get(
    "/vouchers/{voucher_id}/paper.pdf",
    summary="A voucher on paper",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def voucher(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Return a voucher that can be used as a PDF in your language: QR code, code for typing, plain words."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
        where = [venues.get(reading, venue_id) for venue_id in found.venue_ids]
    reader = Reader(caller.language, given.translations[caller.language], caller.city)
    content = voucher_papers.make(found, where, reader, given.settings.public_url)
    return downloads.pdf(content, voucher_papers.name_of(found))
