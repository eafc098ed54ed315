"""The supply: for each campaign nothing is missing, whatever happened, and statements go on from each other."""

import datetime as dt
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import NotFound
from ledger import accounts, attribution, replaying, supply, supply_lines, supply_statements, transfers
from ledger.attribution import NO_CAMPAIGN, Parcels, State
from ledger.closing_tables import supply_months
from ledger.closing_tables import supply_statements as lines_table
from ledger.supply_lines import OTHER, Line
from ledger.transfers import Transfer
from tests.ledger.desk import ANNA, BEN, DAY, Desk
from tests.ledger.histories import History
from tests.ledger.sealed import Sealed
from tests.ledger.tampering import refused, tamper

VENUE = "venue/1"
MAY, JUNE = dt.date(2026, 5, 1), dt.date(2026, 6, 1)


def now(database: Database, city_id: int) -> dict[str, Line]:
    """Return the supply at this instant by campaign, having checked that it adds up to the balances."""
    with database.reading(city_id) as reading:
        found = supply.current(reading)
        straight = supply.balances(reading, found.sequence)
    assert all(line.adds_up for line in found.lines), found.lines
    assert replace(found.total, recipients=0) == straight
    return {line.campaign: line for line in found.lines}


def state_months(database: Database, city_id: int) -> list[dt.date]:
    """State every month that is over, as the worker does."""
    made: list[dt.date] = []
    while True:
        with database.reading(city_id) as reading:
            city = cities.get(reading)
            month = supply.due(reading, city)
            if month is None:
                return made
            computed = supply.compute(reading, city, month)
        database.run(city_id, partial(supply_statements.store, statement=computed))
        made.append(month)


def findings(database: Database, city_id: int, *, thorough: bool = True) -> list[str]:
    """Check the invariant."""
    with database.reading(city_id) as reading:
        return list(supply.findings(reading, thorough=thorough))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_nothing_is_missing_and_statements_go_on(
    database: Database, city_id: int, clock: FixedClock, seed: int
) -> None:
    """In any history each campaign sums to zero, all together are what the accounts say, no campaign is below zero on a
    guarded account, and a book that is stated month by month gives the figures of one that never was.
    """
    history = History(database, city_id, clock, seed)
    stated: list[dt.date] = []
    for _ in range(6):
        history.live(25)
        clock.advance(dt.timedelta(days=12))
        lines = now(database, city_id)
        stated += state_months(database, city_id)

    with database.reading(city_id) as reading:
        known = {account.account_id: account for account in accounts.every(reading)}
        whole = replaying.Point(State(), 0)
        replaying.advance(reading, known, whole)
        kept = supply_statements.stated(reading)

    assert len(stated) >= 2
    assert stated == [one.month for one in kept[::-1]]
    assert lines == {line.campaign: line for line in supply_lines.summed(whole.state, known)}
    assert {"litter", "tree", "v1.2-quest", NO_CAMPAIGN, attribution.OFFLINE} <= lines.keys()
    for account_id, _, amount in attribution.standing(whole.state):
        assert amount > 0 or known[account_id].guard == "none"
    assert [] == findings(database, city_id)


def test_what_came_first_goes_first(desk: Desk) -> None:
    """Anna spends the points of the campaign that gave first; the venue's settlement changes nothing for it."""
    _open(desk, "budget/tree")
    desk.fund(100)
    desk.fund(100, "budget/tree")
    desk.post(desk.move(30), desk.move(30, debit="budget/tree"), desk.move(5))
    desk.post(desk.move(40, debit=ANNA, credit=VENUE))
    spent = now(desk.database, desk.city_id)
    desk.post(desk.move(40, debit=VENUE, credit="redeemed"))

    assert (30, 10) == (spent["litter"].redeemed, spent["tree"].redeemed)
    assert (5, 20) == (spent["litter"].in_wallets, spent["tree"].in_wallets)
    assert spent == now(desk.database, desk.city_id)


