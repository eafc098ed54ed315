"""A PostgreSQL that is as durable as in production, to be killed with all its processes."""

import contextlib
import functools
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.fixtures import postgresql

_DURABLE = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=32MB",
    "max_connections=60",
)
_GONE_SECONDS = 20


class Cluster:
    """Starts, is killed, recovers: always on the same data."""

    def __init__(self, base: Path) -> None:
        identity: dict[str, Any] = {}
        self._base = base
        self._binaries = postgresql._package() / postgresql._INSTALLATION / "bin"
        self._data, sockets = base / "data", base / "run"
        self._data.mkdir(mode=0o700)
        sockets.mkdir()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for folder in (self._data, sockets):
                os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            base.chmod(0o755)
            self._binaries = postgresql._copied_binaries(base)
        self._run: functools.partial[subprocess.Popen[bytes]] = functools.partial(
            subprocess.Popen,
            cwd=self._data,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            **identity,
        )
        postgresql._initialise(self._run, self._binaries, self._data)
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://postgres@/postgres?host={sockets}"

    def start(self) -> None:
        """Start it and wait until it has recovered."""
        given = [part for setting in _DURABLE for part in ("-c", setting)]
        with (self._base / "log").open("ab") as log:
            self._server = self._run(
                [
                    self._binaries / "postgres",
                    "-D",
                    self._data,
                    "-c",
                    "listen_addresses=",
                    "-k",
                    self._base / "run",
                    *given,
                ],
                stdout=log,
                stderr=log,
            )
        postgresql._wait_until_up(self._server, self._base)

    def kill(self) -> None:
        """Kill the postmaster and every process that it started."""
        if self._server is None:
            return
        numbers = [self._server.pid, *_children(self._server.pid)]
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._server.wait()
        deadline = time.monotonic() + _GONE_SECONDS
        while any(_alive(number) for number in numbers[1:]):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.005)
        self._server = None


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found


def _alive(number: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
