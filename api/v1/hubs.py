"""A venue's hub: what it is told, and the time in which the venue's vouchers are left to it."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import BIGINT_MAX, IdText, In, Out, base64url
from identity import auditing
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from merchants import devices, venues
from merchants.devices import Device, DeviceKind
from redemption import codes, hub_lists, hub_passages, hub_sessions
from redemption.codes import ManualCode
from redemption.hub_lists import Listed
from redemption.hub_sessions import Session
from redemption.scan_events import NUMBER_MAX
from redemption.tokens import TokenRefused

router = APIRouter(tags=["scans"], prefix="/venue/hub")
DeviceCaller = Annotated[Caller, Depends(Access(Sort.DEVICE))]
Place = Annotated[int, Query(ge=-1, le=BIGINT_MAX, description="Place in the status list; -1: first")]


class SessionIn(In):
    """For how long."""

    until: dt.datetime = Field(description="At most 72 hours from now", examples=["2026-11-27T22:00:00Z"])
    log_through: int = Field(
        ge=0, le=NUMBER_MAX, description="Newest event of the hub: all must have been handed in", examples=[0]
    )


class SessionOut(Out):
    """The time in which the hub alone takes the venue's vouchers."""

    session_id: IdText
    begun_at: dt.datetime
    until: dt.datetime
    free_at: dt.datetime = Field(description="Until then nobody else takes them, if the hub is not heard of")
    through_index: int = Field(description="Newest voucher, by its place in the list", examples=[4711])


class KnownDeviceOut(Out):
    """A device of the venue, for what was used there before."""

    device_id: IdText
    name: str = Field(examples=["Kasse 1"])
    gate: str | None = Field(examples=["Tor 2"])


class CopyOut(BaseModel):
    """What a hub has to know to be the venue's scanner."""

    city: dict[str, Any] = Field(
        description="Number, slug, name, time zone and colours", examples=[{"city_id": 1, "name": "Duisburg"}]
    )
    venue: dict[str, Any] = Field(
        description="Number, name, kind, street, postcode, district",
        examples=[{"venue_id": 4}],
    )
    offers: list[dict[str, Any]] = Field(
        description="Offers that the venue takes, with their terms", examples=[[{"offer_id": 3}]]
    )
    devices: list[KnownDeviceOut]
    session: SessionOut | None = Field(description="Absent: nothing is left to the hub")


class ListedOut(BaseModel):
    """A voucher that is left to the hub; nothing of whose it is."""

    voucher_id: str = Field(examples=["5f0f2d394d0c4f8e"])
    status_index: int = Field(description="Place in the status list", examples=[311])
    offer_id: int = Field(examples=[3])
    kid: str = Field(examples=["03a107bf"])
    token: str = Field(description="Its last 64 bytes replaced by their SHA-512; base64url")
    uses: int = Field(examples=[10])
    used: int = Field(examples=[3])
    used_at: dt.datetime | None = Field(description="The latest use")
    used_by: IdText | None = Field(description="The device of that")
    seat: str | None = Field(examples=["7"])
    valid_from: dt.datetime
    valid_until: dt.datetime
    frozen: bool = Field(description="Its payment is disputed", examples=[False])


class ListOut(BaseModel):
    """Vouchers in the order of the status list."""

    items: list[ListedOut]
    through: int = Field(description="Ask for those after it", examples=[4711])
    complete: bool = Field(description="Whether there are no more now", examples=[True])


class ChangedOut(BaseModel):
    """What became of vouchers at some places; what is not named is not the hub's any more."""

    items: list[ListedOut]


class PassageOut(Out):
    """Guests of a voucher passed a gate."""

    passage_id: IdText
    voucher_id: str = Field(examples=["5f0f2d394d0c4f8e"])
    device_id: IdText
    direction: str = Field(description="in or out", examples=["in"])
    again: bool = Field(description="Let in again, without a use", examples=[False])
    persons: int = Field(examples=[1])
    passed_at: dt.datetime
    over_at: dt.datetime = Field(description="From then on it counts no more")


class PassagesOut(Out):
    """Who went in and out today at the venue's other devices, in the order in which the city heard of it."""

    items: list[PassageOut]
    undone: list[IdText] = Field(description="Those that were taken back since")
    through: IdText = Field(description="Ask for those after it")
    complete: bool = Field(description="Whether there are no more now", examples=[True])
    told_at: dt.datetime = Field(description="Ask from then on for what was taken back")


class TypedIn(In):
    """What somebody typed."""

    code: str = Field(max_length=20, examples=["7K3M9 PQRST"])


class TypedOut(BaseModel):
    """The voucher of it. It is not used by asking."""

    voucher_id: str = Field(examples=["5f0f2d394d0c4f8e"])


@router.get("/copy", summary="What a hub has to know", responses={304: {"description": "Not changed"}})
def copy(
    request: Request,
    response: Response,
    caller: DeviceCaller,
    if_none_match: Annotated[str | None, Header()] = None,
) -> CopyOut:
    """Return city, venue, offers, devices, and the session that runs; with an ETag."""
    hub = _hub(caller)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        told = _copied(reading, caller, hub)
    tag = f'"{hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:24]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]  # as FastAPI takes it
    response.headers["ETag"] = tag
    return told


