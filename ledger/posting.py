"""Posting: the ledger's one way in. A batch costs a fixed number of statements, whatever its size.

Runs inside the city's writer section (`kernel.db`), so what it reads is still true when it writes.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import db, ids
from kernel.errors import Conflict, Invalid
from ledger import accounts, leaves, rows, transfers
from ledger.deciding import PURPOSE_EXPIRED, Book, decide
from ledger.outcomes import BookedTransfer, Code, Outcome, TransferRejected
from ledger.tables import COUNTERS, SIDES, heads, open_holds, rejections, salts
from ledger.tables import transfers as transfers_table
from ledger.transfers import Transfer, TransferKind

BATCH_MAX = 8190
"""Most transfers in one call; keeps every statement below the databases' limits of bound values."""

_EXPIRY_NAMESPACE = UUID("4f8a7f4c-9a1c-4c39-8ad5-0d1a3c5e6b70")


def post(work: db.Work, batch: Sequence[Transfer]) -> list[Outcome]:
    """Decide and book a batch; return one outcome for each transfer, in order.

    Holds whose time is over are released first. A rejected transfer or group changes nothing and hinders no
    other. Raises Invalid if the batch is larger than BATCH_MAX and ValueError if a group is torn apart.
    """
    if len(batch) > BATCH_MAX:
        raise Invalid("batch-too-large", maximum=BATCH_MAX)
    sequence, closed_until = _head(work)
    overdue = _release_overdue(work, closed_until)
    book = _load(work, [*overdue, *batch], sequence, closed_until)
    outcomes = decide(book, [*overdue, *batch])
    _write(work, book, sequence)
    return outcomes[len(overdue) :]


def post_or_raise(work: db.Work, batch: Sequence[Transfer]) -> list[BookedTransfer]:
    """Book a batch that has to succeed whole. Raises TransferRejected for the first real refusal."""
    outcomes = post(work, batch)
    refused = [(place, outcome) for place, outcome in enumerate(outcomes) if not outcome.ok]
    for place, outcome in refused:
        if outcome.code is not Code.GROUP_MEMBER_REJECTED:
            raise TransferRejected(outcome, place)
    if refused:
        raise TransferRejected(refused[0][1], refused[0][0])
    return [outcome.booked for outcome in outcomes if outcome.booked is not None]


def close_period(work: db.Work, last_day: dt.date) -> None:
    """Refuse effective dates up to `last_day` from now on. Raises Conflict if that is not a past day."""
    _, closed_until = _head(work)
    if last_day >= work.now.date() or (closed_until is not None and last_day < closed_until):
        raise Conflict("period-not-closable", last_day=last_day.isoformat())
    work.connection.execute(
        sa.update(heads).where(heads.c.city_id == work.city_id).values(closed_until=last_day)
    )


def _head(work: db.Work) -> tuple[int, dt.date | None]:
    statement = sa.select(heads.c.sequence, heads.c.closed_until).where(heads.c.city_id == work.city_id)
    row = work.connection.execute(statement).first()
    if row is None:
        work.connection.execute(sa.insert(heads).values(city_id=work.city_id, sequence=0))
        return 0, None
    return row.sequence, row.closed_until


def _release_overdue(work: db.Work, closed_until: dt.date | None) -> list[Transfer]:
    """Return releases for all holds whose time is over; they get ids that can't be made twice."""
    rows = work.connection.execute(
        sa.select(open_holds.c.transfer_id)
        .where(open_holds.c.city_id == work.city_id, open_holds.c.expires_at <= work.now)
        .order_by(open_holds.c.expires_at, open_holds.c.sequence)
        .limit(BATCH_MAX)
    )
    effective = work.now.date()
    if closed_until is not None and effective <= closed_until:
        effective = closed_until + dt.timedelta(days=1)
    return [
        transfers.release(
            ids.derive(_EXPIRY_NAMESPACE, hold_id), hold_id, effective=effective, purpose=PURPOSE_EXPIRED
        )
        for (hold_id,) in rows
    ]


