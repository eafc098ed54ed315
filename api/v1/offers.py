"""Offers: what points can be spent on."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import In, LongNumber, Out, ShortId, ShortNumber
from identity import auditing
from identity.persons import TrustLevel
from identity.roles import Role
from kernel.db import Work
from kernel.errors import NotFound
from redemption import calling_off, offers
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import SEATS_MAX, OfferKind, Reentry, RefundRule, Terms
from redemption.offers import Offer, OfferStatus

router = APIRouter(tags=["offers"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]


class PlacesOut(Out):
    """Places of an offer, from the ledger."""

    left: int = Field(examples=[42])
    reserved: int = Field(examples=[3])
    used: int = Field(examples=[55])


class TermsOut(Out):
    """How an offer is used, by whom, and what can be given back."""

    uses: int = Field(examples=[10])
    activation_minutes: int | None = Field(examples=[90])
    event_begins_at: dt.datetime | None
    event_ends_at: dt.datetime | None
    doors_at: dt.datetime | None
    seats: list[str] = Field(examples=[["A1", "A2"]])
    personal: bool = Field(examples=[False])
    transferable: bool = Field(examples=[False], description="May be handed on to somebody of the household")
    discount_percent: int | None = Field(examples=[10])
    discount_cents: int | None
    minimum_cents: int | None
    per_month_limit: int | None
    trust_least: str = Field(examples=["anonymous"])
    age_least: int | None
    refund_rule: str = Field(examples=["always"], description="always, until or never")
    refund_hours: int | None
    undo_minutes: int = Field(examples=[5], description="How long a venue may take a scan back")
    reentry: str = Field(
        examples=["same-day"], description="Whether who goes out may come in again: none or same-day"
    )
    in_parts: bool = Field(description="A use is a part of its value and not a person", examples=[False])


class TermsIn(In):
    """How an offer is used, by whom, and what can be given back; what is left out is as of a plain entry."""

    uses: ShortNumber = Field(default=1, examples=[10])
    activation_minutes: ShortNumber | None = Field(default=None, examples=[90])
    event_begins_at: dt.datetime | None = Field(default=None, examples=["2027-06-12T18:00:00Z"])
    event_ends_at: dt.datetime | None = Field(default=None, examples=["2027-06-12T21:00:00Z"])
    doors_at: dt.datetime | None = Field(default=None, examples=["2027-06-12T17:00:00Z"])
    seats: list[str] = Field(default=[], examples=[["A1", "A2"]], max_length=SEATS_MAX)
    personal: bool = False
    transferable: bool = False
    discount_percent: ShortNumber | None = Field(default=None, examples=[10])
    discount_cents: LongNumber | None = Field(default=None, examples=[250])
    minimum_cents: LongNumber | None = Field(default=None, examples=[2000])
    per_month_limit: ShortNumber | None = Field(default=None, examples=[2])
    trust_least: TrustLevel = Field(default=TrustLevel.ANONYMOUS, examples=["basic"])
    age_least: ShortNumber | None = Field(default=None, examples=[16])
    refund_rule: RefundRule = Field(default=RefundRule.ALWAYS, examples=["until"])
    refund_hours: ShortNumber | None = Field(default=None, examples=[24])
    undo_minutes: ShortNumber = Field(
        default=0, examples=[5], description="How long a venue may take a scan back; 0: not at all"
    )
    reentry: Reentry = Field(
        default=Reentry.NONE,
        examples=["same-day"],
        description="Whether who goes out may come in again until the day, or the event, is over",
    )
    in_parts: bool = Field(
        default=False, description="A use is a part of its value: 20 euros in ten parts. Staff says how much"
    )

    def terms(self) -> Terms:
        """Return the terms as the room knows them."""
        return Terms(**{**self.model_dump(), "seats": tuple(self.seats)})


class OfferOut(Out):
    """An offer."""

    offer_id: int = Field(examples=[3])
    code: str = Field(examples=["rhein-ruhr-bad-einzel"])
    kind: str = Field(examples=["pool"])
    status: str = Field(examples=["published"])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte", "en": "Single ticket"}])
    descriptions: dict[str, str]
    venue_ids: list[int] = Field(examples=[[4]])
    price_points: int = Field(examples=[250])
    price_cents: int = Field(examples=[0], description="Euros due besides the points")
    extra_points_most: int = Field(
        examples=[0], description="How many more points may be used instead of euros, at the city's rate"
    )
    value_cents: int = Field(examples=[450])
    valid_days: int | None = Field(examples=[60])
    valid_until: dt.datetime | None
    per_person_limit: int | None
    terms: TermsOut
    places: PlacesOut | None = Field(description="Absent if they are not limited")


class OfferIn(In):
    """A new offer."""

    code: str = Field(examples=["rhein-ruhr-bad-einzel"])
    kind: OfferKind = Field(examples=["pool"])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte", "en": "Single ticket"}])
    descriptions: dict[str, str] = Field(examples=[{"de": "Ein Besuch.", "en": "One visit."}])
    pictogram: str = Field(examples=["pool"])
    price_points: LongNumber = Field(examples=[250])
    price_cents: LongNumber = Field(
        default=0, examples=[0], description="Euros due besides the points: nothing, or at least 50 cents"
    )
    extra_points_most: LongNumber = Field(
        default=0, examples=[0], description="How many more points may be used instead of euros"
    )
    value_cents: LongNumber = Field(default=0, examples=[450])
    venue_ids: list[ShortNumber] = Field(examples=[[4]])
    places: LongNumber | None = Field(default=None, examples=[100])
    valid_days: ShortNumber | None = Field(default=None, examples=[60])
    per_person_limit: ShortNumber | None = Field(default=None, examples=[4])
    vat_kind: VatKind = Field(default=VatKind.MULTI_PURPOSE, examples=["multi-purpose"])
    vat_rate_percent: ShortNumber | None = None
    live_code: bool = Field(default=False, description="A code that stands still is not accepted")
    sales_from: dt.datetime | None = Field(default=None, examples=["2027-01-01T08:00:00Z"])
    sales_until: dt.datetime | None = Field(default=None, examples=["2027-06-12T18:00:00Z"])
    valid_from: dt.datetime | None = Field(default=None, examples=["2027-01-01T00:00:00Z"])
    valid_until: dt.datetime | None = Field(default=None, examples=["2027-12-31T23:00:00Z"])
    terms: TermsIn = Field(default=TermsIn(), examples=[{"uses": 10}])


class MorePlaces(In):
    """How many places to add."""

    count: LongNumber = Field(examples=[20])


@router.get("/offers", summary="Offers on sale")
def on_sale(request: Request, caller: Anyone) -> list[OfferOut]:
    """Return all offers that can be bought now."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [OfferOut.model_validate(one) for one in offers.published(reading) if one.on_sale(reading.now)]


