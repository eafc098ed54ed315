"""The writer: one thread per process that runs commands one after the other.

Endpoints that post to the ledger are asynchronous and hand their command over; a full queue refuses at
once instead of letting callers wait in vain.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from kernel.db import Database, Work
from kernel.errors import Busy

T = TypeVar("T")
QUEUE_MAX = 1000


class Writer:
    """Runs commands of all cities on its own thread, in the order of arrival."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.Queue[tuple[int, Callable[[Work], Any], Future[Any]] | None] = queue.Queue(
            QUEUE_MAX
        )
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(self, city_id: int, command: Callable[[Work], T]) -> Future[T]:
        """Queue a command; the future gives its result or its error. Raises Busy when the queue is full."""
        future: Future[T] = Future()
        try:
            self._queue.put_nowait((city_id, command, future))
        except queue.Full:
            raise Busy("writer-queue-full", retry_after_seconds=1) from None
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (item := self._queue.get()) is not None:
            city_id, command, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = self._database.run(city_id, command)
            except BaseException as error:  # noqa: BLE001 -- it belongs to the caller who waits on the future
                future.set_exception(error)
            else:
                future.set_result(result)
