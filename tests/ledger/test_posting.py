"""Posting: every outcome, in the order of precedence, and what it leaves behind."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import Conflict, Invalid
from kernel.money import AMOUNT_MAX
from ledger import accounts, posting, queries, tables, transfers
from ledger.outcomes import Code, Counters, TransferRejected
from ledger.transfers import TransferKind
from tests.ledger.desk import ANNA, BEN, DAY, Desk

HOUR = dt.timedelta(hours=1)


def test_post_moves_the_amount(desk: Desk) -> None:
    """A post moves its amount and leaves the resulting counters of both sides in its row."""
    desk.fund(1000)

    outcome = desk.post(desk.move(300))[0]

    assert outcome.booked is not None
    assert outcome.booked.debit_side == Counters(300, 0, 1000, 0)
    assert outcome.booked.credit_side == Counters(0, 0, 300, 0)
    assert desk.counters(ANNA).available == 300
    assert desk.verify().ok


def test_hold_capture_and_partial_capture(desk: Desk) -> None:
    """A hold reserves; a capture moves it whole or in part, and the rest is free in the same step."""
    desk.fund(1000)
    whole, part = desk.hold(200), desk.hold(300)
    assert desk.codes(whole, part) == [Code.POSTED, Code.POSTED]
    assert desk.counters("budget/litter").available == 500
    assert desk.counters(ANNA) == Counters(0, 0, 0, 500)

    captures = (
        transfers.capture(desk.id(), whole.transfer_id, effective=DAY),
        transfers.capture(desk.id(), part.transfer_id, amount=100, effective=DAY),
    )

    assert desk.codes(*captures) == [Code.POSTED, Code.POSTED]
    assert desk.counters("budget/litter") == Counters(300, 0, 1000, 0)
    assert desk.counters(ANNA) == Counters(0, 0, 300, 0)
    assert desk.verify().ok


def test_release_gives_back(desk: Desk) -> None:
    """A release gives the reserved amount back and moves nothing."""
    desk.fund(100)
    held = desk.hold(100)

    codes = desk.codes(held, transfers.release(desk.id(), held.transfer_id, effective=DAY))

    assert codes == [Code.POSTED, Code.POSTED]
    assert desk.counters("budget/litter").available == 100
    assert desk.counters(ANNA) == Counters()


def test_reverse_moves_back_once(desk: Desk) -> None:
    """A post and a capture can be reversed once each; purpose and subject are taken over."""
    desk.fund(100)
    moved = replace(desk.move(60), purpose="award", subject="case-1")
    held = desk.hold(40)
    captured = transfers.capture(desk.id(), held.transfer_id, effective=DAY)
    desk.post(moved, held, captured)

    back = desk.post(
        transfers.reverse(desk.id(), moved.transfer_id, effective=DAY),
        transfers.reverse(desk.id(), captured.transfer_id, effective=DAY),
    )
    again = desk.codes(transfers.reverse(desk.id(), moved.transfer_id, effective=DAY))

    assert [outcome.code for outcome in back] == [Code.POSTED, Code.POSTED]
    assert back[0].booked is not None
    assert (back[0].booked.purpose, back[0].booked.subject) == ("award", "case-1")
    assert again == [Code.ALREADY_REVERSED]
    assert desk.counters("budget/litter").available == 100
    assert desk.verify().ok


def test_same_id_same_content_gets_the_first_outcome_again(desk: Desk) -> None:
    """A repeated request is answered as the first time, whether it was booked or refused."""
    desk.fund(100)
    good, bad = desk.move(100), desk.move(1)
    first = desk.post(good, bad)

    again = desk.post(good, bad)

    assert [outcome.code for outcome in again] == [Code.POSTED, Code.OVERDRAFT]
    assert all(outcome.replayed for outcome in again)
    assert again[0].booked == first[0].booked
    desk.fund(500)
    assert desk.codes(bad) == [Code.OVERDRAFT], "a refusal stays, even when there would be money now"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 11},
        {"credit": BEN},
        {"debit": "venue/1"},
        {"purpose": "other"},
        {"subject": "other"},
        {"effective": DAY + dt.timedelta(days=1)},
        {"kind": TransferKind.HOLD},
        {"amount": -1},
    ],
)
def test_same_id_other_content_is_refused(desk: Desk, change: dict[str, object]) -> None:
    """The id is looked at before anything else: other content under a used id is refused as such."""
    desk.fund(100)
    booked = desk.move(10)
    refused = desk.move(1000)
    desk.post(booked, refused)

    codes = desk.codes(replace(booked, **change), replace(refused, **change))  # type: ignore[arg-type]  # fields by name

    assert codes == [Code.ID_USED_FOR_OTHER_CONTENT] * 2


def test_same_id_twice_in_one_batch(desk: Desk) -> None:
    """Within a batch too, a repeated request is booked once."""
    desk.fund(100)
    move = desk.move(60)

    outcomes = desk.post(move, move)

    assert [(outcome.code, outcome.replayed) for outcome in outcomes] == [
        (Code.POSTED, False),
        (Code.POSTED, True),
    ]
    assert desk.counters(ANNA).available == 60


@pytest.mark.parametrize("amount", [0, -5, AMOUNT_MAX + 1])
def test_amount_out_of_range(desk: Desk, amount: int) -> None:
    """Amounts are positive and bounded."""
    assert desk.codes(desk.move(amount)) == [Code.AMOUNT_OUT_OF_RANGE]


def test_accounts_must_exist_differ_and_share_an_asset(desk: Desk) -> None:
    """An unknown account, one account on both sides and two assets are each refused as such."""
    codes = desk.codes(
        desk.move(1, debit="budget/nowhere"),
        desk.move(1, debit="issued", credit="issued"),
        desk.move(1, debit="issued", credit="stock/7"),
    )

    assert codes == [Code.ACCOUNT_NOT_FOUND, Code.ACCOUNTS_EQUAL, Code.ASSETS_DIFFER]


def test_closed_account_takes_nothing_new_but_finishes(desk: Desk) -> None:
    """A closed account refuses new transfers; what is reserved on it can still be captured."""
    desk.fund(100)
    held = desk.hold(40)
    desk.post(held)
    desk.database.run(desk.city_id, lambda work: accounts.close_account(work, ANNA))

    codes = desk.codes(desk.move(1), transfers.capture(desk.id(), held.transfer_id, effective=DAY))

    assert codes == [Code.ACCOUNT_CLOSED, Code.POSTED]


def test_closed_period_refuses_new_effective_dates(desk: Desk, clock: FixedClock) -> None:
    """Once a period is closed, nothing new can have happened in it; only past days can be closed."""
    desk.fund(100)
    clock.advance(dt.timedelta(days=40))
    desk.database.run(desk.city_id, lambda work: posting.close_period(work, DAY))

    codes = desk.codes(desk.move(1), replace(desk.move(1), effective=DAY + dt.timedelta(days=1)))

    assert codes == [Code.PERIOD_CLOSED, Code.POSTED]
    with pytest.raises(Conflict, match="period-not-closable"):
        desk.database.run(desk.city_id, lambda work: posting.close_period(work, clock.now().date()))


def test_references_are_checked(desk: Desk) -> None:
    """A capture needs an open hold of at least its amount; each hold ends once."""
    desk.fund(1000)
    posted, captured, released, small = desk.move(10), desk.hold(10), desk.hold(10), desk.hold(10)
    desk.post(posted, captured, released, small)
    desk.post(
        transfers.capture(desk.id(), captured.transfer_id, effective=DAY),
        transfers.release(desk.id(), released.transfer_id, effective=DAY),
    )

    codes = desk.codes(
        transfers.capture(desk.id(), desk.id(), effective=DAY),
        transfers.capture(desk.id(), posted.transfer_id, effective=DAY),
        transfers.reverse(desk.id(), small.transfer_id, effective=DAY),
        transfers.release(desk.id(), captured.transfer_id, effective=DAY),
        transfers.capture(desk.id(), released.transfer_id, effective=DAY),
        transfers.capture(desk.id(), small.transfer_id, amount=11, effective=DAY),
    )

    assert codes == [
        Code.REFERRED_NOT_FOUND,
        Code.REFERRED_KIND_WRONG,
        Code.REFERRED_KIND_WRONG,
        Code.ALREADY_CAPTURED,
        Code.ALREADY_RELEASED,
        Code.CAPTURE_EXCEEDS_HOLD,
    ]


def test_expired_hold_is_never_seen(desk: Desk, clock: FixedClock) -> None:
    """When its time is over, a hold is left out by reads at once and released before the next decision."""
    desk.fund(100)
    held = desk.hold(100, expires_at=clock.now() + HOUR)
    desk.post(held)
    assert desk.codes(desk.move(1)) == [Code.OVERDRAFT]

    clock.advance(HOUR)

    assert desk.counters("budget/litter").available == 100
    assert desk.counters(ANNA) == Counters()
    codes = desk.codes(transfers.capture(desk.id(), held.transfer_id, effective=DAY), desk.move(100))
    assert codes == [Code.HOLD_EXPIRED, Code.POSTED]
    assert desk.verify().ok


def test_hold_must_end_in_the_future(desk: Desk, clock: FixedClock) -> None:
    """A hold that would be over at once is refused."""
    assert desk.codes(desk.hold(1, expires_at=clock.now())) == [Code.EXPIRY_NOT_IN_FUTURE]


def test_guard_counts_what_is_reserved(desk: Desk) -> None:
    """Reservations count against the guard, expected credits do not count for it."""
    desk.fund(100)

    codes = desk.codes(
        desk.hold(70), desk.move(31), desk.move(1, debit=ANNA, credit="venue/1"), desk.move(30)
    )

    assert codes == [Code.POSTED, Code.OVERDRAFT, Code.OVERDRAFT, Code.POSTED]


def test_account_without_guard_may_go_below_zero(desk: Desk) -> None:
    """A source has no guard: its negative balance is what it gave."""
    desk.fund(5000)

    assert desk.counters("issued").available == -5000


def test_counter_overflow_is_refused(desk: Desk) -> None:
    """Counters stay within 63 bits."""
    huge = [desk.move(AMOUNT_MAX, debit="issued", credit="redeemed") for _ in range(3)]

    assert desk.codes(*huge) == [Code.POSTED, Code.POSTED, Code.COUNTER_OVERFLOW]


def test_group_is_booked_all_or_none(desk: Desk) -> None:
    """A group stands or falls together and leaves nothing when it falls; others are not hindered."""
    desk.fund(100)
    group_id = desk.id()
    good, bad = desk.hold(60, group_id=group_id), desk.hold(60, group_id=group_id, credit=BEN)
    alone = desk.move(100)

    assert desk.codes(good, bad, alone) == [Code.GROUP_MEMBER_REJECTED, Code.OVERDRAFT, Code.POSTED]
    assert desk.codes(good, bad) == [Code.GROUP_MEMBER_REJECTED, Code.OVERDRAFT]
    assert desk.counters("budget/litter") == Counters(100, 0, 100, 0)
    assert desk.verify().ok


def test_group_replays_whole_only(desk: Desk) -> None:
    """The whole group again gets its outcomes again; a part with something new is other content."""
    desk.fund(100)
    group_id = desk.id()
    one, two = desk.hold(10, group_id=group_id), desk.hold(20, group_id=group_id)
    desk.post(one, two)

    assert [(o.code, o.replayed) for o in desk.post(one, two)] == [(Code.POSTED, True)] * 2
    assert desk.codes(one, desk.hold(5, group_id=group_id)) == [Code.ID_USED_FOR_OTHER_CONTENT] * 2
    assert desk.codes(desk.hold(5, group_id=group_id)) == [Code.GROUP_ALREADY_POSTED]


def test_group_torn_apart_is_a_programming_error(desk: Desk) -> None:
    """Members of a group stand next to each other in the batch."""
    group_id = desk.id()

    with pytest.raises(ValueError, match="next to each other"):
        desk.post(desk.hold(1, group_id=group_id), desk.move(1), desk.hold(1, group_id=group_id))


def test_sequence_has_no_gap(desk: Desk) -> None:
    """Refusals take no number."""
    desk.fund(10)
    desk.post(desk.move(100), desk.move(5), desk.move(100))
    outcome = desk.post(desk.move(5))[0]

    assert outcome.booked is not None
    assert outcome.booked.sequence == 3


def test_a_failing_command_leaves_nothing(desk: Desk) -> None:
    """What a command booked before it failed is gone."""
    move = desk.move(10)
    desk.fund(10)

    def command(work: Work) -> None:
        posting.post_or_raise(work, [move, desk.move(10)])

    with pytest.raises(TransferRejected, match="overdraft"):
        desk.database.run(desk.city_id, command)
    assert desk.counters(ANNA) == Counters()
    assert desk.codes(move) == [Code.POSTED]


def test_batch_is_bounded(desk: Desk) -> None:
    """A batch that is too large is refused whole."""
    with pytest.raises(Invalid, match="batch-too-large"):
        desk.post(*[desk.move(1)] * (posting.BATCH_MAX + 1))


def test_largest_batch_is_booked(desk: Desk) -> None:
    """A batch of the greatest size stays below the databases' limits of bound values."""
    outcomes = desk.post(*[desk.move(1, debit="issued") for _ in range(posting.BATCH_MAX)])

    assert all(outcome.ok for outcome in outcomes)
    assert desk.counters(ANNA).available == posting.BATCH_MAX


