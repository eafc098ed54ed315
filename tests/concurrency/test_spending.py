"""Many spenders of one balance at once, with real commits."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.db import Database
from ledger.outcomes import Code
from tests.ledger.desk import ANNA, Desk

SPENDERS = 64


def _at_once(count: int, task: Callable[[int], Code]) -> Counter[Code]:
    """Run `count` tasks on as many threads, all starting together."""
    start = threading.Barrier(count)

    def run(number: int) -> Code:
        start.wait()
        return task(number)

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(run, range(count)))


@pytest.mark.parametrize("backend", ["postgresql", "sqlite"], indirect=True)
def test_64_spenders_of_one_balance(database: Database, city_id: int) -> None:
    """Of 64 who spend 10 of 100 points at once, ten succeed: never below zero, no deadlock, no error."""
    desk = Desk(database, city_id)
    desk.fund(100, ANNA)

    codes = _at_once(SPENDERS, lambda _: desk.post(desk.move(10, debit=ANNA, credit="venue/1"))[0].code)

    assert codes == Counter({Code.POSTED: 10, Code.OVERDRAFT: SPENDERS - 10})
    assert desk.counters(ANNA).available == 0
    assert desk.verify().ok


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_opposite_transfers_do_not_deadlock(database: Database, city_id: int) -> None:
    """Transfers in opposite directions between two accounts all succeed."""
    desk = Desk(database, city_id)
    desk.fund(1000, ANNA)
    desk.fund(1000, "budget/litter")

    def task(number: int) -> Code:
        debit, credit = (ANNA, "budget/litter") if number % 2 else ("budget/litter", ANNA)
        return desk.post(desk.move(1, debit=debit, credit=credit))[0].code

    assert _at_once(SPENDERS, task) == Counter({Code.POSTED: SPENDERS})
    assert desk.counters(ANNA).available == 1000
    assert desk.verify().ok


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_one_request_sent_by_64_is_booked_once(database: Database, city_id: int) -> None:
    """The same request from 64 threads is booked once and answered alike."""
    desk = Desk(database, city_id)
    desk.fund(1000, ANNA)
    move = desk.move(7, debit=ANNA, credit="venue/1")

    codes = _at_once(SPENDERS, lambda _: desk.post(move)[0].code)

    assert codes == Counter({Code.POSTED: SPENDERS})
    assert desk.counters("venue/1").posted == 7
