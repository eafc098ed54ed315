"""Vouchers of the person who is signed in: buying, showing, giving back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import Grouped, IdempotencyKey
from api.v1.shapes import INTEGER_MAX, Before, In, Limit, Paged
from kernel.cities import City
from kernel.db import Work
from kernel.errors import DomainError
from redemption import activating, buying, cancelling, codes, leasing, live_codes, live_keys, qr, vouchers
from redemption.buying import Purchase
from redemption.keys import Sealer
from redemption.vouchers import Voucher

router = APIRouter(tags=["vouchers"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class BuyRequest(In):
    """Which offer to buy."""

    offer_id: int = Field(ge=1, le=INTEGER_MAX, examples=[3])
    seat: str | None = Field(
        default=None,
        max_length=12,
        examples=["A7"],
        description="Of numbered seats; absent: the best free one",
    )


class VoucherOut(BaseModel):
    """A voucher as its owner sees it."""

    voucher_id: str = Field(examples=["8f0c1d2e3a4b5c6d"])
    status: str = Field(examples=["usable"], description="usable, active, redeemed, cancelled or expired")
    offer_code: str = Field(examples=["rhein-ruhr-bad-einzel"])
    kind: str = Field(examples=["pool"])
    titles: dict[str, str] = Field(examples=[{"de": "Einzelkarte Hallenbad", "en": "Single pool ticket"}])
    points: int = Field(examples=[120])
    venue_ids: list[int] = Field(examples=[[4]])
    uses: int = Field(examples=[10], description="How often it can be used")
    left: int = Field(examples=[3], description="How often still, unless it is over")
    seat: str | None = Field(default=None, examples=["A7"])
    active_until: dt.datetime | None = Field(default=None, description="Of an activated ticket; exclusive")
    valid_from: dt.datetime
    valid_until: dt.datetime = Field(description="Exclusive")
    text: str = Field(description="What the QR code says", examples=["DC1:6BFOXN..."])
    manual_code: str = Field(description="To be typed where nothing can be scanned", examples=["7K3M9QXY2A"])


class LiveDayKey(BaseModel):
    """A voucher's key for a day."""

    day: int = Field(examples=[20784], description="Days since 1970, UTC")
    key: str = Field(description="32 bytes in hex")


class LiveOut(BaseModel):
    """What makes a voucher's code move; docs/voucher-format.md says how."""

    server_time: dt.datetime
    step_seconds: int = Field(examples=[15])
    token: str = Field(description="In hex")
    keys: list[LiveDayKey]


@dataclass(frozen=True, slots=True)
class _Order:
    city: City
    sealer: Sealer
    purchase: Purchase


def _buy(work: Work, orders: Sequence[_Order]) -> list[Mapping[str, Any] | DomainError]:
    """Sell to all who wait in one city."""
    city, sealer = orders[0].city, orders[0].sealer
    sold = buying.buy_many(work, city, [order.purchase for order in orders], sealer)
    return [one if isinstance(one, DomainError) else present(one) for one in sold]


_BUYING = Grouped(_buy)


@router.post("/vouchers", status_code=201, summary="Buy a voucher", response_model=VoucherOut)
async def buy(request: Request, caller: Citizen, body: BuyRequest, key: IdempotencyKey) -> JSONResponse:
    """Reserve the points and a place and issue the voucher, all or nothing."""
    purchase = Purchase(caller.person_session.person.owner, body.offer_id, seat=body.seat)
    order = _Order(caller.city, services.of(request).sealer, purchase)
    done = await commanding.perform_grouped(request, caller, key, _BUYING, order)
    return commanding.Ready(done, 201)


@router.get("/vouchers", summary="Your vouchers")
def page(request: Request, caller: Citizen, before: Before = None, limit: Limit = 50) -> Paged[VoucherOut]:
    """Return a page of vouchers, newest first."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.page(reading, owner, before=before, limit=limit)
    items = [VoucherOut.model_validate(present(voucher)) for voucher in found]
    return Paged(items=items, next=str(found[-1].status_index) if len(found) == limit else None)


@router.get("/vouchers/{voucher_id}", summary="One voucher")
def one(request: Request, caller: Citizen, voucher_id: str) -> VoucherOut:
    """Return one of your vouchers."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
    return VoucherOut.model_validate(present(found))


@router.get(
    "/vouchers/{voucher_id}/qr.{form}",
    summary="QR code of a voucher",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}}},
)
def picture(request: Request, caller: Citizen, voucher_id: str, form: Literal["svg", "png"]) -> Response:
    """Return the QR code as SVG or PNG."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
    text = codes.app_text(found.token)
    if form == "png":
        return Response(qr.png(text), media_type="image/png")
    return Response(qr.svg(text, title=found.manual_code), media_type="image/svg+xml")


@router.get("/vouchers/{voucher_id}/live-keys", summary="Keys of the moving code")
def live(request: Request, caller: Citizen, voucher_id: str) -> LiveOut:
    """Return what the owner's phone needs to show a code that moves, for the next days, without a network."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = vouchers.of_owner(reading, caller.person_session.person.owner, voucher_id)
        made = live_keys.of_voucher(reading, given.sealer, found)
        lease = leasing.running(reading, [voucher_id]).get(voucher_id)
        now = reading.now
    return LiveOut(
        server_time=now,
        step_seconds=live_codes.STEP_SECONDS,
        token=(lease.token if lease and now < lease.until else found.token).hex(),
        keys=[LiveDayKey(day=one.day, key=one.key.hex()) for one in made],
    )


@router.post("/vouchers/{voucher_id}/cancellation", summary="Give a voucher back", response_model=VoucherOut)
async def cancel(request: Request, caller: Citizen, voucher_id: str, key: IdempotencyKey) -> JSONResponse:
    """Give an unused voucher back: the points return to where they came from, the place too."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return present(cancelling.cancel(work, caller.city, owner, voucher_id))

    return await commanding.answer(request, caller, key, command)


@router.post("/vouchers/{voucher_id}/activation", summary="Activate a ticket", response_model=VoucherOut)
async def activate(request: Request, caller: Citizen, voucher_id: str, key: IdempotencyKey) -> JSONResponse:
    """Begin the time of a ticket that is activated: it is valid from now on, and its code is new."""
    sealer, owner = services.of(request).sealer, caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        return present(activating.activate(work, caller.city, owner, voucher_id, sealer))

    return await commanding.answer(request, caller, key, command)


def present(voucher: Voucher) -> dict[str, Any]:
    """Return a voucher as plain JSON values."""
    return VoucherOut(
        voucher_id=voucher.voucher_id,
        status=voucher.status.value,
        offer_code=voucher.offer_code,
        kind=voucher.kind.value,
        titles=voucher.titles,
        points=voucher.points,
        venue_ids=list(voucher.venue_ids),
        uses=voucher.uses,
        left=voucher.left,
        seat=voucher.seat,
        active_until=voucher.active_until,
        valid_from=voucher.valid_from,
        valid_until=voucher.valid_until,
        text=codes.app_text(voucher.token),
        manual_code=codes.grouped(voucher.manual_code),
    ).model_dump(mode="json")
