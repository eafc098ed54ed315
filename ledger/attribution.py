"""Which campaign the points on each account come from: a replay of the book, transfer by transfer.

Points of different campaigns lie side by side in a wallet, so saying whose are spent needs a rule. It is
told, with its reasons, in docs/supply.md and ADR 8:

1. Points belong to the campaign whose budget they were issued to, or to a source of their own.
2. A lot of a wallet is a queue: what came first goes first. On every other account the points of a campaign
   lie together, and the campaign that has stood there longest goes first.
3. A hold takes its points out at once; what is released, or left over by a capture, goes back to the front.
4. A reversal moves back the very points that were brought. If some of them have left a guarded account
   meanwhile, the youngest that are there go instead; an account without a guard owes them.

So the points of a campaign only ever move, and for each campaign what was issued is what stands somewhere.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ledger.accounts import Account, Guard
from ledger.transfers import TransferKind

NO_CAMPAIGN = "-none"
"""Points that were issued to no budget, and what an account without a guard gave without having it."""
OFFLINE = "-offline-loss"
"""Points that pay venues for vouchers accepted twice without network."""
RECIPIENTS_MAX = 5
"""Persons that were given points of a campaign are counted up to here."""

_ISSUED, _OFFLINE_LOSS, _BUDGET = "issued", "offline-loss", "budget/"
_VERSION = 1

Parcels = list[tuple[str, int]]
"""Points by campaign, in the order in which they move."""


@dataclass(frozen=True, slots=True)
class Move:
    """What of a transfer matters here."""

    transfer_id: UUID
    kind: TransferKind
    refers_to: UUID | None
    debit: int
    credit: int
    amount: int


@dataclass(slots=True)
class Held:
    """The points that a hold has taken out of an account; None if they come from a source."""

    account_id: int
    parcels: Parcels | None
    amount: int


@dataclass(slots=True)
class State:
    """Where the points of each campaign are after some transfer."""

    issued: dict[str, int] = field(default_factory=dict)
    queues: dict[int, Parcels] = field(default_factory=dict)
    """What stands on each account, the next to go first. Negative: an account without a guard owes it."""
    holds: dict[UUID, Held] = field(default_factory=dict)
    recipients: dict[str, list[int]] = field(default_factory=dict)
    """Lots of the first persons that were given points of a campaign, one lot for each."""


class Replay:
    """Applies transfers to a state. `known` are the city's accounts by number."""

    def __init__(self, state: State, known: Mapping[int, Account], keep: Iterable[UUID] = ()) -> None:
        self.state = state
        self.brought: dict[UUID, Parcels] = {key: [] for key in keep}
        """What the transfers named in `keep` have moved: those that are reversed later."""
        self._known = known
        self._steps = {
            TransferKind.POST: self._post,
            TransferKind.HOLD: self._hold,
            TransferKind.CAPTURE: self._capture,
            TransferKind.RELEASE: self._release,
            TransferKind.REVERSE: self._reverse,
        }

    def apply(self, move: Move) -> None:
        """Apply the next transfer of points."""
        moved = self._steps[move.kind](move)
        if move.transfer_id in self.brought:
            self.brought[move.transfer_id] = moved

    def _post(self, move: Move) -> Parcels:
        moved = self._take(move.debit, move.amount, move.credit)
        self._bring(move.credit, moved)
        return moved

    def _hold(self, move: Move) -> Parcels:
        source = self._is_source(move.debit)
        parcels = None if source else self._take(move.debit, move.amount, move.credit)
        self.state.holds[move.transfer_id] = Held(move.debit, parcels, move.amount)
        return []

    def _capture(self, move: Move) -> Parcels:
        held = self._resolved(move)
        if held.parcels is None:
            moved = self._take(move.debit, move.amount, move.credit)
        else:
            moved, rest = split(held.parcels, move.amount)
            self._put_back(move.debit, rest)
        self._bring(move.credit, moved)
        return moved

    def _release(self, move: Move) -> Parcels:
        self._put_back(move.debit, self._resolved(move).parcels or [])
        return []

    def _reverse(self, move: Move) -> Parcels:
        # The reversal's debit account is the one that the points had been brought to.
        brought = self.brought[self._reference(move)]
        moved = self._take_these(move.debit, split(brought, move.amount)[0])
        if self._is_source(move.credit):
            self._bring(move.credit, moved)
        else:
            self._put_back(move.credit, moved)
        return moved

    def _resolved(self, move: Move) -> Held:
        return self.state.holds.pop(self._reference(move))

    def _reference(self, move: Move) -> UUID:
        if move.refers_to is None:
            msg = f"{move.kind} {move.transfer_id} refers to nothing"
            raise ValueError(msg)
        return move.refers_to

    def _take(self, account_id: int, amount: int, towards: int) -> Parcels:
        """Take points in the order of the rule; a source makes them."""
        if self._is_source(account_id):
            campaign = self._campaign(account_id, towards)
            self._issue([(campaign, amount)])
            return [(campaign, amount)]
        queue = self.state.queues.pop(account_id, [])
        owed = [parcel for parcel in queue if parcel[1] < 0]
        taken, rest = split([parcel for parcel in queue if parcel[1] > 0], amount)
        self._keep(account_id, [*rest, *owed])
        missing = amount - sum(part for _, part in taken)
        if missing:
            self._owe(account_id, NO_CAMPAIGN, missing)
            taken.append((NO_CAMPAIGN, missing))
        return taken

    def _take_these(self, account_id: int, wanted: Parcels) -> Parcels:
        """Take the points that a transfer has brought here, youngest first; see rule 4 for what is gone."""
        if self._is_source(account_id):
            # What was given to a source is no more; it makes the same anew.
            self._issue(wanted)
            return wanted
        queue = self.state.queues.pop(account_id, [])
        taken: Parcels = []
        gone: Parcels = []
        for campaign, amount in wanted:
            part = _take_youngest(queue, amount, campaign)
            taken += [(campaign, part)] if part else []
            gone += [(campaign, amount - part)] if amount > part else []
        self._keep(account_id, queue)
        for campaign, amount in gone:
            if self._known[account_id].guard is Guard.NO_OVERDRAFT:
                taken += self._take_any_youngest(account_id, amount)
            else:
                self._owe(account_id, campaign, amount)
                taken.append((campaign, amount))
        return taken

    def _take_any_youngest(self, account_id: int, amount: int) -> Parcels:
        queue = self.state.queues.pop(account_id, [])
        taken, rest = split([parcel for parcel in queue[::-1] if parcel[1] > 0], amount)
        self._keep(account_id, rest[::-1])
        return taken

    def _bring(self, account_id: int, parcels: Parcels) -> None:
        """Add points at the back."""
        if self._is_source(account_id):
            self._issue([(campaign, -amount) for campaign, amount in parcels])
            return
        queue = self.state.queues.setdefault(account_id, [])
        for campaign, amount in parcels:
            self._join(account_id, queue, campaign, amount, at_front=False)
            self._note_recipient(account_id, campaign)
        self._keep(account_id, queue)

    def _put_back(self, account_id: int, parcels: Parcels) -> None:
        """Add points at the front, in their order."""
        queue = self.state.queues.setdefault(account_id, [])
        for campaign, amount in parcels[::-1]:
            self._join(account_id, queue, campaign, amount, at_front=True)
        self._keep(account_id, queue)

    def _join(self, account_id: int, queue: Parcels, campaign: str, amount: int, *, at_front: bool) -> None:
        """Add points to those of the same campaign beside them; outside wallets wherever those lie."""
        end = 0 if at_front else len(queue) - 1
        places: Sequence[int] = [end] if self._is_lot(account_id) else range(len(queue))
        for place in places:
            if queue and queue[place][0] == campaign:
                queue[place] = (campaign, queue[place][1] + amount)
                return
        queue.insert(0 if at_front else len(queue), (campaign, amount))

    def _owe(self, account_id: int, campaign: str, amount: int) -> None:
        self._bring(account_id, [(campaign, -amount)])

    def _keep(self, account_id: int, queue: Parcels) -> None:
        left = [parcel for parcel in queue if parcel[1]]
        if left:
            self.state.queues[account_id] = left
        else:
            self.state.queues.pop(account_id, None)

    def _issue(self, parcels: Parcels) -> None:
        for campaign, amount in parcels:
            self.state.issued[campaign] = self.state.issued.get(campaign, 0) + amount

    def _campaign(self, source: int, towards: int) -> str:
        if self._known[source].path == _OFFLINE_LOSS:
            return OFFLINE
        path = self._known[towards].path
        return path.removeprefix(_BUDGET) if path.startswith(_BUDGET) else NO_CAMPAIGN

    def _is_source(self, account_id: int) -> bool:
        return is_source(self._known[account_id])

    def _is_lot(self, account_id: int) -> bool:
        return self._known[account_id].owner is not None

    def _note_recipient(self, account_id: int, campaign: str) -> None:
        owner = self._known[account_id].owner
        if owner is None:
            return
        noted = self.state.recipients.setdefault(campaign, [])
        if len(noted) < RECIPIENTS_MAX and all(self._known[lot].owner != owner for lot in noted):
            noted.append(account_id)


