"""Posting: the ledger's one way in. A batch costs a fixed number of statements, whatever its size.

Runs inside the city's writer section (`kernel.db`), so what it reads is still true when it writes. In a batch
of plain posts these are: the head, ids that are in use, the accounts with their balances, the rows, the head.
"""

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db, ids
from kernel.errors import Conflict, Invalid
from ledger import leaves, partitions, remembering, rows, transfers
from ledger.deciding import PURPOSE_EXPIRED, Book, decide
from ledger.outcomes import BookedTransfer, Code, Outcome, TransferRejected
from ledger.remembering import Memory
from ledger.tables import heads, open_holds, rejections
from ledger.tables import transfers as transfers_table
from ledger.transfers import Transfer, TransferKind

BATCH_MAX = 8190
"""Most transfers in one call."""

_PLAN_KEPT_FROM = 20_000
"""Transfers in the newest partition from which a kept plan uses its indexes, however few were planned for."""
_EXPIRY_NAMESPACE = UUID("4f8a7f4c-9a1c-4c39-8ad5-0d1a3c5e6b70")
_CITY: sa.BindParameter[int] = sa.bindparam("city")
_HOLD_NAMES = (
    "sequence", "transfer_id", "debit_account_id", "credit_account_id", "amount", "expires_at",
)  # fmt: skip
_REJECTION_NAMES = ("city_id", "transfer_id", "code", "content_digest", "rejected_at", "digest")

_NONE = sa.null().cast(sa.Uuid)
_USED_IDS = sa.union_all(
    sa.select(transfers_table.c.city_id, transfers_table.c.transfer_id, _NONE.label("group_id")).where(
        transfers_table.c.city_id == _CITY,
        transfers_table.c.sequence > sa.bindparam("after"),
        bulk.any_of(transfers_table.c.transfer_id, "transfer_ids"),
    ),
    sa.select(rejections.c.city_id, rejections.c.transfer_id, _NONE).where(
        rejections.c.city_id == _CITY, bulk.any_of(rejections.c.transfer_id, "transfer_ids")
    ),
    sa.select(transfers_table.c.city_id, _NONE, transfers_table.c.group_id)
    .distinct()
    .where(transfers_table.c.city_id == _CITY, bulk.any_of(transfers_table.c.group_id, "group_ids")),
).subquery("used")
_HEAD = (
    sa.select(
        heads.c.sequence,
        heads.c.closed_until,
        heads.c.fence,
        heads.c.accounts_fence,
        remembering.NEXT_EXPIRY,
        _USED_IDS.c.transfer_id,
        _USED_IDS.c.group_id,
    )
    .select_from(heads.outerjoin(_USED_IDS, _USED_IDS.c.city_id == heads.c.city_id))
    .where(heads.c.city_id == _CITY)
)
"""The head of the book and, in a row each, which of the ids of transfers and groups are in use."""
_ADVANCE = (
    sa.update(heads)
    .where(heads.c.city_id == _CITY)
    .values(sequence=sa.bindparam("newest"), fence=sa.bindparam("new_fence"))
)
_OVERDUE = (
    sa.select(open_holds.c.transfer_id)
    .where(open_holds.c.city_id == _CITY, open_holds.c.expires_at <= sa.bindparam("now"))
    .order_by(open_holds.c.expires_at, open_holds.c.sequence)
    .limit(BATCH_MAX)
)
_REFUSALS = sa.select(rejections.c.transfer_id, rejections.c.code, rejections.c.content_digest).where(
    rejections.c.city_id == _CITY, bulk.any_of(rejections.c.transfer_id, "transfer_ids")
)
_RESOLVE_HOLDS = sa.delete(open_holds).where(
    open_holds.c.city_id == _CITY, bulk.any_of(open_holds.c.sequence, "sequences")
)


class _Head(NamedTuple):
    sequence: int
    closed_until: dt.date | None
    fence: int
    accounts_fence: int
    next_expiry: dt.datetime | None
    used_ids: set[UUID]
    used_groups: set[UUID]


def post(work: db.Work, batch: Sequence[Transfer]) -> list[Outcome]:
    """Decide and book a batch; return one outcome for each transfer, in order.

    Holds whose time is over are released first. A rejected transfer or group changes nothing and hinders no
    other. Raises Invalid if the batch is larger than BATCH_MAX and ValueError if a group is torn apart.
    """
    return _post(work, [batch])[0]


