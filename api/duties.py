"""Duties on a thread of their own."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from api.services import Services

STOP_SECONDS_MAX = 10


@contextlib.contextmanager
def duty(run: Callable[[Services, threading.Event], None], services: Services, name: str) -> Iterator[None]:
    """Run `run` on a thread while the block lasts; it is told by the event when to end."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(services, stop), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=STOP_SECONDS_MAX)