def is_source(account: Account) -> bool:
    """Whether points come into the world here: their negative balance is what they have made."""
    return account.path in {_ISSUED, _OFFLINE_LOSS}


def split(parcels: Parcels, amount: int) -> tuple[Parcels, Parcels]:
    """Return the first `amount` points and the rest."""
    first: Parcels = []
    rest: Parcels = []
    left = amount
    for campaign, size in parcels:
        part = min(size, left)
        left -= part
        if part:
            first.append((campaign, part))
        if size > part:
            rest.append((campaign, size - part))
    return first, rest


def _take_youngest(queue: Parcels, amount: int, campaign: str) -> int:
    """Take up to `amount` points of a campaign out of a queue, from its back; return how many."""
    left = amount
    for place in range(len(queue) - 1, -1, -1):
        name, size = queue[place]
        if name == campaign and size > 0 and left:
            part = min(size, left)
            queue[place] = (name, size - part)
            left -= part
    return amount - left


def standing(state: State) -> Iterator[tuple[int, str, int]]:
    """Yield account, campaign and points for everything that stands somewhere and is not held."""
    for account_id, queue in state.queues.items():
        for campaign, amount in queue:
            yield account_id, campaign, amount


def held(state: State) -> Iterator[tuple[str, int]]:
    """Yield campaign and points for everything that is held."""
    for hold in state.holds.values():
        yield from hold.parcels or ()


