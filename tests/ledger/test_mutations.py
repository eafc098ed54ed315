"""Whoever changes the book behind the triggers' back is found out: each column of each table, rows added and lost.

The columns come from the metadata, so a column that is added later has to be detected too, or be named here
with the reason why not. Each change is made in a transaction that is rolled back afterwards.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Database, Reading, metadata
from ledger import invariants, periods, transfers
from ledger.findings import Finding
from tests.fixtures import statements
from tests.ledger.desk import DAY, Desk
from tests.ledger.sealed import Sealed

ELSEWHERE = {
    "ledger_cosignatures": "tests/ledger/test_log_checks.py changes them",
    "ledger_supply_months": "tests/ledger/test_supply.py changes each column",
    "ledger_supply_statements": "tests/ledger/test_supply.py changes each column",
    "ledger_witnesses": "whom to ask, not what was booked",
    "ledger_verifications": "what was found earlier; verifying again finds it again",
}
HARMLESS = {
    ("ledger_heads", "fence"): "a random number; changed, processes look accounts up again",
    ("ledger_heads", "accounts_fence"): "another such number",
    ("ledger_log_keys", "sealed_seed"): "sealing compares the two halves before it signs",
    ("ledger_log_keys", "created_at"): "says nothing of the book",
}
DETECTED_BY = {
    "ledger_accounts": {"accounts-unaltered"},
    "ledger_heads": {"head-matches", "periods-closed"},
    "ledger_log_keys": {"seal-signed"},
    "ledger_open_holds": {"holds-match"},
    "ledger_periods": {"periods-closed"},
    "ledger_rejections": {"rejections-unaltered"},
    "ledger_salt_secrets": {"accounts-unaltered"},
    "ledger_seals": {"seal-signed", "seal-root", "seal-covered"},
    "ledger_transfers": {"commitment"},
}
COUNTERS = ("debits_posted", "debits_pending", "credits_posted", "credits_pending")
ALSO_DETECTED_BY = {
    ("ledger_transfers", "city_id"): "sequence-without-gap",
    ("ledger_transfers", "sequence"): "sequence-without-gap",
    ("ledger_transfers", "amount"): "counters-follow",
    ("ledger_transfers", "kind"): "counters-follow",
    **{
        ("ledger_transfers", f"{side}_{name}"): "counters-follow"
        for side in ("debit", "credit")
        for name in (*COUNTERS, "account_id")
    },
}
"""The check that has to name this change besides, or, for a row or account that is no longer there, instead."""
GONE = {"city_id", "sequence", "debit_account_id", "credit_account_id"}


@pytest.fixture
def whole(database: Database, city_id: int, other_city_id: int, clock: FixedClock, tmp_path: Path) -> Desk:
    """Give a book with every kind of transfer, refusals, a closed period and three seals; all is right."""
    desk = Desk(database, city_id)
    live(desk, clock)
    sealed = Sealed(desk, tmp_path / "log")
    for day in (40, 37, 34):
        last_day = clock.now().date() - dt.timedelta(days=day)
        close(desk, last_day)
        assert desk.post(replace(desk.move(1), effective=clock.now().date()))[0].ok
        sealed.seal()
    assert [] == [finding for city in (city_id, other_city_id) for finding in found(desk, city)]
    return desk


def close(desk: Desk, last_day: dt.date) -> None:
    """Close a period."""
    desk.database.run(desk.city_id, lambda work: periods.close(work, last_day, "test"))


def live(desk: Desk, clock: FixedClock) -> None:
    """Book transfers of every kind, some in groups, and have some refused."""
    desk.fund(1000)
    for _ in range(4):
        hold, late, moved = (
            desk.hold(7),
            desk.hold(3, expires_at=clock.now() + dt.timedelta(days=90)),
            desk.move(20),
        )
        group = desk.id()
        pair = [replace(desk.move(2), group_id=group), replace(desk.move(1), group_id=group)]
        desk.post(hold, desk.hold(5), late, moved, *pair, desk.move(100_000))
        desk.post(
            transfers.capture(desk.id(), hold.transfer_id, effective=DAY, amount=6),
            transfers.release(desk.id(), late.transfer_id, effective=DAY),
            transfers.reverse(desk.id(), moved.transfer_id, effective=DAY),
        )
    clock.advance(dt.timedelta(days=60))


def found(desk: Desk, city_id: int, *changes: sa.Executable) -> Sequence[Finding]:
    """Return what is found in a city after changes that are undone again."""
    with (
        statements.unchecked(),
        desk.database.engine.connect() as connection,
        connection.begin() as transaction,
    ):
        unguard(connection)
        for change in changes:
            connection.execute(change)
        reading = Reading(connection, city_id, desk.database.clock.now())
        report = invariants.verify(reading)
        transaction.rollback()
    return report.findings


def unguard(connection: sa.Connection) -> None:
    """Switch the guards of the database off for this transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    names = (
        connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    )
    for name in names:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def tables() -> list[sa.Table]:
    """Return the tables whose columns are changed here."""
    return [
        table
        for name, table in sorted(metadata.tables.items())
        if name.startswith("ledger_") and name not in ELSEWHERE
    ]


