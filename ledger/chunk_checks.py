"""The invariants that each transfer has to hold, checked for a whole chunk at once."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from kernel import bulk, db
from kernel.money import AMOUNT_MAX
from ledger import commitments, trade_checks
from ledger.chunks import KINDS, UNKNOWN, Chunk, Referred
from ledger.columns import Flags, Numbers
from ledger.tables import COUNTERS, SIDES, open_holds, transfers

_POST, _HOLD, _CAPTURE, _RELEASE, _REVERSE = range(len(KINDS))
_DEBITS_POSTED, _DEBITS_PENDING, _CREDITS_POSTED, _CREDITS_PENDING = range(len(COUNTERS))
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

Found = Iterator[tuple[int, str]]
"""Numbers of transfers with what is wrong with them."""

_RESOLVED_TWICE = (
    sa.select(transfers.c.refers_to, sa.func.max(transfers.c.sequence))
    .where(transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.refers_to, "transfer_ids"))
    .group_by(transfers.c.refers_to)
    .having(sa.func.count() > sa.literal_column("1"))
)
_GROUPS_APART = (
    sa.select(transfers.c.group_id, sa.func.max(transfers.c.sequence))
    .where(transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.group_id, "transfer_ids"))
    .group_by(transfers.c.group_id)
    .having(
        sa.func.max(transfers.c.sequence) - sa.func.min(transfers.c.sequence) + sa.literal_column("1")
        > sa.func.count()
    )
)

_RESOLVED = sa.select(transfers.c.refers_to).where(
    transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.refers_to, "transfer_ids")
)
_LISTED = sa.select(
    open_holds.c.sequence,
    open_holds.c.transfer_id,
    open_holds.c.debit_account_id,
    open_holds.c.credit_account_id,
    open_holds.c.amount,
    open_holds.c.expires_at,
).where(
    open_holds.c.city_id == sa.bindparam("city"),
    open_holds.c.sequence >= sa.bindparam("first"),
    open_holds.c.sequence <= sa.bindparam("last"),
)


def sequence_without_gap(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect numbers from 1 without a gap."""
    del reading
    there = chunk.sequence
    edges = np.concatenate(([chunk.first - 1], there, [chunk.last + 1]))
    for place in np.flatnonzero(np.diff(edges) != 1).tolist():
        first, last = int(edges[place]) + 1, int(edges[place + 1]) - 1
        yield first, f"{first} is missing" if first == last else f"{first} to {last} are missing"


