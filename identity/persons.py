"""Persons: the only place that knows who is behind an opaque owner of the ledger."""

import datetime as dt
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from identity import auditing, names
from identity.tables import citizen_cards, persons, roles, sessions, sign_in_codes, sign_in_links
from kernel import bulk, outbox
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound

LANGUAGES = ("de", "en")
NAME_MAX = 80
TOPIC_CODE = "email.sign-in-code"
"""Outbox topic of codes on their way to an address."""
_DISTRICT = re.compile(r"[a-z][a-z0-9-]{0,59}")


class TrustLevel(enum.StrEnum):
    """How well a person is known."""

    ANONYMOUS = "anonymous"
    """May earn, may not redeem."""
    BASIC = "basic"
    """Has shown that an e-mail address is theirs."""
    VERIFIED = "verified"
    """Identified by the city or an eID."""


AGE_GROUPS = ("under-14", "14-17", "18-26", "27-64", "65-plus")
"""What somebody may say of their age, in years."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person chose to say of themselves, for rules that ask for it; None is nothing."""

    age_group: str | None
    home_district: str | None
    """Code of a district of the city."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a person is known, and the age group that they say they are in."""

    trust_level: TrustLevel
    age_group: str | None


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


COLUMNS = [persons.c[name] for name in Person.__dataclass_fields__]
"""What `of_row` needs, for statements of this room that join persons."""


def of_row(values: Iterable[Any]) -> Person:
    """Return the person whose COLUMNS these are."""
    person_id, email, name, owner, language, trust_level, created_at = values
    return Person(person_id, email, name, owner, language, TrustLevel(trust_level), created_at)