def test_a_reservation_goes_back_to_the_front(desk: Desk) -> None:
    """What a voucher reserved is held for its campaign; given back, it is again the first to go."""
    _open(desk, "budget/tree")
    desk.fund(100)
    desk.fund(100, "budget/tree")
    desk.post(desk.move(30), desk.move(30, debit="budget/tree"))
    held = desk.hold(40, debit=ANNA, credit=VENUE)
    desk.post(held)
    reserved = now(desk.database, desk.city_id)
    desk.post(_capture(desk, held.transfer_id, 10))
    captured = now(desk.database, desk.city_id)
    desk.post(desk.move(20, debit=ANNA, credit=VENUE))
    spent = now(desk.database, desk.city_id)

    assert [(30, 0), (10, 20)] == [(reserved[c].held, reserved[c].in_wallets) for c in ("litter", "tree")]
    assert [(10, 0), (0, 0)] == [(captured[c].redeemed, captured[c].held) for c in ("litter", "tree")]
    assert [(30, 0), (0, 30)] == [(spent[c].redeemed, spent[c].in_wallets) for c in ("litter", "tree")]


def test_a_reversal_brings_back_the_very_points(desk: Desk, clock: FixedClock) -> None:
    """Reversed months later, after the venue was settled and others paid there, it is Anna's own points that return."""
    _open(desk, "budget/tree")
    desk.fund(100)
    desk.fund(100, "budget/tree")
    paid = desk.move(30, debit=ANNA, credit="redeemed")
    desk.post(desk.move(30), desk.move(30, debit="budget/tree", credit=BEN))
    desk.post(paid)
    clock.advance(dt.timedelta(days=40))
    desk.post(desk.move(30, debit=BEN, credit="redeemed"))
    clock.advance(dt.timedelta(days=40))
    months = state_months(desk.database, desk.city_id)
    desk.post(_reversal(desk, paid.transfer_id))
    back = now(desk.database, desk.city_id)

    assert [MAY, JUNE] == months
    assert [(0, 30), (30, 0)] == [(back[c].redeemed, back[c].in_wallets) for c in ("litter", "tree")]
    clock.advance(dt.timedelta(days=30))
    state_months(desk.database, desk.city_id)
    assert [] == findings(desk.database, desk.city_id)


def test_points_that_are_gone_are_made_up_for_by_others(desk: Desk) -> None:
    """If Anna has spent the points of a reversed award, the youngest that she has go back, and nothing is negative."""
    _open(desk, "budget/tree")
    desk.fund(100)
    desk.fund(100, "budget/tree")
    award = desk.move(30)
    desk.post(award, desk.move(30, debit="budget/tree"))
    desk.post(desk.move(30, debit=ANNA, credit=VENUE))
    desk.post(_reversal(desk, award.transfer_id))
    back = now(desk.database, desk.city_id)

    assert [(70, 30, 0), (100, 0, 0)] == [
        (back[c].in_budgets, back[c].redeemed, back[c].in_wallets) for c in ("litter", "tree")
    ]


def test_a_month_is_the_citys(desk: Desk, clock: FixedClock) -> None:
    """A month ends at midnight in the city; before that nothing is due; an unknown month is not found."""
    desk.fund(100)
    clock.move_to(dt.datetime(2026, 5, 31, 21, 59, 59, tzinfo=dt.UTC))
    assert [] == state_months(desk.database, desk.city_id)
    desk.fund(7)
    clock.move_to(dt.datetime(2026, 5, 31, 22, 0, tzinfo=dt.UTC))
    desk.fund(20)

    assert [MAY] == state_months(desk.database, desk.city_id)
    assert [] == state_months(desk.database, desk.city_id)
    with desk.database.reading(desk.city_id) as reading:
        assert (2, 107) == ((may := supply_statements.get(reading, MAY)).sequence, may.total.issued)
        with pytest.raises(NotFound, match="month-not-stated"):
            supply_statements.get(reading, JUNE)


