"""Case files: public reports with their timeline, without who reported them.

A place is published to a hundred metres until a case worker has released the report, then to ten.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import NotFound
from rewards import departments, districts
from rewards.action_types import ActionType
from rewards.case_tables import case_confirmations, case_steps, cases
from rewards.cases import Event, Light, Reason
from rewards.checking import Place
from rewards.submissions import Submission

PAGE_MAX = 200
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: without letters that are taken for digits or for one another."""
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_REFERENCE_LENGTH = 8
_COARSE_E6, _FINE_E6 = 1000, 100
_STREET_ENDINGS = re.compile(r"(straße|strasse|str\.?)(?=\W|$)")
_HOUSE_NUMBER = re.compile(r"\b\d+\s?[a-z]?\b")


@dataclass(frozen=True, slots=True)
class Case:
    """A public report; `words`, `address` and `photos` are what a case worker has released."""

    case_id: int
    reference: str
    submission_id: int | None
    action: str
    category: str | None
    district: str | None
    department: str | None
    light: Light
    reason: Reason | None
    latitude_e6: int | None
    longitude_e6: int | None
    words: str | None
    address: str | None
    photos: Sequence[int]
    confirmations: int
    opened_at: dt.datetime
    moved_at: dt.datetime
    closed_at: dt.datetime | None

    @property
    def exact_place(self) -> Place | None:
        """The place, for who works on it."""
        if self.latitude_e6 is None or self.longitude_e6 is None:
            return None
        return Place(self.latitude_e6, self.longitude_e6)

    @property
    def public_place(self) -> Place | None:
        """The place as everybody sees it, rounded."""
        if self.latitude_e6 is None or self.longitude_e6 is None:
            return None
        grid = _COARSE_E6 if self.words is None else _FINE_E6
        return Place(_rounded(self.latitude_e6, grid), _rounded(self.longitude_e6, grid))


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline. `applied` is false if it was told too late to move anything."""

    step_id: int
    case_id: int
    event: Event
    light: Light
    happened_at: dt.datetime
    recorded_at: dt.datetime
    reason: Reason | None
    note: str
    department: str | None
    staff_id: int | None
    photo_key: str | None
    told_as: str | None
    applied: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports a list shows; an empty field means all."""

    action: str | None = None
    category: str | None = None
    district: str | None = None
    department: str | None = None
    """The empty text: those that go to no department yet."""
    lights: frozenset[Light] = frozenset()


def open_case(work: Work, action: ActionType, submission: Submission) -> None:
    """Give a submission its public case, if its action is a report."""
    if not departments.is_report(action):
        return
    work.connection.execute(
        sa.insert(cases).values(
            city_id=work.city_id,
            case_id=work.ids.next(),
            reference=_fresh_reference(work),
            submission_id=submission.submission_id,
            action=submission.action,
            category=submission.category,
            district=_district(work, submission),
            department=departments.of_report(work, submission.action, submission.category),
            light=Light.RECEIVED.value,
            latitude_e6=submission.latitude_e6,
            longitude_e6=submission.longitude_e6,
            street=street_of(submission.address),
            photos=[],
            confirmations=0,
            opened_at=submission.received_at,
            # Another system may have closed it before it was handed over to us.
            moved_at=min(submission.occurred_at, submission.received_at),
        )
    )


def get(reading: Reading, case_id: int) -> Case:
    """Return a case. Raises NotFound `report-not-found`."""
    for found in select(reading, cases.c.case_id == case_id):
        return found
    raise NotFound("report-not-found")


def by_reference(reading: Reading, text: str) -> Case:
    """Return a case by its public reference; small letters and mistaken ones are understood.

    Raises NotFound `report-not-found`.
    """
    reference = text.strip().upper().translate(_MISREAD)[: _REFERENCE_LENGTH + 1]
    for found in select(reading, cases.c.reference == reference):
        return found
    raise NotFound("report-not-found")


def of_submissions(reading: Reading, submission_ids: Sequence[int]) -> dict[int, Case]:
    """Return the cases on which these submissions hang, as report or as confirmation, by submission."""
    numbers = list(submission_ids)
    found = {
        case.submission_id: case
        for case in select(reading, cases.c.submission_id.in_(numbers), limit=len(numbers))
        if case.submission_id is not None
    }
    links = reading.connection.execute(
        sa.select(case_confirmations.c.submission_id, case_confirmations.c.case_id).where(
            case_confirmations.c.city_id == reading.city_id, case_confirmations.c.submission_id.in_(numbers)
        )
    ).all()
    confirmed = {
        case.case_id: case
        for case in select(reading, cases.c.case_id.in_([row.case_id for row in links]), limit=len(links))
    }
    return found | {row.submission_id: confirmed[row.case_id] for row in links if row.case_id in confirmed}


def of_submission(reading: Reading, submission_id: int) -> Case | None:
    """Return the case on which a submission hangs, if there is one."""
    return of_submissions(reading, [submission_id]).get(submission_id)


def page(reading: Reading, wanted: Wanted, *, before: int | None = None, limit: int = 30) -> list[Case]:
    """Return a page of reports, newest first."""
    columns = cases.c
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    for name in ("action", "category", "district"):
        value = getattr(wanted, name)
        if value:
            conditions.append(columns[name] == value)
    if wanted.department is not None:
        conditions.append(
            columns.department == wanted.department if wanted.department else columns.department.is_(None)
        )
    if wanted.lights:
        conditions.append(columns.light.in_(sorted(wanted.lights)))
    if before is not None:
        conditions.append(columns.case_id < before)
    return select(reading, sa.and_(*conditions), limit=min(limit, PAGE_MAX))


