"""Metering the writer of this process: what Prometheus scrapes, and percentiles of the last minutes.

Everything here belongs to one process and is labelled by it; what is true for all comes from the database
(`api.metrics`). Nothing is registered globally, so several applications live in one process.
"""

import contextlib
import hashlib
import math
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from kernel.errors import DomainError

WINDOW_SECONDS = 300
"""Batches as old as this count in the figures."""
BATCHES_MAX = 10_000
"""Newest batches that are remembered; at full load they may be younger than the window."""
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Batch(Protocol):
    """What the writer tells of each transaction (`kernel.writing`)."""

    @property
    def size(self) -> int:
        """Commands in it."""
        ...

    @property
    def wait_seconds(self) -> float:
        """How long the one that waited longest was in the queue."""
        ...

    @property
    def commit_seconds(self) -> float:
        """From the begin of the transaction until it was durable."""
        ...


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Half of the values are at most p50, 99 of 100 at most p99."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class WriterFigures:
    """What one process's writer did in the last `WINDOW_SECONDS`."""

    process: str
    """Tells processes apart without saying on which machine they run: everybody may read this."""
    batches: int
    commands: int
    batch_size: Percentiles | None
    wait_seconds: Percentiles | None
    commit_seconds: Percentiles | None


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    size: int
    wait_seconds: float
    commit_seconds: float


class Meter:
    """Counts what the writer of one process does; any thread may tell and ask."""

    def __init__(self, process: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.process = process or f"{socket.gethostname()}:{os.getpid()}"
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: deque[_Seen] = deque(maxlen=BATCHES_MAX)
        self._registry = CollectorRegistry()
        self._outcomes = Counter(
            "duiscoin_writer_outcomes",
            "Commands by outcome: done, the code of a refusal, or failed",
            ["process", "code"],
            registry=self._registry,
        )
        self._size = self._histogram("batch_size", "Commands in one transaction", _SIZES)
        self._wait = self._histogram("wait_seconds", "Longest wait of a batch in the queue", _SECONDS)
        self._commit = self._histogram("commit_seconds", "Time from begin to durable commit", _SECONDS)

    def observe(self, batch: Batch) -> None:
        """Take note of a batch; the writer calls it after each commit."""
        seen = _Seen(self._clock(), batch.size, batch.wait_seconds, batch.commit_seconds)
        with self._lock:
            self._seen.append(seen)
        self._size.observe(seen.size)
        self._wait.observe(seen.wait_seconds)
        self._commit.observe(seen.commit_seconds)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count how the command of this block ends: `done`, the code of its refusal, or `failed`."""
        code = "failed"
        try:
            yield
            code = "done"
        except DomainError as error:
            code = error.code
            raise
        finally:
            self._outcomes.labels(self.process, code).inc()

    def figures(self) -> WriterFigures:
        """Return what happened in the last `WINDOW_SECONDS`."""
        since = self._clock() - WINDOW_SECONDS
        with self._lock:
            recent = [one for one in self._seen if one.at >= since]
        return WriterFigures(
            hashlib.sha256(self.process.encode()).hexdigest()[:8],
            len(recent),
            sum(one.size for one in recent),
            percentiles([one.size for one in recent]),
            percentiles([one.wait_seconds for one in recent]),
            percentiles([one.commit_seconds for one in recent]),
        )

    def text(self) -> bytes:
        """Return what this process counted, in Prometheus's text format."""
        return generate_latest(self._registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float]) -> Histogram:
        histogram = Histogram(
            f"duiscoin_writer_{name}", meaning, ["process"], registry=self._registry, buckets=buckets
        )
        return histogram.labels(self.process)


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """Return the percentiles by nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return Percentiles(*(ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.99)))
