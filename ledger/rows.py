"""Reading transfer rows back into values: shared by posting, queries and invariants."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from ledger.outcomes import BookedTransfer, Counters
from ledger.tables import COUNTERS, accounts, transfers
from ledger.transfers import TransferKind

_PLAIN = tuple(name for name in BookedTransfer.__dataclass_fields__ if not name.endswith("_side"))


def booked(row: sa.Row[Any]) -> BookedTransfer:
    """Return the value of a whole row of `transfers`."""
    fields = row._mapping
    plain = {name: fields[name] for name in _PLAIN}
    plain["kind"] = TransferKind(plain["kind"])
    return BookedTransfer(**plain, debit_side=side(row, "debit"), credit_side=side(row, "credit"))


def side(row: sa.Row[Any], name: str) -> Counters:
    """Return the counters that a transfer left on its debit or credit side."""
    return Counters(*(row._mapping[f"{name}_{counter}"] for counter in COUNTERS))


def by_transfer_id(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return those of the named transfers that are booked."""
    found = _where(reading, transfers.c.transfer_id.in_(list(transfer_ids)))
    return {transfer.transfer_id: transfer for transfer in found}


def by_refers_to(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return what captured, released or reversed the named transfers, by the id referred to."""
    found = _where(reading, transfers.c.refers_to.in_(list(transfer_ids)))
    return {transfer.refers_to: transfer for transfer in found if transfer.refers_to}


def newest_counters(reading: db.Reading, account_ids: Iterable[int]) -> dict[int, Counters]:
    """Return the counters of accounts as their newest transfer left them; zeros where there is none."""
    return counters_as_of(reading, account_ids, None)


def counters_as_of(
    reading: db.Reading, account_ids: Iterable[int], sequence: int | None
) -> dict[int, Counters]:
    """Return the counters of accounts after transfer number `sequence` (None: after all), two statements."""
    wanted = sorted(account_ids)
    if not wanted:
        return {}
    newest = reading.connection.execute(
        sa.select(
            accounts.c.account_id,
            _newest_sequence("debit_account_id", sequence),
            _newest_sequence("credit_account_id", sequence),
        ).where(accounts.c.city_id == reading.city_id, accounts.c.account_id.in_(wanted))
    ).all()
    last = {account_id: max(debit or 0, credit or 0) for account_id, debit, credit in newest}
    found = reading.connection.execute(
        sa.select(transfers).where(
            transfers.c.city_id == reading.city_id, transfers.c.sequence.in_(sorted(set(last.values())))
        )
    )
    by_sequence = {row.sequence: row for row in found}
    result = dict.fromkeys(wanted, Counters())
    for account_id, number in last.items():
        row = by_sequence.get(number)
        if row is not None:
            result[account_id] = side(row, "debit" if row.debit_account_id == account_id else "credit")
    return result


def _newest_sequence(account_column: str, sequence: int | None) -> sa.ScalarSelect[int]:
    """Return a subquery that walks one step of the index on (account, sequence)."""
    newest = sa.select(transfers.c.sequence).where(
        transfers.c.city_id == accounts.c.city_id, transfers.c[account_column] == accounts.c.account_id
    )
    if sequence is not None:
        newest = newest.where(transfers.c.sequence <= sequence)
    newest = newest.order_by(transfers.c.sequence.desc()).limit(1)
    return newest.correlate(accounts).scalar_subquery().label(f"newest_{account_column}")  # type: ignore[return-value]  # a label is a scalar subquery, too


def _where(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[BookedTransfer]:
    statement = sa.select(transfers).where(transfers.c.city_id == reading.city_id, condition)
    return [booked(row) for row in reading.connection.execute(statement)]