def pack(state: State) -> bytes:
    """Return a state as bytes; equal states give equal bytes once unpacked by `plain`."""
    return zlib.compress(_written(state))


def plain(data: bytes) -> bytes:
    """Return what is written in packed bytes. Raises ValueError if these are none."""
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        msg = "this is no packed state"
        raise ValueError(msg) from error


def unpack(data: bytes) -> State:
    """Return the state that was packed."""
    read: dict[str, Any] = json.loads(plain(data))
    if read["version"] != _VERSION:
        msg = f"this is a state of version {read['version']}"
        raise ValueError(msg)
    names: list[str] = read["campaigns"]
    return State(
        issued={names[index]: amount for index, amount in read["issued"]},
        queues={account: _named(queue, names) for account, queue in read["queues"]},
        holds={
            UUID(hold): Held(account, None if parcels is None else _named(parcels, names), amount)
            for hold, account, parcels, amount in read["holds"]
        },
        recipients={names[index]: lots for index, lots in read["recipients"]},
    )


def _written(state: State) -> bytes:
    queues = sorted(state.queues.items())
    parcels = [*(queue for _, queue in queues), *(hold.parcels or [] for hold in state.holds.values())]
    used = {campaign for queue in parcels for campaign, _ in queue}
    names = sorted(used | state.issued.keys() | state.recipients.keys())
    index = {name: number for number, name in enumerate(names)}
    written = {
        "version": _VERSION,
        "campaigns": names,
        "issued": sorted((index[name], amount) for name, amount in state.issued.items()),
        "queues": [(account, _numbered(queue, index)) for account, queue in queues],
        "holds": sorted(
            (str(hold_id), one.account_id, one.parcels and _numbered(one.parcels, index), one.amount)
            for hold_id, one in state.holds.items()
        ),
        "recipients": sorted((index[name], lots) for name, lots in state.recipients.items()),
    }
    return json.dumps(written, separators=(",", ":")).encode()


def _numbered(parcels: Parcels, index: Mapping[str, int]) -> list[tuple[int, int]]:
    return [(index[campaign], amount) for campaign, amount in parcels]


def _named(parcels: Iterable[tuple[int, int]], names: list[str]) -> Parcels:
    return [(names[index], amount) for index, amount in parcels]