def test_a_month_is_stated_once_and_none_is_left_out(desk: Desk, clock: FixedClock) -> None:
    """Stating again gives what is kept, whoever was faster; a gap is refused."""
    desk.fund(100)
    clock.advance(dt.timedelta(days=90))
    with desk.database.reading(desk.city_id) as reading:
        city = cities.get(reading)
        may, june, july = (supply.compute(reading, city, day) for day in (MAY, JUNE, dt.date(2026, 7, 1)))
    store = supply_statements.store
    first = desk.database.run(desk.city_id, lambda work: store(work, may))
    clock.advance(dt.timedelta(hours=1))

    assert first == desk.database.run(desk.city_id, lambda work: store(work, may))
    with pytest.raises(ValueError, match="does not follow"):
        desk.database.run(desk.city_id, lambda work: store(work, july))
    assert desk.database.run(desk.city_id, lambda work: store(work, june)).month == JUNE


def test_an_empty_book_has_nothing_to_state(desk: Desk, clock: FixedClock) -> None:
    """Without transfers no month is due, and the supply is nothing."""
    clock.advance(dt.timedelta(days=90))

    assert [] == state_months(desk.database, desk.city_id)
    assert {} == now(desk.database, desk.city_id)
    assert [] == findings(desk.database, desk.city_id)


TAMPERED = {
    "sequence": 3, "checkpoint_size": 1, "checkpoint_root": b"\1" * 32, "state": b"nonsense", "digest": bytes(32),
    "computed_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
}  # fmt: skip
TAMPERED_LINES = {
    "campaign": "tree", "redeemed": 1, "issued": 99, "expired": 3, "held": 4, "outstanding": 5, "in_budgets": 6,
    "in_wallets": 7, "recipients": 5,
}  # fmt: skip


@pytest.fixture
def stated(desk: Desk, clock: FixedClock) -> Desk:
    """Give a desk whose May and June are stated."""
    desk.fund(100)
    desk.post(desk.move(30), desk.move(10), desk.hold(10))
    clock.advance(dt.timedelta(days=30))
    desk.post(desk.move(5))
    clock.advance(dt.timedelta(days=40))
    assert [MAY, JUNE] == state_months(desk.database, desk.city_id)
    assert [] == findings(desk.database, desk.city_id)
    return desk


@pytest.mark.parametrize("column", [*TAMPERED, *TAMPERED_LINES])
def test_altered_statements_are_found(stated: Desk, column: str) -> None:
    """Whoever gets past the triggers and changes any column of an old statement is found out at once."""
    table = supply_months if column in TAMPERED else lines_table
    value = {**TAMPERED, **TAMPERED_LINES}[column]
    here = sa.and_(table.c.city_id == stated.city_id, table.c.month == MAY)
    tamper(stated, table, sa.update(table).where(here).values({column: value}))

    assert "the supply of 2026-05 is not what was written" in findings(
        stated.database, stated.city_id, thorough=False
    )


def test_altered_statements_with_new_digests_are_found(stated: Desk) -> None:
    """Whoever makes the digests anew is found out by the balances, and by computing again."""
    with stated.database.reading(stated.city_id) as reading:
        june = supply_statements.get(reading, JUNE)
        may = supply_statements.get(reading, MAY)
    moved = replace(
        june.lines[0], in_budgets=june.lines[0].in_budgets - 1, outstanding=june.lines[0].outstanding - 1
    )
    moved = replace(moved, redeemed=moved.redeemed + 1)
    forged = replace(june, lines=(moved,))
    digest = supply_statements.digest(stated.city_id, may.digest, forged)
    of_june = lines_table.c.month == JUNE
    tamper(
        stated,
        lines_table,
        sa.update(lines_table)
        .where(lines_table.c.city_id == stated.city_id, of_june)
        .values(in_budgets=moved.in_budgets, outstanding=moved.outstanding, redeemed=moved.redeemed),
    )
    tamper(
        stated,
        supply_months,
        sa.update(supply_months)
        .where(supply_months.c.city_id == stated.city_id, supply_months.c.month == JUNE)
        .values(digest=digest),
    )

    assert [
        "the supply of 2026-06 is not what stood on the accounts after transfer 5",
        "the supply of 2026-06 does not follow from the transfers",
    ] == findings(stated.database, stated.city_id, thorough=False)


