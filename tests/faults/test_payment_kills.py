"""kill -9 at each step of an order: before and after each call of the payment service, in processes of their own."""

import datetime as dt
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource
from redemption.orders import OrderStatus
from redemption.providers import RefundStatus
from redemption.sandbox_provider import How, SandboxProvider
from redemption.till import Till
from redemption.vouchers import VoucherStatus
from tests.redemption.counter import Counter
from tests.redemption.office import SEALER, SWIM, Office

MINUTES = dt.timedelta(minutes=2)


class Worker:
    """Runs the till in a child process that is killed before or after a call."""

    def __init__(self, counter: Counter, path: Path) -> None:
        self._counter = counter
        self._path = path
        self._url = counter.database.engine.url.render_as_string(hide_password=False)

    def service(self, kill: str = "") -> SandboxProvider:
        """Return the service, which keeps its payments in a file; in a child it kills at `before-` or `after-`."""
        clock = self._counter.office.clock

        class Deadly(SandboxProvider):
            def _call(self, name: str, *given: object) -> object:  # type: ignore[override]  # only passed on
                if kill == f"before-{name}":
                    os.kill(os.getpid(), signal.SIGKILL)
                return super()._call(name, *given)  # type: ignore[arg-type]  # only passed on

        service = Deadly(clock, "a secret of tests", page_url="/test", path=self._path)
        if kill.startswith("after-"):
            # The first thing that a caller does with an answer is to book it.
            method = kill.removeprefix("after-").replace("-", "_")
            answer = getattr(service, method)

            def last_answer(*given: object) -> None:
                answer(*given)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(service, method, last_answer)
        return service

    def run(self, kill: str = "") -> int:
        """Take one round in a child process; return the signal that ended it."""
        self._counter.office.clock.advance(MINUTES)
        now = self._counter.office.clock.now()
        child = os.fork()
        if child == 0:
            clock = FixedClock(now)
            database = Database(self._url, clock=clock, ids=IdSource(clock))
            Till(database, self._counter.city, {"test": self.service(kill)}, SEALER).advance_due()
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("first", ["before-create", "after-create"])
def test_an_order_survives_kills_at_each_step(
    database: Database, city_id: int, tmp_path: Path, first: str
) -> None:
    """Killed before and after each call, the worker goes on where it was: one payment, one voucher, one refund."""
    assert cities.every(database)
    office = Office(database, city_id)
    office.give("anna", 200)
    counter = Counter(office)
    worker = Worker(counter, tmp_path / "payments.json")
    counter.service = worker.service()
    order = counter.order("anna", office.offer(replace(SWIM, price_cents=250)))

    assert -signal.SIGKILL == worker.run(first)
    assert counter.look(order).is_open
    assert 0 == worker.run()
    assert ["pay_1"] == counter.service.open_payments()
    counter.pay(order, How.CARD)
    for kill in ("before-fetch", "after-fetch"):
        assert -signal.SIGKILL == worker.run(kill)
        assert counter.look(order).is_open
    assert 0 == worker.run()
    assert OrderStatus.DONE is counter.look(order).status

    office.cancel("anna", counter.voucher(order))
    for kill in ("before-refund", "after-refund"):
        assert -signal.SIGKILL == worker.run(kill)
    assert 0 == worker.run()
    assert ["ref_1"] == counter.service.open_refunds()
    counter.service.settle_refund("ref_1", good=True)
    for kill in ("before-fetch-refund", "after-fetch-refund"):
        assert -signal.SIGKILL == worker.run(kill)
    assert 0 == worker.run()

    assert [RefundStatus.SUCCEEDED] == [refund.status for refund in counter.refunds(order)]
    assert (250, 250) == counter.service.totals()
    assert VoucherStatus.CANCELLED is counter.voucher(order).status
    assert (200, 0) == (office.points("anna"), counter.receivable(order))
    assert office.verify().ok
