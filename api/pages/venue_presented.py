"""The owner's page for guests who redeem on their own phones: on and off, poster and card, what came in."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, downloads, presented_papers, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.postbox import reader_of
from api.pages.venue import venues_of
from api.pages.venue_owning import owned
from api.v1.shapes import LongId, ShortId
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, NotFound
from merchants import venues
from redemption import offers, presented_policies, presented_venues, presenting
from redemption.presented_venues import VenueSecret
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue/presented")
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER))]
OwnerForm = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, form=True))]
SHOWN: Final = 50
framing.announce(
    {
        "presented-on": ("success", N_("Guests can redeem on their phones. Now print poster and card.")),
        "presented-off": ("success", N_("Guests can't redeem on their phones any more.")),
        "presented-reissued": ("success", N_("There is a new poster and a new card. Please print both.")),
        "presented-undone": ("success", N_("Taken back. The guest can use the voucher again.")),
    }
)


@router.get("")
def show(request: Request, caller: Owner, venue_id: ShortId = 0) -> Response:
    """Show whether it is on, for which offers, and what guests redeemed."""
    return _page(request, caller, owned(caller, venue_id))


@router.post("")
async def turn_on(request: Request, caller: OwnerForm, venue_id: Annotated[ShortId, Form()]) -> Response:
    """Turn it on for some offers."""
    number, given = owned(caller, venue_id), services.of(request)
    form = await request.form()
    asked = [int(one) for one in form.getlist("offer_ids") if isinstance(one, str) and one.isdecimal()]

    def command(work: Work) -> Mapping[str, Any]:
        mode = presented_venues.turn_on(work, caller.city, given.sealer, number, asked)
        details = {"offer_ids": list(mode.offer_ids)}
        auditing.record(work, caller.scope, "presented-on", f"venue/{number}", details)
        return {}

    return await _perform(request, caller, number, command, "presented-on")


@router.post("/off")
async def turn_off(request: Request, caller: OwnerForm, venue_id: Annotated[ShortId, Form()]) -> Response:
    """Turn it off."""
    number = owned(caller, venue_id)

    def command(work: Work) -> Mapping[str, Any]:
        presented_venues.turn_off(work, number)
        auditing.record(work, caller.scope, "presented-off", f"venue/{number}", {})
        return {}

    return await _perform(request, caller, number, command, "presented-off")


@router.post("/reissue")
async def reissue(
    request: Request,
    caller: OwnerForm,
    venue_id: Annotated[ShortId, Form()],
    when: Annotated[str, Form()] = "",
) -> Response:
    """Make a new poster and card, at once or for the coming night."""
    number, given, at_once = owned(caller, venue_id), services.of(request), when == "now"

    def command(work: Work) -> Mapping[str, Any]:
        made = presented_venues.reissue(work, caller.city, given.sealer, number, at_once=at_once)
        details = {"version": made.version, "at_once": at_once}
        auditing.record(work, caller.scope, "presented-reissued", f"venue/{number}", details)
        return {}

    return await _perform(request, caller, number, command, "presented-reissued")


@router.get("/poster.pdf")
def poster(request: Request, caller: Owner, venue_id: ShortId = 0) -> Response:
    """Return the newest poster."""
    number, given = owned(caller, venue_id), services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        venue, secret = venues.get(reading, number), _newest(request, reading, number)
    content = presented_papers.poster(venue, secret, reader_of(request, caller), given.settings.public_url)
    return downloads.pdf(content, f"duiscoin-poster-{number}-{secret.version}.pdf")


@router.get("/card.pdf")
def card(request: Request, caller: Owner, venue_id: ShortId = 0) -> Response:
    """Return the newest card for the till."""
    number, given = owned(caller, venue_id), services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        venue, secret = venues.get(reading, number), _newest(request, reading, number)
    content = presented_papers.card(venue, secret, reader_of(request, caller), given.settings.public_url)
    return downloads.pdf(content, f"duiscoin-card-{number}-{secret.version}.pdf")


@router.post("/uses/{presented_id}/undo")
async def undo(
    request: Request, caller: OwnerForm, presented_id: LongId, venue_id: Annotated[ShortId, Form()]
) -> Response:
    """Take back what a guest redeemed."""
    number = owned(caller, venue_id)

    def command(work: Work) -> Mapping[str, Any]:
        undone = presenting.undo(work, caller.city, presented_id, venue_id=number)
        auditing.record(work, caller.scope, "presented-undone", f"presented/{presented_id}", {})
        return {"presented_id": str(undone.presented_id)}

    return await _perform(request, caller, number, command, "presented-undone")


async def _perform(
    request: Request, caller: Caller, venue_id: int, command: Callable[[Work], Mapping[str, Any]], done: str
) -> Response:
    """Run what the owner asked for and say that it is done, or show the page with why not."""
    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, venue_id, error=error)
    return framing.go(f"/venue/presented?venue_id={venue_id}", done)


def _newest(request: Request, reading: Reading, venue_id: int) -> VenueSecret:
    found = presented_venues.secrets_of(reading, services.of(request).sealer, venue_id)
    if not found:
        raise NotFound("poster-not-found")
    return found[-1]


def _page(request: Request, caller: Caller, venue_id: int, *, error: DomainError | None = None) -> Response:
    given, city = services.of(request), caller.city
    with given.database.reading(city.city_id) as reading:
        now = reading.now
        venue, mode = venues.get(reading, venue_id), presented_venues.mode_of(reading, venue_id)
        hindered = presented_venues.hindrance(reading, city, venue_id)
        fit = presented_venues.candidates(reading, venue_id)
        secrets = presented_venues.secrets_of(reading, given.sealer, venue_id)
        uses = presenting.of_venue(reading, venue_id, limit=SHOWN)
        titles = {one.offer_id: one for one in offers.by_id(reading, [use.offer_id for use in uses]).values()}
        policy = presented_policies.of_venue(reading, venue_id)
        undoable = {
            use.presented_id: use.presented_at + dt.timedelta(minutes=titles[use.offer_id].terms.undo_minutes)
            for use in uses
        }
    refused = framing.field_errors(request, caller, error) if error else []
    why = framing.sentence(request, caller, NotFound(hindered)) if hindered else None
    return framing.show(
        request, caller, "venue/presented.html", area=Area.VENUE, status=422 if error else 200, venue=venue,
        venues=venues_of(request, caller), mode=mode, why=why, fit=fit, secrets=secrets[::-1], uses=uses,
        titles=titles, undo_until=undoable, now=now, policy=policy, errors=refused, by_field=dict(refused),
    )  # fmt: skip