def post_many(work: db.Work, batches: Sequence[Sequence[Transfer]]) -> list[list[Outcome]]:
    """Book the batches of several callers, one after the other; return the outcomes of each.

    The ledger's handler for group commit (`kernel.writing`). The same group from two callers is not one that
    was torn apart: the second is a repetition of the first. Raises as `post` does.
    """
    return _post(work, batches)


def _post(work: db.Work, batches: Sequence[Sequence[Transfer]]) -> list[list[Outcome]]:
    batch = [transfer for one in batches for transfer in one]
    if len(batch) > BATCH_MAX:
        raise Invalid("batch-too-large", maximum=BATCH_MAX)
    head, memory = _head_and_memory(work, batch)
    overdue = _release_overdue(work, head)
    overdue_ids = {transfer.transfer_id for transfer in overdue}
    book = _load(work, [*overdue, *batch] if overdue else batch, head, memory, overdue_ids)
    # Until all is written nothing is remembered for true; if it is rolled back later, the fence tells.
    memory.fence = None
    outcomes: list[list[Outcome]] = [[] for _ in (overdue, *batches)]
    partitions.ensure(work, head.sequence + 1, head.sequence + len(overdue) + len(batch))
    _write(work, memory, _decided(book, (overdue, *batches), outcomes))
    memory.fence = _advance(work, book, memory) if book.added else head.fence
    memory.sequence = book.sequence
    if book.refused:
        _remember_refusals(work, book)
    return outcomes[1:]


def _decided(
    book: Book, batches: Sequence[Sequence[Transfer]], outcomes: Sequence[list[Outcome]]
) -> Iterator[BookedTransfer]:
    """Decide one transfer after the other, note the outcomes, and yield what is to be written.

    So PostgreSQL writes the first while the next are decided.
    """
    for batch, noted in zip(batches, outcomes, strict=True):
        for outcome in decide(book, batch):
            noted.append(outcome)
            if outcome.booked is not None and not outcome.replayed:
                yield outcome.booked


def post_or_raise(work: db.Work, batch: Sequence[Transfer]) -> list[BookedTransfer]:
    """Book a batch that has to succeed whole. Raises TransferRejected for the first real refusal."""
    outcomes = post(work, batch)
    raise_refusal(outcomes)
    return [outcome.booked for outcome in outcomes if outcome.booked is not None]


def raise_refusal(outcomes: Sequence[Outcome]) -> None:
    """Raise TransferRejected for the first real refusal among the outcomes, if there is one."""
    refused = [(place, outcome) for place, outcome in enumerate(outcomes) if not outcome.ok]
    for place, outcome in refused:
        if outcome.code is not Code.GROUP_MEMBER_REJECTED:
            raise TransferRejected(outcome, place)
    if refused:
        raise TransferRejected(refused[0][1], refused[0][0])


def close_period(work: db.Work, last_day: dt.date) -> None:
    """Refuse effective dates up to `last_day` from now on. Raises Conflict if that is not a past day."""
    closed_until = _head(work, [], [], 0).closed_until
    if last_day >= work.now.date() or (closed_until is not None and last_day < closed_until):
        raise Conflict("period-not-closable", last_day=last_day.isoformat())
    work.connection.execute(
        sa.update(heads).where(heads.c.city_id == work.city_id).values(closed_until=last_day)
    )


def _head_and_memory(work: db.Work, batch: Sequence[Transfer]) -> tuple[_Head, Memory]:
    transfer_ids = [transfer.transfer_id for transfer in batch]
    groups = list({transfer.group_id for transfer in batch if transfer.group_id})
    guess = remembering.unchecked(work)
    after = partitions.searched_after(guess.ended, transfer_ids) if guess else 0
    # A plan is only kept where the newest partition is large.
    kept = guess is not None and guess.sequence % partitions.RANGE_SIZE > _PLAN_KEPT_FROM
    with contextlib.nullcontext() if kept else bulk.planned_anew(work):
        head = _head(work, transfer_ids, groups, after)
    memory = remembering.memory(work, head.fence, head.accounts_fence, head.sequence)
    if after and memory is not guess:
        head = _head(work, transfer_ids, groups, 0)
    if partitions.number_of(head.sequence) > len(memory.ended):
        memory.ended = partitions.ends(work, head.sequence)
    return head, memory


