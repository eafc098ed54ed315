"""Applications: places that want to become venues, from the first letter typed to the city's decision.

A draft keeps what was typed, right or wrong, so that nobody types it twice; `checked` says all that is wrong
at once.
"""

import datetime as dt
import enum
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import DomainError, Invalid, NotFound
from merchants import ibans
from merchants.bounds import Bounds
from merchants.onboarding_tables import applications as table
from merchants.payout_orders import PayeeCheck
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind

FIELDS = (
    "name", "kind", "street", "postcode", "district", "phone", "payee_name", "iban",
    "rate_cents_per_point", "period",
)  # fmt: skip
"""What the form asks for."""
TYPED_MAX = 200
"""Characters of a field that a draft keeps."""
_LENGTHS = {"name": 120, "street": 120, "district": 80, "phone": 40, "payee_name": 70}
_POSTCODE = re.compile(r"[0-9]{5}")
_PHONE = re.compile(r"(?:\D*\d){3,}\D*")

_FORMS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "kind": (set(VenueKind).__contains__, "venue-kind-unknown"),
    "period": (set(PeriodKind).__contains__, "contract-period-unknown"),
    "postcode": (_POSTCODE.fullmatch, "postcode-invalid"),
    "phone": (_PHONE.fullmatch, "phone-invalid"),
}
"""What a field must look like, and the code of what does not."""


class State(enum.StrEnum):
    """How far an application is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    """Waits for the city."""
    ASKED = "asked"
    """The city wants to know something; it waits for the applicant."""
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN = (State.DRAFT, State.SUBMITTED, State.ASKED)
EDITABLE = (State.DRAFT, State.ASKED)


@dataclass(frozen=True, slots=True)
class Application:
    """A place that wants to become a venue."""

    application_id: int
    person_id: int | None
    """Whose it is; None if it was approved and its owner is erased."""
    state: State
    typed: Mapping[str, str]
    created_at: dt.datetime
    submitted_at: dt.datetime | None
    signed_name: str
    contract_text: str | None
    contract_sha256: str | None
    payee_check: PayeeCheck | None
    answer: str
    """What the city asked, or why it declined."""
    decided_by: str | None
    decided_at: dt.datetime | None
    venue_id: int | None

    @property
    def is_editable(self) -> bool:
        """Whether it is the applicant's turn."""
        return self.state in EDITABLE


@dataclass(frozen=True, slots=True)
class Wanted:
    """An application that is as it should be."""

    venue: NewVenue
    phone: str
    rate_cents_per_point: int
    period: PeriodKind


def get(reading: db.Reading, application_id: int) -> Application:
    """Return an application. Raises NotFound `application-not-found`."""
    for one in _select(reading, table.c.application_id == application_id, limit=1):
        return one
    raise missing()


def missing() -> NotFound:
    """Return the refusal where there is no application to speak of."""
    return NotFound("application-not-found")


def newest_of(reading: db.Reading, person_id: int) -> Application | None:
    """Return the last application of a person, if there is one."""
    return next(iter(_select(reading, table.c.person_id == person_id, limit=1)), None)


def of_person(reading: db.Reading, person_id: int) -> list[Application]:
    """Return all applications of a person, newest first."""
    return _select(reading, table.c.person_id == person_id)


def of_venue(reading: db.Reading, venue_id: int) -> Application | None:
    """Return the application that a venue came from, if it came from one."""
    return next(iter(_select(reading, table.c.venue_id == venue_id, limit=1)), None)


def page(
    reading: db.Reading, states: Collection[State], *, before: int | None = None, limit: int = 50
) -> list[Application]:
    """Return applications in these states, newest first, older than `before`."""
    wanted: sa.ColumnElement[bool] = table.c.state.in_(sorted(state.value for state in states))
    if before is not None:
        wanted = sa.and_(wanted, table.c.application_id < before)
    return _select(reading, wanted, limit=limit)


def waiting_count(reading: db.Reading) -> int:
    """Return how many applications wait for the city."""
    counted = sa.select(sa.func.count()).where(
        table.c.city_id == reading.city_id, table.c.state == State.SUBMITTED.value
    )
    return int(reading.connection.execute(counted).scalar_one())


def checked(typed: Mapping[str, str], bounds: Bounds) -> Wanted:
    """Return what a form asks for.

    Raises Invalid `application-incomplete`, whose `faults` name all fields that are wrong, each with a code.
    """
    faults = list(_faults(typed, bounds))
    if faults:
        raise Invalid("application-incomplete", field=faults[0]["field"], faults=faults)
    text = {name: _tidy(typed, name) for name in FIELDS}
    venue = NewVenue(
        name=text["name"],
        kind=VenueKind(text["kind"]),
        street=text["street"],
        postcode=text["postcode"],
        district=text["district"],
        payee_name=text["payee_name"],
        iban=ibans.normal(text["iban"]),
    )
    return Wanted(venue, text["phone"], int(text["rate_cents_per_point"]), PeriodKind(text["period"]))


def _faults(typed: Mapping[str, str], bounds: Bounds) -> Iterator[dict[str, Any]]:
    for name in FIELDS:
        text = _tidy(typed, name)
        if not text:
            yield {"field": name, "code": "venue-field-missing"}
        elif len(text) > _LENGTHS.get(name, TYPED_MAX):
            yield {"field": name, "code": "venue-field-too-long", "maximum": _LENGTHS[name]}
        elif code := _wrong(name, text, bounds):
            limits = {"least": bounds.rate_least, "most": bounds.rate_most}
            yield {"field": name, "code": code, **(limits if name == "rate_cents_per_point" else {})}


def _wrong(name: str, text: str, bounds: Bounds) -> str | None:
    """Return the code of what is wrong with a field that is filled in."""
    if name == "iban":
        try:
            ibans.normal(text)
        except DomainError as error:
            return error.code
    if name == "rate_cents_per_point":
        inside = text.isascii() and text.isdigit() and bounds.rate_least <= int(text) <= bounds.rate_most
        return None if inside else "contract-rate-outside"
    looks, code = _FORMS.get(name, (None, None))
    return code if looks is not None and not looks(text) else None


def _tidy(typed: Mapping[str, str], name: str) -> str:
    return " ".join(typed.get(name, "").split())


def _select(
    reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[Application]:
    columns = [table.c[name] for name in Application.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.application_id.desc())
        .limit(limit)
    )
    return [
        Application(
            **{
                **row._mapping,
                "state": State(row.state),
                "payee_check": PayeeCheck(row.payee_check) if row.payee_check else None,
            }
        )
        for row in rows
    ]
