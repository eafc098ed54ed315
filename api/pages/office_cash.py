"""The cash desk: staff find an order by its code, take the money against a receipt, and count the drawer."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from redemption import codes, hand_refunds, taking, takings
from redemption.collection_requests import CollectionRequest, CollectionWay
from redemption.providers import PaymentStatus
from redemption.taking import Place
from redemption.takings import DeskMethod
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/cash")
Worker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
WorkerForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, form=True))]

DESK = "rathaus"
"""The desk that is offered; another may be typed."""
METHOD_WORDS = {"cash": N_("Cash"), "girocard": N_("Girocard")}
_EUROS = re.compile(r"(\d{1,6})(?:[.,](\d{2}))?")
framing.announce(
    {
        "money-taken": ("success", N_("Paid. Please hand over the receipt.")),
        "money-given": ("success", N_("Given back. Please have the receipt signed.")),
        "drawer-counted": ("success", N_("The drawer is counted. Thank you, that was it for today.")),
    }
)


@router.get("")
def ask(request: Request, caller: Worker, code: str = "", desk: str = DESK) -> Response:
    """Find what is to be paid, and show today's drawer."""
    if not code.strip():
        return _page(request, caller, desk=desk)
    try:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            found = taking.find(reading, code)
    except DomainError as error:
        return _page(request, caller, error, "code", typed={"code": code}, desk=desk)
    return _page(request, caller, found=found, typed={"code": code}, desk=desk)


@router.post("")
async def take(
    request: Request,
    caller: WorkerForm,
    code: Annotated[str, Form()] = "",
    desk: Annotated[str, Form()] = DESK,
    method: Annotated[str, Form()] = "cash",
    receipt_number: Annotated[str, Form()] = "",
) -> Response:
    """Take what is due."""

    def command(work: Work) -> Mapping[str, Any]:
        place = Place(desk, caller.scope)
        paid = taking.take(
            work, caller.city, code, place, method=_method(method), receipt_number=receipt_number
        )
        details = {"cents": paid.cents, "method": paid.method, "receipt": receipt_number}
        auditing.record(work, caller.scope, "desk-money-taken", f"payment/{paid.payment_id}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _again(request, caller, error, code, desk, receipt_number)
    return framing.go(f"/office/cash?desk={desk}", "money-taken")


@router.post("/refunds/{refund_id}")
async def give_back(
    request: Request,
    caller: WorkerForm,
    refund_id: int,
    desk: Annotated[str, Form()] = DESK,
    method: Annotated[str, Form()] = "cash",
    receipt_number: Annotated[str, Form()] = "",
) -> Response:
    """Give money back over the counter."""

    def command(work: Work) -> Mapping[str, Any]:
        place = Place(desk, caller.scope)
        done = taking.give_back(
            work, caller.city, refund_id, place, method=_method(method), receipt_number=receipt_number
        )
        details = {"cents": done.cents, "receipt": receipt_number}
        auditing.record(work, caller.scope, "desk-money-given-back", f"refund/{refund_id}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, error, None, desk=desk)
    return framing.go(f"/office/cash?desk={desk}", "money-given")


@router.post("/count")
async def count(
    request: Request,
    caller: WorkerForm,
    desk: Annotated[str, Form()] = DESK,
    change: Annotated[str, Form()] = "",
    counted: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Count the drawer in the evening."""

    def command(work: Work) -> Mapping[str, Any]:
        place, today = Place(desk, caller.scope), caller.city.day_of(work.now)
        drawer = taking.count(
            work, caller.city, place, today, float_cents=_cents(change, "change"),
            counted_cents=_cents(counted, "counted"), note=note,
        )  # fmt: skip
        details = {"expected_cents": drawer.expected_cents, "counted_cents": drawer.counted_cents}
        auditing.record(work, caller.scope, "drawer-counted", f"desk/{desk}", details)
        return {}

    typed = {"change": change, "counted": counted, "note": note}
    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(
            request, caller, error, str(error.details.get("field", "counted")), typed=typed, desk=desk
        )
    return framing.go(f"/office/cash?desk={desk}", "drawer-counted")


def _again(
    request: Request, caller: Caller, error: DomainError, code: str, desk: str, receipt_number: str
) -> Response:
    """Show the order again with what is wrong."""
    field = str(error.details.get("field", "receipt_number" if "receipt" in error.code else "code"))
    found = None
    if field != "code":
        with services.of(request).database.reading(caller.city.city_id) as reading:
            found = taking.find(reading, code)
    typed = {"code": code, "receipt_number": receipt_number}
    return _page(request, caller, error, field, found=found, typed=typed, desk=desk)


def _page(
    request: Request,
    caller: Caller,
    error: DomainError | None = None,
    field: str | None = None,
    *,
    found: CollectionRequest | None = None,
    typed: Mapping[str, str] | None = None,
    desk: str = DESK,
) -> Response:
    errors = [(field, framing.sentence(request, caller, error))] if error else []
    place = Place(desk, caller.scope)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        today = caller.city.day_of(reading.now)
        taken = takings.of_day(reading, today, desk=desk, staff=caller.scope)
        drawer = takings.drawer(reading, desk, caller.scope, today)
        expected = taking.expected_cash(reading, place, today)
        pending = hand_refunds.pending(reading, CollectionWay.DESK.value)
    return framing.show(
        request, caller, "office/cash.html", area=Area.OFFICE, status=422 if error else 200, found=found,
        payable=found is not None and found.status is PaymentStatus.CREATED, typed=typed or {}, errors=errors,
        by_field=dict(errors), desk=desk, taken=taken, drawer=drawer, expected=expected, pending=pending,
        methods=METHOD_WORDS, grouped=codes.grouped,
    )  # fmt: skip


def _method(text: str) -> DeskMethod:
    return DeskMethod(text) if text in set(DeskMethod) else DeskMethod.CASH


def _cents(text: str, field: str) -> int:
    """Return an amount as people write it in cents. Raises Invalid `count-invalid`."""
    match = _EUROS.fullmatch(text.replace("€", "").strip())
    if match is None:
        raise Invalid("count-invalid", field=field)
    return int(match[1]) * 100 + int(match[2] or 0)
