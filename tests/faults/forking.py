"""A command of the product in a process of its own, to be killed.

It is forked from a process that has everything imported already, so that a round takes a fraction of a second.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx2 as httpx

from api.cli import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.poster"])
START_SECONDS = 60


class Command:
    """`duiscoin` with the same arguments, started again and again."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._given = (arguments, dict(environment), log)
        self._process: ForkServerProcess | None = None

    def start(self, url: str) -> None:
        """Start it and wait until this address answers well."""
        self._process = CONTEXT.Process(target=_run, args=self._given, daemon=True)
        self._process.start()
        with httpx.Client(timeout=2) as http:
            self.wait(lambda: http.get(url).status_code == 200)

    def wait(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if reached():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise TimeoutError(self._given[-1].read_text()[-3000:])

    def kill(self) -> None:
        """Kill it as a power cut would: no handler runs."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    os.environ.update(environment)
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.argv = ["duiscoin", *arguments]
    main.run()
