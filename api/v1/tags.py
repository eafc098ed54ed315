"""Bins with a tag: where they are, using one by its code, and what administrators do with them."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, desks, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.actions import SubmissionOut, present
from api.v1.shapes import IdText, In, LongId, Out
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from rewards import binning, desk, tags
from rewards.checking import Place
from rewards.desk import Channel
from rewards.submissions import Submission
from rewards.tag_codes import Mode
from rewards.tags import NewTag, Purpose, Tag

router = APIRouter(tags=["tags"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
Clerk = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
Number = Annotated[
    str, Field(max_length=20, examples=["K7QM3"], description="Five characters that stand on the tag")
]
Code = Annotated[
    str,
    Field(
        max_length=200,
        examples=["Z9PX4T"],
        description="The six characters on paper or display, or what an NFC tag put into the address",
    ),
]


class BinOut(Out):
    """A bin that takes part."""

    number: str = Field(examples=["K7QM3"])
    name: str = Field(examples=["Königstraße, am Brunnen"])
    address: str | None = Field(examples=["Königstraße 10"])
    latitude_e6: int | None = Field(description="Millionths of a degree", examples=[51434000])
    longitude_e6: int | None = Field(examples=[6762000])
    mode: str = Field(examples=["printed"], description="printed, display or nfc")


class TagOut(BinOut):
    """A tag as administrators see it. Its code and keys are on the page where it is printed."""

    tag_id: IdText
    generation: int = Field(description="Grows when its codes are replaced", examples=[1])
    created_at: dt.datetime
    rotated_at: dt.datetime | None
    retired_at: dt.datetime | None


class TagIn(In):
    """A tag: where it is, by coordinates or at least by an address."""

    name: str = Field(max_length=400, examples=["Königstraße, am Brunnen"])
    mode: Mode = Field(default=Mode.PRINTED, examples=["printed"])
    address: str | None = Field(default=None, max_length=400, examples=["Königstraße 10"])
    latitude: float | None = Field(default=None, ge=-90, le=90, examples=[51.434])
    longitude: float | None = Field(default=None, ge=-180, le=180, examples=[6.762])

    def new_tag(self) -> NewTag:
        """Return it as the room takes it."""
        return NewTag(self.name, self.mode, self.address, _micro(self.latitude), _micro(self.longitude))


class PhoneIn(In):
    """Where a phone says it is. It is looked at and not kept."""

    latitude: float | None = Field(default=None, ge=-90, le=90, examples=[51.434])
    longitude: float | None = Field(default=None, ge=-180, le=180, examples=[6.762])
    accuracy_m: int | None = Field(default=None, ge=0, le=100_000, examples=[8])

    def place(self) -> Place | None:
        """Return the place, if it has one."""
        latitude, longitude = _micro(self.latitude), _micro(self.longitude)
        if latitude is None or longitude is None:
            return None
        return Place(latitude, longitude, self.accuracy_m)


class BinUseIn(PhoneIn):
    """That somebody threw something in."""

    number: Number
    code: Code


class BinEntryIn(In):
    """Number and code of a bin, written down by a citizen without a phone."""

    who: str = Field(max_length=254, examples=["K7QM-3ZPX"], description="E-mail address, or code of a card")
    channel: Channel = Field(examples=["paper"])
    number: Number
    code: Code


@router.get("/bins", summary="Bins that take part")
def bins(request: Request, caller: Anyone) -> list[BinOut]:
    """Return the bins with a tag, the newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [BinOut.model_validate(one) for one in tags.bins(reading)]


@router.post("/bin-uses", status_code=201, summary="Use a bin", response_model=SubmissionOut)
async def use(request: Request, caller: Citizen, body: BinUseIn, key: IdempotencyKey) -> JSONResponse:
    """Throw something in, and prove it by the tag's code. A code that changes is good once, for anybody."""
    person = caller.person_session.person

    def command(work: Work) -> Mapping[str, Any]:
        tag = tags.by_number(work, body.number)
        trust = person.trust_level.value
        made = binning.use(
            work, caller.city, tag, owner=person.owner, trust_level=trust, code=body.code, place=body.place()
        )
        return present(work, made)

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/bins", status_code=201, summary="Register a bin", response_model=TagOut)
async def register(request: Request, caller: Administrator, body: TagIn, key: IdempotencyKey) -> JSONResponse:
    """Register a bin; its tag is printed from the page of the administration."""
    author = caller.person_session.person.person_id

    def act(work: Work) -> Tag:
        return tags.create(work, caller.city, body.new_tag(), Purpose.BIN, author)

    return await _act(request, caller, key, "tag-created", act, status=201)


@router.post("/tags/{tag_id}/rotation", summary="Replace a tag's codes", response_model=TagOut)
async def rotate(
    request: Request, caller: Administrator, tag_id: LongId, key: IdempotencyKey
) -> JSONResponse:
    """Replace the codes of a tag that was photographed; of bins and of stations of quests."""
    return await _act(request, caller, key, "tag-rotated", lambda work: tags.rotate(work, tag_id))


@router.post("/tags/{tag_id}/retirement", summary="Take a bin out of use", response_model=TagOut)
async def retire(
    request: Request, caller: Administrator, tag_id: LongId, key: IdempotencyKey
) -> JSONResponse:
    """Take a bin out of use; again changes nothing. Stations go with their quest."""
    return await _act(request, caller, key, "tag-retired", lambda work: tags.retire_bin(work, tag_id))


@router.post(
    "/desk/bin-uses", status_code=201, summary="Enter the use of a bin", response_model=SubmissionOut
)
async def enter(request: Request, caller: Clerk, body: BinEntryIn, key: IdempotencyKey) -> JSONResponse:
    """Enter number and code that a citizen wrote down; somebody else decides it."""

    def command(work: Work) -> Mapping[str, Any]:
        found = desks.find(work, body.who)
        clerk = desks.clerk(caller, body.channel, found.identified_by)
        person = found.person
        made = desk.enter_bin(
            work, caller.city, body.number, body.code, person.owner, person.trust_level.value, clerk
        )
        note_entry(work, caller, made)
        return present(work, made)

    return await commanding.answer(request, caller, key, command, status=201)


def note_entry(work: Work, caller: Caller, made: Submission) -> None:
    """Write into the audit log that staff entered something."""
    auditing.record(work, caller.scope, "submission-entered", f"submission/{made.submission_id}", {})


async def _act(
    request: Request,
    caller: Caller,
    key: str,
    action: str,
    use_case: Callable[[Work], Tag],
    status: int = 200,
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        tag = use_case(work)
        auditing.record(work, caller.scope, action, f"tag/{tag.number}", {"generation": tag.generation})
        return TagOut.plain(tag)

    return await commanding.answer(request, caller, key, command, status=status)


def _micro(degrees: float | None) -> int | None:
    return None if degrees is None else round(degrees * 1_000_000)
