"""Departments: who in the city looks after which sort of report, as data that an administrator edits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.db import Reading, Work
from kernel.errors import Invalid, NotFound
from rewards import action_types
from rewards.action_types import ActionType
from rewards.case_tables import department_routes, departments

REPORT_CLOSED = "report.closed"
"""Actions that this outcome confirms are public reports."""
OTHERS = ""
"""In the place of a category: all that have no department of their own."""
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")
_NAME_MAX = 120
_CONTACT_MAX = 200


@dataclass(frozen=True, slots=True)
class Department:
    """An office or a company of the city. `contact` is public: a telephone number, an address."""

    code: str
    names: Mapping[str, str]
    contact: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """Reports of this category go to this department."""

    action: str
    category: str
    department: str


def is_report(action: ActionType) -> bool:
    """Return whether what is handed in for an action becomes a public report."""
    return action.outcome_event == REPORT_CLOSED


def report_types(reading: Reading) -> list[ActionType]:
    """Return the actions of the city whose contributions are public reports."""
    return [action for action in action_types.every(reading) if is_report(action)]


def every(reading: Reading) -> list[Department]:
    """Return all departments by code, the inactive ones too."""
    columns = departments.c
    rows = reading.connection.execute(
        sa.select(columns.code, columns.names, columns.contact, columns.active)
        .where(columns.city_id == reading.city_id)
        .order_by(columns.code)
    )
    return [Department(**row._mapping) for row in rows]


def by_code(reading: Reading) -> dict[str, Department]:
    """Return the same by code."""
    return {one.code: one for one in every(reading)}


def get(reading: Reading, code: str) -> Department:
    """Return a department. Raises NotFound `department-unknown`."""
    found = by_code(reading).get(code)
    if found is None:
        raise NotFound("department-unknown", department=code[:60])
    return found


def active(reading: Reading, code: str) -> Department:
    """Return a department that takes reports. Raises Invalid `department-unknown`."""
    found = by_code(reading).get(code)
    if found is None or not found.active:
        raise Invalid("department-unknown", field="department")
    return found


def keep(work: Work, department: Department) -> None:
    """Add a department, or change the one of its code.

    Raises Invalid: department-code-invalid, department-name-missing, department-contact-too-long,
    department-has-routes (it can't be switched off while reports go to it).
    """
    if not _CODE.fullmatch(department.code):
        raise Invalid("department-code-invalid", field="code")
    names = {language: name.strip() for language, name in department.names.items()}
    for language in ("de", "en"):
        if not 0 < len(names.get(language, "")) <= _NAME_MAX:
            raise Invalid("department-name-missing", field=f"name_{language}")
    if len(department.contact) > _CONTACT_MAX:
        raise Invalid("department-contact-too-long", field="contact", maximum=_CONTACT_MAX)
    if not department.active and any(one.department == department.code for one in routes(work)):
        raise Invalid("department-has-routes", field="active")
    values = {
        "names": names,
        "contact": department.contact.strip(),
        "active": department.active,
        "changed_at": work.now,
    }
    if department.code in by_code(work):
        work.connection.execute(
            sa.update(departments)
            .where(departments.c.city_id == work.city_id, departments.c.code == department.code)
            .values(**values)
        )
    else:
        work.connection.execute(
            sa.insert(departments).values(city_id=work.city_id, code=department.code, **values)
        )


def routes(reading: Reading) -> list[Route]:
    """Return which reports go where."""
    columns = department_routes.c
    rows = reading.connection.execute(
        sa.select(columns.action, columns.category, columns.department)
        .where(columns.city_id == reading.city_id)
        .order_by(columns.action, columns.category)
    )
    return [Route(*row) for row in rows]


def route(work: Work, action: str, changes: Sequence[tuple[str, str]]) -> None:
    """Say for categories of an action, or OTHERS, which department gets its reports; empty: none.

    Reports that are there already stay where they are. Raises NotFound `action-unknown`, Invalid
    `category-missing`, `department-unknown`.
    """
    known = action_types.get(work, action)
    columns = department_routes.c
    for category, department in changes:
        if category != OTHERS and category not in known.category_codes:
            raise Invalid("category-missing", field="category")
        if department:
            active(work, department)
        work.connection.execute(
            sa.delete(department_routes).where(
                columns.city_id == work.city_id, columns.action == action, columns.category == category
            )
        )
        if department:
            row = {"action": action, "category": category, "department": department}
            work.connection.execute(db.insert(work, department_routes).values(city_id=work.city_id, **row))


def of_report(reading: Reading, action: str, category: str | None) -> str | None:
    """Return the department that a report goes to; None if the city has not said."""
    columns = department_routes.c
    rows = reading.connection.execute(
        sa.select(columns.category, columns.department).where(
            columns.city_id == reading.city_id,
            columns.action == action,
            columns.category.in_([category or OTHERS, OTHERS]),
        )
    )
    found = {row.category: row.department for row in rows}
    department: str | None = found.get(category or OTHERS, found.get(OTHERS))
    return department
