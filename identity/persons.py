"""Persons: the only place that knows who is behind an opaque owner of the ledger."""

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from identity.tables import persons, roles, sessions, sign_in_codes, sign_in_links
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound

LANGUAGES = ("de", "en")
NAME_MAX = 80


class TrustLevel(enum.StrEnum):
    """How well a person is known."""

    ANONYMOUS = "anonymous"
    """May earn, may not redeem."""
    BASIC = "basic"
    """Has shown that an e-mail address is theirs."""
    VERIFIED = "verified"
    """Identified by the city or an eID."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account in one city."""

    person_id: int
    email: str | None
    name: str
    owner: str
    language: str
    trust_level: TrustLevel
    created_at: dt.datetime
    erased_at: dt.datetime | None


def normalised_email(text: str) -> str:
    """Return an address in the form in which it is compared. Raises Invalid `email-invalid`."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid("email-invalid", field="email") from None
    return checked.normalized.lower()


def register(
    work: Work, email: str, *, name: str = "", language: str = "de", trust: TrustLevel = TrustLevel.BASIC
) -> Person:
    """Open an account. Raises Invalid `email-invalid`, `name-too-long`; Conflict `email-taken`."""
    address = normalised_email(email)
    if by_email(work, address) is not None:
        raise Conflict("email-taken")
    person = Person(
        person_id=work.ids.next(),
        email=address,
        name=_checked_name(name),
        owner=work.ids.random_bytes(16).hex(),
        language=language if language in LANGUAGES else LANGUAGES[0],
        trust_level=trust,
        created_at=work.now,
        erased_at=None,
    )
    values = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    work.connection.execute(
        sa.insert(persons).values(city_id=work.city_id, **values | {"trust_level": trust.value})
    )
    return person


def get(reading: Reading, person_id: int) -> Person:
    """Return a person. Raises NotFound `person-not-found`."""
    return _one(reading, persons.c.person_id == person_id)


def by_owner(reading: Reading, owner: str) -> Person:
    """Return the person behind an owner of the ledger. Raises NotFound `person-not-found`."""
    return _one(reading, persons.c.owner == owner)


def by_email(reading: Reading, email: str) -> Person | None:
    """Return the person with a normalised address, if there is one."""
    found = _select(reading, persons.c.email == email)
    return found[0] if found else None


def by_ids(reading: Reading, person_ids: list[int]) -> dict[int, Person]:
    """Return persons by their number."""
    return {person.person_id: person for person in _select(reading, persons.c.person_id.in_(person_ids))}


def update(work: Work, person_id: int, *, name: str, language: str) -> Person:
    """Change what a person chose for themselves. Raises Invalid `name-too-long`, `language-unknown`."""
    if language not in LANGUAGES:
        raise Invalid("language-unknown", field="language")
    _set(work, person_id, name=_checked_name(name), language=language)
    return get(work, person_id)


def export(reading: Reading, person_id: int) -> dict[str, Any]:
    """Return everything this room holds about a person, as plain values."""
    person = get(reading, person_id)
    held = reading.connection.execute(
        sa.select(roles.c.role, roles.c.venue_id, roles.c.granted_at).where(
            roles.c.city_id == reading.city_id, roles.c.person_id == person_id
        )
    )
    return {
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "trust_level": person.trust_level.value,
        "wallet_owner": person.owner,
        "created_at": person.created_at.isoformat(),
        "roles": [{"role": r.role, "venue_id": r.venue_id or None} for r in held],
    }


def erase(work: Work, person_id: int) -> None:
    """Forget who a person is: address, name, roles, sessions, codes. The books keep an owner of nobody."""
    person = get(work, person_id)
    for table in (roles, sign_in_links):
        work.connection.execute(
            sa.delete(table).where(table.c.city_id == work.city_id, table.c.person_id == person_id)
        )
    work.connection.execute(
        sa.delete(sessions).where(sessions.c.city_id == work.city_id, sessions.c.person_id == person_id)
    )
    work.connection.execute(
        sa.delete(sign_in_codes).where(
            sign_in_codes.c.city_id == work.city_id, sign_in_codes.c.email == person.email
        )
    )
    _set(
        work,
        person_id,
        email=None,
        name="",
        # The link to the wallet is cut: nobody can tell any more whose points those were.
        owner=f"erased-{work.ids.random_bytes(12).hex()}",
        erased_at=work.now,
    )


def _checked_name(name: str) -> str:
    stripped = " ".join(name.split())
    if len(stripped) > NAME_MAX:
        raise Invalid("name-too-long", field="name", maximum=NAME_MAX)
    return stripped


def _set(work: Work, person_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(persons)
        .where(persons.c.city_id == work.city_id, persons.c.person_id == person_id)
        .values(**values)
    )


def _one(reading: Reading, condition: sa.ColumnElement[bool]) -> Person:
    for person in _select(reading, condition):
        return person
    raise NotFound("person-not-found")


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Person]:
    columns = [persons.c[name] for name in Person.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(persons.c.city_id == reading.city_id, condition)
    )
    return [Person(**{**row._mapping, "trust_level": TrustLevel(row.trust_level)}) for row in rows]
