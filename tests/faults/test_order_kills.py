"""kill -9 of server and database while people order for points and euros: what was paid is there, once."""

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from api import services
from identity import persons, sessions
from kernel.cities import City
from kernel.clock import SystemClock
from kernel.db import Database, Work
from kernel.ids import IdSource
from ledger import invariants, posting, queries, transfers, wallets
from redemption import offers, orders, payments, vouchers
from redemption.orders import OrderStatus
from redemption.sandbox_provider import How, SandboxProvider
from redemption.till import Till
from redemption.vouchers import VoucherStatus
from tests.browser import town as towns
from tests.faults.cluster import Cluster
from tests.faults.server import Server
from tests.fixtures.databases import MakeDatabase
from tests.redemption.office import SWIM

Kill = Callable[[Server], None]


class Shop:
    """A city with an offer for points and euros, the payment service that outlives every kill, and a buyer."""

    def __init__(self, url: str, folder: Path) -> None:
        clock = SystemClock()
        self.database = Database(url, clock=clock, ids=IdSource(clock))
        self.settings = towns.settings(self.database, folder)
        self.city, pool, _, _ = towns.found(self.database, self.settings)
        path = services.folder_of(self.settings, self.city) / "test-payments.json"
        self.service = SandboxProvider(clock, towns.SECRET, page_url="/test-payments", path=path)
        new = replace(
            SWIM, code="sauna", price_points=40, price_cents=250, venue_ids=(pool.venue_id,), places=None
        )
        self.owner, self.token, self.offer_id = self.database.run(
            self.city.city_id, lambda work: _prepare(work, self.city, new)
        )
        environment = {
            "DUISCOIN_DATABASE_URL": url,
            "DUISCOIN_SECRET_KEY": towns.SECRET,
            "DUISCOIN_DATA_DIRECTORY": str(folder),
            "DUISCOIN_DEMO": "true",
        }
        self.server = Server(environment, folder / "server.log")
        self._numbers = itertools.count()
        self._open: list[str] = []
        self.asked = 0
        self.ordered: dict[str, str] = {}

    def run(self) -> None:
        """Order, pay, and give every third voucher back, until there is no answer."""
        with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=self.server.url, timeout=3) as http:
            for key in list(self._open):
                self._buy(http, key)
            while True:
                self._open.append(f"order-{next(self._numbers)}")
                self.asked += 1
                self._buy(http, self._open[-1])

    def _buy(self, http: httpx.Client, key: str) -> None:
        order = self._post(http, "/orders", key, {"offer_id": self.offer_id, "way": "test"})
        self.ordered[key] = order["order_id"]
        seen = self._get(http, f"/orders/{order['order_id']}")
        if seen["page_url"]:
            self.service.pay(seen["page_url"].rpartition("/")[2], How.CARD)
            for message in self.service.take_messages():
                # It may be lost with the server: then the till looks by itself.
                http.post("/webhooks/payments/test", content=message.body, headers=dict(message.headers))
            seen = self._get(http, f"/orders/{order['order_id']}")
        if seen["voucher_id"] and int(key.rpartition("-")[2]) % 3 == 0:
            self._post(http, f"/vouchers/{seen['voucher_id']}/cancellation", f"back-{key}", None)
        self._open.remove(key)

    def _post(self, http: httpx.Client, path: str, key: str, body: object) -> Any:
        while True:
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
            answer = http.post(f"/api/v1{path}", json=body, headers=headers)
            if answer.status_code in {200, 201, 409}:
                return answer.json()
            if answer.status_code not in {429, 503}:
                raise httpx.HTTPError(answer.text)
            time.sleep(0.1)

    def _get(self, http: httpx.Client, path: str) -> Any:
        answer = http.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"})
        if answer.status_code != 200:
            raise httpx.HTTPError(answer.text)
        return answer.json()

    def suffer(self, kill: Kill, orders_made: int, seconds: float) -> None:
        """Let the buyer make so many orders, and a moment later kill something."""
        enough = len(self.ordered) + orders_made
        thread = threading.Thread(target=self.run)
        thread.start()
        while thread.is_alive() and len(self.ordered) < enough:
            time.sleep(0.005)
        time.sleep(seconds)
        kill(self.server)
        thread.join()

    def settle(self) -> None:
        """Do what the worker does after a restart, until nothing is left to do."""
        till = Till(self.database, self.city, {"test": self.service}, services.sealer(self.settings))
        for reference in self.service.open_payments():
            self.service.pay(reference, How.GIVE_UP)
        for _ in range(50):
            self.database.run(self.city.city_id, self._hurry)
            till.advance_due()
            for reference in self.service.open_refunds():
                self.service.settle_refund(reference, good=True)
            for message in self.service.take_messages():
                till.take_event("test", message.body, message.headers)
            with self.database.reading(self.city.city_id) as reading:
                if not orders.open_of(reading, self.owner) and not self.service.open_refunds():
                    return

    def check(self) -> None:
        """Expect each order once, in a final state, with voucher or money, and books that agree to the cent."""
        with self.database.reading(self.city.city_id) as reading:
            made = orders.page(reading, self.owner, limit=200)
            owned = {one.voucher_id: one for one in vouchers.page(reading, self.owner, limit=200)}
            clearing = queries.balance(reading, "eur/clearing/test").posted
            receivable = {
                one.order_id: queries.balance(reading, orders.receivable_path(one.order_id)).posted
                for one in made
            }
            assert invariants.verify(reading).findings == ()
        assert set(self.ordered.values()) <= {str(one.order_id) for one in made}
        assert len(made) <= self.asked
        assert OrderStatus.OPEN not in {one.status for one in made}
        bought = {one.voucher_id for one in made if one.status is OrderStatus.DONE}
        assert bought == set(owned)
        for one in made:
            voucher = owned.get(one.voucher_id or "")
            usable = voucher is not None and voucher.status is VoucherStatus.USABLE
            assert 250 * usable == receivable[one.order_id]
        received, given = self.service.totals()
        assert received - given == -clearing == sum(receivable.values())

    def _hurry(self, work: Work) -> None:
        for order in orders.open_of(work, self.owner):
            payment = payments.of_order(work, order.order_id)
            if payment is not None:
                payments.change(work, payment.payment_id, due_at=work.now)


