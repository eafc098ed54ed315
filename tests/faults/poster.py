"""A small server to be killed: posts through the product's writer what comes line by line over a socket.

It is forked as the commands are: see `forking`.
"""

import contextlib
import datetime as dt
import socket
import threading
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kernel.db import Database
from kernel.errors import DomainError
from kernel.writing import Writer
from ledger import posting, transfers
from tests.faults.forking import CONTEXT

ADDRESS_SECONDS = 20
_DAY = dt.date(2026, 5, 4)


class Poster:
    """Starts, is killed, starts again: always on the same database and address."""

    def __init__(self, url: str, city_id: int, address: Path) -> None:
        self._given = (url, city_id, str(address))
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start the server and wait until it listens."""
        Path(self._given[2]).unlink(missing_ok=True)
        self._process = CONTEXT.Process(target=serve, args=self._given, daemon=True)
        self._process.start()
        deadline = time.monotonic() + ADDRESS_SECONDS
        while not Path(self._given[2]).exists():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.005)

    def kill(self) -> None:
        """Kill it as a power cut would: no handler runs."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def serve(url: str, city_id: int, address: str) -> None:
    """Answer each line `id debit credit amount` with the outcome after its commit, or with `error ...`."""
    writer = Writer(Database(url))
    listener = socket.socket(socket.AF_UNIX)
    # The address appears when somebody listens, not before.
    listener.bind(f"{address}.new")
    listener.listen(64)
    Path(f"{address}.new").rename(address)
    while True:
        caller, _ = listener.accept()
        threading.Thread(target=_answer, args=(caller, writer, city_id), daemon=True).start()


def _answer(caller: socket.socket, writer: Writer, city_id: int) -> None:
    with caller, caller.makefile("rw", encoding="ascii") as lines:
        for line in lines:
            name, debit, credit, amount = line.split()
            transfer = transfers.post(UUID(name), debit, credit, int(amount), effective=_DAY, purpose="fault")
            try:
                outcomes = writer.submit_to(city_id, posting.post_many, [transfer]).result()
                answer = str(outcomes[0].code)
            except (DomainError, sa.exc.SQLAlchemyError) as error:
                answer = f"error {type(error).__name__}"
            with contextlib.suppress(OSError):
                lines.write(f"{answer}\n")
                lines.flush()