def test_statements_can_not_be_changed(stated: Desk) -> None:
    """The database refuses to change or remove what is stated."""
    for table in (supply_months, lines_table):
        here = table.c.city_id == stated.city_id
        for statement in (sa.delete(table).where(here), sa.update(table).where(here).values(month=JUNE)):
            assert "append-only" in refused(stated, statement)


def test_a_checkpoint_that_was_never_signed_is_found(desk: Desk, clock: FixedClock, tmp_path: Path) -> None:
    """A statement names the seal that covers its month; another root, or a seal that does not cover it, is found out."""
    desk.fund(100)
    seal = Sealed(desk, tmp_path).seal()
    clock.advance(dt.timedelta(days=30))
    with desk.database.reading(desk.city_id) as reading:
        may = supply.compute(reading, cities.get(reading), MAY)
    assert (seal.size, seal.root) == (may.checkpoint_size, may.checkpoint_root)
    forged = replace(may, checkpoint_root=b"r" * 32)
    desk.database.run(desk.city_id, partial(supply_statements.store, statement=forged))

    assert ["the supply of 2026-05 names a checkpoint that was never signed"] == findings(
        desk.database, desk.city_id
    )


def _line(campaign: str, issued: int, recipients: int) -> Line:
    return Line(campaign, issued, 0, 0, 0, issued, issued, 0, recipients)


def test_few_persons_are_not_shown() -> None:
    """Campaigns of one to four persons are added up with the smallest larger one; without any nothing is shown."""
    small, none = _line("a", 10, 1), _line("d", 5, 0)
    large, larger = _line("b", 20, 5), _line("c", 30, 5)

    assert [larger, none, _line(OTHER, 30, 5)] == supply_lines.public([small, large, larger, none])
    assert [large, none] == supply_lines.public([large, none])
    assert [] == supply_lines.public([small, none])
    assert [] == supply_lines.public([])


_parcels = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=6)


@given(_parcels, st.integers(0, 60))
def test_splitting_loses_nothing(parcels: Parcels, amount: int) -> None:
    """Both parts together are the whole, in order."""
    first, rest = attribution.split(parcels, amount)

    assert min(amount, _sum(parcels)) == _sum(first)
    assert "".join(c * n for c, n in parcels) == "".join(c * n for c, n in [*first, *rest])


def _sum(parcels: Parcels) -> int:
    return sum(amount for _, amount in parcels)


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9)),
    st.dictionaries(st.integers(1, 2**62), _parcels.filter(bool)),
    st.dictionaries(st.uuids(), st.tuples(st.integers(1, 9), st.none() | _parcels, st.integers(1, 9))),
)
def test_states_can_be_read_back(
    issued: dict[str, int], queues: dict[int, Parcels], holds: dict[UUID, tuple[int, Parcels | None, int]]
) -> None:
    """A state that was packed is the same state, and its bytes are the same again."""
    state = State(issued, queues, {key: attribution.Held(*one) for key, one in holds.items()}, {"a": [1, 2]})
    data = attribution.pack(state)

    assert state == attribution.unpack(data)
    assert data == attribution.pack(attribution.unpack(data))


def _open(desk: Desk, path: str) -> None:
    desk.database.run(
        desk.city_id, lambda work: accounts.open_accounts(work, [accounts.NewAccount(path, "DUC")])
    )


def _capture(desk: Desk, hold_id: UUID, amount: int) -> Transfer:
    return transfers.capture(desk.id(), hold_id, effective=DAY, amount=amount)


def _reversal(desk: Desk, transfer_id: UUID) -> Transfer:
    return transfers.reverse(desk.id(), transfer_id, effective=DAY)
