"""Points are neither bought nor paid out: the named check finds every way of doing it, and no refund."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.db import Database
from ledger import accounts, chunks, trade_checks, transfers
from ledger.accounts import Guard, NewAccount
from ledger.trade_checks import BOUGHT, EURO_WALLET, FROM_VENUE, PAID_OUT, Member
from ledger.transfers import Transfer
from tests.ledger.desk import ANNA, BEN, DAY, Desk

CHECK = "points-not-traded"
EUROS = (
    NewAccount("eur/clearing/stripe", "EUR", Guard.NONE),
    NewAccount("eur/cash/rathaus", "EUR", Guard.NONE),
    NewAccount("eur/payable/1", "EUR", Guard.NONE),
)
POINT_PATHS = ("issued", "budget/litter", "venue/1", "redeemed", "expired", ANNA, BEN)
EURO_PATHS = ("eur/bank", "eur/clearing/stripe", "eur/cash/rathaus", "eur/payable/1", "eur/programme")
KINDS = ("post", "hold", "capture", "release", "reverse")


@pytest.fixture
def desk(database: Database, city_id: int) -> Desk:
    """Give a book with points in a budget, a wallet and a venue, and accounts for euros."""
    made = Desk(database, city_id)
    database.run(city_id, lambda work: accounts.open_accounts(work, EUROS))
    made.fund(1000)
    assert all(one.ok for one in made.post(made.move(300), made.move(50, debit=ANNA, credit="venue/1")))
    return made


def together(desk: Desk, *sides: tuple[str, str]) -> list[Transfer]:
    """Return posts of ten in one group."""
    group = desk.id()
    return [replace(desk.move(10, debit=debit, credit=credit), group_id=group) for debit, credit in sides]


def found(desk: Desk) -> list[str]:
    """Return what the check says of the book; no other check has anything to say."""
    report = desk.verify()
    assert {one.check for one in report.findings} <= {CHECK}
    return [one.message for one in report.findings]


def test_what_a_city_does_is_no_trade(desk: Desk) -> None:
    """Earning, giving, paying with both, settling, and giving both back: nothing is found."""
    bought = together(desk, (ANNA, "venue/1"), ("eur/clearing/stripe", "eur/payable/1"))
    fine = together(desk, (ANNA, "redeemed"), ("eur/programme", "eur/payable/1"))
    settled = together(desk, ("venue/1", "redeemed"), ("eur/programme", "eur/payable/1"))
    desk.post(*together(desk, ("budget/litter", ANNA), (ANNA, BEN)), *bought, *fine, *settled)
    group = desk.id()
    outcomes = desk.post(
        *(transfers.reverse(desk.id(), one.transfer_id, effective=DAY, group_id=group) for one in bought),
        desk.move(10, debit="eur/payable/1", credit="eur/bank"),
    )

    assert [True] * 3 == [one.ok for one in outcomes]
    assert [] == found(desk)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([("issued", ANNA), ("eur/clearing/stripe", "eur/payable/1")], [BOUGHT]),
        ([("budget/litter", ANNA), ("eur/cash/rathaus", "eur/programme")], [BOUGHT]),
        ([(ANNA, BEN), ("eur/clearing/stripe", "eur/bank")], [BOUGHT, PAID_OUT]),
        ([("venue/1", ANNA)], [FROM_VENUE]),
        ([(ANNA, "redeemed"), ("eur/programme", "eur/bank")], [PAID_OUT]),
        ([(ANNA, "redeemed"), ("eur/programme", "eur/cash/rathaus")], [PAID_OUT]),
        ([("eur/programme", "eur/clearing/stripe"), (ANNA, "venue/1")], [PAID_OUT]),
    ],
)
def test_a_trade_is_found(desk: Desk, sides: Sequence[tuple[str, str]], expected: list[str]) -> None:
    """Each way of buying points or of being paid for them is named, with the booking."""
    assert all(one.ok for one in desk.post(*together(desk, *sides)))

    assert sorted(expected) == sorted(found(desk))


def test_a_wallet_with_euros_is_found(desk: Desk) -> None:
    """Euros on an account of a wallet are found, whoever put them there."""
    purse = NewAccount("wallet/anna/purse", "EUR", owner="anna", expires_on=dt.date(2028, 12, 31))
    desk.database.run(desk.city_id, lambda work: accounts.open_accounts(work, [purse]))
    assert desk.post(desk.move(10, debit="eur/clearing/stripe", credit="wallet/anna/purse"))[0].ok

    assert [EURO_WALLET] == found(desk)


@pytest.mark.parametrize("before", range(4))
def test_a_group_across_two_chunks(desk: Desk, before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trade whose members lie in different chunks is found once, wherever the chunks begin."""
    monkeypatch.setattr(chunks, "CHUNK", 2)
    desk.post(*(desk.move(1) for _ in range(before)))
    fair = together(desk, (ANNA, "venue/1"), ("eur/clearing/stripe", "eur/payable/1"))
    unfair = together(
        desk, ("eur/clearing/stripe", "eur/payable/1"), (ANNA, "venue/1"), ("budget/litter", ANNA)
    )
    assert all(one.ok for one in desk.post(*fair, *unfair))

    assert [BOUGHT] == found(desk)


members = st.builds(
    lambda kind, sides, asset: (kind, asset, *sides),
    st.sampled_from(KINDS),
    st.sampled_from(list(itertools.permutations(POINT_PATHS, 2))),
    st.just("DUC"),
) | st.builds(
    lambda kind, sides: (kind, "EUR", *sides),
    st.sampled_from(KINDS),
    st.sampled_from(list(itertools.permutations(EURO_PATHS, 2))),
)


@given(st.lists(members, min_size=1, max_size=5))
def test_every_combination_of_accounts(drawn: list[tuple[str, str, str, str]]) -> None:
    """Whatever is booked together: it is a trade exactly when wallets and euros meet as the law forbids.

    Said here anew and in other words: what each side gains for good or by promise, without undoing anything.
    """
    group = [Member(number, *one) for number, one in enumerate(drawn)]
    fresh = [one for one in group if one.kind not in {"release", "reverse"}]
    gains = [one for one in fresh if one.credit in {ANNA, BEN}]
    spends = [one for one in fresh if one.debit in {ANNA, BEN}]
    euros_move = any(one.asset == "EUR" for one in fresh)
    euros_leave = any(one.credit in {"eur/bank", "eur/clearing/stripe", "eur/cash/rathaus"} for one in fresh)
    expected = {
        *((one.sequence, BOUGHT) for one in gains if euros_move),
        *((one.sequence, PAID_OUT) for one in spends if euros_leave),
        *((one.sequence, FROM_VENUE) for one in gains if one.debit in {"venue/1", "redeemed"}),
    }

    assert expected == set(trade_checks.faults(group))
