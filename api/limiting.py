"""Rate limits for each account and each source, counted in memory or in Redis."""

from typing import ClassVar

import limits
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from kernel.errors import DomainError, Kind


class TooManyRequests(DomainError):
    """A limit is used up; `retry_after_seconds` says when to come back."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    code = "too-many-requests"


RATES = {
    "sign-in-source": "20 per 10 minutes",
    "sign-in-account": "5 per 10 minutes",
    "verify-source": "30 per 10 minutes",
    "write-account": "60 per minute",
    "scan-device": "120 per minute",
    "manual-code-device": "10 per minute",
    "fine-lookup-account": "20 per hour",
    "any-source": "600 per minute",
}
"""What may happen how often, by name; docs/operations.md explains each."""


class Limiter:
    """Counts by name and key. Shared by all processes if a Redis is named."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._storage = storage_from_string(redis_url or "memory://")
        self._strategy = MovingWindowRateLimiter(self._storage)
        self._rates = {name: limits.parse(rate) for name, rate in RATES.items()}

    def hit(self, name: str, city_id: int, key: object) -> None:
        """Count one use. Raises TooManyRequests when the limit was reached before."""
        rate = self._rates[name]
        parts = (name, str(city_id), str(key))
        if not self._strategy.hit(rate, *parts):
            raise TooManyRequests(retry_after_seconds=rate.get_expiry())
