"""Printing at the desk: vouchers of citizens without phone or printer, each print noted in the audit log."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import commanding, downloads, services, voucher_papers
from api.access import Access, Caller
from api.letters import Reader
from api.pages import framing
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Work
from merchants import venues
from redemption import vouchers

router = APIRouter(include_in_schema=False, prefix="/office/desk")
Worker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
WorkerForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, form=True))]


@router.get("/{person_id}/vouchers")
def every(request: Request, caller: Worker, person_id: LongId) -> Response:
    """Show the vouchers of a citizen that can be used."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        person = persons.get(reading, person_id)
        found = vouchers.page(reading, person.owner, limit=vouchers.PAGE_MAX)
    usable = [one for one in found if voucher_papers.printable(one)]
    return framing.show(
        request, caller, "office/desk_vouchers.html", area=Area.OFFICE, person=person, vouchers=usable
    )


@router.post("/{person_id}/vouchers/{voucher_id}/paper.pdf")
async def voucher(request: Request, caller: WorkerForm, person_id: LongId, voucher_id: str) -> Response:
    """Return a citizen's voucher to be printed, in the citizen's language."""
    given = services.of(request)

    def command(work: Work) -> Mapping[str, Any]:
        auditing.record(work, caller.scope, "voucher-printed", "voucher", {})
        return {}

    def make() -> Response:
        with given.database.reading(caller.city.city_id) as reading:
            person = persons.get(reading, person_id)
            found = vouchers.of_owner(reading, person.owner, voucher_id)
            where = [venues.get(reading, venue_id) for venue_id in found.venue_ids]
        reader = Reader(person.language, given.translations[person.language], caller.city)
        content = voucher_papers.make(found, where, reader, given.settings.public_url)
        return downloads.pdf(content, voucher_papers.name_of(found))

    response = await run_in_threadpool(make)
    await commanding.perform_form(request, caller, command)
    return response
