"""Canonical bytes of transfers: what the book commits to (docs/ledger-log.md has the format and vectors).

A transfer's *opening* is a domain tag, a version, a salt and the length-prefixed fields; its *commitment*
is SHA-256 of that. Without the salt a commitment tells nothing, not even to somebody who guesses the fields;
with the opening anybody can check it. Salts are not stored but derived from a secret of each of the two
accounts, so destroying a wallet's secrets destroys the salts of all its transfers at once, wherever copies of
the rows lie. The balances on both sides are committed to by a digest with a salt of its own: an opening tells
a citizen what they did, never what the venue has.
"""

import datetime as dt
import struct
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from kernel.errors import Invalid
from ledger.outcomes import BookedTransfer
from ledger.transfers import Transfer, TransferKind

DOMAIN = b"duiscoin-ledger-transfer"
COUNTERS_DOMAIN = b"duiscoin-ledger-counters"
SALT_DOMAIN = b"duiscoin-ledger-salt"
VERSION = b"\x01"
SALT_BYTES = 16
SECRET_BYTES = 32

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_ABSENT = b"\0\0"
_SEQUENCE_AND_ID = struct.Struct(">HqH16s")
_NUMBER = struct.Struct(">Hq")
_SALT_PLACE = struct.Struct(">q")
_COUNTERS = struct.Struct(">8q")
_HEAD = DOMAIN + VERSION
_SALT_HEAD = SALT_DOMAIN + VERSION
_COUNTERS_HEAD = COUNTERS_DOMAIN + VERSION
_POSTED = TransferKind.POST
_KINDS = {kind: struct.pack(">H", len(kind.value)) + kind.value.encode() for kind in TransferKind}
_POST = _KINDS[_POSTED]


class Party(NamedTuple):
    """An account as an opening names it, with the secret that its salts are derived from."""

    path: str
    asset: str
    secret: bytes


class Opening(NamedTuple):
    """What an opening says, read back."""

    salt: bytes
    city_id: int
    sequence: int
    transfer_id: UUID
    kind: TransferKind
    refers_to: UUID | None
    group_id: UUID | None
    asset: str
    debit: str
    credit: str
    amount: int
    purpose: str
    subject: str
    effective: dt.date
    booked_at: dt.datetime
    expires_at: dt.datetime | None
    counters_digest: bytes


_REMEMBERED_MAX = 100_000
"""Of each sort that a Committer remembers (about 50 MB of pairs); then it starts anew."""


