"""The ledger in a simulated town: 100,000 steps among failures, and faults planted to prove that they are seen."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from kernel import bulk, db, writing
from kernel.db import Work
from ledger import deciding, posting, remembering
from tests.fixtures.databases import Templates
from tests.simulation import running
from tests.simulation.running import Failure, PostgresqlStage, Stage

STEPS = 10_000
PLANTED_STEPS = 3_000
PLANTED_SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def sqlite_stage() -> Iterator[Stage]:
    """Give SQLite that fails."""
    with running.stage("sqlite") as stage:
        yield stage


@pytest.mark.parametrize("seed", range(1, 10))
def test_a_town_on_sqlite(sqlite_stage: Stage, seed: int) -> None:
    """Whatever fails and whoever repeats, each answer, balance and invariant is the model's."""
    done = running.run_or_explain(sqlite_stage, seed, STEPS)

    assert done.steps >= STEPS
    assert done.faults > STEPS / 200
    assert {"power cut in a statement", "disk full", "restart", "time moved"} <= done.counts.keys()


def test_a_town_on_postgresql(postgresql_templates: Templates) -> None:
    """The same on PostgreSQL: connections lost before and after the commit, deadlocks, a full disk."""
    done = running.run_or_explain(PostgresqlStage(postgresql_templates), 1, STEPS)

    assert done.steps >= STEPS
    assert done.faults > STEPS / 200


def test_a_seed_is_a_history(sqlite_stage: Stage) -> None:
    """The same seed asks and answers the same, another one does not."""
    one, again, other = (running.run_or_explain(sqlite_stage, seed, 600) for seed in (5, 5, 6))

    assert one == again
    assert one.fingerprint != other.fingerprint


def no_guard(patch: pytest.MonkeyPatch) -> None:
    """Plant: what must not go below zero does."""
    patch.setattr(deciding, "_NO_OVERDRAFT", None)


def ids_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Plant: nobody looks whether an id was used."""
    head = posting._head
    patch.setattr(posting, "_head", lambda *given: head(*given)._replace(used_ids=set()))


def captures_lost(patch: pytest.MonkeyPatch) -> None:
    """Plant: a capture is acknowledged and not written."""
    insert = bulk.insert_rows

    def forgetful(work: Work, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if table.name == "ledger_transfers":
            place = list(names).index("kind")
            rows = [row for row in rows if row[place] != "capture"]
        insert(work, table, names, rows)

    patch.setattr(bulk, "insert_rows", forgetful)


def not_durable(patch: pytest.MonkeyPatch) -> None:
    """Plant: a commit is acknowledged before the disk has it."""
    prepare = db._prepare_sqlite

    def careless(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = NORMAL")

    patch.setattr(db, "_prepare_sqlite", careless)


def memory_trusted(patch: pytest.MonkeyPatch) -> None:
    """Plant: what a process remembers is believed although another one has written."""
    look = remembering.memory

    def trusting(work: Work, fence: int, accounts_fence: int, sequence: int) -> remembering.Memory:
        known = remembering.unchecked(work)
        if known is not None and known.fence is not None:
            return known
        return look(work, fence, accounts_fence, sequence)

    patch.setattr(remembering, "memory", trusting)


def holds_kept(patch: pytest.MonkeyPatch) -> None:
    """Plant: a hold whose time is over stays."""
    patch.setattr(posting, "_release_overdue", lambda *_: [])


def errors_shared(patch: pytest.MonkeyPatch) -> None:
    """Plant: after an error of the database the others of a commit go on as if nothing had happened."""

    def careless(work: Work, act: Callable[[Work], Any]) -> Any:
        try:
            with work.connection.begin_nested():
                return act(work)
        except Exception as error:  # noqa: BLE001 -- that is the fault
            return error

    patch.setattr(writing, "_guarded", careless)


@pytest.mark.parametrize(
    "plant",
    [no_guard, ids_forgotten, captures_lost, not_durable, memory_trusted, holds_kept, errors_shared],
)
def test_a_planted_fault_is_found(
    sqlite_stage: Stage, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """The simulation can fail: each planted fault is found within some thousand steps."""
    plant(monkeypatch)

    with pytest.raises(Failure, match=r"python -m tests\.simulation --seed \d+ --steps \d+ --backend sqlite"):
        _run_planted(sqlite_stage)


def _run_planted(stage: Stage) -> None:
    for seed in PLANTED_SEEDS:
        running.run_or_explain(stage, seed, PLANTED_STEPS)
