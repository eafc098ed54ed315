"""The public status of a city's ledger, for people and for machines."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api import judging, services, standings
from api.access import Access, Caller, Sort
from api.pages import framing
from api.pages.treasury import CHECK_WORDS
from api.standings import Standing
from api.wording import standing as words
from ledger import verifying
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]

_CHECKS = {**CHECK_WORDS, verifying.ABORTED: N_("The book can be read to its end")}


@router.get("/status")
def page(request: Request, caller: Anyone) -> Response:
    """Show how the city's ledger stands."""
    return framing.show(
        request,
        caller,
        "about/status.html",
        area=None,
        found=_standing(request, caller),
        light_words=words.LIGHTS,
        sentences=words.SENTENCES,
        checks=_CHECKS,
        key_words=words.KEY_STATUS,
    )


@router.get("/status.json")
def document(request: Request, caller: Anyone) -> Response:
    """Return the same for machines."""
    content: dict[str, Any] = standings.plain(_standing(request, caller))
    return JSONResponse(content)


def _standing(request: Request, caller: Caller) -> Standing:
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        return judging.standing(reading, caller.city, given.meter)