def test_cities_have_books_of_their_own(desk: Desk, other_city_id: int) -> None:
    """Another city numbers from one, has its own accounts and sees no transfer of the first."""
    transfer_id = desk.fund(100)
    other = Desk(desk.database, other_city_id)

    assert other.counters("budget/litter") == Counters()
    assert other.codes(transfers.reverse(other.id(), transfer_id, effective=DAY)) == [Code.REFERRED_NOT_FOUND]
    other.fund(7)
    with desk.database.reading(other_city_id) as reading:
        assert queries.head_sequence(reading) == 1


def test_book_refuses_change_and_deletion(database: Database, desk: Desk) -> None:
    """The database itself refuses to update or delete what is booked or refused."""
    desk.fund(1)
    desk.post(desk.move(100))
    for table, change in ((tables.transfers, {"subject": "x"}), (tables.rejections, {"code": "posted"})):
        mine = table.c.city_id == desk.city_id
        for statement in (sa.update(table).where(mine).values(change), sa.delete(table).where(mine)):
            with (
                pytest.raises(sa.exc.DBAPIError, match="append-only"),
                database.engine.begin() as connection,
            ):
                connection.execute(statement)


def test_one_group_from_two_callers_is_booked_once(desk: Desk) -> None:
    """A group that arrives twice in one commit, next to its copy or apart, is booked once and answered twice."""
    desk.fund(1000)
    group_id = desk.id()
    group = [desk.hold(10, group_id=group_id), desk.hold(20, group_id=group_id)]
    batches = [group, group, [desk.move(5)], group]

    found = desk.database.run(desk.city_id, lambda work: posting.post_many(work, batches))

    assert [[outcome.code for outcome in batch] for batch in found] == [
        [Code.POSTED] * len(b) for b in batches
    ]
    assert [[outcome.replayed for outcome in batch] for batch in found] == [
        [False, False], [True, True], [False], [True, True],
    ]  # fmt: skip
    assert desk.counters(ANNA) == Counters(0, 0, 5, 30)
