"""Group commit: how fast single callers are served who are merged into shared commits."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.bench.measuring import results
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import Stage, UnsoundError

UNIT = "transfers/s"
CALLERS = (1, 8, 64, 512)


@dataclass(frozen=True, slots=True)
class Served:
    """What callers saw: transfers per second, and milliseconds that half and nearly all waited at most."""

    rate: float
    p50: float
    p99: float


class Process:
    """One server process with callers in it."""

    def __init__(self, stage: Stage) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench.measuring.callers", stage.url, str(len(stage.wallets))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def order(self, callers: int, seconds: float, kind: str = "hot") -> None:
        """Let so many callers ask for so many seconds."""
        assert self._process.stdin is not None  # noqa: S101 -- a pipe was asked for
        print(json.dumps({"callers": callers, "seconds": seconds, "kind": kind}), file=self._process.stdin)
        self._process.stdin.flush()

    def served(self) -> Served:
        """Wait for the answer to the last order."""
        return Served(**json.loads(self._answer()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def _answer(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 -- a pipe was asked for
        line = self._process.stdout.readline()
        if not line:
            msg = "the process with the callers has failed"
            raise UnsoundError(msg)
        return line


@contextlib.contextmanager
def processes(stage: Stage, count: int) -> Iterator[list[Process]]:
    """Give server processes on the stage's database."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Process(stage))) for _ in range(count)]


def served(process: Process, callers: int, seconds: float, kind: str = "hot") -> Served:
    """Let callers ask in one process; return what they saw."""
    process.order(callers, seconds, kind)
    return process.served()


def group_commit(stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure 1 to 512 callers in one process, and two processes with 32 each beside one with 64."""
    seen: dict[int, list[Served]] = {callers: [] for callers in CALLERS}
    together: list[float] = []
    with processes(stage, 2) as (one, other):
        for _ in range(scale.rounds):
            for callers in CALLERS:
                seen[callers].append(served(one, callers, scale.seconds_a_turn))
            for process in (one, other):
                process.order(32, scale.seconds_a_turn)
            together.append(one.served().rate + other.served().rate)
    for callers in CALLERS:
        yield from _figures(f"callers-{callers}", stage.backend, seen[callers])
    alone = [one.rate for one in seen[64]]
    yield results.compared("callers-2x32", stage.backend, UNIT, together, "one process with 64", alone)


def _figures(name: str, backend: str, seen: Sequence[Served]) -> Iterator[Result]:
    figures: list[tuple[str, str, list[Any]]] = [
        (name, UNIT, [one.rate for one in seen]),
        (f"{name}-p50", "ms", [one.p50 for one in seen]),
        (f"{name}-p99", "ms", [one.p99 for one in seen]),
    ]
    for figure, unit, values in figures:
        yield results.alone(figure, backend, unit, values)
