"""Departments of the city, and which of them looks after which sort of report."""

from collections.abc import Callable
from typing import Annotated

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
from rewards import departments
from rewards.departments import Department

router = APIRouter(include_in_schema=False, prefix="/office/departments")
Reader = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.CASE_WORKER))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

FIELD = "category-"
"""Before a category's code, in the names of the fields of an action's routes."""


@router.get("")
def every(request: Request, caller: Reader) -> Response:
    """Show departments and what they look after."""
    return _page(request, caller, {})


@router.post("")
async def keep(
    request: Request,
    caller: AdministratorForm,
    code: Annotated[str, Form()] = "",
    name_de: Annotated[str, Form()] = "",
    name_en: Annotated[str, Form()] = "",
    contact: Annotated[str, Form()] = "",
    active: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
) -> Response:
    """Add a department or change one."""
    department = Department(code.strip(), {"de": name_de, "en": name_en}, contact, bool(active or new))
    typed = {"code": code, "name_de": name_de, "name_en": name_en, "contact": contact} if new else {}

    def command(work: Work) -> None:
        if new and department.code in departments.by_code(work):
            raise Invalid("department-code-taken", field="code")
        departments.keep(work, department)
        auditing.record(work, caller.scope, "department-kept", f"department/{department.code}", {})

    return await _act(request, caller, command, typed)


@router.post("/routes/{action}")
async def route(request: Request, caller: AdministratorForm, action: str) -> Response:
    """Say which department gets which reports of an action."""
    form = await request.form()
    changes = [
        (name.removeprefix(FIELD), value)
        for name, value in form.items()
        if name.startswith(FIELD) and isinstance(value, str)
    ]

    def command(work: Work) -> None:
        departments.route(work, action, changes)
        auditing.record(work, caller.scope, "reports-routed", f"action/{action}", dict(changes))

    return await _act(request, caller, command, {})


async def _act(
    request: Request, caller: Caller, command: Callable[[Work], None], typed: dict[str, str]
) -> Response:
    def answered(work: Work) -> dict[str, str]:
        command(work)
        return {}

    try:
        await commanding.perform_form(request, caller, answered)
    except DomainError as error:
        return _page(request, caller, typed, framing.field_errors(request, caller, error))
    return framing.go("/office/departments", "saved")


def _page(
    request: Request,
    caller: Caller,
    typed: dict[str, str],
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = departments.every(reading)
        types = departments.report_types(reading)
        routes = {(one.action, one.category): one.department for one in departments.routes(reading)}
    return framing.show(
        request, caller, "office/departments.html", area=Area.OFFICE, status=422 if errors else 200,
        departments=known, types=types, routes=routes, errors=errors or [], by_field=dict(errors or []),
        typed=typed, may_edit=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip
