"""Rounds of killing: clients under way, something dies, it starts again, and their log is compared with the book."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kernel import cities
from kernel.clock import SystemClock
from kernel.db import Database, Work
from kernel.ids import IdSource
from ledger import accounts, chart, invariants, tables
from ledger.accounts import Guard, NewAccount
from tests.faults.poster import Poster

CLIENTS = 4
_PATHS = ("venue/1", "venue/2", "budget/litter")


class Client:
    """Sends one transfer after the other and remembers which were asked for and which were acknowledged."""

    def __init__(self, address: Path, number: int) -> None:
        self._address = str(address)
        self._ids = IdSource(SystemClock())
        self._chance = random.Random(number)
        self._open: list[tuple[UUID, str]] = []
        self.asked: dict[UUID, int] = {}
        self.acknowledged: set[UUID] = set()

    def run(self) -> None:
        """Go on until nobody answers; what had no answer is asked again first, under the same id."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self._address)
            with connection.makefile("rw", encoding="ascii") as lines:
                while True:
                    if not self._open:
                        self._open.append(self._next())
                    transfer_id, line = self._open[0]
                    lines.write(line)
                    lines.flush()
                    answer = lines.readline().strip()
                    if answer == "posted":
                        self.acknowledged.add(transfer_id)
                        self._open.pop(0)
                    elif not answer:
                        return
                    else:
                        assert answer.startswith("error"), answer
                        time.sleep(0.02)

    def _next(self) -> tuple[UUID, str]:
        transfer_id, amount = self._ids.uuid(), self._chance.randint(1, 9)
        self.asked[transfer_id] = amount
        return transfer_id, f"{transfer_id} issued {self._chance.choice(_PATHS)} {amount}\n"


class Rounds:
    """One city, its clients and a server that is killed."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        database = Database(url)
        self._city_id = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg")).city_id
        database.run(self._city_id, _open)
        database.close()
        address = folder / "poster"
        self.poster = Poster(url, self._city_id, address)
        self.clients = [Client(address, number) for number in range(CLIENTS)]

    def play(self, seconds: float, kill: Callable[[], None]) -> None:
        """Start the server, let the clients go, kill after some time, wait for all."""
        self.poster.start()
        threads = [threading.Thread(target=client.run, daemon=True) for client in self.clients]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        kill()
        self.poster.kill()
        for thread in threads:
            thread.join()

    def check(self) -> int:
        """Compare what clients know with the book; return how many transfers it has."""
        asked = {key: amount for client in self.clients for key, amount in client.asked.items()}
        acknowledged = set().union(*(client.acknowledged for client in self.clients))
        database = Database(self._url)
        with database.reading(self._city_id) as reading:
            rows = reading.connection.execute(
                sa.select(tables.transfers.c.transfer_id, tables.transfers.c.amount).where(
                    tables.transfers.c.city_id == self._city_id
                )
            ).all()
            findings = invariants.verify(reading).findings
        database.close()
        booked = {row.transfer_id: row.amount for row in rows}
        assert findings == ()
        assert len(rows) == len(booked), "something is in the book twice"
        assert acknowledged - booked.keys() == set(), "what was acknowledged is lost"
        assert booked.items() <= asked.items(), "the book has what nobody asked for"
        return len(rows)


def _open(work: Work) -> None:
    chart.open_chart(work)
    accounts.open_accounts(work, [NewAccount(path, "DUC", Guard.NONE) for path in _PATHS])
