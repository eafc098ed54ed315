"""The administration's offers: begin from a template, see them as citizens will, publish, withdraw."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing, offer_forms, typed_numbers
from api.pages.framing import Area
from api.v1.shapes import ShortId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, NotFound
from merchants import venues
from redemption import calling_off, offers, proposing
from redemption.offers import Offer, OfferStatus
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/offers")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
OFFER_WORDS = {
    "draft": ("warning", N_("Draft")),
    "published": ("success", N_("On sale")),
    "withdrawn": ("info", N_("Withdrawn")),
    "cancelled": ("danger", N_("Called off")),
}
KIND_WORDS = {
    "ticket": N_("Ticket"),
    "pool": N_("Swimming pool"),
    "discount": N_("Discount"),
    "fine": N_("Parking fine"),
    "fee": N_("Fee"),
}
PICTOGRAMS = {
    "ticket": N_("Ticket"),
    "pool": N_("Swimming pool"),
    "swimming-lake": N_("Bathing lake"),
    "museum": N_("Museum"),
    "theatre": N_("Theatre"),
    "music": N_("Music"),
    "tram": N_("Tram"),
    "ship": N_("Ship"),
    "zoo": N_("Zoo"),
    "library": N_("Library"),
    "sport": N_("Sports"),
    "food": N_("Food and drink"),
    "coffee": N_("Coffee"),
    "ice-cream": N_("Ice cream"),
    "shop": N_("Shop"),
    "book": N_("Book"),
    "flower": N_("Flower"),
    "bicycle": N_("Bicycle"),
    "discount": N_("Discount"),
    "gift": N_("Gift"),
    "parking-fine": N_("Parking fine"),
    "fee": N_("Fee"),
}
framing.announce(
    {
        "offer-saved": ("success", N_("The draft has been saved. Publish it when it is right.")),
        "offer-changed": ("success", N_("The offer has been changed.")),
    }
)


@router.get("")
def every(request: Request, caller: Office) -> Response:
    """Show all offers."""
    return _page(request, caller)


@router.get("/new")
def new(request: Request, caller: Office, start: str = "", like: int | None = None) -> Response:
    """Show what to begin from; then the form of that, or of an offer like another one."""
    if like is not None:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            other = offers.get(reading, like)
        typed = offer_forms.write(other, caller.city)
        typed.pop("code")
        return _form(request, caller, typed, offer_forms.shape_of(other), chosen=list(other.venue_ids))
    if not start:
        return framing.show(
            request, caller, "office/offer_start.html", area=Area.OFFICE, starts=offer_forms.STARTS
        )
    begun = offer_forms.start(start)
    return _form(request, caller, begun.typed, begun.shape)


@router.post("")
async def create(request: Request, caller: AdministratorForm) -> Response:
    """Save a new draft."""
    return await _save(request, caller, None)


@router.get("/{offer_id}")
def one(request: Request, caller: Office, offer_id: ShortId) -> Response:
    """Show an offer as citizens see it, and what can be done with it."""
    return _one(request, caller, offer_id)


@router.get("/{offer_id}/edit")
def edit(request: Request, caller: Office, offer_id: ShortId) -> Response:
    """Show the form of a draft."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        offer = offers.get(reading, offer_id)
    if offer.status is not OfferStatus.DRAFT:
        return framing.go(f"/office/offers/{offer_id}")
    typed = offer_forms.write(offer, caller.city)
    return _form(
        request, caller, typed, offer_forms.shape_of(offer), chosen=list(offer.venue_ids), offer_id=offer_id
    )


@router.post("/{offer_id}/edit")
async def revise(request: Request, caller: AdministratorForm, offer_id: ShortId) -> Response:
    """Save a draft that was changed."""
    return await _save(request, caller, offer_id)


@router.get("/{offer_id}/call-off")
def ask_to_call_off(request: Request, caller: Office, offer_id: ShortId) -> Response:
    """Ask whether an offer shall be called off."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        offer = offers.get(reading, offer_id)
    return framing.show(request, caller, "office/offer_call_off.html", area=Area.OFFICE, offer=offer)


@router.post("/{offer_id}/{step}")
def change(
    request: Request,
    caller: AdministratorForm,
    offer_id: ShortId,
    step: str,
    count: Annotated[str, Form()] = "0",
) -> Response:
    """Publish, withdraw, call off, or add places."""
    places = typed_numbers.whole(count)
    steps: dict[str, Callable[[Work], Offer]] = {
        "publish": lambda work: offers.publish(work, caller.city, offer_id),
        "withdraw": lambda work: offers.withdraw(work, offer_id),
        "call-off": lambda work: calling_off.call_off(work, offer_id),
        "places": lambda work: offers.add_places(work, caller.city, offer_id, places),
    }
    if step not in steps:
        raise NotFound("page-not-found")

    def command(work: Work) -> None:
        offer = steps[step](work)
        auditing.record(work, caller.scope, f"offer-{step}", f"offer/{offer.code}", {"count": places})

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error, {"places": "count"})
        return _one(request, caller, offer_id, status=409, errors=errors, count=count)
    return framing.go(f"/office/offers/{offer_id}", "offer-changed")


async def _save(request: Request, caller: Caller, offer_id: int | None) -> Response:
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    chosen = [int(value) for value in form.getlist("venue_ids") if isinstance(value, str) and value.isdigit()]
    try:
        described = offer_forms.read(typed, chosen, caller.city)

        def command(work: Work) -> Mapping[str, Any]:
            if offer_id is None:
                offer = offers.create(work, described)
            else:
                offer = offers.revise(work, offer_id, described)
            done = "offer-created" if offer_id is None else "offer-revised"
            auditing.record(work, caller.scope, done, f"offer/{offer.code}", {})
            return {"offer_id": offer.offer_id}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error, offer_forms.FIELDS)
        shape = typed.get("shape", "entry")
        return _form(
            request, caller, typed, shape, chosen=chosen, offer_id=offer_id, status=422, errors=errors
        )
    return framing.go(f"/office/offers/{answer['offer_id']}", "offer-saved")


def _page(request: Request, caller: Caller) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = offers.every(reading)
        proposed = proposing.waiting(reading, found)
        names = {venue.venue_id: venue.name for venue in venues.every(reading)}
    return framing.show(
        request, caller, "office/offers.html", area=Area.OFFICE,
        offers=sorted(found, key=lambda one: (one.status.value != "draft", one.code)), names=names,
        proposed=proposed,
        words=OFFER_WORDS, kinds=KIND_WORDS, may_change=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip


def _one(
    request: Request,
    caller: Caller,
    offer_id: int,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    count: str = "",
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        offer = offers.get(reading, offer_id)
        where = [venues.get(reading, venue_id) for venue_id in offer.venue_ids]
        called_off = calling_off.find(reading, offer_id)
    return framing.show(
        request, caller, "office/offer.html", area=Area.OFFICE, status=status, errors=errors or [],
        count=count, offer=offer, called_off=called_off, venues=where, words=OFFER_WORDS, kinds=KIND_WORDS,
        may_change=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip


def _form(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    shape: str,
    *,
    chosen: list[int] | None = None,
    offer_id: int | None = None,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = venues.every(reading)
    kinds = offer_forms.KINDS.get(shape, offer_forms.KINDS["entry"])
    return framing.show(
        request, caller, "office/offer_form.html", area=Area.OFFICE, status=status, typed=typed, shape=shape,
        chosen=chosen or [], venues=found, kinds={kind: KIND_WORDS[kind] for kind in kinds},
        pictograms=PICTOGRAMS, offer_id=offer_id, errors=errors or [], by_field=dict(errors or []),
    )  # fmt: skip
