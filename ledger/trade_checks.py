"""Points are not traded: nobody can buy them, nobody is paid for them.

This is what keeps points from being electronic money (docs/legal.md), so it is checked in the book itself,
whatever the code that posts says it does. Three things are never booked:

- points that reach a wallet other than from a budget, another wallet or the issue, unless an earlier booking
  is reversed: a venue could sell them;
- points that reach a wallet in one group with euros that move: they would be bought;
- points that leave a wallet in one group with euros that leave the city's hands: they would be paid out.

Refunds are reversals and releases, so they give back what was there before and no more. Euros have no wallet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from kernel import bulk, db
from ledger import accounts
from ledger.chunks import KINDS, UNKNOWN, Chunk
from ledger.columns import Flags
from ledger.tables import transfers
from ledger.transfers import EUR

Found = Iterator[tuple[int, str]]

FROM_VENUE = "points went to a wallet from where they had been spent, and nothing was reversed"
BOUGHT = "points went to a wallet in one group with euros that moved: they were bought"
PAID_OUT = "points left a wallet in one group with euros that were paid out"
EURO_WALLET = "a wallet holds euros"

_WALLET = "wallet/"
_SPENT = ("venue/", "redeemed")
_MONEY = ("eur/bank", "eur/cash/", "eur/clearing/", "eur/girocard/")
"""Credited when money leaves the city's hands (docs/ledger.md)."""
_MOVING = ("post", "hold", "capture")

_MEMBERS = sa.select(
    transfers.c.group_id,
    transfers.c.sequence,
    transfers.c.kind,
    transfers.c.debit_account_id,
    transfers.c.credit_account_id,
).where(transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.group_id, "group_ids"))


class Member(NamedTuple):
    """A transfer as this check sees it."""

    sequence: int
    kind: str
    asset: str
    debit: str
    credit: str

    @property
    def is_moving(self) -> bool:
        """Whether it moves or reserves something that was not there before: no release, no reversal."""
        return self.kind in _MOVING


def points_not_traded(reading: db.Reading, chunk: Chunk) -> Found:
    """Expect that points were neither bought nor paid out, and that no wallet holds euros."""
    if not chunk.rows.count:
        return
    known = chunk.known
    debit_path, credit_path = known.path[chunk.debit], known.path[chunk.credit]
    from_wallet, to_wallet = (np.char.startswith(path, b"wallet/") for path in (debit_path, credit_path))
    is_euro = known.asset[chunk.debit] == EUR.encode()
    wrong = (to_wallet & _starts(debit_path, _SPENT)) | (is_euro & (from_wallet | to_wallet))
    for place in np.flatnonzero(wrong).tolist():
        yield from faults([_member(chunk, place)])
    for members in _groups_with_euros(reading, chunk, is_euro):
        yield from (fault for fault in faults(members) if chunk.first <= fault[0] <= chunk.last)


def faults(members: Iterable[Member]) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with transfers that were booked together. Pure."""
    together = list(members)
    moving = [one for one in together if one.is_moving]
    euros = [one for one in moving if one.asset == EUR]
    paid_out = any(one.credit.startswith(_MONEY) for one in euros)
    for one in together:
        if one.asset == EUR:
            if one.debit.startswith(_WALLET) or one.credit.startswith(_WALLET):
                yield one.sequence, EURO_WALLET
        elif one.is_moving:
            if one.credit.startswith(_WALLET) and one.debit.startswith(_SPENT):
                yield one.sequence, FROM_VENUE
            if one.credit.startswith(_WALLET) and euros:
                yield one.sequence, BOUGHT
            if one.debit.startswith(_WALLET) and paid_out:
                yield one.sequence, PAID_OUT


def _groups_with_euros(reading: db.Reading, chunk: Chunk, is_euro: Flags) -> Iterator[list[Member]]:
    """Yield the members of each group that euros are in, and of those that may go on outside the chunk."""
    grouped = np.flatnonzero(chunk.rows.present["group_id"])
    if not len(grouped):
        return
    groups = chunk.uuids_of("group_id", grouped)
    edges = {groups[0], groups[-1]}
    wanted = {one for one, euro in zip(groups, is_euro[grouped].tolist(), strict=True) if euro} - edges
    inside: dict[UUID, list[Member]] = defaultdict(list)
    for place, group in zip(grouped.tolist(), groups, strict=True) if wanted else ():
        if group in wanted:
            inside[group].append(_member(chunk, place))
    yield from inside.values()
    yield from _whole(reading, edges)


def _starts(paths: NDArray[np.bytes_], prefixes: Iterable[str]) -> Flags:
    begins = np.zeros(len(paths), dtype=np.bool_)
    for prefix in prefixes:
        begins |= np.char.startswith(paths, prefix.encode())
    return begins


def _member(chunk: Chunk, place: int) -> Member:
    known, kind = chunk.known, int(chunk.kind[place])
    return Member(
        int(chunk.sequence[place]),
        "?" if kind == UNKNOWN else KINDS[kind],
        known.asset[chunk.debit[place]].decode(),
        known.path[chunk.debit[place]].decode(),
        known.path[chunk.credit[place]].decode(),
    )


def _whole(reading: db.Reading, group_ids: set[UUID]) -> Iterator[list[Member]]:
    asked = {"city": reading.city_id, "group_ids": sorted(group_ids)}
    rows = reading.connection.execute(_MEMBERS, asked).all()
    sides = {account_id for row in rows for account_id in (row.debit_account_id, row.credit_account_id)}
    known = accounts.by_id(reading, sides)
    members: dict[UUID, list[Member]] = defaultdict(list)
    for row in rows:
        debit, credit = known.get(row.debit_account_id), known.get(row.credit_account_id)
        if debit is not None and credit is not None:
            one = Member(row.sequence, row.kind, debit.asset, debit.path, credit.path)
            members[row.group_id].append(one)
    yield from members.values()
