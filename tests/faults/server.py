"""A server in a process of its own, as `duiscoin serve` runs it, to be killed."""

import socket
from pathlib import Path

from tests.faults.forking import Command


class Server:
    """Starts, is killed, starts again: always on the same database and port."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._command = Command(["serve", "--port", str(port)], environment, log)
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._command.start(f"{self.url}/health")

    def kill(self) -> None:
        """Kill the server as a power cut would: no handler runs."""
        self._command.kill()