def form_valid(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect a known kind, an amount in range, and what belongs to that kind and nothing else."""
    del reading
    rows, kind = chunk.rows, chunk.kind
    amount = rows.numbers["amount"]
    expires = rows.present["expires_at"]
    wrong = (kind == UNKNOWN) | (amount <= 0) | (amount > AMOUNT_MAX)
    wrong |= rows.present["refers_to"] == np.isin(kind, (_POST, _HOLD))
    wrong |= expires & ((kind != _HOLD) | (rows.numbers["expires_at"] <= rows.numbers["booked_at"]))
    yield from _each(chunk, wrong, "kind, amount, reference and expiry do not go together")


def accounts_known(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect both sides to be different accounts of one asset."""
    del reading
    known = chunk.known
    wrong = ~known.exists[chunk.debit] | ~known.exists[chunk.credit] | (chunk.debit == chunk.credit)
    wrong |= known.asset[chunk.debit] != known.asset[chunk.credit]
    yield from _each(chunk, wrong, "the sides are not two accounts of one asset")


def reference_valid(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect an earlier hold for captures and releases, a transfer for reversals, each at most once."""
    for place, referred in zip(chunk.referring.tolist(), chunk.referred, strict=True):
        message = _misfit(chunk, place, referred)
        if message:
            yield int(chunk.sequence[place]), message
    yield from _twice(reading, chunk, _RESOLVED_TWICE, "refers_to", "what it refers to is resolved twice")


def _misfit(chunk: Chunk, place: int, referred: Referred | None) -> str | None:
    kind = int(chunk.kind[place])
    allowed = (_POST, _CAPTURE) if kind == _REVERSE else (_HOLD,)
    name = KINDS[kind] if kind != UNKNOWN else "?"
    numbers = chunk.rows.numbers
    if referred is None or referred[1] not in allowed or referred[0] >= chunk.sequence[place]:
        return f"{name} without an open transfer to refer to"
    sides = (int(numbers["debit_account_id"][place]), int(numbers["credit_account_id"][place]))
    expected = (referred[3], referred[2]) if kind == _REVERSE else (referred[2], referred[3])
    if sides != expected or numbers["amount"][place] > referred[4]:
        return f"{name} does not fit the transfer that it refers to"
    return None


def counters_follow(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect the counters on both sides to be the earlier ones plus this transfer."""
    del reading
    if not chunk.rows.count:
        return
    account = np.stack((chunk.debit, chunk.credit), axis=1).ravel()
    stated = _stated(chunk)
    order = np.argsort(account, kind="stable")
    sorted_account, sorted_stated = account[order], stated[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = sorted_account[1:] != sorted_account[:-1]
    before = np.empty_like(sorted_stated)
    before[1:] = sorted_stated[:-1]
    before[first] = chunk.known.counters[sorted_account[first]]
    wrong = np.zeros(len(order), dtype=np.bool_)
    wrong[order] = (before + _changes(chunk)[order] != sorted_stated).any(axis=1)
    # What the next chunk goes on from.
    last = np.append(first[1:], True)
    chunk.known.counters[sorted_account[last]] = sorted_stated[last]
    both = wrong[0::2] | wrong[1::2]
    yield from _each(chunk, both, "the resulting counters do not follow from the earlier ones")


def _stated(chunk: Chunk) -> Numbers:
    """Return the counters that the book states, a row for each side of each transfer."""
    numbers = chunk.rows.numbers
    names = [f"{side}_{counter}" for side in SIDES for counter in COUNTERS]
    return np.stack([numbers[name] for name in names], axis=1).reshape(-1, len(COUNTERS))


def _changes(chunk: Chunk) -> Numbers:
    """Return what each transfer adds to the counters of its sides, by the rules and apart from `deciding`."""
    amount = chunk.rows.numbers["amount"]
    pending = np.where(chunk.kind == _HOLD, amount, 0)
    freed = [0 if referred is None else referred[4] for referred in chunk.referred]
    resolves = np.isin(chunk.kind[chunk.referring], (_CAPTURE, _RELEASE))
    pending[chunk.referring] -= np.where(resolves, np.array(freed, dtype=np.int64), 0)
    moved = np.where(np.isin(chunk.kind, (_HOLD, _RELEASE)), 0, amount)
    changes = np.zeros((len(amount), len(SIDES), len(COUNTERS)), dtype=np.int64)
    changes[:, 0, _DEBITS_POSTED] = moved
    changes[:, 0, _DEBITS_PENDING] = pending
    changes[:, 1, _CREDITS_POSTED] = moved
    changes[:, 1, _CREDITS_PENDING] = pending
    return changes.reshape(-1, len(COUNTERS))


def guard_held(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect no account with a guard to be overdrawn."""
    del reading
    numbers = chunk.rows.numbers
    spent = numbers["debit_debits_posted"] + numbers["debit_debits_pending"]
    overdrawn = chunk.known.guarded[chunk.debit] & (numbers["debit_credits_posted"] < spent)
    for place in np.flatnonzero(overdrawn).tolist():
        yield int(chunk.sequence[place]), f"{chunk.known.path[chunk.debit[place]].decode()} is overdrawn"


def group_adjacent(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect the members of a group to stand next to each other."""
    yield from _twice(
        reading, chunk, _GROUPS_APART, "group_id", "another member of this group stands elsewhere"
    )


def holds_match(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect the list of open holds to be exactly the holds that nothing refers to."""
    numbers, present = chunk.rows.numbers, chunk.rows.present
    names = ("debit_account_id", "credit_account_id", "amount", "expires_at")
    holds = np.flatnonzero(chunk.kind == _HOLD)
    ids = chunk.uuids_of("transfer_id", holds)
    resolved = set(chunk.uuids("refers_to", chunk.referring))
    left = [one for one in ids if one not in resolved]
    if left:
        resolved |= set(
            reading.connection.execute(_RESOLVED, {"city": reading.city_id, "transfer_ids": left}).scalars()
        )
    expected = {}
    for place, hold_id in zip(holds.tolist(), ids, strict=True):
        if hold_id not in resolved:
            debit, credit, amount, expires_at = (int(numbers[name][place]) for name in names)
            expires = expires_at if present["expires_at"][place] else None
            expected[int(chunk.sequence[place])] = (hold_id, debit, credit, amount, expires)
    asked = {"city": reading.city_id, "first": chunk.first, "last": chunk.last}
    listed = {
        row[0]: (*row[1:5], None if row[5] is None else (row[5] - _EPOCH) // _MICROSECOND)
        for row in reading.connection.execute(_LISTED, asked)
    }
    for sequence in sorted(expected.keys() | listed.keys()):
        if expected.get(sequence) != listed.get(sequence):
            yield sequence, f"hold is listed as {listed.get(sequence)}, should be {expected.get(sequence)}"


def commitment(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect each row to be what was committed to, as far as its salt was not destroyed."""
    if not chunk.rows.count:
        return
    known = chunk.known
    expected = commitments.computed(reading.city_id, chunk.rows, chunk.sides())
    wrong = commitments.differing(expected, chunk.rows.binary["commitment"])
    for side in (chunk.debit, chunk.credit):
        wrong &= known.has_secret[side] & (known.erased_until[side] < chunk.sequence)
    yield from _each(chunk, wrong, "the row is not what was committed to")


CHECKS: tuple[Callable[[db.Reading, Chunk], Found], ...] = (
    sequence_without_gap,
    form_valid,
    accounts_known,
    reference_valid,
    counters_follow,
    guard_held,
    group_adjacent,
    holds_match,
    commitment,
    trade_checks.points_not_traded,
)


def _each(chunk: Chunk, wrong: Flags, message: str) -> Found:
    for sequence in chunk.sequence[wrong].tolist():
        yield sequence, message


def _twice(reading: db.Reading, chunk: Chunk, statement: sa.Select[Any], column: str, message: str) -> Found:
    """Yield what a statement about the chunk's members of a column finds in the whole book."""
    present = np.flatnonzero(chunk.rows.present[column])
    members = chunk.uuids(column, present)
    if members:
        asked = {"city": reading.city_id, "transfer_ids": members}
        for row in reading.connection.execute(statement, asked):
            yield row[1], message
