"""What a process remembers of a city's accounts between batches, so that a batch needs not read them again.

The head of the book carries a fence: a random number that every batch and every change of an account
replaces. If the fence in the database is the one remembered with the accounts, they are true. If another
process has booked since, what it booked is read and added; that the book goes on from where this process
knew it is seen by the commitment of the last transfer. If an account was changed, all is read anew. What a
unit of work remembered that was rolled back is forgotten with it (`kernel.db`).
Used inside the writer section only, so nothing changes between the look at the fence and the commit.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from kernel import db
from ledger import rows
from ledger.accounts import Account
from ledger.leaves import Committer, Party
from ledger.outcomes import Counters
from ledger.tables import heads, open_holds, transfers

ACCOUNTS_MAX = 200_000
"""Accounts remembered of one city (about 200 MB); more, and it starts anew."""
CATCH_UP_MAX = 2000
"""Most transfers of others that are read to catch up; with more, reading accounts anew is cheaper."""
_KEY = "ledger"
NEXT_EXPIRY = (
    sa.select(sa.func.min(open_holds.c.expires_at))
    .where(open_holds.c.city_id == heads.c.city_id)
    .scalar_subquery()
    .label("next_expiry")
)
"""In a query of the head: when the time of the first open hold is over."""
_HEAD = sa.select(heads.c.fence, heads.c.accounts_fence, heads.c.sequence, NEXT_EXPIRY).where(
    heads.c.city_id == sa.bindparam("city")
)
_SINCE = (
    sa.select(*rows.COLUMNS, transfers.c.commitment)
    .where(transfers.c.city_id == sa.bindparam("city"), transfers.c.sequence >= sa.bindparam("known"))
    .order_by(transfers.c.sequence)
)


@dataclass(slots=True)
class Memory:
    """Accounts as the newest transfer left them.

    `fence` is that of the database when this was true, and None while it is being changed.
    """

    fence: int | None
    accounts_fence: int
    sequence: int
    committer: Committer
    parties: dict[int, Party]
    accounts: dict[str, Account] = field(default_factory=dict)
    accounts_by_id: dict[int, Account] = field(default_factory=dict)
    counters: dict[int, Counters] = field(default_factory=dict)
    lots: dict[str, list[int]] = field(default_factory=dict)
    """The accounts of an owner, less those that no transfer has touched."""
    newest: bytes | None = None
    """Commitment of transfer `sequence`, if this process has booked it."""
    ended: dict[int, dt.datetime] = field(default_factory=dict)
    """When each full range of the sequence ended: `ledger.partitions.ends`."""


def unchecked(work: db.Work) -> Memory | None:
    """Return what is remembered before the fence was looked at: it may be false."""
    return work.memory.get(_KEY)


def memory(work: db.Work, fence: int, accounts_fence: int, sequence: int) -> Memory:
    """Return what is remembered, true for the book as it stands at transfer `sequence` under this fence."""
    known = unchecked(work)
    if known is not None and known.accounts_fence == accounts_fence and len(known.accounts) <= ACCOUNTS_MAX:
        if known.fence == fence:
            return known
        if known.fence is not None and _catch_up(work, known, sequence):
            known.fence, known.sequence = fence, sequence
            return known
    work.memory[_KEY] = made = _nothing(work, fence, accounts_fence, sequence)
    return made


def _nothing(work: db.Work, fence: int, accounts_fence: int, sequence: int) -> Memory:
    parties: dict[int, Party] = {}
    return Memory(fence, accounts_fence, sequence, Committer(work.city_id, parties), parties)


def _catch_up(work: db.Work, known: Memory, sequence: int) -> bool:
    """Add what another process has booked; return False if that can't be told, and all is to be read anew."""
    if known.newest is None or not known.sequence < sequence <= known.sequence + CATCH_UP_MAX:
        return False
    asked = {"city": work.city_id, "known": known.sequence}
    first, *others = work.connection.execute(_SINCE, asked).all()
    if first.sequence != known.sequence or first.commitment != known.newest:
        return False
    for row in others:
        booked = rows.booked(row)
        if not {booked.debit_account_id, booked.credit_account_id} <= known.counters.keys():
            # It may be a lot that was opened since.
            known.lots.clear()
        for account_id, side in (
            (booked.debit_account_id, booked.debit_side),
            (booked.credit_account_id, booked.credit_side),
        ):
            if account_id in known.counters:
                known.counters[account_id] = side
    known.newest = others[-1].commitment
    return True


def complete(
    work: db.Work,
    known: Memory,
    paths: Iterable[str],
    account_ids: Iterable[int] = (),
    owners: Iterable[str] = (),
) -> None:
    """Read the accounts that are not remembered yet."""
    missing_paths = [path for path in paths if path not in known.accounts]
    missing_ids = [account_id for account_id in account_ids if account_id not in known.accounts_by_id]
    missing_owners = [owner for owner in owners if owner not in known.lots]
    if not (missing_paths or missing_ids or missing_owners):
        return
    known.lots |= {owner: [] for owner in missing_owners}
    for standing in rows.standings(work, paths=missing_paths, account_ids=missing_ids, owners=missing_owners):
        account = standing.account
        known.accounts[account.path] = known.accounts_by_id[account.account_id] = account
        known.counters[account.account_id] = standing.counters
        known.parties[account.account_id] = standing.party
        if account.owner in known.lots and account.account_id not in known.lots[account.owner]:
            known.lots[account.owner].append(account.account_id)


def look(
    work: db.Work, *, paths: Sequence[str] = (), owners: Sequence[str] = ()
) -> tuple[list[tuple[Account, Counters]], dt.datetime | None]:
    """Return accounts as the newest transfer left them, and when the time of the first open hold is over.

    Named by path, or the lots of owners, less those that no transfer has touched.
    """
    head = work.connection.execute(_HEAD, {"city": work.city_id}).first()
    # Without a head nothing was ever booked, and there is no fence behind which to remember.
    known = memory(work, *head[:3]) if head else _nothing(work, 0, 0, 0)
    complete(work, known, paths, owners=owners)
    wanted = {known.accounts[path].account_id for path in paths if path in known.accounts}
    wanted.update(account_id for owner in owners for account_id in known.lots[owner])
    found = [(known.accounts_by_id[one], known.counters[one]) for one in wanted]
    return found, head.next_expiry if head else None