def _load(work: db.Work, batch: Sequence[Transfer], sequence: int, closed_until: dt.date | None) -> Book:
    referred = {transfer.refers_to for transfer in batch if transfer.refers_to}
    known = rows.by_transfer_id(work, {transfer.transfer_id for transfer in batch} | referred)
    resolutions = rows.by_refers_to(work, referred)
    paths = {path for transfer in batch for path in (transfer.debit, transfer.credit) if path}
    by_path = accounts.by_path(work, paths)
    by_id = {account.account_id: account for account in by_path}
    sides = {
        side
        for booked in known.values()
        for side in (booked.debit_account_id, booked.credit_account_id)
        if side not in by_id
    }
    by_id |= accounts.by_id(work, sides)
    return Book(
        sequence=sequence,
        closed_until=closed_until,
        now=work.now,
        accounts={account.path: account for account in by_path},
        accounts_by_id=by_id,
        counters=rows.newest_counters(work, by_id),
        transfers=known,
        resolutions=resolutions,
        refusals=_refusals(work, batch),
        groups=_known_groups(work, {transfer.group_id for transfer in batch if transfer.group_id}),
    )


def _refusals(work: db.Work, batch: Sequence[Transfer]) -> dict[UUID, tuple[Code, bytes]]:
    table = rejections.c
    found = work.connection.execute(
        sa.select(table.transfer_id, table.code, table.content_digest).where(
            table.city_id == work.city_id,
            table.transfer_id.in_([transfer.transfer_id for transfer in batch]),
        )
    )
    return {row.transfer_id: (Code(row.code), row.content_digest) for row in found}


def _known_groups(work: db.Work, groups: Iterable[UUID]) -> set[UUID]:
    table = transfers_table.c
    statement = sa.select(table.group_id).distinct()
    return set(
        work.connection.execute(
            statement.where(table.city_id == work.city_id, table.group_id.in_(list(groups)))
        ).scalars()
    )


def _write(work: db.Work, book: Book, sequence_before: int) -> None:
    if book.added:
        secret = [work.ids.random_bytes(leaves.SALT_BYTES) for _ in book.added]
        pairs = list(zip(book.added, secret, strict=True))
        work.connection.execute(
            sa.insert(transfers_table), [_row(work, booked, salt) for booked, salt in pairs]
        )
        work.connection.execute(
            sa.insert(salts),
            [{"city_id": work.city_id, "sequence": b.sequence, "salt": salt} for b, salt in pairs],
        )
        work.connection.execute(
            sa.update(heads)
            .where(heads.c.city_id == work.city_id, heads.c.sequence == sequence_before)
            .values(sequence=book.sequence)
        )
        _project_holds(work, book)
    if book.refused:
        refused = [
            {
                "city_id": work.city_id,
                "transfer_id": transfer_id,
                "code": code.value,
                "content_digest": digest,
                "rejected_at": work.now,
            }
            for transfer_id, (code, digest) in book.refused.items()
        ]
        work.connection.execute(sa.insert(rejections), refused)


def _project_holds(work: db.Work, book: Book) -> None:
    """Keep `open_holds` equal to the holds that nothing refers to."""
    resolved = [booked.refers_to for booked in book.added if booked.refers_to]
    held = [
        {
            "city_id": work.city_id,
            "sequence": booked.sequence,
            "transfer_id": booked.transfer_id,
            "debit_account_id": booked.debit_account_id,
            "credit_account_id": booked.credit_account_id,
            "amount": booked.amount,
            "expires_at": booked.expires_at,
        }
        for booked in book.added
        if booked.kind is TransferKind.HOLD and booked.transfer_id not in book.resolutions
    ]
    if held:
        work.connection.execute(sa.insert(open_holds), held)
    sequences = [book.transfers[hold_id].sequence for hold_id in resolved]
    if sequences:
        work.connection.execute(
            sa.delete(open_holds).where(
                open_holds.c.city_id == work.city_id, open_holds.c.sequence.in_(sequences)
            )
        )


def _row(work: db.Work, booked: BookedTransfer, salt: bytes) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(booked, name)
        for name in BookedTransfer.__dataclass_fields__
        if not name.endswith("_side")
    }
    for side in SIDES:
        counters = getattr(booked, f"{side}_side")
        row |= {f"{side}_{counter}": getattr(counters, counter) for counter in COUNTERS}
    return row | {
        "city_id": work.city_id,
        "kind": booked.kind.value,
        "commitment": leaves.commitment(work.city_id, booked, salt),
    }
