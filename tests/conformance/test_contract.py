"""The ledger's contract, from outside: each test runs on SQLite, on PostgreSQL and on DUISCOIN_TEST_DATABASE_URL."""

import datetime as dt
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.writing import Writer
from ledger import accounts, periods, posting, queries, tables, transfers, wallets
from ledger.outcomes import Code, Counters
from ledger.transfers import TransferKind
from tests.fixtures.statements import unchecked
from tests.ledger.desk import ANNA, BEN, DAY, Desk

CALLERS = 64


def test_first_code_that_applies_is_given(desk: Desk, clock: FixedClock) -> None:
    """A request that is wrong in every way is told the first reason; each one that is mended shows the next."""
    clock.advance(dt.timedelta(days=2))
    desk.database.run(
        desk.city_id, lambda work: accounts.open_accounts(work, [accounts.NewAccount("budget/old", "DUC")])
    )
    desk.database.run(desk.city_id, lambda work: accounts.close_account(work, "budget/old"))
    desk.database.run(desk.city_id, lambda work: periods.close(work, DAY, "treasurer"))
    today, past = clock.now().date(), clock.now()
    wrong = replace(desk.hold(0, debit="nowhere", credit="nowhere", expires_at=past), transfer_id=desk.id())
    steps = [
        wrong,
        wrong := replace(wrong, amount=5),
        wrong := replace(wrong, debit="budget/old", credit="budget/old"),
        wrong := replace(wrong, credit="stock/7"),
        wrong := replace(wrong, credit=ANNA),
        wrong := replace(wrong, debit="budget/litter"),
        wrong := replace(wrong, effective=today),
        wrong := replace(wrong, expires_at=past + dt.timedelta(hours=1)),
    ]

    codes = [desk.codes(replace(step, transfer_id=desk.id()))[0] for step in steps]

    assert codes == [
        Code.AMOUNT_OUT_OF_RANGE,
        Code.ACCOUNT_NOT_FOUND,
        Code.ACCOUNTS_EQUAL,
        Code.ASSETS_DIFFER,
        Code.ACCOUNT_CLOSED,
        Code.PERIOD_CLOSED,
        Code.EXPIRY_NOT_IN_FUTURE,
        Code.OVERDRAFT,
    ]


def test_same_request_gets_the_first_answer(desk: Desk) -> None:
    """Accepted or refused, the same id with the same content gets the first answer, whatever has changed since."""
    good, bad = desk.move(10, debit="issued"), desk.move(10)
    first = desk.post(good, bad)
    desk.fund(1000)
    again = desk.post(good, bad)

    assert [outcome.code for outcome in first] == [Code.POSTED, Code.OVERDRAFT]
    assert [(outcome.code, outcome.replayed) for outcome in again] == [
        (Code.POSTED, True),
        (Code.OVERDRAFT, True),
    ]
    assert again[0].booked == first[0].booked


def test_id_for_something_else_is_refused(desk: Desk) -> None:
    """An id that was accepted or refused does not serve for other content; nothing changes."""
    good, bad = desk.move(10, debit="issued"), desk.move(10)
    desk.post(good, bad)

    codes = desk.codes(replace(good, amount=11), replace(bad, amount=11))

    assert codes == [Code.ID_USED_FOR_OTHER_CONTENT] * 2
    assert desk.counters(ANNA).posted == 10


def test_failed_id_stays_failed(desk: Desk) -> None:
    """What was refused for want of points stays refused when there are points; a new id is accepted."""
    refused = desk.move(10)
    desk.post(refused)
    desk.fund(100)

    assert desk.codes(refused, replace(refused, transfer_id=desk.id())) == [Code.OVERDRAFT, Code.POSTED]


def test_group_is_all_or_none(desk: Desk) -> None:
    """One member that is refused takes the others with it; they leave nothing."""
    desk.fund(100)
    good, bad = desk.id(), desk.id()

    codes = desk.codes(
        desk.hold(50, group_id=good),
        desk.hold(50, group_id=good),
        desk.hold(0, group_id=bad),
        desk.hold(1, debit="issued", group_id=bad),
    )

    assert codes == [Code.POSTED, Code.POSTED, Code.AMOUNT_OUT_OF_RANGE, Code.GROUP_MEMBER_REJECTED]
    assert desk.counters("issued").debits_pending == 0
    assert desk.verify().ok


def test_hold_ends_without_any_job(desk: Desk, clock: FixedClock) -> None:
    """At its end a hold is gone for readers at once and for the writer before it decides."""
    desk.fund(100)
    held = desk.hold(100, expires_at=clock.now() + dt.timedelta(minutes=5))
    desk.post(held)
    clock.advance(dt.timedelta(minutes=5))

    assert desk.counters("budget/litter") == Counters(0, 0, 100, 0)
    capture = transfers.capture(desk.id(), held.transfer_id, effective=DAY)
    assert desk.codes(capture, desk.move(100)) == [Code.HOLD_EXPIRED, Code.POSTED]
    assert desk.verify().ok


