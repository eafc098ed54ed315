"""Signing in: by a six-digit code that comes by e-mail, or by a link.

A wrong code is an answer and no exception: an exception would roll back the transaction and with it the
count of attempts.
"""

import datetime as dt
import enum
import hashlib
import hmac
from dataclasses import dataclass

import sqlalchemy as sa

from identity import persons
from identity.persons import Person
from identity.tables import sign_in_codes, sign_in_links
from kernel import ids, outbox
from kernel.db import Reading, Work
from kernel.errors import DomainError, Kind, NotFound

CODE_DIGITS = 6
CODE_VALID = dt.timedelta(minutes=10)
ATTEMPTS_MAX = 5
CODES_PER_HOUR = 6
TOPIC = persons.TOPIC_CODE
_PBKDF2_ROUNDS = 50_000


class TooManyCodes(DomainError):
    """This address got as many codes as it may within an hour."""

    kind = Kind.TOO_MANY
    code = "too-many-codes"


class LinkRefused(NotFound):
    """The link is unknown, used or over."""

    code = "sign-in-link-invalid"


class CodeResult(enum.StrEnum):
    """What became of a code that somebody typed."""

    OK = "ok"
    WRONG = "code-wrong"
    EXPIRED = "code-expired"
    """Over, used, or replaced by a newer one."""
    TOO_MANY_ATTEMPTS = "code-attempts-used-up"


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A code on its way. `code` is shown by a demonstration only."""

    request_id: int
    code: str


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """The answer to a typed code; `person` is there exactly when the result is OK."""

    result: CodeResult
    attempts_left: int
    person: Person | None = None


def request_code(work: Work, email: str, language: str) -> CodeRequest:
    """Send a code to an address, known or not; earlier codes are void.

    Raises Invalid `email-invalid`, TooManyCodes.
    """
    address = persons.normalised_email(email)
    table = sign_in_codes.c
    mine = (table.city_id == work.city_id, table.email == address)
    recent = sa.select(sa.func.count()).where(*mine, table.made_at > work.now - dt.timedelta(hours=1))
    if work.connection.execute(recent).scalar_one() >= CODES_PER_HOUR:
        raise TooManyCodes(retry_after_seconds=3600)
    work.connection.execute(
        sa.update(sign_in_codes).where(*mine, table.ended_at.is_(None)).values(ended_at=work.now)
    )
    request = CodeRequest(work.ids.next(), work.ids.digits(CODE_DIGITS))
    salt = work.ids.random_bytes(16)
    work.connection.execute(
        sa.insert(sign_in_codes).values(
            city_id=work.city_id,
            request_id=request.request_id,
            email=address,
            salt=salt,
            code_hash=_code_hash(address, request.code, salt),
            attempts=0,
            made_at=work.now,
            expires_at=work.now + CODE_VALID,
        )
    )
    # The code is here in clear until it was sent: the outbox empties what it delivered.
    message = {"email": address, "language": persons.known_language(language), "code": request.code}
    outbox.append(work, TOPIC, message)
    return request


def requests_of(reading: Reading, email: str | None) -> list[int]:
    """Return the numbers of the requests for codes that an address made lately."""
    rows = reading.connection.execute(
        sa.select(sign_in_codes.c.request_id).where(
            sign_in_codes.c.city_id == reading.city_id, sign_in_codes.c.email == email
        )
    )
    return list(rows.scalars())


def verify_code(work: Work, request_id: int, code: str, language: str) -> CodeAnswer:
    """Check a typed code; the first right one opens an account if the address has none."""
    table = sign_in_codes.c
    mine = (table.city_id == work.city_id, table.request_id == request_id)
    row = work.connection.execute(sa.select(sign_in_codes).where(*mine)).first()
    if row is None:
        return CodeAnswer(CodeResult.EXPIRED, 0)
    if row.attempts >= ATTEMPTS_MAX:
        return CodeAnswer(CodeResult.TOO_MANY_ATTEMPTS, 0)
    if row.ended_at is not None or row.expires_at <= work.now:
        return CodeAnswer(CodeResult.EXPIRED, 0)
    given = "".join(code.split())
    if not hmac.compare_digest(_code_hash(row.email, given, row.salt), row.code_hash):
        attempts = row.attempts + 1
        ended_at = work.now if attempts >= ATTEMPTS_MAX else None
        work.connection.execute(
            sa.update(sign_in_codes).where(*mine).values(attempts=attempts, ended_at=ended_at)
        )
        result = CodeResult.TOO_MANY_ATTEMPTS if ended_at else CodeResult.WRONG
        return CodeAnswer(result, ATTEMPTS_MAX - attempts)
    work.connection.execute(sa.update(sign_in_codes).where(*mine).values(ended_at=work.now))
    person = persons.by_email(work, row.email) or persons.register(work, row.email, language=language)
    return CodeAnswer(CodeResult.OK, 0, person)


def make_link(work: Work, person_id: int, valid_for: dt.timedelta, *, reusable: bool = False) -> str:
    """Return the secret of a sign-in link. Only a demonstration makes reusable ones.

    Raises NotFound `person-not-found`.
    """
    persons.get(work, person_id)
    token = work.ids.token()
    work.connection.execute(
        sa.insert(sign_in_links).values(
            city_id=work.city_id,
            token_hash=ids.secret_hash(token),
            person_id=person_id,
            reusable=reusable,
            expires_at=work.now + valid_for,
        )
    )
    return token


def use_link(work: Work, token: str) -> Person:
    """Return the person whom a link signs in. Raises LinkRefused."""
    table = sign_in_links.c
    mine = (table.city_id == work.city_id, table.token_hash == ids.secret_hash(token))
    row = work.connection.execute(sa.select(sign_in_links).where(*mine)).first()
    if row is None or row.expires_at <= work.now or (row.used_at is not None and not row.reusable):
        raise LinkRefused
    work.connection.execute(sa.update(sign_in_links).where(*mine).values(used_at=work.now))
    return persons.get(work, row.person_id)


def forget_old(work: Work) -> None:
    """Delete codes and links that are long over."""
    before = work.now - dt.timedelta(days=1)
    for table in (sign_in_codes, sign_in_links):
        work.connection.execute(
            sa.delete(table).where(table.c.city_id == work.city_id, table.c.expires_at < before)
        )


def _code_hash(email: str, code: str, salt: bytes) -> bytes:
    # A code has a million values, so the hash is made slow; it lives ten minutes and for five attempts.
    return hashlib.pbkdf2_hmac("sha256", f"{email}\0{code}".encode(), salt, _PBKDF2_ROUNDS)
