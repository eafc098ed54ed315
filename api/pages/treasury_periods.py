"""The treasury's page of closed periods, and closing one."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import closing, commanding, services, settlements_due
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import persons
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, Invalid
from ledger import periods
from ledger.periods import Closing
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury/periods")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES))]
Treasurer = Annotated[Caller, Depends(Access(Role.TREASURER))]
TreasurerForm = Annotated[Caller, Depends(Access(Role.TREASURER, form=True))]

framing.announce({"period-closed": ("success", N_("The period is closed."))})


@router.get("")
def overview(request: Request, caller: Reader) -> Response:
    """Show what is closed, by whom and when, and the way to close more."""
    return _page(request, caller, "")


@router.get("/close")
def ask(request: Request, caller: Treasurer, last_day: str = "") -> Response:
    """Ask once more before a period is closed."""
    try:
        day = _day(last_day)
    except Invalid as error:
        return _page(request, caller, last_day, error)
    return framing.show(
        request, caller, "treasury/close_period.html", area=Area.TREASURY, last_day=day
    )  # fmt: skip


@router.post("")
async def close(request: Request, caller: TreasurerForm, last_day: Annotated[str, Form()] = "") -> Response:
    """Close a period for good."""
    try:
        day = _day(last_day)

        def command(work: Work) -> Mapping[str, Any]:
            return {"sequence": closing.close(work, day, caller.scope).sequence}

        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, last_day, error)
    return framing.go("/treasury/periods", "period-closed")


def _page(request: Request, caller: Caller, typed: str, error: DomainError | None = None) -> Response:
    given = services.of(request)
    errors = [("last_day", said) for _, said in framing.field_errors(request, caller, error)] if error else []
    with given.database.reading(caller.city.city_id) as reading:
        closings = periods.every(reading)
        due = settlements_due.count(reading, caller.city)
        people = _people(reading, closings)
    yesterday = caller.city.day_of(given.database.clock.now()) - dt.timedelta(days=1)
    return framing.show(
        request, caller, "treasury/periods.html", area=Area.TREASURY, status=422 if error else 200,
        closings=closings, due=due, people=people, typed=typed, latest=yesterday, errors=errors,
        by_field=dict(errors), may_close=caller.has(Role.TREASURER),
    )  # fmt: skip


def _day(text: str) -> dt.date:
    """Return a day as forms send it. Raises Invalid."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("day-invalid", field="last_day") from None


def _people(reading: Reading, closings: list[Closing]) -> dict[str, str]:
    actors = {one.closed_by for one in closings if one.closed_by.startswith("person/")}
    found = persons.by_ids(reading, [int(actor.partition("/")[2]) for actor in actors])
    return {f"person/{number}": one.name or one.email or "" for number, one in found.items()}
