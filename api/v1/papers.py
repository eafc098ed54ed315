"""Papers of the person who is signed in, as PDF."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import downloads, services, voucher_papers, wallet_passes
from api.access import Access, Caller, Sort
from api.letters import Reader
from merchants import venues
from merchants.venues import Venue
from redemption import vouchers
from redemption.vouchers import Voucher
from web.passes import apple

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
    found, where = _own(request, caller, voucher_id)
    content = voucher_papers.make(found, where, _reader(request, caller), given.settings.public_url)
    return downloads.pdf(content, voucher_papers.name_of(found))


class WalletLinkOut(BaseModel):
    """Where a wallet saves a voucher."""

    link: str = Field(examples=["https://pay.google.com/gp/v/save/eyJhbGciOi..."])


@router.get(
    "/vouchers/{voucher_id}/apple.pkpass",
    summary="A voucher for Apple's wallet",
    response_class=Response,
    responses={200: {"content": {apple.MEDIA_TYPE: {}}}},
)
def apple_pass(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Return a signed pass, where the city has a certificate for it; it tells nothing of you."""
    given = services.of(request)
    found, where = _own(request, caller, voucher_id)
    content = wallet_passes.apple_pass(found, where, _reader(request, caller), given.settings)
    return downloads.apple_pass(content, found.voucher_id)


@router.get("/vouchers/{voucher_id}/google-wallet", summary="A voucher for Google's wallet")
def google_pass(request: Request, caller: Citizen, voucher_id: str) -> WalletLinkOut:
    """Return the address at which Google's wallet saves the voucher, where the city has an account for it."""
    given = services.of(request)
    found, where = _own(request, caller, voucher_id)
    link = wallet_passes.google_link(found, where, _reader(request, caller), given.settings)
    return WalletLinkOut(link=link)


def _own(request: Request, caller: Caller, voucher_id: str) -> tuple[Voucher, list[Venue]]:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
        return found, [venues.get(reading, venue_id) for venue_id in found.venue_ids]


def _reader(request: Request, caller: Caller) -> Reader:
    return Reader(caller.language, services.of(request).translations[caller.language], caller.city)
