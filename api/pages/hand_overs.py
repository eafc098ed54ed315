"""Handing a voucher on: the giver's code, and the receiver's page."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller, Sort
from api.pages import framing, spending
from kernel.db import Work
from kernel.errors import DomainError
from redemption import codes, handing_over, qr
from web import templating
from web.marking import N_

router = APIRouter(include_in_schema=False)
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
Typed = Annotated[str, Form(max_length=40)]

framing.announce(
    {
        "received": ("success", N_("The voucher is yours now. It has a new code.")),
        "kept": ("info", N_("The code is worth nothing any more. The voucher stays yours.")),
    }
)


@router.post("/vouchers/{voucher_id}/hand-over")
async def offer(request: Request, caller: CitizenForm, voucher_id: str) -> Response:
    """Make a code, and show it: it is told once."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        made, code = handing_over.offer(work, owner, voucher_id)
        return {"code": code, "ends_at": made.ends_at.isoformat()}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return spending.voucher_page(request, caller, voucher_id, status=409, errors=errors)
    link = f"{services.of(request).settings.public_url}/hand-over?code={answer['code']}"
    title = framing.gettext_of(request, caller).gettext("QR code of the link")
    with services.of(request).database.reading(caller.city.city_id) as reading:
        waits = handing_over.waiting(reading, voucher_id)
    return framing.show(
        request, caller, "citizen/hand_over.html", voucher_id=voucher_id, code=answer["code"], link=link,
        picture=templating.safe(qr.svg(link, title=title)), waits=waits,
    )  # fmt: skip


@router.post("/vouchers/{voucher_id}/hand-over/withdraw")
async def withdraw(request: Request, caller: CitizenForm, voucher_id: str) -> Response:
    """Take the code back."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        handing_over.withdraw(work, owner, voucher_id)
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/vouchers/{voucher_id}", "kept")


@router.get("/hand-over")
def look(request: Request, caller: Citizen, code: str = "") -> Response:
    """Ask for a code, or show what it hands on."""
    if not code:
        return _page(request, caller, code)
    given = services.of(request)
    given.limiter.hit("hand-over-account", caller.city.city_id, caller.scope)
    try:
        with given.database.reading(caller.city.city_id) as reading:
            found, voucher = handing_over.look(reading, caller.person_session.person.owner, code)
    except DomainError as error:
        return _page(request, caller, code, error)
    if found.accepted_at is not None:
        return framing.go(f"/vouchers/{voucher.voucher_id}")
    return framing.show(request, caller, "citizen/receive.html", code=code, voucher=voucher, errors=[])


@router.post("/hand-over")
async def accept(request: Request, caller: CitizenForm, code: Typed) -> Response:
    """Become the holder."""
    given, owner = services.of(request), caller.person_session.person.owner
    given.limiter.hit("hand-over-account", caller.city.city_id, caller.scope)

    def command(work: Work) -> Mapping[str, Any]:
        taken = handing_over.accept(work, caller.city, owner, code, given.sealer)
        return {"voucher_id": taken.voucher_id}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, code, error)
    return framing.go(f"/vouchers/{answer['voucher_id']}", "received")


def _page(request: Request, caller: Caller, code: str, error: DomainError | None = None) -> Response:
    errors = [("code", framing.sentence(request, caller, error))] if error else []
    return framing.show(
        request, caller, "citizen/receive.html", status=409 if error else 200,
        code=code[: codes.TEXT_LENGTH_MAX], voucher=None, errors=errors,
    )  # fmt: skip
