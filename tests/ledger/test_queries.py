"""Reading the book: as-of balances and statements."""

import datetime as dt

import pytest

from kernel.clock import FixedClock
from kernel.errors import NotFound
from ledger import accounts, queries, transfers
from ledger.outcomes import Counters
from tests.ledger.desk import ANNA, BEN, DAY, Desk


def test_as_of_gives_the_balance_after_each_transfer(desk: Desk) -> None:
    """The balance as of a number is what the account had right after that transfer."""
    desk.fund(100)
    desk.post(desk.move(10), desk.move(20), desk.move(30, debit="issued", credit=BEN))

    with desk.database.reading(desk.city_id) as reading:
        history = [queries.as_of(reading, ANNA, number).posted for number in range(6)]

    assert history == [0, 0, 10, 30, 30, 30]


def test_statement_runs_and_pages(desk: Desk) -> None:
    """A statement shows each transfer with the balance it left, newest first, page by page."""
    desk.fund(100)
    desk.post(*[desk.move(amount) for amount in (1, 2, 3, 4, 5)])
    desk.post(desk.move(6, debit=ANNA, credit="venue/1"))

    with desk.database.reading(desk.city_id) as reading:
        first = queries.statement(reading, ANNA, limit=4)
        second = queries.statement(reading, ANNA, limit=4, before=first[-1].booked.sequence)

    lines = [(line.change, line.balance, line.other_path) for line in first + second]
    assert lines == [
        (-6, 9, "venue/1"),
        (5, 15, "budget/litter"),
        (4, 10, "budget/litter"),
        (3, 6, "budget/litter"),
        (2, 3, "budget/litter"),
        (1, 1, "budget/litter"),
    ]


def test_statement_over_several_accounts(desk: Desk) -> None:
    """A transfer between two of the accounts gives a line for each."""
    desk.fund(10, ANNA)
    desk.post(desk.move(4, debit=ANNA, credit=BEN))

    with desk.database.reading(desk.city_id) as reading:
        found = accounts.by_path(reading, [ANNA, BEN])
        lines = queries.statement_of(reading, found)

    assert [(line.path, line.change) for line in lines] == [(ANNA, -4), (BEN, 4), (ANNA, 10)]


def test_hold_shows_without_change(desk: Desk) -> None:
    """A hold and its release are on the statement but change no posted balance."""
    desk.fund(10, ANNA)
    held = desk.hold(4, debit=ANNA, credit="venue/1")
    desk.post(held, transfers.release(desk.id(), held.transfer_id, effective=DAY))

    with desk.database.reading(desk.city_id) as reading:
        lines = queries.statement(reading, ANNA)

    assert [(line.change, line.balance, line.available) for line in lines] == [
        (0, 10, 10),
        (0, 10, 6),
        (10, 10, 10),
    ]


def test_unknown_account_and_transfer(desk: Desk) -> None:
    """Asking for what is not there says so."""
    with desk.database.reading(desk.city_id) as reading:
        with pytest.raises(NotFound, match="account-not-found"):
            queries.statement(reading, "wallet/nobody")
        with pytest.raises(NotFound, match="transfer-not-found"):
            queries.transfer(reading, desk.id())


def test_trial_balance_sums_to_zero_with_overdue_holds(desk: Desk, clock: FixedClock) -> None:
    """The trial balance sums to zero in each asset, also between a hold's end and its release."""
    desk.fund(100)
    desk.post(desk.hold(30, expires_at=clock.now() + dt.timedelta(minutes=1)), desk.move(5))
    clock.advance(dt.timedelta(minutes=2))

    with desk.database.reading(desk.city_id) as reading:
        balance = queries.trial_balance(reading)

    assert sum(counters.posted for _, counters in balance) == 0
    assert all(counters.debits_pending == counters.credits_pending == 0 for _, counters in balance)
    assert {account.path: counters for account, counters in balance}[ANNA] == Counters(0, 0, 5, 0)


def test_what_is_nobodys_says_what_people_have(desk: Desk, clock: FixedClock) -> None:
    """The accounts of nobody leave out wallets and a path; their sum is what people have; holds that are over don't count."""
    desk.fund(100)
    desk.post(desk.move(60), desk.move(10, credit="venue/1"))
    desk.post(
        desk.hold(5, debit=ANNA, credit="venue/1"),
        desk.hold(7, debit=ANNA, credit="venue/1", expires_at=clock.now() + dt.timedelta(hours=1)),
    )

    with desk.database.reading(desk.city_id) as reading:
        before = queries.held(reading, transfers.DUC)
    clock.advance(dt.timedelta(hours=2))
    with desk.database.reading(desk.city_id) as reading:
        found = accounts.of_nobody(reading, besides="venue/")
        everything = accounts.of_nobody(reading, besides="eur/")
        left = queries.counters(reading, everything)
        after = queries.held(reading, transfers.DUC)

    assert not [one.path for one in found if one.path.startswith(("wallet/", "venue/"))]
    assert sum(left[one.account_id].posted for one in everything if one.asset == transfers.DUC) == -60
    assert (before, after) == (12, 5)
