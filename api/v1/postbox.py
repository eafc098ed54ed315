"""The postbox of the person who is signed in."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, letters, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.letters import Reader
from api.v1.shapes import Before, IdText, In, Limit, LongId, Paged
from identity import postbox
from identity.postbox import EntryKind
from kernel.db import Work

router = APIRouter(tags=["postbox"])
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class EntryOut(BaseModel):
    """An entry in the reader's language."""

    entry_id: IdText
    kind: str = Field(examples=["message"], description="receipt, voucher or message")
    code: str = Field(examples=["event-cancelled"], description="What it is about, for programs")
    title: str = Field(examples=["Abgesagt: Sommerkonzert"])
    text: str
    path: str = Field(
        description="Where it leads on the pages; empty if nowhere", examples=["/vouchers/8f0c"]
    )
    created_at: dt.datetime
    read_at: dt.datetime | None


class ChoiceIn(In):
    """Whether everything comes by e-mail, too."""

    wanted: bool = Field(examples=[True])


class DoneOut(BaseModel):
    """It is done."""

    done: bool = Field(examples=[True])


@router.get("/postbox", summary="Your postbox")
def page(
    request: Request,
    caller: Citizen,
    kind: EntryKind | None = None,
    words: Annotated[str, Query(max_length=100, description="All of them must occur")] = "",
    before: Before = None,
    limit: Limit = 50,
) -> Paged[EntryOut]:
    """Return a page of entries, newest first."""
    given, owner = services.of(request), caller.person_session.person.owner
    reader = Reader(caller.language, given.translations[caller.language], caller.city)
    with given.database.reading(caller.city.city_id) as reading:
        kinds = [kind] if kind else []
        found = postbox.page(reading, owner, kinds=kinds, words=words, before=before, limit=limit)
    items = []
    for one in found:
        told = letters.told(one, reader)
        items.append(
            EntryOut(
                entry_id=str(one.entry_id), kind=one.kind.value, code=one.code, title=told.title,
                text=told.text, path=told.path, created_at=one.created_at, read_at=one.read_at,
            )
        )  # fmt: skip
    return Paged(items=items, next=str(found[-1].entry_id) if len(found) == limit else None)


@router.post("/postbox/{entry_id}/read", summary="Mark an entry as read", response_model=DoneOut)
async def read(request: Request, caller: Citizen, entry_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Note that an entry was opened."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.get(work, entry_id, owner)
        postbox.mark_read(work, owner, entry_id)
        return {"done": True}

    return await commanding.answer(request, caller, key, command)


@router.delete("/postbox/{entry_id}", summary="Delete an entry", response_model=DoneOut)
async def delete(request: Request, caller: Citizen, entry_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Throw an entry away; a receipt can still be asked for by its number."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.delete(work, owner, entry_id)
        return {"done": True}

    return await commanding.answer(request, caller, key, command)


@router.put("/postbox-by-mail", summary="Have the postbox by e-mail, too", response_model=DoneOut)
async def choose(request: Request, caller: Citizen, body: ChoiceIn, key: IdempotencyKey) -> JSONResponse:
    """Keep whether you want each entry by e-mail, too. By default nothing is sent."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.choose_mail(work, owner, wanted=body.wanted)
        return {"done": True}

    return await commanding.answer(request, caller, key, command)