def test_partial_capture_and_one_reversal(desk: Desk) -> None:
    """A part is captured, the rest is free at once; what was moved is taken back once."""
    desk.fund(100)
    held, captured = desk.hold(80), desk.id()
    codes = desk.codes(
        held,
        transfers.capture(captured, held.transfer_id, effective=DAY, amount=30),
        transfers.capture(desk.id(), held.transfer_id, effective=DAY),
        transfers.reverse(desk.id(), captured, effective=DAY),
        transfers.reverse(desk.id(), captured, effective=DAY),
    )

    assert codes == [Code.POSTED, Code.POSTED, Code.ALREADY_CAPTURED, Code.POSTED, Code.ALREADY_REVERSED]
    assert desk.counters("budget/litter").available == 100


def test_balance_as_of_any_number(desk: Desk) -> None:
    """The balance after each transfer can be read for ever."""
    desk.fund(100)
    desk.post(desk.move(1), desk.hold(2), desk.move(3))

    with desk.database.reading(desk.city_id) as reading:
        history = [queries.as_of(reading, ANNA, number) for number in range(5)]

    assert [four.posted for four in history] == [0, 0, 1, 1, 4]
    assert [four.credits_pending for four in history] == [0, 0, 0, 2, 2]


def test_lots_are_spent_and_expire(desk: Desk) -> None:
    """The lot that ends first is spent first; what is left of one that is over moves to `expired`."""
    early, late = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=90)

    def earn(work: Work) -> None:
        for day in (late, early):
            path = wallets.open_lot(work, "cem", day)
            posting.post_or_raise(work, [desk.move(50, debit="issued", credit=path)])

    desk.database.run(desk.city_id, earn)
    with desk.database.reading(desk.city_id) as reading:
        lots = wallets.wallet(reading, "cem").lots

    assert wallets.split(lots, 60, early) == [(lots[0].path, 50), (lots[1].path, 10)]
    assert desk.database.run(desk.city_id, lambda work: wallets.expire_lots(work, DAY)) == 50
    assert desk.counters("expired").posted == 50
    assert desk.verify().ok


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_book_refuses_change(database: Database, desk: Desk, verb: str) -> None:
    """Neither a booked row nor a refusal is changed, deleted or truncated: the database itself says no."""
    desk.fund(1)
    desk.post(desk.move(100))
    for table, column in ((tables.transfers, "subject"), (tables.rejections, "code")):
        # SQLite has no TRUNCATE; deleting everything is its word for it.
        everything = f"DELETE FROM {table.name}" if database.backend == "sqlite" else f"TRUNCATE {table.name}"
        statement = {
            "UPDATE": f"UPDATE {table.name} SET {column} = 'x' WHERE city_id = {desk.city_id}",
            "DELETE": f"DELETE FROM {table.name} WHERE city_id = {desk.city_id}",
            "TRUNCATE": everything,
        }[verb]
        with (
            unchecked(),
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            database.engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)
    assert desk.verify().ok


def test_closed_period_stays_closed(desk: Desk, clock: FixedClock) -> None:
    """A closed period takes no new effective date; what was reserved before is still finished today."""
    desk.fund(100)
    held = desk.hold(10)
    desk.post(held)
    clock.advance(dt.timedelta(days=1))
    desk.database.run(desk.city_id, lambda work: periods.close(work, DAY, "treasurer"))

    capture = transfers.capture(desk.id(), held.transfer_id, effective=clock.now().date())
    assert desk.codes(desk.move(1), capture) == [Code.PERIOD_CLOSED, Code.POSTED]


def test_numbers_have_no_gap(desk: Desk) -> None:
    """Refusals and commands that fail take no number."""
    desk.fund(10)

    def failing(work: Work) -> None:
        posting.post(work, [desk.move(1)])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        desk.database.run(desk.city_id, failing)
    desk.post(desk.move(999), desk.move(1))

    with desk.database.reading(desk.city_id) as reading:
        assert queries.head_sequence(reading) == 2
    assert desk.verify().ok


def test_64_threads_share_one_balance(desk: Desk) -> None:
    """Of 64 who spend 10 of 100 at once ten succeed, each one alone or in a shared commit."""
    desk.fund(200, ANNA)
    writer = Writer(desk.database)
    start = threading.Barrier(CALLERS)

    def spend(number: int) -> Code:
        move = desk.move(10, debit=ANNA, credit=BEN)
        start.wait()
        if number % 2:
            return desk.codes(move)[0]
        return writer.submit_to(desk.city_id, posting.post_many, [move]).result(30)[0].code

    with ThreadPoolExecutor(CALLERS) as pool:
        codes = Counter(pool.map(spend, range(CALLERS)))
    writer.close()

    assert codes == Counter({Code.POSTED: 20, Code.OVERDRAFT: CALLERS - 20})
    assert desk.counters(ANNA).available == 0
    assert desk.verify().ok


def test_every_kind_is_in_the_book(desk: Desk) -> None:
    """All five kinds are booked and the book verifies."""
    desk.fund(100)
    first, second, moved = desk.hold(10), desk.hold(10), desk.move(10)
    desk.post(
        first,
        second,
        moved,
        transfers.capture(desk.id(), first.transfer_id, effective=DAY),
        transfers.release(desk.id(), second.transfer_id, effective=DAY),
        transfers.reverse(desk.id(), moved.transfer_id, effective=DAY),
    )

    with desk.database.reading(desk.city_id) as reading:
        kinds = {line.booked.kind for line in queries.statement(reading, "budget/litter")}
    assert kinds == set(TransferKind)
    assert desk.verify().ok
