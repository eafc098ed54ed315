"""The book crosses from one partition into the next: nobody notices."""

import datetime as dt

import pytest
import sqlalchemy as sa

from kernel import ids
from kernel.clock import FixedClock
from ledger import partitions, posting, queries
from ledger.outcomes import Code
from ledger.tables import heads, transfers
from tests.ledger.desk import Desk

LAST = partitions.RANGE_SIZE - 1


@pytest.fixture
def edge(desk: Desk) -> Desk:
    """Give a desk whose book stands three transfers before the end of the first range."""
    desk.fund(1000)
    advance = sa.update(heads).where(heads.c.city_id == desk.city_id).values(sequence=LAST - 3, fence=1)
    desk.database.run(desk.city_id, lambda work: work.connection.execute(advance))
    return desk


def _tables(desk: Desk) -> list[str]:
    names = sa.inspect(desk.database.engine).get_table_names()
    return sorted(name for name in names if name.startswith("ledger_transfers_p"))


def test_a_batch_goes_over_the_edge(edge: Desk) -> None:
    """A batch that does not fit into the newest range is booked in both; repeating it repeats the outcomes."""
    batch = [edge.move(1) for _ in range(8)]
    first = edge.post(*batch)

    assert [outcome.booked.sequence for outcome in first if outcome.booked] == list(range(LAST - 2, LAST + 6))
    again = edge.post(*batch)
    assert all(outcome.replayed and outcome.ok for outcome in again)
    assert [one.booked for one in again] == [one.booked for one in first]
    assert edge.counters("budget/litter").available == 1000 - 8
    if edge.database.backend == "postgresql":
        assert _tables(edge) == ["ledger_transfers_p0000", "ledger_transfers_p0001"]


def test_a_rolled_back_range_is_made_again(edge: Desk) -> None:
    """A transaction that made the next partition and failed leaves none behind; the next one makes it."""

    def failing(work: object) -> None:
        posting.post(work, [edge.move(1) for _ in range(8)])  # type: ignore[arg-type]  # a unit of work
        raise ConnectionError

    with pytest.raises(ConnectionError):
        edge.database.run(edge.city_id, failing)
    batch = [edge.move(2) for _ in range(8)]

    assert {outcome.code for outcome in edge.post(*batch)} == {Code.POSTED}
    assert edge.counters("budget/litter").available == 1000 - 16


def test_balances_and_pages_reach_over_the_edge(edge: Desk) -> None:
    """A balance as of a number before the edge and a page across it are what was booked."""
    edge.post(*(edge.move(1) for _ in range(8)))
    with edge.database.reading(edge.city_id) as reading:
        before = queries.as_of(reading, "budget/litter", LAST)
        page = queries.statement(reading, "budget/litter", limit=10)

    assert before.available == 1000 - 3
    assert [line.balance for line in page] == [*range(992, 1000), 1000]
    assert [line.booked.sequence for line in page][:8] == list(range(LAST + 5, LAST - 3, -1))


def test_old_ids_are_found_and_new_ones_not_searched_for(edge: Desk, clock: FixedClock) -> None:
    """Days later the first range is not searched for new ids; an id from then is still recognised."""
    old = [edge.move(1) for _ in range(8)]
    edge.post(*old)
    clock.advance(dt.timedelta(days=5))
    fresh = edge.move(1)
    with edge.database.reading(edge.city_id) as reading:
        ended = partitions.ends(reading, LAST + 5)

    assert list(ended) == [LAST]
    assert partitions.searched_after(ended, [fresh.transfer_id]) == LAST
    assert partitions.searched_after(ended, [fresh.transfer_id, old[0].transfer_id]) == 0
    derived = ids.derive(old[0].transfer_id, "a derived id says no time")
    assert partitions.searched_after(ended, [derived]) == 0
    outcomes = edge.post(fresh, old[0])
    assert [(outcome.code, outcome.replayed) for outcome in outcomes] == [
        (Code.POSTED, False),
        (Code.POSTED, True),
    ]


def test_an_id_from_the_future_is_refused(desk: Desk, clock: FixedClock) -> None:
    """An id that says to be made later than a day from now is refused: it would be searched for in vain."""
    desk.fund(10)
    clock.advance(dt.timedelta(days=2))
    ahead = desk.move(1)
    behind = FixedClock(clock.now() - dt.timedelta(days=2))
    desk.database.clock = behind

    assert desk.codes(ahead) == [Code.ID_IN_FUTURE]
    behind.advance(dt.timedelta(days=1, seconds=1))
    assert desk.codes(desk.move(1)) == [Code.POSTED]


def test_partitions_refuse_to_be_emptied(edge: Desk) -> None:
    """A partition made by the writer has the guards of the book: nothing is changed, deleted or truncated."""
    edge.post(*(edge.move(1) for _ in range(8)))
    statements = [
        sa.update(transfers)
        .where(transfers.c.city_id == edge.city_id, transfers.c.sequence > LAST)
        .values(amount=9),
        sa.delete(transfers).where(transfers.c.city_id == edge.city_id, transfers.c.sequence > LAST),
    ]
    if edge.database.backend == "postgresql":
        statements.append(sa.text("TRUNCATE ledger_transfers_p0001"))  # type: ignore[arg-type]  # a statement, too
    for statement in statements:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            edge.database.run(edge.city_id, lambda work, one=statement: work.connection.execute(one))  # type: ignore[misc]  # the default binds the loop's value