class Committer:
    """Makes the openings and commitments of one city's transfers; remembers what many of them share."""

    def __init__(self, city_id: int, parties: Mapping[int, Party]) -> None:
        self._city = struct.pack(">Hi", 4, city_id)
        self._parties = parties
        self._pairs: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._texts: dict[str, bytes] = {}
        self._days: dict[dt.date, bytes] = {}
        self._instants: dict[dt.datetime, bytes] = {}

    def commitment(self, booked: BookedTransfer) -> bytes:
        """Return the 32 bytes that commit to a transfer. Raises KeyError if a party is not known."""
        return sha256(self.opening(booked)).digest()

    def opening(self, booked: BookedTransfer) -> bytes:
        """Return the bytes that the commitment is the hash of. Raises KeyError if a party is not known."""
        (
            sequence, transfer_id, kind, refers_to, debit, credit, amount, purpose, subject, group_id,
            effective, booked_at, expires_at, debit_side, credit_side,
        ) = booked  # fmt: skip
        named, salt_head = self._pairs.get((debit, credit)) or self._pair((debit, credit))
        salts = sha256(salt_head + _SALT_PLACE.pack(sequence)).digest()
        counters = _COUNTERS.pack(*debit_side, *credit_side)
        about = subject.encode()
        return b"".join(
            (
                _HEAD,
                salts[:SALT_BYTES],
                self._city,
                _SEQUENCE_AND_ID.pack(8, sequence, 16, transfer_id.bytes),
                _POST if kind is _POSTED else _KINDS[kind],
                _ABSENT if refers_to is None else b"\0\x10" + refers_to.bytes,
                _ABSENT if group_id is None else b"\0\x10" + group_id.bytes,
                named,
                _NUMBER.pack(8, amount),
                self._texts.get(purpose) or self._text(purpose),
                len(about).to_bytes(2),
                about,
                self._days.get(effective) or self._day(effective),
                self._instants.get(booked_at) or self._instant(booked_at),
                _ABSENT
                if expires_at is None
                else self._instants.get(expires_at) or self._instant(expires_at),
                b"\0\x20",
                sha256(_COUNTERS_HEAD + salts[SALT_BYTES:] + counters).digest(),
            )
        )

    def _pair(self, place: tuple[int, int]) -> tuple[bytes, bytes]:
        debit, credit = (self._parties[account_id] for account_id in place)
        named = b"".join(_field(text.encode()) for text in (debit.asset, debit.path, credit.path))
        _make_room(self._pairs)
        self._pairs[place] = named, _SALT_HEAD + debit.secret + credit.secret
        return self._pairs[place]

    def _text(self, text: str) -> bytes:
        _make_room(self._texts)
        self._texts[text] = _field(text.encode())
        return self._texts[text]

    def _day(self, day: dt.date) -> bytes:
        _make_room(self._days)
        self._days[day] = _field(day.isoformat().encode())
        return self._days[day]

    def _instant(self, instant: dt.datetime) -> bytes:
        _make_room(self._instants)
        self._instants[instant] = _NUMBER.pack(8, (instant - _EPOCH) // _MICROSECOND)
        return self._instants[instant]


def _make_room(remembered: dict[Any, Any]) -> None:
    if len(remembered) >= _REMEMBERED_MAX:
        remembered.clear()


def commitment(opening: bytes) -> bytes:
    """Return the 32 bytes that an opening opens."""
    return sha256(opening).digest()


def read_opening(data: bytes) -> Opening:
    """Return what an opening says. Raises Invalid `opening-malformed` unless it is exactly one."""
    try:
        opening = _read(data)
    except (ValueError, struct.error, OverflowError) as error:
        raise Invalid("opening-malformed") from error
    if _written(opening) != data:
        raise Invalid("opening-malformed")
    return opening


def _read(data: bytes) -> Opening:
    if not data.startswith(_HEAD):
        msg = "not an opening of this version"
        raise ValueError(msg)
    start = len(_HEAD) + SALT_BYTES
    fields = list(_split(data[start:]))
    city, sequence, transfer_id, kind, refers_to, group_id, *texts, effective, booked, expires, digest = (
        fields
    )
    asset, debit, credit, amount, purpose, subject = texts
    booked_at = _instant_of(booked)
    if booked_at is None:
        msg = "no instant of booking"
        raise ValueError(msg)
    return Opening(
        salt=data[len(_HEAD) : start],
        city_id=struct.unpack(">i", city)[0],
        sequence=struct.unpack(">q", sequence)[0],
        transfer_id=UUID(bytes=transfer_id),
        kind=TransferKind(kind.decode()),
        refers_to=UUID(bytes=refers_to) if refers_to else None,
        group_id=UUID(bytes=group_id) if group_id else None,
        asset=asset.decode(),
        debit=debit.decode(),
        credit=credit.decode(),
        amount=struct.unpack(">q", amount)[0],
        purpose=purpose.decode(),
        subject=subject.decode(),
        effective=dt.date.fromisoformat(effective.decode()),
        booked_at=booked_at,
        expires_at=_instant_of(expires),
        counters_digest=digest,
    )


def _written(opening: Opening) -> bytes:
    """Write an opening again: only the canonical bytes of a value are accepted."""
    fields = (
        struct.pack(">i", opening.city_id),
        struct.pack(">q", opening.sequence),
        opening.transfer_id.bytes,
        opening.kind.value.encode(),
        opening.refers_to.bytes if opening.refers_to else b"",
        opening.group_id.bytes if opening.group_id else b"",
        opening.asset.encode(),
        opening.debit.encode(),
        opening.credit.encode(),
        struct.pack(">q", opening.amount),
        opening.purpose.encode(),
        opening.subject.encode(),
        opening.effective.isoformat().encode(),
        struct.pack(">q", (opening.booked_at - _EPOCH) // _MICROSECOND),
        struct.pack(">q", (opening.expires_at - _EPOCH) // _MICROSECOND) if opening.expires_at else b"",
        opening.counters_digest,
    )
    return _HEAD + opening.salt + b"".join(map(_field, fields))


def content_digest(transfer: Transfer) -> bytes:
    """Return the 32 bytes by which a repeated request is recognised as the same."""
    return digest(getattr(transfer, name) for name in Transfer.__dataclass_fields__)


def digest(values: Iterable[object]) -> bytes:
    """Return SHA-256 over values, each with its type and its length before it: no two lists are alike."""
    return sha256(b"".join(map(_typed, values))).digest()


def _typed(value: object) -> bytes:
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC)
    data = value if isinstance(value, bytes) else b"" if value is None else str(value).encode()
    name = type(value).__name__.encode()
    return struct.pack(">BI", len(name), len(data)) + name + data


def _field(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _split(data: bytes) -> Iterable[bytes]:
    place = 0
    while place < len(data):
        (length,) = struct.unpack_from(">H", data, place)
        place += 2
        if place + length > len(data):
            msg = "cut off"
            raise ValueError(msg)
        yield data[place : place + length]
        place += length


def _instant_of(data: bytes) -> dt.datetime | None:
    return _EPOCH + _MICROSECOND * struct.unpack(">q", data)[0] if data else None
