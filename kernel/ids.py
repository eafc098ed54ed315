"""Ids and secrets are made here: time-ordered numbers and UUIDs, random tokens, derived ids.

Numbers are 63 bits: 42 bits of milliseconds since 2024, then 21 random bits; they sort by time, stay in a
BIGINT and need no database sequence. Two made in one millisecond by one source never collide, because the
source counts upwards within a millisecond. UUIDs are version 7 (RFC 9562 section 5.7).
"""

import base64
import datetime as dt
import hashlib
import random
import secrets
import threading
from typing import Protocol
from uuid import UUID, uuid5

from kernel.clock import Clock

EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
RANDOM_BITS = 21
_LOW = (1 << RANDOM_BITS) - 1
_UUID_RANDOM_BITS = 74


class Randomness(Protocol):
    """Where random bytes come from."""

    def __call__(self, count: int, /) -> bytes:
        """Return `count` random bytes."""
        ...


def seeded(seed: int) -> Randomness:
    """Return reproducible bytes for tests and the demo city; never for a production secret."""
    return random.Random(seed).randbytes  # noqa: S311 -- reproducibility is the purpose


class IdSource:
    """Makes ids and secrets from a clock and a source of random bytes; safe to share between threads."""

    def __init__(self, clock: Clock, randomness: Randomness = secrets.token_bytes) -> None:
        self._clock = clock
        self._randomness = randomness
        self._lock = threading.Lock()
        self._last = 0
        self._last_uuid = 0

    def next(self) -> int:
        """Return a new positive 63-bit number, larger than every earlier one of this source."""
        milliseconds = int((self._clock.now() - EPOCH) / dt.timedelta(milliseconds=1))
        fresh = (milliseconds << RANDOM_BITS) | (int.from_bytes(self._randomness(4)) & (_LOW >> 1))
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last

    def uuid(self) -> UUID:
        """Return a new UUID version 7, larger than every earlier one of this source.

        Within a millisecond the random part grows by a random step (RFC 9562 section 6.2, method 2): an index
        on such ids is filled from left to right.
        """
        milliseconds = int(self._clock.now().timestamp() * 1000)
        noise = int.from_bytes(self._randomness(9)) >> 1
        with self._lock:
            fresh = milliseconds << _UUID_RANDOM_BITS | noise
            self._last_uuid = max(fresh, self._last_uuid + 1 + (noise & 0xFFFFFFFF))
            value = self._last_uuid
        time, high, low = value >> _UUID_RANDOM_BITS, value >> 62 & 0xFFF, value & ((1 << 62) - 1)
        return UUID(int=time << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)

    def random_number(self) -> int:
        """Return a random number of 63 bits."""
        return int.from_bytes(self._randomness(8)) >> 1

    def random_bytes(self, count: int) -> bytes:
        """Return `count` random bytes."""
        return self._randomness(count)

    def token(self, byte_count: int = 32) -> str:
        """Return a random secret as url-safe text without padding."""
        return base64.urlsafe_b64encode(self._randomness(byte_count)).rstrip(b"=").decode()

    def digits(self, count: int) -> str:
        """Return `count` random decimal digits, evenly distributed."""
        # 16 spare bytes make the modulo bias smaller than 2**-128.
        return str(int.from_bytes(self._randomness(16 + count)) % 10**count).zfill(count)


def derive(namespace: UUID, *parts: object) -> UUID:
    """Return the same UUID (version 5) for the same parts: the id of a step that must happen once."""
    return uuid5(namespace, "\x1f".join(str(part) for part in parts))


def unix_milliseconds(instant: dt.datetime) -> int:
    """Return the milliseconds since 1970 that a UUID version 7 made at `instant` begins with."""
    return int(instant.timestamp() * 1000)


def time_of(made: UUID) -> int:
    """Return the milliseconds since 1970 at which a UUID version 7 was made; 0 for other versions."""
    value = made.int
    return value >> 80 if value >> 76 & 0xF == 7 else 0  # noqa: PLR2004 -- the version


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of a long random secret in hex; secrets are stored only like this."""
    return hashlib.sha256(secret.encode()).hexdigest()
