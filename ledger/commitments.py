"""The commitments of many transfers at once: the bytes of `ledger.leaves`, built column by column.

Openings whose fields have the same lengths have all fields at the same places, so the bytes of each such
shape are filled in as a table; only the hashing goes row by row.
"""

import datetime as dt
import struct
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ledger import leaves
from ledger.columns import Bytes, Columns, Flags, Numbers
from ledger.tables import COUNTERS, SIDES

_HASH_BYTES = 32
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_COUNTER_NAMES = tuple(f"{side}_{counter}" for side in SIDES for counter in COUNTERS)
# How many bits of a shape's number each of its lengths gets.
_KEY_BITS = (1, 1, 1, 4, 8, 9, 9, 10, 14)


@dataclass(frozen=True, slots=True)
class Sides:
    """What openings say of the two accounts, a row for each transfer. Names are NUL-padded."""

    asset: Bytes
    debit_path: Bytes
    credit_path: Bytes
    debit_secret: Bytes
    credit_secret: Bytes


def computed(city_id: int, chunk: Columns, sides: Sides) -> Bytes:
    """Return what the commitments of a chunk's transfers should be, a row of 32 bytes each."""
    made = _Openings(city_id, chunk, sides)
    result = np.empty((chunk.count, _HASH_BYTES), dtype=np.uint8)
    for rows in made.shapes():
        result[rows] = _hashed(made.of_shape(rows))
    return result


def _hashed(messages: Bytes) -> Bytes:
    """Return the SHA-256 of each row."""
    layout = struct.Struct(f"{messages.shape[1]}s")
    hashes = [sha256(message).digest() for (message,) in layout.iter_unpack(messages.tobytes())]
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), _HASH_BYTES)


def _big_endian(numbers: Numbers) -> Bytes:
    return numbers.astype(">i8").view(np.uint8).reshape(len(numbers), 8)


def _repeated(data: bytes, count: int) -> Bytes:
    return np.broadcast_to(np.frombuffer(data, dtype=np.uint8), (count, len(data)))


def _lengths(names: Bytes) -> Numbers:
    lengths: Numbers = np.count_nonzero(names, axis=1).astype(np.int64)
    return lengths


class _Openings:
    """Builds the openings of a chunk."""

    def __init__(self, city_id: int, chunk: Columns, sides: Sides) -> None:
        self._city = struct.pack(">i", city_id)
        self._chunk = chunk
        self._sides = sides
        numbers = chunk.numbers
        self._sequence = _big_endian(numbers["sequence"])
        salts = _hashed(
            np.hstack(
                (
                    _repeated(leaves.SALT_DOMAIN + leaves.VERSION, chunk.count),
                    sides.debit_secret,
                    sides.credit_secret,
                    self._sequence,
                )
            )
        )
        self._salt = salts[:, : leaves.SALT_BYTES]
        self._counters = _hashed(
            np.hstack(
                (
                    _repeated(leaves.COUNTERS_DOMAIN + leaves.VERSION, chunk.count),
                    salts[:, leaves.SALT_BYTES :],
                    *(_big_endian(numbers[name]) for name in _COUNTER_NAMES),
                )
            )
        )
        self._amount = _big_endian(numbers["amount"])
        self._booked_at = _big_endian(numbers["booked_at"])
        self._expires_at = _big_endian(numbers["expires_at"])
        days, place = np.unique(numbers["effective"], return_inverse=True)
        written = b"".join(_iso(day) for day in days.tolist())
        self._effective = np.frombuffer(written, dtype=np.uint8).reshape(len(days), 10)[place]
        self._lengths = (
            *(chunk.present[name].astype(np.int64) for name in ("refers_to", "group_id", "expires_at")),
            chunk.texts["kind"].lengths,
            *(_lengths(names) for names in (sides.asset, sides.debit_path, sides.credit_path)),
            chunk.texts["purpose"].lengths,
            chunk.texts["subject"].lengths,
        )

    def shapes(self) -> list[Numbers]:
        """Return the rows of each shape."""
        key = np.zeros(self._chunk.count, dtype=np.int64)
        for lengths, bits in zip(self._lengths, _KEY_BITS, strict=True):
            if (lengths >> bits).any():
                msg = "a text is longer than its column"
                raise ValueError(msg)
            key = (key << bits) | lengths
        order = np.argsort(key, kind="stable")
        edges = np.flatnonzero(np.diff(key[order])) + 1
        return [rows for rows in np.split(order, edges) if len(rows)]

    def of_shape(self, rows: Numbers) -> Bytes:
        """Return the openings of rows of one shape."""
        first = rows[0]
        refers, group, expires, kind, asset, debit, credit, purpose, subject = (
            int(lengths[first]) for lengths in self._lengths
        )
        chunk, sides = self._chunk, self._sides
        fields = (
            _repeated(self._city, len(rows)),
            self._sequence[rows],
            chunk.binary["transfer_id"][rows],
            chunk.texts["kind"].chosen(rows, kind),
            chunk.binary["refers_to"][rows, : 16 * refers],
            chunk.binary["group_id"][rows, : 16 * group],
            sides.asset[rows, :asset],
            sides.debit_path[rows, :debit],
            sides.credit_path[rows, :credit],
            self._amount[rows],
            chunk.texts["purpose"].chosen(rows, purpose),
            chunk.texts["subject"].chosen(rows, subject),
            self._effective[rows],
            self._booked_at[rows],
            self._expires_at[rows, : 8 * expires],
            self._counters[rows],
        )
        head = leaves.DOMAIN + leaves.VERSION
        parts: list[Bytes] = [_repeated(head, len(rows)), self._salt[rows]]
        for part in fields:
            parts += (_repeated(struct.pack(">H", part.shape[1]), len(rows)), part)
        return np.hstack(parts)


def _iso(day: int) -> bytes:
    return dt.date.fromordinal(day + _EPOCH_DAY).isoformat().encode()


def differing(expected: Bytes, found: Bytes) -> Flags:
    """Return where two tables of hashes differ."""
    result: Flags = (expected != found).any(axis=1)
    return result
