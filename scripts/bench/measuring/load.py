"""Load over HTTP on this machine: clients that keep their connection and ask again when they have the answer.

Requests are bytes made beforehand, so that the clients need as little of the machine as possible. Each
is asked at most once, and none after the given seconds, so a run is bounded in number and in time.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import uvloop

from scripts.bench.measuring.stages import UnsoundError

HOST = "127.0.0.1"
_ANSWER_SECONDS_MAX = 60


@dataclass(slots=True)
class Answers:
    """What the clients got: seconds each waited, bodies by place of the request, and the whole time."""

    waits: list[float] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.waits) / self.seconds


def run(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Answers:
    """Ask requests one after the other, `clients` at a time, until there are no more or time is over.

    Raises UnsoundError for an answer that is no success, TimeoutError for one that does not come.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(port, requests, clients, seconds))


async def _run(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Answers:
    answers, waiting = Answers(), iter(enumerate(requests))
    until = math.inf
    asked = itertools.takewhile(lambda _: time.perf_counter() < until, waiting)
    loop = asyncio.get_running_loop()
    connected = [
        await loop.create_connection(lambda: _Client(asked, answers, loop.create_future()), HOST, port)
        for _ in range(clients)
    ]
    began = time.perf_counter()
    until = began + seconds
    for _, client in connected:
        client.ask()
    async with asyncio.timeout(seconds + _ANSWER_SECONDS_MAX):
        await asyncio.gather(*(client.done for _, client in connected))
    answers.seconds = time.perf_counter() - began
    for transport, _ in connected:
        transport.close()
    return answers


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, waiting: Iterator[tuple[int, bytes]], answers: Answers, done: asyncio.Future[None]
    ) -> None:
        self.done = done
        self._waiting, self._answers = waiting, answers
        self._transport: asyncio.WriteTransport | None = None
        self._place, self._asked_at, self._received = 0, 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way to the server."""
        if isinstance(transport, asyncio.WriteTransport) or hasattr(transport, "write"):
            self._transport = transport  # type: ignore[assignment]  # uvloop's transport can write

    def ask(self) -> None:
        """Send the next request, if there is one."""
        chosen = next(self._waiting, None)
        if chosen is None or self._transport is None:
            self.done.set_result(None)
            return
        self._place, request = chosen
        self._asked_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in an answer; when it is whole, ask again."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        _, _, rest = head.lower().partition(b"content-length:")
        if len(body) < int(rest.partition(b"\r\n")[0] or 0):
            return
        self._answers.waits.append(time.perf_counter() - self._asked_at)
        self._received = b""
        if not head.startswith(b"HTTP/1.1 2"):
            self._fail(head + b"\n" + body)
            return
        self._answers.bodies[self._place] = body
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if the server hung up."""
        del exc
        self._fail(b"the server hung up")

    def _fail(self, answer: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(UnsoundError(answer.decode(errors="replace")[:2000]))
