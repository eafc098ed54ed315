"""Errors that a caller can act on: a stable code, a kind and details. No HTTP and no sentences here.

The edge turns `kind` into a status and `code` into a sentence of the reader's language.
"""

import enum
from collections.abc import Mapping
from typing import ClassVar


class Kind(enum.StrEnum):
    """What sort of refusal this is; the edge maps each to one HTTP status."""

    INVALID = "invalid"  # the input itself is wrong (422)
    NOT_FOUND = "not-found"  # what it names does not exist here (404)
    CONFLICT = "conflict"  # the state does not allow it now (409)
    UNAUTHENTICATED = "unauthenticated"  # nobody is signed in (401)
    FORBIDDEN = "forbidden"  # this person or device may not (403)
    BUSY = "busy"  # try again in a moment (503)
    TOO_MANY = "too-many"  # limit reached, try again later (429)


class DomainError(Exception):
    """A refusal with a stable `code`.

    Subclasses set `kind` and usually `code`; `details` holds plain values that help the reader
    (amounts, references), never secrets or personal data.
    """

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: str = "conflict"

    def __init__(self, code: str | None = None, /, **details: object) -> None:
        if code is not None:
            self.code = code
        self.details: Mapping[str, object] = details
        super().__init__(self.code, dict(details))

    def __str__(self) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in self.details.items())
        return f"{self.code} ({pairs})" if pairs else self.code


class Invalid(DomainError):
    """The input is wrong; `details` name the field where that is known."""

    kind = Kind.INVALID
    code = "invalid"


class NotFound(DomainError):
    """There is nothing of that name in this city."""

    kind = Kind.NOT_FOUND
    code = "not-found"


class Conflict(DomainError):
    """The present state does not allow it."""


class Forbidden(DomainError):
    """This caller may not do that."""

    kind = Kind.FORBIDDEN
    code = "forbidden"


class Busy(DomainError):
    """The system is full or the database asked to try again; nothing was done."""

    kind = Kind.BUSY
    code = "busy"


class OutcomeUnknown(Busy):
    """The connection was lost while committing: ask again under the same key to learn whether it was done."""

    code = "outcome-unknown"
