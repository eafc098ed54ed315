"""A hub in a process of its own, killed as by a power cut between any two steps, with four gates."""

import datetime as dt
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from api.hub import joining, syncing
from api.hub.folder import Folder
from api.hub.machine import Hub
from kernel.clock import FixedClock
from kernel.db import Work
from merchants import devices, enrolling
from merchants.devices import DeviceKind
from redemption import codes, handing_in
from redemption.vouchers import Voucher, VoucherStatus
from tests.browser import town as towns
from tests.browser.gates import Gate
from tests.browser.town import Town
from tests.faults.forking import Command
from tests.fixtures.databases import Prepare


class HubProcess:
    """`duiscoin hub serve`, started, killed, started again on the same folder and port."""

    def __init__(self, folder: Folder, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        arguments = ["hub", "serve", "--plain", "--host", "127.0.0.1", "--port", str(port)]
        self._command = Command([*arguments, "--data", str(folder.path)], {}, log)
        self.wait = self._command.wait
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._command.start(f"{self.url}/hub")

    def kill(self) -> None:
        """Kill it: no handler runs."""
        self._command.kill()

    def scan(self, token: str, voucher: Voucher, nonce: str) -> dict[str, Any]:
        """Scan at a gate; a gate repeats what was not answered, under the same number."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": nonce, "Accept-Language": "en"}
        body = {"text": codes.app_text(voucher.token), "nonce": nonce}
        answer = httpx.post(f"{self.url}/api/v1/scans", json=body, headers=headers, timeout=20)
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def town(prepared_database: Prepare, clock: FixedClock, tmp_path: Path) -> Town:
    """Give a small city that is not served yet."""
    database, _, city, pool, museum, swim = towns.prepared(prepared_database, tmp_path)
    return Town("", database, clock, city, pool, museum, swim, tmp_path)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[HubProcess]:
    """Give a hub's process that is not running yet."""
    hub = HubProcess(Folder(tmp_path / "hub"), tmp_path / "hub.log")
    yield hub
    hub.kill()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_power_cut_between_any_two_steps(town: Town, process: HubProcess, tmp_path: Path) -> None:
    """The network is cut, four gates scan at once, the hub dies after its answer and while it hands in.

    What a gate was told stays so after the restart, everything arrives at the city, and nothing twice.
    """
    gate = Gate(town)
    sold = [gate.sell() for _ in range(3)]
    folder, chosen = Folder(tmp_path / "hub"), towns.settings(town.database, town.folder)
    _, secret = gate.run(
        lambda work: enrolling.invite(
            work, town.pool.venue_id, "Zentrale", invited_by="person/1", kind=DeviceKind.HUB
        )
    )
    with towns.serving(chosen, town.database) as url:
        joining.enrol(folder, url, secret)
        tokens = _opened(folder)
    # From here on there is no city for the hub.
    process.start()
    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(lambda n: process.scan(tokens[n], sold[0], f"one-{n}"), range(4)))
    assert ["accepted", *["already-used"] * 3] == sorted(one["code"] for one in first)
    process.kill()
    with towns.serving(chosen, town.database, int(url.rpartition(":")[2])):
        process.start()
        assert first == [process.scan(tokens[n], sold[0], f"one-{n}") for n in range(4)]
        assert "accepted" == process.scan(tokens[1], sold[1], "two")["code"]
        process.wait(lambda: _handed_in(town) >= 4)
        process.kill()
        process.start()
        assert "accepted" == process.scan(tokens[2], sold[2], "three")["code"]
        process.wait(lambda: _handed_in(town) >= 6)
    assert [VoucherStatus.REDEEMED] * 3 == [gate.voucher(one.voucher_id).status for one in sold]
    assert town.verify().ok


def _opened(folder: Folder) -> list[str]:
    """Have the vouchers left to a hub that does not run; return the tokens of four gates."""
    hub = Hub(folder)
    syncing.once(hub)
    syncing.open_until(hub, hub.clock.now() + dt.timedelta(hours=8))
    venue_id = hub.state().venue_id

    def command(work: Work) -> list[str]:
        return [devices.enrol(work, venue_id, f"Tor {number}")[1] for number in range(1, 5)]

    tokens = hub.database.run(hub.city.city_id, command)
    hub.close()
    return tokens


def _handed_in(town: Town) -> int:
    """Return up to which number the city has the hub's log."""
    with town.database.reading(town.city.city_id) as reading:
        (hub,) = [one for one in devices.of_venue(reading, town.pool.venue_id) if one.kind is DeviceKind.HUB]
        return handing_in.known(reading, hub).link.seq
