"""Redeeming on one's own phone: the poster's page, the question before it, and what is shown to the staff.

The page for checking, which the staff open from their card, is here, too: it belongs to nobody and knows
nothing, because what it reckons with stands behind the `#` of its address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.v1.shapes import LongId, ShortId
from kernel.cities import LocalizedText
from kernel.db import Reading, Work
from kernel.errors import Conflict, DomainError
from merchants import venues
from redemption import good_faith, offers, presented_venues, presenting, vouchers
from redemption.offer_terms import USES_MAX
from redemption.presenting import Place
from redemption.vouchers import Voucher, VoucherStatus

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
_WORKER: Final = "js/check-worker.js"
COUNTS_SHOWN: Final = 10
"""So many uses at once can be chosen on the page."""


@dataclass(frozen=True, slots=True)
class Priced:
    """An offer, and what one use of it is worth."""

    titles: LocalizedText
    cents: int


@router.get("/at/{poster}")
def poster(request: Request, caller: Anyone, poster: str) -> Response:
    """Show the venue of a poster with one's vouchers for it."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        try:
            found = presented_venues.by_poster(reading, given.sealer, poster)
        except Conflict as old:
            named: Any = old.details["venue_id"]
            replaced = venues.get(reading, named)
            return framing.show(request, caller, "citizen/poster.html", status=410, venue=replaced, mine=None)
        venue = venues.get(reading, found.venue_id)
        mine = _vouchers_for(reading, caller, venue.venue_id)
        mode = presented_venues.mode_of(reading, venue.venue_id)
        hindered = presented_venues.hindrance(reading, caller.city, venue.venue_id)
        sold = [
            one
            for one in offers.published(reading)
            if venue.venue_id in one.venue_ids and one.offer_id in mode.offer_ids
        ]
    is_open = mode.is_on and venue.active and hindered is None
    return framing.show(
        request, caller, "citizen/poster.html", venue=venue, mine=mine, is_open=is_open, offers=sold,
        address=f"/at/{poster}",
    )  # fmt: skip


@router.get("/vouchers/{voucher_id}/present")
def ask(request: Request, caller: Citizen, voucher_id: str, venue_id: ShortId = 0) -> Response:
    """Ask before a voucher is redeemed."""
    return _ask_page(request, caller, voucher_id, venue_id)


@router.post("/vouchers/{voucher_id}/present")
async def present(
    request: Request,
    caller: CitizenForm,
    voucher_id: str,
    venue_id: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
    uses: Annotated[int, Form(ge=0, le=USES_MAX)] = 1,
    left: Annotated[int, Form(ge=0, le=USES_MAX)] = 0,
) -> Response:
    """Redeem it, once."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        made = presenting.present(
            work, caller.city, owner, voucher_id, venue_id=venue_id, uses=uses, left=left
        )
        return {"presented_id": str(made.presented_id)}

    try:
        done = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code in {"presented-meanwhile", "presented-used"} and (
            to := _running(request, caller, voucher_id)
        ):
            return framing.go(to)
        errors = framing.field_errors(request, caller, error)
        return _ask_page(request, caller, voucher_id, venue_id, errors=errors)
    return framing.go(f"/vouchers/{voucher_id}/presented/{done['presented_id']}")


@router.get("/vouchers/{voucher_id}/presented/{presented_id}")
def shown(request: Request, caller: Citizen, voucher_id: str, presented_id: LongId) -> Response:
    """Show what the staff compare; later only that it was redeemed."""
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        found = presenting.get(reading, owner, presented_id, voucher_id)
        voucher = vouchers.of_owner(reading, owner, voucher_id)
        venue = venues.get(reading, found.venue_id)
        minutes = presenting.minutes_of(reading, given.sealer, found)
        now = reading.now
    codes = " ".join(f"{int(one.begins_at.timestamp())}:{one.code}" for one in minutes)
    return framing.show(
        request, caller, "citizen/presented.html", use=found, voucher=voucher, venue=venue, minutes=minutes,
        codes=codes, now=now,
    )  # fmt: skip


@router.get("/check/worker.js")
def check_worker(_: Anyone) -> Response:
    """Return what lets the page for checking start without a network."""
    content = (resources.files("web") / "static" / _WORKER).read_bytes()
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/check/"}
    return Response(content, media_type="text/javascript", headers=headers)


@router.get("/check/now.json")
def check_clock(request: Request, _: Anyone) -> Response:
    """Return the time that decides which digits are shown, so that a phone learns how far off it is."""
    now = services.of(request).database.clock.now()
    return JSONResponse({"unix": now.timestamp()})


@router.get("/check/{venue_id}")
def check(request: Request, caller: Anyone, venue_id: ShortId) -> Response:
    """Show the page on which staff reckon what a guest's phone must show."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        chosen = presented_venues.mode_of(reading, venue_id).offer_ids
        listed = [
            Priced(one.titles, -(-one.value_cents // one.terms.uses))
            for one in offers.by_id(reading, chosen).values()
        ]
    return framing.show(request, caller, "venue/check.html", area=None, venue=venue, listed=listed)


def _vouchers_for(
    reading: Reading, caller: Caller, venue_id: int
) -> list[tuple[Voucher, DomainError | None]] | None:
    """Return the vouchers of who is signed in that a venue takes, with what speaks against each."""
    if caller.session is None:
        return None
    page = vouchers.page(reading, caller.session.person.owner, limit=vouchers.PAGE_MAX)
    good = [one for one in page if one.status is VoucherStatus.USABLE and venue_id in one.venue_ids]
    return [(one, _at(presenting.places(reading, caller.city, one), venue_id).refusal) for one in good]


def _at(listed: list[Place], venue_id: int) -> Place:
    return next(one for one in listed if one.venue.venue_id == venue_id)


def _running(request: Request, caller: Caller, voucher_id: str) -> str | None:
    """Return where a use of one's voucher is shown that runs."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = presenting.running(reading, voucher_id)
    mine = found is not None and found.owner == caller.person_session.person.owner
    return f"/vouchers/{voucher_id}/presented/{found.presented_id}" if found and mine else None


def _ask_page(
    request: Request,
    caller: Caller,
    voucher_id: str,
    venue_id: int,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        voucher = vouchers.of_owner(reading, owner, voucher_id)
        listed = presenting.places(reading, caller.city, voucher)
    able = [one.venue for one in listed if one.refusal is None]
    chosen = next((one for one in able if one.venue_id == venue_id), able[0] if len(able) == 1 else None)
    said = list(errors or [])
    if not able and not said and listed:
        refused = next((one for one in listed if one.venue.venue_id == venue_id), listed[0]).refusal
        said = [(None, framing.sentence(request, caller, refused))] if refused else []
    counts = [
        (count, good_faith.cents_of(voucher, count))
        for count in range(1, min(voucher.left, USES_MAX if voucher.terms.in_parts else COUNTS_SHOWN) + 1)
    ]
    return framing.show(
        request, caller, "citizen/present.html", status=409 if errors else 200, voucher=voucher,
        places=able, chosen=chosen, errors=said, counts=counts,
    )  # fmt: skip
