"""kill -9 at any moment: nothing acknowledged is lost, nothing happens twice, the books verify."""

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2 as httpx
import pytest

from identity import persons, sessions
from identity.persons import Person
from kernel import cities
from kernel.clock import SystemClock
from kernel.db import Database, Work
from kernel.ids import IdSource
from ledger import invariants, posting, transfers, wallets
from merchants import devices
from redemption import offers, vouchers
from redemption.vouchers import VoucherStatus
from rewards import submissions
from tests.browser import town as towns
from tests.faults.server import Server
from tests.fixtures.databases import MakeDatabase

ROUNDS = 5
TEXT = "Am Rheinpark fehlt eine Bank im Schatten, auf der man sich ausruhen kann, Nummer "


class Client:
    """A citizen and a gate that go on until the server dies, and remember what was acknowledged."""

    def __init__(self, url: str, citizen: str, gate: str, offer_id: int) -> None:
        self._url, self._citizen, self._gate, self._offer_id = url, citizen, gate, offer_id
        self._numbers = itertools.count()
        self._open: list[tuple[str, str]] = []
        self.bought: dict[str, str] = {}
        self.submitted: dict[str, str] = {}
        self.redeemed: set[str] = set()
        self.asked: set[str] = set()

    def run(self) -> None:
        """Hand in, buy and scan until there is no answer."""
        with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=self._url, timeout=5) as http:
            # What was not answered is asked again under the same key, as an app does after a lost network.
            for kind, key in list(self._open):
                self._step(http, kind, key)
            while True:
                number = next(self._numbers)
                for kind in ("suggest", "buy"):
                    key = f"{kind}-{number}"
                    self._open.append((kind, key))
                    self.asked.add(key)
                    self._step(http, kind, key)

    def _step(self, http: httpx.Client, kind: str, key: str) -> None:
        if kind == "suggest":
            body = {"action": "suggestion", "category": "green", "description": TEXT + key}
            answer = self._post(http, "/api/v1/submissions", self._citizen, key, body)
            self.submitted[key] = answer["submission_id"]
        else:
            answer = self._post(http, "/api/v1/vouchers", self._citizen, key, {"offer_id": self._offer_id})
            self.bought[key] = answer["voucher_id"]
            scan = {"text": answer["text"], "nonce": key}
            verdict = self._post(http, "/api/v1/scans", self._gate, key, scan)
            assert verdict["code"] == "accepted", verdict
            self.redeemed.add(answer["voucher_id"])
        self._open.remove((kind, key))

    def _post(
        self, http: httpx.Client, path: str, token: str, key: str, body: Mapping[str, object]
    ) -> dict[str, str]:
        while True:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
            answer = http.post(path, json=body, headers=headers)
            if answer.status_code == 429:
                time.sleep(0.2)
                continue
            assert answer.status_code in {200, 201}, answer.text
            plain: dict[str, str] = answer.json()
            return plain


@pytest.fixture
def live_database(new_database: MakeDatabase) -> Iterator[Database]:
    """Give a database with the real clock, as the server in its own process has it."""
    prepared = new_database()
    url = prepared.engine.url.render_as_string(hide_password=False)
    clock = SystemClock()
    database = Database(url, clock=clock, ids=IdSource(clock))
    yield database
    database.close()


def test_kill_9_loses_nothing_acknowledged(live_database: Database, tmp_path: Path) -> None:
    """Killed in the middle of handing in, buying and scanning, again and again, the server forgets nothing that
    it had acknowledged and does nothing twice; after each start the books verify.
    """
    chosen = towns.settings(live_database, tmp_path)
    city, pool, _, _ = towns.found(live_database, chosen)
    person, citizen, gate, offer_id = _prepare(live_database, city.city_id, pool.venue_id)
    environment = {
        "DUISCOIN_DATABASE_URL": chosen.database_url,
        "DUISCOIN_SECRET_KEY": towns.SECRET,
        "DUISCOIN_DATA_DIRECTORY": str(tmp_path),
    }
    server = Server(environment, tmp_path / "server.log")
    client = Client(server.url, citizen, gate, offer_id)
    chance = random.Random(7)
    for _ in range(ROUNDS):
        server.start()
        thread = threading.Thread(target=client.run)
        thread.start()
        enough = len(client.bought) + chance.randint(2, 6)
        while thread.is_alive() and len(client.bought) < enough:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        thread.join()
        with live_database.reading(city.city_id) as reading:
            assert invariants.verify(reading).findings == ()

    assert len(client.bought) > ROUNDS
    with live_database.reading(city.city_id) as reading:
        owned = {one.voucher_id: one for one in vouchers.page(reading, person.owner, limit=200)}
        handed_in = submissions.of_owner(reading, person.owner, limit=200)
    assert set(client.bought.values()) <= set(owned)
    assert len(owned) <= len([key for key in client.asked if key.startswith("buy")])
    used = {number for number, one in owned.items() if one.status is VoucherStatus.REDEEMED}
    assert client.redeemed <= used
    texts = [one.description for one in handed_in]
    assert len(texts) == len(set(texts)), "the same request was taken twice"
    assert set(client.submitted.values()) <= {str(one.submission_id) for one in handed_in}


def _prepare(database: Database, city_id: int, venue_id: int) -> tuple[Person, str, str, int]:
    """Return a citizen with points, the tokens of their session and of a device, and an offer without limit."""

    def command(work: Work) -> tuple[Person, str, str, int]:
        person = persons.register(work, "kim@example.org")
        lot = wallets.open_lot(work, person.owner, work.now.date().replace(year=work.now.year + 2))
        gift = transfers.post(
            work.ids.uuid(), "issued", lot, 100_000, effective=work.now.date(), purpose="test"
        )
        posting.post_or_raise(work, [gift])
        found = offers.by_code(work, "rhein-ruhr-bad-einzel")
        offers.add_places(work, cities.get(work), found.offer_id, 10_000)
        _, gate = devices.enrol(work, venue_id, "Tor")
        return person, sessions.start(work, person.person_id), gate, found.offer_id

    return database.run(city_id, command)
