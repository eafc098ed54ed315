"""What processes remember of accounts is never taken for true when it is not."""

import datetime as dt
from collections.abc import Iterator
from functools import partial

import pytest

from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.ids import IdSource, seeded
from ledger import accounts, invariants, posting, remembering, rows, wallets
from ledger.outcomes import Code
from tests.ledger.desk import ANNA, BEN, Desk


@pytest.fixture
def other(desk: Desk, clock: FixedClock) -> Iterator[Desk]:
    """Give the desk of another process on the same database."""
    url = desk.database.engine.url.render_as_string(hide_password=False)
    database = Database(url, clock=clock, ids=IdSource(clock, seeded(99)))
    yield Desk(database, desk.city_id)
    database.close()


def _verified(desk: Desk) -> None:
    with desk.database.reading(desk.city_id) as reading:
        assert invariants.verify(reading).findings == ()


def test_processes_in_turns_see_each_other(desk: Desk, other: Desk) -> None:
    """Each spends what the other has left, to the last point, and not one more."""
    desk.fund(20)
    for turn in range(20):
        poster = (desk, other)[turn % 2]
        assert poster.codes(poster.move(1, credit=(ANNA, BEN)[turn % 3 % 2])) == [Code.POSTED]

    assert desk.codes(desk.move(1)) == other.codes(other.move(1)) == [Code.OVERDRAFT]
    _verified(desk)


def test_catching_up_reads_no_account_again(desk: Desk, other: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two processes only what the other has booked is read."""
    desk.fund(100)
    for poster in (desk, other, desk, other):
        poster.post(poster.move(1))
    monkeypatch.setattr(rows, "standings", lambda *_, **__: pytest.fail("read again"))
    for poster in (desk, other, desk, other):
        assert poster.codes(poster.move(1)) == [Code.POSTED]

    monkeypatch.undo()
    _verified(desk)


def test_a_long_absence_is_no_catching_up(desk: Desk, other: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After more than CATCH_UP_MAX transfers of others everything is read anew, and right."""
    monkeypatch.setattr(remembering, "CATCH_UP_MAX", 5)
    desk.fund(100)
    other.post(*(other.move(1) for _ in range(50)))

    assert desk.codes(*(desk.move(1) for _ in range(50)), desk.move(1)) == [Code.POSTED] * 50 + [
        Code.OVERDRAFT
    ]
    _verified(desk)


def test_what_was_rolled_back_is_forgotten(desk: Desk, other: Desk) -> None:
    """A unit that fails after posting leaves nothing remembered, whoever books next."""
    desk.fund(10)

    def failing(work: Work) -> None:
        posting.post(work, [desk.move(10)])
        raise ConnectionError

    for poster in (desk, other):
        with pytest.raises(ConnectionError):
            desk.database.run(desk.city_id, failing)
        assert poster.codes(poster.move(5)) == [Code.POSTED]

    assert desk.codes(desk.move(1)) == [Code.OVERDRAFT]
    _verified(desk)


def test_the_same_batch_after_a_rollback_with_another_before_it(desk: Desk) -> None:
    """Even when the clock stands still, the last transfer alone does not vouch for those before it."""
    desk.fund(10)
    gone, kept = desk.move(4), desk.move(3, credit=BEN)

    def failing(work: Work) -> None:
        posting.post(work, [gone, kept])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        desk.database.run(desk.city_id, failing)
    desk.post(desk.move(1), kept)

    assert desk.counters(ANNA).available == 1
    assert desk.codes(desk.move(7), desk.move(6)) == [Code.OVERDRAFT, Code.POSTED]
    _verified(desk)


def test_a_closed_account_is_noticed_by_all(desk: Desk, other: Desk) -> None:
    """An account that one process closes is closed for the other at once."""
    desk.fund(10)
    other.post(other.move(1))
    desk.database.run(desk.city_id, lambda work: accounts.close_account(work, ANNA))

    assert other.codes(other.move(1)) == [Code.ACCOUNT_CLOSED]


def test_an_erased_owner_is_noticed_by_all(desk: Desk, other: Desk) -> None:
    """After an erasure another process finds the wallet under its old path no more, and books rightly on."""
    desk.fund(10)
    other.post(other.move(1))
    desk.database.run(desk.city_id, lambda work: accounts.erase_owner(work, "anna"))

    assert other.codes(other.move(1), other.move(1, credit=BEN)) == [Code.ACCOUNT_NOT_FOUND, Code.POSTED]
    _verified(desk)


def _available(desk: Desk, owner: str) -> int:
    """Return what a use case finds in a wallet, as the writer remembers it; a reader finds the same."""
    found = desk.database.run(desk.city_id, lambda work: wallets.wallet(work, owner).available)
    with desk.database.reading(desk.city_id) as reading:
        assert wallets.wallet(reading, owner).available == found
    return found


def test_a_new_lot_is_found_by_all(desk: Desk, other: Desk) -> None:
    """Points in a lot that was opened since the wallet was looked at are there, whoever opened it."""
    desk.fund(100)
    desk.post(desk.move(1))
    assert _available(desk, "anna") == _available(other, "anna") == 1

    for year, poster in ((2029, desk), (2030, other), (2031, other)):
        day = dt.date(year, 12, 31)
        path = poster.database.run(poster.city_id, partial(wallets.open_lot, owner="anna", expires_on=day))
        before = _available(desk, "anna")
        poster.post(poster.move(10, credit=path))
        assert _available(desk, "anna") == _available(other, "anna") == before + 10
    _verified(desk)


def test_a_hold_whose_time_is_over_is_not_in_the_way(desk: Desk, clock: FixedClock) -> None:
    """What was held is available to a use case from the instant at which the hold ends."""
    desk.fund(10, ANNA)
    desk.post(desk.hold(4, debit=ANNA, credit=BEN, expires_at=clock.now() + dt.timedelta(hours=1)))
    assert _available(desk, "anna") == 6

    clock.advance(dt.timedelta(hours=1))
    assert _available(desk, "anna") == 10
    assert desk.codes(desk.move(10, debit=ANNA, credit=BEN)) == [Code.POSTED]


def test_a_wallet_is_empty_before_anything_was_booked(desk: Desk) -> None:
    """Without a book there is nothing to remember, and nothing in any wallet."""
    assert _available(desk, "anna") == _available(desk, "nobody") == 0
