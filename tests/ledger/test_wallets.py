"""Wallets: lots by day of expiry, spent earliest first, expired by a transfer."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.db import Work
from ledger import posting, queries, transfers, wallets
from ledger.outcomes import Counters
from ledger.wallets import InsufficientPoints, Lot
from tests.ledger.desk import DAY, Desk

TODAY = DAY


def _earn(desk: Desk, expires_on: dt.date, amount: int) -> None:
    def command(work: Work) -> None:
        path = wallets.open_lot(work, "cem", expires_on)
        posting.post_or_raise(work, [desk.move(amount, debit="issued", credit=path)])

    desk.database.run(desk.city_id, command)


def _wallet(desk: Desk) -> wallets.Wallet:
    with desk.database.reading(desk.city_id) as reading:
        return wallets.wallet(reading, "cem")


def test_spending_takes_the_earliest_expiry_first(desk: Desk) -> None:
    """A spending that one lot can't cover takes that lot whole and the rest from the next."""
    _earn(desk, dt.date(2028, 12, 31), 100)
    _earn(desk, dt.date(2027, 12, 31), 80)

    parts = wallets.split(_wallet(desk).lots, 120, TODAY)

    assert parts == [("wallet/cem/2027-12-31", 80), ("wallet/cem/2028-12-31", 40)]


def test_insufficient_points_say_what_is_missing(desk: Desk) -> None:
    """The refusal names what is there and what is missing."""
    _earn(desk, dt.date(2028, 12, 31), 80)

    with pytest.raises(InsufficientPoints) as caught:
        wallets.split(_wallet(desk).lots, 120, TODAY)

    assert caught.value.details == {"needed": 120, "available": 80, "missing": 40}


def test_expiry_moves_what_is_left(desk: Desk) -> None:
    """Points whose last day is over move to `expired`; reserved ones follow when they come back."""
    _earn(desk, dt.date(2025, 12, 31), 50)
    _earn(desk, dt.date(2028, 12, 31), 7)
    held = desk.hold(20, debit="wallet/cem/2025-12-31", credit="venue/1")
    desk.post(held)

    first = desk.database.run(desk.city_id, lambda work: wallets.expire_lots(work, TODAY))
    again = desk.database.run(desk.city_id, lambda work: wallets.expire_lots(work, TODAY))
    desk.post(transfers.release(desk.id(), held.transfer_id, effective=DAY))
    later = desk.database.run(desk.city_id, lambda work: wallets.expire_lots(work, TODAY))

    assert (first, again, later) == (30, 0, 20)
    assert _wallet(desk).available == 7
    assert desk.counters("expired").posted == 50
    assert desk.verify().ok


def test_expired_lots_can_not_be_spent(desk: Desk) -> None:
    """A lot whose day is over is not spent, even before the job has moved it."""
    _earn(desk, dt.date(2025, 12, 31), 50)

    with pytest.raises(InsufficientPoints):
        wallets.split(_wallet(desk).lots, 1, TODAY)


def test_a_wallet_without_lots_is_empty(desk: Desk) -> None:
    """Somebody who never earned has an empty wallet, not an error."""
    wallet = _wallet(desk)

    assert (wallet.available, wallet.pending, wallet.reserved) == (0, 0, 0)
    with desk.database.reading(desk.city_id) as reading:
        assert queries.balance(reading, "wallet/cem/2028-12-31") == Counters()


@given(
    amounts=st.lists(st.integers(0, 500), max_size=6),
    wanted=st.integers(1, 1500),
)
def test_split_conserves(amounts: list[int], wanted: int) -> None:
    """A split adds up to what was wanted, takes no lot beyond its content and no later lot before it."""
    lots = [
        Lot(f"wallet/x/{2026 + i}-12-31", dt.date(2026 + i, 12, 31), Counters(0, 0, amount, 0))
        for i, amount in enumerate(amounts)
    ]
    if sum(amounts) < wanted:
        with pytest.raises(InsufficientPoints):
            wallets.split(lots, wanted, TODAY)
        return
    parts = dict(wallets.split(lots, wanted, TODAY))

    assert sum(parts.values()) == wanted
    taken = [parts.get(lot.path, 0) for lot in lots]
    assert all(part <= lot.counters.available for part, lot in zip(taken, lots, strict=True))
    last = max(i for i, part in enumerate(taken) if part)
    assert all(part == lot.counters.available for part, lot in zip(taken[:last], lots, strict=False))
