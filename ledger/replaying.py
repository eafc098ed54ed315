"""Replaying the book's transfers of points from one number to another, for the supply."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from ledger import attribution, rows, supply_statements
from ledger.accounts import Account
from ledger.attribution import Move, Parcels, Replay, State
from ledger.supply_statements import Statement
from ledger.tables import transfers
from ledger.transfers import DUC, TransferKind

CHUNK = 5000
"""Transfers read at a time."""


@dataclass(slots=True)
class Point:
    """A state and the transfer after which it is true."""

    state: State
    sequence: int


def point_of(statement: Statement | None) -> Point:
    """Return the point at which a statement was made; the beginning of the book for None."""
    return Point(attribution.unpack(statement.state), statement.sequence) if statement else Point(State(), 0)


def advance(
    reading: db.Reading,
    known: Mapping[int, Account],
    point: Point,
    *,
    end: dt.datetime | None = None,
    last: int | None = None,
    keep: Iterable[UUID] = (),
) -> dict[UUID, Parcels]:
    """Apply what was booked after the point, before `end` and up to number `last`, and move the point on.

    Return what the transfers named in `keep` have brought.
    """
    reversed_ids = _reversed_after(reading, point.sequence, last)
    replay = Replay(point.state, known, {*keep, *reversed_ids})
    replay.brought |= _recall(reading, known, point.sequence, reversed_ids)
    for row in _rows(reading, point.sequence, last):
        if end is not None and row.booked_at >= end:
            break
        point.sequence = row.sequence
        if known[row.debit_account_id].asset == DUC:
            replay.apply(
                Move(
                    row.transfer_id, TransferKind(row.kind), row.refers_to, row.debit_account_id,
                    row.credit_account_id, row.amount,
                )
            )  # fmt: skip
    return replay.brought


def _recall(
    reading: db.Reading, known: Mapping[int, Account], sequence: int, reversed_ids: Sequence[UUID]
) -> dict[UUID, Parcels]:
    """Return what transfers up to number `sequence` have brought, replaying the months that booked them."""
    wanted = {
        one.transfer_id: one.sequence
        for start in range(0, len(reversed_ids), CHUNK)
        for one in rows.by_transfer_id(reading, reversed_ids[start : start + CHUNK]).values()
        if one.sequence <= sequence
    }
    brought: dict[UUID, Parcels] = {}
    while missing := {key: number for key, number in wanted.items() if key not in brought}:
        oldest = min(missing.values())
        start, following = supply_statements.around(reading, oldest)
        upto = min(following or sequence, sequence)
        within = {key: number for key, number in missing.items() if number <= upto}
        kept = advance(reading, known, point_of(start), last=max(within.values()), keep=within)
        brought |= {key: kept[key] for key in within}
    return brought


def _reversed_after(reading: db.Reading, sequence: int, last: int | None) -> list[UUID]:
    """Return the transfers that are reversed in this part of the book."""
    statement = sa.select(transfers.c.refers_to).where(
        transfers.c.city_id == reading.city_id,
        transfers.c.sequence > sequence,
        transfers.c.kind == TransferKind.REVERSE.value,
    )
    if last is not None:
        statement = statement.where(transfers.c.sequence <= last)
    return list(reading.connection.execute(statement).scalars())


def _rows(reading: db.Reading, sequence: int, last: int | None) -> Iterator[sa.Row[Any]]:
    names = (
        "sequence",
        "transfer_id",
        "kind",
        "refers_to",
        "debit_account_id",
        "credit_account_id",
        "amount",
    )
    columns = [transfers.c[name] for name in (*names, "booked_at")]
    after = sequence
    while True:
        statement = sa.select(*columns).where(
            transfers.c.city_id == reading.city_id, transfers.c.sequence > after
        )
        if last is not None:
            statement = statement.where(transfers.c.sequence <= last)
        chunk = reading.connection.execute(statement.order_by(transfers.c.sequence).limit(CHUNK)).all()
        yield from chunk
        if len(chunk) < CHUNK:
            return
        after = chunk[-1].sequence