def normalised_email(text: str) -> str:
    """Return an address in the form in which it is compared. Raises Invalid `email-invalid`."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid("email-invalid", field="email") from None
    return checked.normalized.lower()


def known_language(language: str) -> str:
    """Return `language` if people are spoken to in it, else German."""
    return language if language in LANGUAGES else LANGUAGES[0]


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
        language=known_language(language),
        trust_level=trust,
        created_at=work.now,
    )
    values = {column: getattr(person, column) for column in Person.__dataclass_fields__}
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
    """Change what a person chose for themselves.

    Raises NotFound `person-not-found`, Invalid `name-too-long` or `language-unknown`.
    """
    get(work, person_id)
    if language not in LANGUAGES:
        raise Invalid("language-unknown", field="language")
    _set(work, person_id, name=_checked_name(name), language=language)
    return get(work, person_id)


def said_by(reading: Reading, owner: str) -> Said | None:
    """Return what the person behind an owner says of themselves; None if there is no such person."""
    row = reading.connection.execute(
        sa.select(persons.c.age_group, persons.c.home_district).where(
            persons.c.city_id == reading.city_id, persons.c.owner == owner
        )
    ).first()
    return Said(row.age_group, row.home_district) if row else None


def standings(reading: Reading, owners: Iterable[str]) -> dict[str, Standing]:
    """Return how the persons behind several owners are known, by owner, one statement for all."""
    rows = reading.connection.execute(
        sa.select(persons.c.owner, persons.c.trust_level, persons.c.age_group).where(
            persons.c.city_id == reading.city_id, bulk.any_of(persons.c.owner, "owners")
        ),
        {"owners": sorted(set(owners))},
    )
    return {row.owner: Standing(TrustLevel(row.trust_level), row.age_group) for row in rows}


def all_said(reading: Reading) -> dict[str, Said]:
    """Return by owner what persons say of themselves, of those who said anything."""
    rows = reading.connection.execute(
        sa.select(persons.c.owner, persons.c.age_group, persons.c.home_district).where(
            persons.c.city_id == reading.city_id,
            sa.or_(persons.c.age_group.is_not(None), persons.c.home_district.is_not(None)),
        )
    )
    return {row.owner: Said(row.age_group, row.home_district) for row in rows}


def say(work: Work, person_id: int, said: Said) -> None:
    """Keep what a person says of themselves, and forget what they said before.

    Raises NotFound `person-not-found`, Invalid `age-group-unknown` or `district-unknown`.
    """
    get(work, person_id)
    if said.age_group not in {None, *AGE_GROUPS}:
        raise Invalid("age-group-unknown", field="age_group")
    if said.home_district is not None and not _DISTRICT.fullmatch(said.home_district):
        raise Invalid("district-unknown", field="home_district")
    _set(work, person_id, age_group=said.age_group, home_district=said.home_district)


def export(reading: Reading, person_id: int) -> dict[str, Any]:
    """Return what this room holds about a person, as plain values without secrets; instants in RFC 3339.

    Raises NotFound `person-not-found`.
    """
    person = get(reading, person_id)
    said = said_by(reading, person.owner)
    held = reading.connection.execute(
        sa.select(roles.c.role, roles.c.venue_id, roles.c.granted_at)
        .where(roles.c.city_id == reading.city_id, roles.c.person_id == person_id)
        .order_by(roles.c.granted_at, roles.c.role, roles.c.venue_id)
    )
    signed_in = reading.connection.execute(
        sa.select(sessions.c.started_at, sessions.c.seen_at, sessions.c.ended_at)
        .where(sessions.c.city_id == reading.city_id, sessions.c.person_id == person_id)
        .order_by(sessions.c.session_id)
    )
    codes = reading.connection.execute(
        sa.select(sign_in_codes.c.made_at)
        .where(sign_in_codes.c.city_id == reading.city_id, sign_in_codes.c.email == person.email)
        .order_by(sign_in_codes.c.request_id)
    )
    card = reading.connection.execute(
        sa.select(citizen_cards.c.code, citizen_cards.c.made_at).where(
            citizen_cards.c.city_id == reading.city_id, citizen_cards.c.person_id == person_id
        )
    ).first()
    return {
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "trust_level": person.trust_level.value,
        "wallet_owner": person.owner,
        "created_at": person.created_at.isoformat(),
        "age_group": said and said.age_group,
        "home_district": said and said.home_district,
        "roles": [
            {"role": r.role, "venue_id": r.venue_id or None, "granted_at": r.granted_at.isoformat()}
            for r in held
        ],
        "sessions": [
            {
                "started_at": s.started_at.isoformat(),
                "seen_at": s.seen_at.isoformat(),
                "ended_at": s.ended_at and s.ended_at.isoformat(),
            }
            for s in signed_in
        ],
        "card": card and {"code": card.code, "made_at": card.made_at.isoformat()},
        "sign_in_codes_requested_at": [made_at.isoformat() for made_at in codes.scalars()],
    }


def erase(work: Work, person_id: int, *, eraser_id: int | None = None) -> None:
    """Delete a person with roles, sessions, codes, links, card and messages that still wait for them.

    `eraser_id` is who did it, if not the person. The audit log says that it was done, not to whom; what the
    person did in an office stays in it under a number that leads nowhere any more. The address may sign up
    anew and is then somebody else. Raises NotFound `person-not-found`.
    """
    person = get(work, person_id)
    for table in (roles, sessions, sign_in_links, citizen_cards, persons):
        work.connection.execute(
            sa.delete(table).where(table.c.city_id == work.city_id, table.c.person_id == person_id)
        )
    work.connection.execute(
        sa.delete(sign_in_codes).where(
            sign_in_codes.c.city_id == work.city_id, sign_in_codes.c.email == person.email
        )
    )
    outbox.forget(work, TOPIC_CODE, "email", person.email)
    actor = "person" if eraser_id in {None, person_id} else f"person/{eraser_id}"
    auditing.record(work, actor, "person-erased", "person", {})


def _checked_name(name: str) -> str:
    tidied = names.tidy(name)
    if len(tidied) > NAME_MAX:
        raise Invalid("name-too-long", field="name", maximum=NAME_MAX)
    return tidied


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
    rows = reading.connection.execute(
        sa.select(*COLUMNS).where(persons.c.city_id == reading.city_id, condition)
    )
    return [of_row(row) for row in rows]
