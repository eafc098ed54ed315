"""The postbox: receipts, vouchers and messages of the city in one list."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import commanding, letters, services
from api.access import Access, Caller, Sort
from api.letters import Reader
from api.pages import framing
from api.v1.shapes import BIGINT_MAX, LongId
from identity import postbox
from identity.postbox import EntryKind
from kernel.db import Work
from web.marking import N_

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

PAGE = 20
KIND_WORDS: Mapping[EntryKind, str] = {
    EntryKind.MESSAGE: N_("Messages"),
    EntryKind.RECEIPT: N_("Receipts and payments"),
    EntryKind.VOUCHER: N_("Vouchers"),
}
framing.announce({"thrown-away": ("success", N_("Deleted."))})


def reader_of(request: Request, caller: Caller) -> Reader:
    """Return who reads."""
    return Reader(caller.language, framing.gettext_of(request, caller), caller.city)


@router.get("/postbox")
def every(
    request: Request,
    caller: Citizen,
    kind: str = "",
    words: Annotated[str, Query(max_length=100)] = "",
    before: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """Show the newest entries, of one kind or with certain words if asked for."""
    owner, reader = caller.person_session.person.owner, reader_of(request, caller)
    kinds = [one for one in EntryKind if one.value == kind]
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = postbox.page(reading, owner, kinds=kinds, words=words, before=before, limit=PAGE + 1)
        unread = postbox.unread_count(reading, owner)
    shown = found[:PAGE]
    asked = {name: value for name, value in (("kind", kind), ("words", words)) if value}
    older = "/postbox?" + urlencode({**asked, "before": shown[-1].entry_id}) if len(found) > PAGE else None
    tabs = [("", N_("All")), *((one.value, word) for one, word in KIND_WORDS.items())]
    return framing.show(
        request, caller, "citizen/postbox.html", entries=[(one, letters.told(one, reader)) for one in shown],
        tabs=[(word, "/postbox?" + urlencode({**asked, "kind": name}), name == kind) for name, word in tabs],
        kind=kind, words=words, older=older, unread=unread,
    )  # fmt: skip


@router.post("/postbox/read")
async def read_all(request: Request, caller: CitizenForm) -> Response:
    """Mark everything as read."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.mark_read(work, owner)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/postbox")


@router.get("/postbox/{entry_id}")
def one(request: Request, caller: Citizen, entry_id: LongId) -> Response:
    """Show an entry; whoever opens it has read it."""
    given, owner = services.of(request), caller.person_session.person.owner
    with given.database.reading(caller.city.city_id) as reading:
        found = postbox.get(reading, entry_id, owner)
    if found.is_unread:
        given.database.run(caller.city.city_id, lambda work: postbox.mark_read(work, owner, entry_id))
    return framing.show(
        request, caller, "citizen/postbox_entry.html", entry=found,
        told=letters.told(found, reader_of(request, caller)), words=KIND_WORDS,
    )  # fmt: skip


@router.post("/postbox/{entry_id}/delete")
async def delete(request: Request, caller: CitizenForm, entry_id: LongId) -> Response:
    """Throw an entry away."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.delete(work, owner, entry_id)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/postbox", "thrown-away")


@router.post("/account/mail")
async def choose(request: Request, caller: CitizenForm, wanted: Annotated[str, Form()] = "") -> Response:
    """Keep whether somebody wants the postbox by e-mail, too."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        postbox.choose_mail(work, owner, wanted=wanted == "yes")
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/account", "saved")
