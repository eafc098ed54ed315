"""Canonical bytes of transfers: what the book commits to (docs/ledger.md, section Commitments).

A commitment is SHA-256 over a domain tag, a version, a random salt and the length-prefixed fields. Without
the salt it tells nothing, not even to somebody who guesses the fields; with it, anybody can check a row.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from uuid import UUID

from ledger.outcomes import BookedTransfer, Counters
from ledger.transfers import Transfer

DOMAIN = b"duiscoin-ledger-transfer"
VERSION = 1
SALT_BYTES = 16

Field = bytes | int | str | UUID | dt.date | dt.datetime | None


def commitment(city_id: int, booked: BookedTransfer, salt: bytes) -> bytes:
    """Return the 32 bytes that commit to a booked transfer."""
    head = DOMAIN + bytes([VERSION]) + salt
    return hashlib.sha256(head + _encode(_fields(city_id, booked))).digest()


def content_digest(transfer: Transfer) -> bytes:
    """Return the 32 bytes by which a repeated request is recognised as the same."""
    names = Transfer.__dataclass_fields__
    return hashlib.sha256(_encode(getattr(transfer, name) for name in names)).digest()


def _fields(city_id: int, booked: BookedTransfer) -> Iterable[Field]:
    yield city_id
    for name in BookedTransfer.__dataclass_fields__:
        value = getattr(booked, name)
        if isinstance(value, Counters):
            yield from (getattr(value, counter) for counter in Counters.__dataclass_fields__)
        else:
            yield value


def _encode(fields: Iterable[Field]) -> bytes:
    """Return each field as a type byte, a four-byte length and its bytes."""
    return b"".join(_encode_one(field) for field in fields)


def _encode_one(field: Field) -> bytes:
    if field is None:
        return b"n\0\0\0\0"
    if isinstance(field, bytes):
        mark, data = b"b", field
    elif isinstance(field, int):
        mark, data = b"i", field.to_bytes(8, "big", signed=True)
    elif isinstance(field, UUID):
        mark, data = b"u", field.bytes
    elif isinstance(field, dt.datetime):
        mark, data = b"t", field.astimezone(dt.UTC).isoformat(timespec="microseconds").encode()
    elif isinstance(field, dt.date):
        mark, data = b"d", field.isoformat().encode()
    else:
        mark, data = b"s", field.encode()
    return mark + len(data).to_bytes(4, "big") + data