def chosen(desk: Desk, table: sa.Table, column: sa.Column[Any]) -> Any:
    """Return a row in the middle of the table, if possible one that has a value in this column."""
    with statements.unchecked(), desk.database.engine.connect() as connection:
        mine = sa.select(table).where(table.c.city_id == desk.city_id).order_by(*table.primary_key.columns)
        rows = connection.execute(mine).all()
    rows = [row for row in rows if row._mapping[column.name] is not None] or rows
    if column.name == "kind":
        rows = [row for row in rows if row.kind == "post"]
    return rows[len(rows) // 2]


def here(table: sa.Table, row: Any) -> sa.ColumnElement[bool]:
    """Hold a row by its key."""
    return sa.and_(*(column == row._mapping[column.name] for column in table.primary_key.columns))


def other(desk: Desk, column: sa.Column[Any], value: Any, other_city_id: int) -> Any:
    """Return another value that the column would take."""
    if column.name == "city_id":
        return other_city_id
    fixed = {"kind": "hold", "guard": "none" if value == "no-overdraft" else "no-overdraft"}
    if column.name in fixed:
        return fixed[column.name]
    changes: dict[type, Any] = {
        int: lambda: value + 1_000_000,
        UUID: desk.id,
        bytes: lambda: bytes([value[0] ^ 1]) + value[1:],
        dt.datetime: lambda: value + dt.timedelta(seconds=1),
        dt.date: lambda: value + dt.timedelta(days=1),
        str: lambda: f"{value[:-1]}{'y' if value.endswith('x') else 'x'}",
        type(None): lambda: {int: 7, str: "x", dt.date: dt.date(2026, 1, 1), UUID: desk.id()}.get(
            column.type.python_type, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        ),
    }
    return changes[type(value)]()


def undetected(desk: Desk, table: sa.Table, other_city_id: int) -> Iterator[str]:
    """Yield the columns of a table whose change is not found or not named."""
    for column in table.columns:
        if (table.name, column.name) in HARMLESS:
            continue
        row = chosen(desk, table, column)
        value = other(desk, column, row._mapping[column.name], other_city_id)
        change = sa.update(table).where(here(table, row)).values({column.name: value})
        findings = list(found(desk, desk.city_id, change))
        if table.name == "ledger_rejections" and column.name == "city_id":
            findings = list(found(desk, other_city_id, change))
        names = {one.check for one in findings}
        also = ALSO_DETECTED_BY.get((table.name, column.name))
        wanted = {also} if also and column.name in GONE else DETECTED_BY[table.name]
        if not names & wanted or (also and also not in names):
            yield f"{table.name}.{column.name}: {sorted(names)}"
        if table.name in {"ledger_transfers", "ledger_open_holds"}:
            at = {one.sequence for one in findings if one.check in {*wanted, also}}
            if row.sequence not in at:
                yield f"{table.name}.{column.name} of {row.sequence} is found at {sorted(map(str, at))}"


def test_each_change_of_each_column_is_named(whole: Desk, other_city_id: int) -> None:
    """One value of one row is changed, whichever it is: a check names it, with the transfer's number."""
    assert [] == [fault for table in tables() for fault in undetected(whole, table, other_city_id)]


def transfers_of(desk: Desk) -> tuple[sa.Table, list[Any]]:
    """Return the table of transfers with the city's rows."""
    table = metadata.tables["ledger_transfers"]
    with statements.unchecked(), desk.database.engine.connect() as connection:
        mine = sa.select(table).where(table.c.city_id == desk.city_id).order_by(table.c.sequence)
        return table, list(connection.execute(mine))


def checks(findings: Sequence[Finding]) -> set[tuple[str, int | None]]:
    """Return what was found where."""
    return {(one.check, one.sequence) for one in findings}


def test_a_lost_row_is_named(whole: Desk) -> None:
    """A transfer is deleted in the middle."""
    table, rows = transfers_of(whole)
    lost = rows[len(rows) // 2]
    assert ("sequence-without-gap", lost.sequence) in checks(
        found(whole, whole.city_id, sa.delete(table).where(here(table, lost)))
    )


def test_a_lost_tail_is_named(whole: Desk) -> None:
    """The newest transfers are deleted, even with the head set back: the seal knows of them."""
    table, rows = transfers_of(whole)
    heads = metadata.tables["ledger_heads"]
    left = rows[-1].sequence - 3
    tail = sa.delete(table).where(table.c.city_id == whole.city_id, table.c.sequence > left)
    back = sa.update(heads).where(heads.c.city_id == whole.city_id).values(sequence=left)

    assert ("head-matches", None) in checks(found(whole, whole.city_id, tail))
    assert ("seal-covered", rows[-1].sequence) in checks(found(whole, whole.city_id, tail, back))


def test_a_forged_row_is_named(whole: Desk) -> None:
    """A transfer is put behind the newest, with the head set forward."""
    table, rows = transfers_of(whole)
    newest = rows[-1]
    heads = metadata.tables["ledger_heads"]
    forged = {
        **newest._mapping,
        "sequence": newest.sequence + 1,
        "transfer_id": whole.id(),
        "refers_to": None,
    }
    forged = {**forged, "kind": "post", "expires_at": None}
    on = sa.update(heads).where(heads.c.city_id == whole.city_id).values(sequence=newest.sequence + 1)

    assert {("counters-follow", newest.sequence + 1), ("commitment", newest.sequence + 1)} <= checks(
        found(whole, whole.city_id, sa.insert(table).values(forged), on)
    )


def test_swapped_rows_are_named(whole: Desk) -> None:
    """Two neighbouring transfers change places."""
    table, rows = transfers_of(whole)
    first, second = rows[len(rows) // 2 : len(rows) // 2 + 2]
    moves = [
        sa.update(table).where(here(table, row)).values(sequence=sequence)
        for row, sequence in ((first, 5_000_000), (second, first.sequence))
    ]
    last = sa.update(table).where(table.c.city_id == whole.city_id, table.c.sequence == 5_000_000)
    assert {("commitment", first.sequence), ("commitment", second.sequence)} <= checks(
        found(whole, whole.city_id, *moves, last.values(sequence=second.sequence))
    )


def test_a_recommitted_row_is_named_by_the_seal(whole: Desk) -> None:
    """Whoever knows the secrets and makes the commitment anew is found out by the root that was sealed."""
    table, rows = transfers_of(whole)
    row = rows[3]
    change = sa.update(table).where(here(table, row)).values(commitment=b"\1" * 32)

    assert "seal-root" in {name for name, _ in checks(found(whole, whole.city_id, change))}


def test_lists_of_exceptions_are_up_to_date() -> None:
    """What is excepted exists, and every other table of the ledger has a check that names it."""
    assert set(ELSEWHERE) <= set(metadata.tables)
    assert all(column in metadata.tables[table].columns for table, column in HARMLESS)
    assert {table.name for table in tables()} == set(DETECTED_BY)
