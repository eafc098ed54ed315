"""Bins in the administration: registered, printed, shown, replaced when photographed, taken out of use."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing, tag_forms, tag_prints
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from redemption.qr import Medium
from rewards import quests, tag_codes, tags
from rewards.tag_codes import Mode
from rewards.tags import Purpose, Tag
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/tags")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

framing.announce(
    {
        "tag-created": ("success", N_("Registered. Now print the sign and put it up.")),
        "tag-rotated": ("success", N_("The old code is worthless now. Please put the new sign up.")),
        "tag-retired": ("success", N_("The bin does not take part any more. Please take the sign down.")),
    }
)


@router.get("")
def every(request: Request, caller: Administrator) -> Response:
    """Show all bins and the form of a new one."""
    return _list(request, caller, {})


@router.post("")
async def create(request: Request, caller: AdministratorForm) -> Response:
    """Register a bin."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    author = caller.person_session.person.person_id
    try:
        new = tag_forms.read(typed)

        def command(work: Work) -> Mapping[str, Any]:
            tag = tags.create(work, caller.city, new, Purpose.BIN, author)
            auditing.record(work, caller.scope, "tag-created", f"tag/{tag.number}", {})
            return {"tag_id": tag.tag_id}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _list(request, caller, typed, status=422, errors=errors)
    return framing.go(f"/office/tags/{answer['tag_id']}", "tag-created")


@router.get("/print")
def print_all(request: Request, caller: Administrator) -> Response:
    """Show the signs of all bins, ready to be printed."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = tags.bins(reading)
    return _signs(request, caller, found, "/office/tags")


@router.get("/{tag_id}")
def one(request: Request, caller: Administrator, tag_id: LongId) -> Response:
    """Show a tag: where it is, what stands on it, and what can be done."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        tag = tags.get(reading, tag_id)
        quest = quests.of_tag(reading, tag_id) if tag.purpose is Purpose.STATION else None
    sign = tag_prints.of(services.of(request), caller.city, tag, tag.name)
    return framing.show(
        request, caller, "office/tag.html", area=Area.OFFICE, tag=tag, sign=sign, quest=quest,
        modes=tag_forms.MODE_WORDS,
    )  # fmt: skip


@router.get("/{tag_id}/print")
def print_one(request: Request, caller: Administrator, tag_id: LongId) -> Response:
    """Show the sign of one tag, ready to be printed."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        tag = tags.get(reading, tag_id)
    return _signs(request, caller, [tag], f"/office/tags/{tag_id}")


@router.get("/{tag_id}/display")
def display(request: Request, caller: Administrator, tag_id: LongId) -> Response:
    """Show the code of the moment; the page renews itself when the code changes."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        tag = tags.get(reading, tag_id)
        now = reading.now
    left = tag_codes.STEP.total_seconds() - now.timestamp() % tag_codes.STEP.total_seconds()
    sign = tag_prints.of(given, caller.city, tag, tag.name, Medium.SCREEN)
    return framing.show(
        request, caller, "office/tag_display.html", area=Area.OFFICE, tag=tag, sign=sign,
        renew_seconds=int(left) + 1 if tag.mode is Mode.DISPLAY else None,
    )  # fmt: skip


@router.post("/{tag_id}/rotate")
async def rotate(request: Request, caller: AdministratorForm, tag_id: LongId) -> Response:
    """Replace the codes of a tag that was photographed or lost."""
    return await _act(request, caller, tag_id, "tag-rotated", lambda work: tags.rotate(work, tag_id))


@router.post("/{tag_id}/retire")
async def retire(request: Request, caller: AdministratorForm, tag_id: LongId) -> Response:
    """Take a bin out of use."""
    return await _act(request, caller, tag_id, "tag-retired", lambda work: tags.retire_bin(work, tag_id))


async def _act(
    request: Request, caller: Caller, tag_id: LongId, done: str, use_case: Callable[[Work], Tag]
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        tag = use_case(work)
        auditing.record(work, caller.scope, done, f"tag/{tag.number}", {"generation": tag.generation})
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/tags/{tag_id}", done)


def _signs(request: Request, caller: Caller, found: list[Tag], back: str) -> Response:
    given = services.of(request)
    signs = [tag_prints.of(given, caller.city, tag, tag.name) for tag in found if tag.retired_at is None]
    return framing.show(
        request, caller, "office/signs.html", area=Area.OFFICE, signs=[one for one in signs if one.code],
        back=back, titles={},
    )  # fmt: skip


def _list(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = tags.bins(reading, retired=True)
    return framing.show(
        request, caller, "office/tags.html", area=Area.OFFICE, status=status, tags=found, typed=typed,
        errors=errors or [], by_field=dict(errors or []), modes=tag_forms.MODE_WORDS,
    )  # fmt: skip