def counts(reading: Reading, department: str | None = None) -> dict[Light, int]:
    """Return how many reports have which light, in the city or of one department."""
    statement = sa.select(cases.c.light, sa.func.count()).where(cases.c.city_id == reading.city_id)
    if department is not None:
        statement = statement.where(cases.c.department == department)
    rows = reading.connection.execute(statement.group_by(cases.c.light))
    found = {str(light): int(count) for light, count in rows}
    return {light: found.get(light.value, 0) for light in Light}


def district_names(reading: Reading) -> dict[str, str]:
    """Return the names of districts by code; of a city that has drawn none, those that its reports name."""
    known = districts.names(reading)
    if known:
        return known
    rows = reading.connection.execute(
        sa.select(cases.c.district)
        .where(cases.c.city_id == reading.city_id, cases.c.district.is_not(None))
        .distinct()
    )
    return {name: name for name in sorted(rows.scalars())}


def contributions(reading: Reading, case: Case) -> list[int]:
    """Return the submissions that hang on a case: the report, then the confirmations."""
    rows = reading.connection.execute(
        sa.select(case_confirmations.c.submission_id)
        .where(case_confirmations.c.city_id == reading.city_id, case_confirmations.c.case_id == case.case_id)
        .order_by(case_confirmations.c.submission_id)
    )
    return [*([case.submission_id] if case.submission_id is not None else []), *rows.scalars()]


def steps(reading: Reading, case_id: int) -> list[Step]:
    """Return the timeline of a case in the order in which it happened."""
    columns = [case_steps.c[name] for name in Step.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(case_steps.c.city_id == reading.city_id, case_steps.c.case_id == case_id)
        .order_by(case_steps.c.happened_at, case_steps.c.step_id)
    )
    return [_step(row._mapping) for row in rows]


def told_before(reading: Reading, told_as: str) -> Step | None:
    """Return the step that an event of another system became."""
    columns = [case_steps.c[name] for name in Step.__dataclass_fields__]
    row = reading.connection.execute(
        sa.select(*columns).where(case_steps.c.city_id == reading.city_id, case_steps.c.told_as == told_as)
    ).first()
    return _step(row._mapping) if row is not None else None


def add_step(work: Work, step: Step) -> None:
    """Write a line of a timeline."""
    values = {name: getattr(step, name) for name in Step.__dataclass_fields__}
    values |= {"event": step.event.value, "light": step.light.value}
    values |= {"reason": step.reason.value if step.reason else None}
    work.connection.execute(sa.insert(case_steps).values(city_id=work.city_id, **values))


def change(work: Work, case_id: int, **values: Any) -> None:
    """Change columns of a case."""
    work.connection.execute(
        sa.update(cases).where(cases.c.city_id == work.city_id, cases.c.case_id == case_id).values(**values)
    )


def add_confirmation(work: Work, case: Case, submission_id: int) -> None:
    """Hang somebody's confirmation on a case."""
    row = {"city_id": work.city_id, "case_id": case.case_id, "submission_id": submission_id}
    work.connection.execute(sa.insert(case_confirmations).values(**row))
    change(work, case.case_id, confirmations=case.confirmations + 1)


def street_of(address: str | None) -> str | None:
    """Return what two spellings of an address have in common: its street, without number and ending."""
    if not address:
        return None
    first = address.lower().split(",")[0]
    plain = _STREET_ENDINGS.sub("str", _HOUSE_NUMBER.sub(" ", first))
    return " ".join(re.findall(r"\w+", plain)) or None


def select(reading: Reading, condition: sa.ColumnElement[bool], *, limit: int = PAGE_MAX) -> list[Case]:
    """Return cases that a condition on their columns names, newest first."""
    columns = [cases.c[name] for name in Case.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(cases.c.city_id == reading.city_id, condition)
        .order_by(cases.c.case_id.desc())
        .limit(limit)
    )
    return [_case(row._mapping) for row in rows]


def _case(row: Mapping[Any, Any]) -> Case:
    reason = Reason(row["reason"]) if row["reason"] else None
    return Case(**{**row, "light": Light(row["light"]), "reason": reason})


def _step(row: Mapping[Any, Any]) -> Step:
    reason = Reason(row["reason"]) if row["reason"] else None
    event, light = Event(row["event"]), Light(row["light"])
    return Step(**{**row, "event": event, "light": light, "reason": reason})


def _district(reading: Reading, submission: Submission) -> str | None:
    """Return the code of the district in which a report lies, or that it names."""
    if submission.place is not None:
        found = districts.of_place(reading, submission.place)
        if found:
            return min(found)
    known = districts.names(reading)
    named = [code for code, name in known.items() if submission.district in {code, name}]
    return named[0] if named else submission.district


def _fresh_reference(work: Work) -> str:
    while True:
        number = int.from_bytes(work.ids.random_bytes(5), "big")
        text = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_REFERENCE_LENGTH))
        if not select(work, cases.c.reference == text, limit=1):
            return text


def _rounded(value_e6: int, grid: int) -> int:
    return round(value_e6 / grid) * grid
