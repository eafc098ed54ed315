"""Papers of one's own: vouchers to be printed, and receipts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api import downloads, receipt_papers, services, voucher_papers, wallet_passes
from api.access import Access, Caller, Sort
from api.pages import framing
from api.pages.postbox import reader_of
from api.v1.shapes import LongId
from merchants import venues
from merchants.venues import Venue
from redemption import receipts, vouchers
from redemption.vouchers import Voucher

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


@router.get("/vouchers/{voucher_id}/paper.pdf")
def voucher(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Return a voucher to be printed."""
    given = services.of(request)
    found, where = _own(request, caller, voucher_id)
    content = voucher_papers.make(found, where, reader_of(request, caller), given.settings.public_url)
    return downloads.pdf(content, voucher_papers.name_of(found))


@router.get("/receipts/{receipt_id}/receipt.pdf")
def receipt(request: Request, caller: Citizen, receipt_id: LongId) -> Response:
    """Return a receipt."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = receipts.get(reading, receipt_id, caller.person_session.person.owner)
    content = receipt_papers.make(found, caller.language, framing.gettext_of(request, caller))
    return downloads.pdf(content, receipt_papers.name_of(found))


@router.get("/vouchers/{voucher_id}/apple.pkpass")
def apple_pass(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Return a voucher for Apple's wallet."""
    given = services.of(request)
    found, where = _own(request, caller, voucher_id)
    content = wallet_passes.apple_pass(found, where, reader_of(request, caller), given.settings)
    return downloads.apple_pass(content, found.voucher_id)


@router.get("/vouchers/{voucher_id}/google-wallet")
def google_pass(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Lead to where Google's wallet saves a voucher."""
    given = services.of(request)
    found, where = _own(request, caller, voucher_id)
    link = wallet_passes.google_link(found, where, reader_of(request, caller), given.settings)
    return RedirectResponse(link, 303)


def _own(request: Request, caller: Caller, voucher_id: str) -> tuple[Voucher, list[Venue]]:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
        return found, [venues.get(reading, venue_id) for venue_id in found.venue_ids]