@router.post("/session", summary="Leave the venue's vouchers to the hub", response_model=SessionOut)
async def begin(request: Request, caller: DeviceCaller, body: SessionIn, key: IdempotencyKey) -> JSONResponse:
    """Begin a session, or make the one that runs longer and take in what was bought since."""
    if body.until.tzinfo is None:
        raise Invalid(
            "hub-until-invalid", field="until", hours=int(hub_sessions.MOST.total_seconds() // 3600)
        )
    number = _hub(caller).device_id

    def command(work: Work) -> Mapping[str, Any]:
        session = hub_sessions.begin(work, devices.get(work, number), body.until, body.log_through)
        details = {"until": session.until.isoformat()}
        auditing.record(work, caller.scope, "hub-session", f"venue/{session.venue_id}", details)
        return SessionOut.plain(session)

    return await commanding.answer(request, caller, key, command)


@router.get("/vouchers", summary="Vouchers that are left to the hub")
def listed(request: Request, caller: DeviceCaller, after: Place = -1) -> ListOut:
    """Return a page of the session's vouchers after a place of the status list."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = hub_lists.page(reading, _session(reading, caller), after)
    return ListOut(items=_items(found.items), through=found.through, complete=found.complete)


@router.get("/vouchers/changed", summary="What became of some vouchers")
def changed(
    request: Request,
    caller: DeviceCaller,
    at: Annotated[list[int], Query(max_length=hub_lists.ASKED_MAX, description="Places in the status list")],
) -> ChangedOut:
    """Return those of the vouchers at some places that are left to the hub, as they are now."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        wanted = (place for place in at if 0 <= place <= BIGINT_MAX)
        return ChangedOut(items=_items(hub_lists.some(reading, _session(reading, caller), wanted)))


@router.get("/passages", summary="Who went in and out at other devices")
def passed(
    request: Request,
    caller: DeviceCaller,
    undone_since: Annotated[dt.datetime, Query(description="From when on what was taken back is told")],
    after: Annotated[int, Query(ge=0, le=BIGINT_MAX, description="Passage that the hub has; 0: none")] = 0,
) -> PassagesOut:
    """Return passages that count today and are not the hub's own, so that its gates know who is inside."""
    hub = _hub(caller)
    since = undone_since if undone_since.tzinfo else undone_since.replace(tzinfo=dt.UTC)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return PassagesOut.model_validate(hub_passages.page(reading, hub, after, since))


@router.post("/typed", summary="Which voucher ten characters name")
def typed(request: Request, caller: DeviceCaller, body: TypedIn, _: IdempotencyKey) -> TypedOut:
    """Return the voucher that ten typed characters name, if it is left to the hub. Nothing is written."""
    given = services.of(request)
    given.limiter.hit("manual-code-device", caller.city.city_id, _hub(caller).device_id)
    try:
        read = codes.parse(body.code)
    except TokenRefused:
        read = b""
    with given.database.reading(caller.city.city_id) as reading:
        session = _session(reading, caller)
        found = hub_lists.typed(reading, session, read.value) if isinstance(read, ManualCode) else None
    if found is None:
        raise NotFound("voucher-not-found")
    return TypedOut(voucher_id=found)


def _hub(caller: Caller) -> Device:
    device = caller.scanning_device
    if device.kind is not DeviceKind.HUB:
        raise Conflict("hub-only")
    return device


def _session(reading: Reading, caller: Caller) -> Session:
    hub = _hub(caller)
    found = hub_sessions.running(reading, [hub.venue_id]).get(hub.venue_id)
    if found is None or found.device_id != hub.device_id or not hub.trusted_offline:
        raise NotFound("hub-session-none")
    return found


def _copied(reading: Reading, caller: Caller, hub: Device) -> CopyOut:
    city, venue = caller.city, venues.get(reading, hub.venue_id)
    session = hub_sessions.running(reading, [hub.venue_id]).get(hub.venue_id)
    mine = session is not None and session.device_id == hub.device_id
    return CopyOut(
        city={
            "city_id": city.city_id, "slug": city.slug, "name": city.name, "timezone": city.timezone,
            "colours": city.colours,
        },
        venue={
            "venue_id": venue.venue_id, "name": venue.name, "kind": venue.kind.value, "street": venue.street,
            "postcode": venue.postcode, "district": venue.district,
        },
        # Through JSON, so that what is told is what is named by the ETag.
        offers=json.loads(json.dumps(hub_lists.offers(reading, hub.venue_id))),
        devices=[KnownDeviceOut.model_validate(one) for one in devices.of_venue(reading, hub.venue_id)],
        session=SessionOut.model_validate(session) if mine else None,
    )  # fmt: skip


def _items(found: Sequence[Listed]) -> list[ListedOut]:
    return [
        ListedOut(
            **{name: getattr(one, name) for name in Listed.__dataclass_fields__}
            | {"token": base64url(one.token)}
        )
        for one in found
    ]
