"""Citizen cards: a short code on paper by which somebody is known at a desk or on the telephone.

A card says who somebody is and opens nothing: points are credited by it, never spent.
"""

import sqlalchemy as sa

from identity import names, persons
from identity.persons import NAME_MAX, Person, TrustLevel
from identity.tables import citizen_cards
from identity.tables import persons as person_table
from kernel.db import Reading, Work
from kernel.errors import Invalid, NotFound

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: without letters that are taken for digits or for one another."""
_BYTES = 5
_LENGTH = 8
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def card_of(work: Work, person_id: int) -> str:
    """Return the code on a person's card; the first time one is made. Raises NotFound `person-not-found`."""
    persons.get(work, person_id)
    known = find(work, person_id)
    return known if known is not None else renew(work, person_id)


def renew(work: Work, person_id: int) -> str:
    """Give a person a new code; the one before leads nowhere any more. Raises NotFound `person-not-found`."""
    persons.get(work, person_id)
    code = _fresh(work)
    mine = (citizen_cards.c.city_id == work.city_id, citizen_cards.c.person_id == person_id)
    work.connection.execute(sa.delete(citizen_cards).where(*mine))
    work.connection.execute(
        sa.insert(citizen_cards).values(
            city_id=work.city_id, person_id=person_id, code=code, made_at=work.now
        )
    )
    return code


def find(reading: Reading, person_id: int) -> str | None:
    """Return the code on a person's card, if there is one."""
    found: str | None = reading.connection.execute(
        sa.select(citizen_cards.c.code).where(
            citizen_cards.c.city_id == reading.city_id, citizen_cards.c.person_id == person_id
        )
    ).scalar()
    return found


def person(reading: Reading, text: str) -> Person:
    """Return whose card it is; small letters, hyphens and mistaken letters are understood.

    Raises NotFound `card-unknown`.
    """
    code = text.strip().upper().translate(_MISREAD)
    person_id = reading.connection.execute(
        sa.select(citizen_cards.c.person_id).where(
            citizen_cards.c.city_id == reading.city_id, citizen_cards.c.code == code[: _LENGTH + 1]
        )
    ).scalar()
    if person_id is None:
        raise NotFound("card-unknown", field="who")
    return persons.get(reading, person_id)


def register(work: Work, name: str, language: str = "de") -> tuple[Person, str]:
    """Open an account for somebody without an e-mail address; return it with the code of its card.

    Raises Invalid `name-missing` or `name-too-long`.
    """
    tidied = names.tidy(name)
    if not tidied:
        raise Invalid("name-missing", field="name")
    if len(tidied) > NAME_MAX:
        raise Invalid("name-too-long", field="name", maximum=NAME_MAX)
    made = Person(
        person_id=work.ids.next(),
        email=None,
        name=tidied,
        owner=work.ids.random_bytes(16).hex(),
        language=persons.known_language(language),
        trust_level=TrustLevel.BASIC,
        created_at=work.now,
    )
    values = {column: getattr(made, column) for column in Person.__dataclass_fields__}
    work.connection.execute(
        sa.insert(person_table).values(
            city_id=work.city_id, **values | {"trust_level": made.trust_level.value}
        )
    )
    return made, renew(work, made.person_id)


def shown(code: str) -> str:
    """Return a code as it is printed and read aloud: `K7QM-3ZPX`."""
    return f"{code[:4]}-{code[4:]}"


def _fresh(work: Work) -> str:
    while True:
        number = int.from_bytes(work.ids.random_bytes(_BYTES))
        code = "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
        taken = sa.select(citizen_cards.c.code).where(
            citizen_cards.c.city_id == work.city_id, citizen_cards.c.code == code
        )
        if work.connection.execute(taken).first() is None:
            return code
