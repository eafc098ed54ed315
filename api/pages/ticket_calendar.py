"""The calendar file of a dated ticket."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller, Sort
from kernel.errors import NotFound
from merchants import venues
from redemption import calendars, vouchers
from web import formats

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


@router.get("/vouchers/{voucher_id}/calendar.ics")
def calendar_file(request: Request, caller: Citizen, voucher_id: str) -> Response:
    """Return the event of a ticket for one's own calendar."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
        venue = venues.get(reading, found.venue_ids[0])
    if not calendars.is_dated(found):
        raise NotFound("page-not-found")
    content = calendars.ticket(
        found,
        caller.city,
        venue,
        title=formats.localized(found.titles, caller.language),
        address=f"{given.settings.public_url}/vouchers/{voucher_id}",
    )
    headers = {"Content-Disposition": f'attachment; filename="{found.offer_code}.ics"'}
    return Response(content, media_type=calendars.MEDIA_TYPE, headers=headers)