def _head(work: db.Work, transfer_ids: Sequence[UUID], group_ids: Sequence[UUID], after: int) -> _Head:
    asked = {"city": work.city_id, "transfer_ids": transfer_ids, "group_ids": group_ids, "after": after}
    found = work.connection.execute(_HEAD, asked).all()
    if not found:
        fence = work.ids.random_number()
        work.connection.execute(
            sa.insert(heads).values(city_id=work.city_id, sequence=0, fence=fence, accounts_fence=fence)
        )
        return _Head(0, None, fence, fence, None, set(), set())
    used = {row.transfer_id for row in found if row.transfer_id is not None}
    used_groups = {row.group_id for row in found if row.group_id is not None}
    return _Head(*found[0][:5], used, used_groups)


def _release_overdue(work: db.Work, head: _Head) -> list[Transfer]:
    """Return releases for all holds whose time is over; they get ids that can't be made twice."""
    if head.next_expiry is None or head.next_expiry > work.now:
        return []
    effective = work.now.date()
    if head.closed_until is not None and effective <= head.closed_until:
        effective = head.closed_until + dt.timedelta(days=1)
    over = work.connection.execute(_OVERDUE, {"city": work.city_id, "now": work.now})
    return [
        transfers.release(
            ids.derive(_EXPIRY_NAMESPACE, hold_id), hold_id, effective=effective, purpose=PURPOSE_EXPIRED
        )
        for (hold_id,) in over
    ]


def _load(
    work: db.Work, batch: Sequence[Transfer], head: _Head, memory: Memory, overdue_ids: set[UUID]
) -> Book:
    """Read what the batch touches: a fixed number of statements, and only those that it needs."""
    referred = {transfer.refers_to for transfer in batch if transfer.refers_to}
    # The ids of releases of overdue holds are looked up too: a caller might have taken them.
    known, resolutions = rows.by_id_or_reference(work, head.used_ids | referred | overdue_ids, referred)
    paths = {path for transfer in batch for path in (transfer.debit, transfer.credit) if path}
    sides = {side for one in known.values() for side in (one.debit_account_id, one.credit_account_id)}
    remembering.complete(work, memory, paths, sides)
    return Book(
        sequence=head.sequence,
        closed_until=head.closed_until,
        now=work.now,
        accounts=memory.accounts,
        accounts_by_id=memory.accounts_by_id,
        counters=memory.counters,
        transfers=known,
        resolutions=resolutions,
        refusals=_refusals(work, head.used_ids) if head.used_ids else {},
        groups=head.used_groups,
    )


def _refusals(work: db.Work, transfer_ids: Iterable[UUID]) -> dict[UUID, tuple[Code, bytes]]:
    found = work.connection.execute(_REFUSALS, {"city": work.city_id, "transfer_ids": list(transfer_ids)})
    return {row.transfer_id: (Code(row.code), row.content_digest) for row in found}


def _write(work: db.Work, memory: Memory, booked: Iterable[BookedTransfer]) -> None:
    """Write the rows of transfers while they are decided."""
    commitment = memory.committer.commitment
    city = (work.city_id,)
    bulk.insert_rows(
        work,
        transfers_table,
        ("city_id", *rows.NAMES, "commitment"),
        (
            (*city, *one[: len(rows.PLAIN)], *one.debit_side, *one.credit_side, commitment(one))
            for one in booked
        ),
    )


def _advance(work: db.Work, book: Book, memory: Memory) -> int:
    """Move the head of the book to the newest transfer and return the new fence."""
    memory.newest = memory.committer.commitment(book.added[-1])
    fence = work.ids.random_number()
    advanced = {"city": work.city_id, "newest": book.sequence, "new_fence": fence}
    work.connection.execute(_ADVANCE, advanced)
    _project_holds(work, book)
    return fence


def _project_holds(work: db.Work, book: Book) -> None:
    """Keep `open_holds` equal to the holds that nothing refers to."""
    resolved = [book.transfers[one.refers_to].sequence for one in book.added if one.refers_to]
    held = [
        (work.city_id, *(getattr(one, name) for name in _HOLD_NAMES))
        for one in book.added
        if one.kind is TransferKind.HOLD and one.transfer_id not in book.resolutions
    ]
    bulk.insert_rows(work, open_holds, ("city_id", *_HOLD_NAMES), held)
    if resolved:
        work.connection.execute(_RESOLVE_HOLDS, {"city": work.city_id, "sequences": resolved})


def _remember_refusals(work: db.Work, book: Book) -> None:
    refused: list[tuple[Any, ...]] = []
    for transfer_id, (code, content) in book.refused.items():
        row = (work.city_id, transfer_id, code.value, content, work.now)
        refused.append((*row, leaves.digest(row)))
    bulk.insert_rows(work, rejections, _REJECTION_NAMES, refused)
