"""Rate limits for each account and each source, counted in memory or in Redis."""

import time
from typing import ClassVar

import limits
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from kernel.errors import DomainError, Kind

SWEEP_SECONDS = 10.0
"""How often memory is searched for counts that are over."""


class TooManyRequests(DomainError):
    """A limit is used up; `retry_after_seconds` says when to come back."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    code = "too-many-requests"


class SweptMemory(MemoryStorage):
    """Counts in memory, in which now and then somebody looks for what is over.

    The library looks through all keys after each use, on a thread of its own: with 20,000 sources within a
    minute that takes most of the interpreter. Whether a limit is reached does not depend on it.
    """

    def __init__(self) -> None:
        self._sweep_at = time.monotonic() + SWEEP_SECONDS
        super().__init__()

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802 -- the library's own
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            super()._MemoryStorage__schedule_expiry()  # type: ignore[misc]  # private there


RATES = {
    "sign-in-source": "20 per 10 minutes",
    "sign-in-account": "5 per 10 minutes",
    "verify-source": "30 per 10 minutes",
    "enrol-source": "20 per 10 minutes",
    "write-account": "60 per minute",
    "scan-device": "120 per minute",
    "manual-code-device": "10 per minute",
    "fine-lookup-account": "20 per hour",
    "hand-over-account": "20 per hour",
    "any-source": "600 per minute",
}
"""What may happen how often, by name; docs/operations.md explains each."""


class Limiter:
    """Counts by name and key. Shared by all processes if a Redis is named."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._storage = storage_from_string(redis_url) if redis_url else SweptMemory()
        self._strategy = MovingWindowRateLimiter(self._storage)
        self._rates = {name: limits.parse(rate) for name, rate in RATES.items()}

    def hit(self, name: str, city_id: int, key: object) -> None:
        """Count one use. Raises TooManyRequests when the limit was reached before."""
        rate = self._rates[name]
        parts = (name, str(city_id), str(key))
        if not self._strategy.hit(rate, *parts):
            raise TooManyRequests(retry_after_seconds=rate.get_expiry())