@router.get("/offers/all", summary="All offers")
def every(request: Request, caller: Administrator) -> list[OfferOut]:
    """Return every offer, drafts and withdrawn ones too."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [OfferOut.model_validate(one) for one in offers.every(reading)]


@router.get("/offers/{offer_id}", summary="One offer")
def one(request: Request, caller: Anyone, offer_id: ShortId) -> OfferOut:
    """Return an offer; a draft is shown to administrators only."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        offer = offers.get(reading, offer_id)
    if offer.status is OfferStatus.DRAFT and not caller.has(Role.ADMINISTRATOR):
        raise NotFound("offer-not-found", offer=str(offer_id))
    return OfferOut.model_validate(offer)


@router.post("/offers", status_code=201, summary="Make a draft", response_model=OfferOut)
async def create(request: Request, caller: Administrator, body: OfferIn, key: IdempotencyKey) -> JSONResponse:
    """Make a draft of an offer."""
    values = body.model_dump() | {"venue_ids": tuple(body.venue_ids), "terms": body.terms.terms()}
    new = NewOffer(**values)
    return await _act(
        request, caller, key, "offer-created", lambda work: offers.create(work, new), status=201
    )


@router.post("/offers/{offer_id}/publication", summary="Publish", response_model=OfferOut)
async def publish(
    request: Request, caller: Administrator, offer_id: ShortId, key: IdempotencyKey
) -> JSONResponse:
    """Put a draft on sale; its places become ledger accounts."""
    return await _act(
        request, caller, key, "offer-published", lambda work: offers.publish(work, caller.city, offer_id)
    )


@router.post("/offers/{offer_id}/withdrawal", summary="Withdraw", response_model=OfferOut)
async def withdraw(
    request: Request, caller: Administrator, offer_id: ShortId, key: IdempotencyKey
) -> JSONResponse:
    """Stop selling; vouchers that were sold stay valid."""
    return await _act(request, caller, key, "offer-withdrawn", lambda work: offers.withdraw(work, offer_id))


@router.post("/offers/{offer_id}/calling-off", summary="Call off", response_model=OfferOut)
async def call_off(
    request: Request, caller: Administrator, offer_id: ShortId, key: IdempotencyKey
) -> JSONResponse:
    """Stop selling and give back whatever was sold and not used; the worker does it in batches."""
    return await _act(
        request, caller, key, "offer-called-off", lambda work: calling_off.call_off(work, offer_id)
    )


@router.post("/offers/{offer_id}/places", summary="Add places", response_model=OfferOut)
async def add_places(
    request: Request, caller: Administrator, offer_id: ShortId, body: MorePlaces, key: IdempotencyKey
) -> JSONResponse:
    """Open more places of a published offer."""
    return await _act(
        request,
        caller,
        key,
        "places-added",
        lambda work: offers.add_places(work, caller.city, offer_id, body.count),
    )


async def _act(
    request: Request,
    caller: Caller,
    key: str,
    action: str,
    use_case: Callable[[Work], Offer],
    status: int = 200,
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        offer = use_case(work)
        auditing.record(work, caller.scope, action, f"offer/{offer.code}", {})
        return OfferOut.plain(offer)

    return await commanding.answer(request, caller, key, command, status=status)