def _prepare(work: Work, city: City, new: Any) -> tuple[str, str, int]:
    person = persons.register(work, "kim@example.org")
    lot = wallets.open_lot(work, person.owner, work.now.date().replace(year=work.now.year + 2))
    gift = transfers.post(work.ids.uuid(), "issued", lot, 100_000, effective=work.now.date(), purpose="test")
    posting.post_or_raise(work, [gift])
    offer = offers.publish(work, city, offers.create(work, new).offer_id)
    return person.owner, sessions.start(work, person.person_id), offer.offer_id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_killing_the_server_while_people_pay(new_database: MakeDatabase, tmp_path: Path) -> None:
    """On SQLite the server is the database: both are gone at once, twice, and all comes to an end."""
    shop = Shop(new_database().engine.url.render_as_string(hide_password=False), tmp_path)
    chance = random.Random(7)
    for _ in range(2):
        shop.server.start()
        shop.suffer(Server.kill, chance.randint(2, 6), chance.uniform(0, 0.05))
    shop.settle()
    assert shop.ordered
    shop.check()
    shop.database.close()


def test_killing_postgresql_while_people_pay(cluster: Cluster, tmp_path: Path) -> None:
    """First the database under a server that stays, then both; nothing that was acknowledged is lost."""
    shop = Shop(cluster.url, tmp_path)
    shop.server.start()
    shop.suffer(lambda _: cluster.kill(), 4, 0.02)
    cluster.start()

    def kill_both(server: Server) -> None:
        cluster.kill()
        server.kill()

    shop.suffer(kill_both, 4, 0.02)
    cluster.start()
    shop.settle()
    assert shop.ordered
    shop.check()
    shop.database.close()
