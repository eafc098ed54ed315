"""What a process remembers of a city's accounts between batches, so that a batch needs not read them again.

The head of the book carries a fence: a random number that every batch and every change of an account
replaces. What is remembered is true exactly as long as the fence in the database is the one remembered with
it: if a unit of work was rolled back, or another process has written, the fences differ and all is read anew.
Used inside the writer section only, so nothing changes between the look at the fence and the commit.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel import db
from ledger import rows
from ledger.accounts import Account
from ledger.leaves import Committer, Party
from ledger.outcomes import Counters

ACCOUNTS_MAX = 200_000
"""Accounts remembered of one city (about 200 MB); more, and it starts anew."""
_KEY = "ledger"


@dataclass(slots=True)
class Memory:
    """Accounts as the newest transfer left them.

    `fence` is that of the database when this was true, and None while it is being changed.
    """

    fence: int | None
    sequence: int
    committer: Committer
    parties: dict[int, Party]
    accounts: dict[str, Account] = field(default_factory=dict)
    accounts_by_id: dict[int, Account] = field(default_factory=dict)
    counters: dict[int, Counters] = field(default_factory=dict)
    ended: dict[int, dt.datetime] = field(default_factory=dict)
    """When each full range of the sequence ended: `ledger.partitions.ends`."""


def unchecked(work: db.Work) -> Memory | None:
    """Return what is remembered before the fence was looked at: it may be false."""
    return work.memory.get(_KEY)


def memory(work: db.Work, fence: int, sequence: int) -> Memory:
    """Return what is remembered, empty unless it is true under this fence, at transfer `sequence`."""
    known = unchecked(work)
    if known is None or known.fence != fence or len(known.accounts) > ACCOUNTS_MAX:
        parties: dict[int, Party] = {}
        known = work.memory[_KEY] = Memory(fence, sequence, Committer(work.city_id, parties), parties)
    return known


def complete(work: db.Work, known: Memory, paths: Iterable[str], account_ids: Iterable[int]) -> None:
    """Read the accounts that are not remembered yet."""
    missing_paths = [path for path in paths if path not in known.accounts]
    missing_ids = [account_id for account_id in account_ids if account_id not in known.accounts_by_id]
    if missing_paths or missing_ids:
        for standing in rows.standings(work, paths=missing_paths, account_ids=missing_ids):
            account = standing.account
            known.accounts[account.path] = known.accounts_by_id[account.account_id] = account
            known.counters[account.account_id] = standing.counters
            known.parties[account.account_id] = standing.party
