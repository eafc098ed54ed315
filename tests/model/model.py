"""The ledger as a few dictionaries: what every outcome and every counter should be.

Written from docs/ledger.md, apart from `ledger.deciding`: it shares no code with what it judges but the names
of the codes. The simulation compares each answer of the ledger with it.
"""

import bisect
import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from ledger.outcomes import Code
from ledger.transfers import Transfer, TransferKind

AMOUNT_MAX = 2**62 - 1
COUNTER_MAX = 2**63 - 1
AHEAD_MAX_MS = 86_400_000

Four = tuple[int, int, int, int]
"""Debits posted and pending, credits posted and pending."""
ZEROS: Four = (0, 0, 0, 0)


@dataclass(slots=True)
class Account:
    """An account and its four counters."""

    path: str
    asset: str
    guarded: bool
    last_day: dt.date | None = None
    closed: bool = False
    four: Four = ZEROS

    @property
    def available(self) -> int:
        """What may be spent."""
        return self.four[2] - self.four[0] - self.four[1]


@dataclass(slots=True)
class Booked:
    """A transfer in the book; `end` is the code for whoever wants to end it a second time."""

    transfer: Transfer
    sequence: int
    debit: str
    credit: str
    amount: int
    left: tuple[Four, Four]
    end: Code | None = None


class Expected(NamedTuple):
    """What the ledger should answer to one transfer."""

    code: Code
    replayed: bool
    booked: Booked | None


class _RefusedError(Exception):
    def __init__(self, code: Code) -> None:
        self.code = code


@dataclass(slots=True)
class Model:
    """One city's book."""

    accounts: dict[str, Account] = field(default_factory=dict)
    booked: dict[UUID, Booked] = field(default_factory=dict)
    refused: dict[UUID, tuple[Code, Transfer]] = field(default_factory=dict)
    groups: set[UUID] = field(default_factory=set)
    closed_until: dt.date | None = None
    sequence: int = 0
    expiring: list[tuple[dt.datetime, int, UUID]] = field(default_factory=list)
    """Open holds that end, the earliest first."""

    def open(self, path: str, asset: str, *, guarded: bool, last_day: dt.date | None = None) -> None:
        """Open an account unless it is open."""
        self.accounts.setdefault(path, Account(path, asset, guarded, last_day))

    def post(self, now: dt.datetime, batch: Sequence[Transfer]) -> list[Expected]:
        """Decide a batch as the ledger should and book what is accepted."""
        self._expire(now)
        answers: list[Expected] = []
        for unit in _units(batch):
            answers += self._known(unit) or self._decide(now, unit)
        return answers

    def close_period(self, now: dt.datetime, last_day: dt.date) -> bool:
        """Close a period; return whether that was possible."""
        if last_day >= now.date() or (self.closed_until is not None and last_day <= self.closed_until):
            return False
        self.closed_until = last_day
        return True

    def expire_lots(self, now: dt.datetime) -> int:
        """Move what is left of lots that are over to `expired`; return how much that was."""
        today = now.date()
        self_view = {path: self.seen(path, now) for path, a in self.accounts.items() if a.last_day}
        over = [
            (account.last_day, path, self_view[path][2] - self_view[path][0] - self_view[path][1])
            for path, account in self.accounts.items()
            if account.last_day is not None and account.last_day < today
        ]
        over = sorted((one for one in over if one[2] > 0), key=lambda one: one[0])
        if over:
            self._expire(now)
        for _, path, amount in over:
            self.sequence += 1
            self._move(path, "expired", amount)
        return sum(amount for _, _, amount in over)

    def seen(self, path: str, now: dt.datetime) -> Four:
        """Return what a reader should see: holds whose time is over are left out."""
        account = self.accounts.get(path)
        debits, debits_held, credits_, credits_held = account.four if account else ZEROS
        for expires_at, _, hold_id in self.expiring:
            if expires_at > now:
                break
            hold = self.booked[hold_id]
            debits_held -= hold.amount if hold.debit == path else 0
            credits_held -= hold.amount if hold.credit == path else 0
        return debits, debits_held, credits_, credits_held

    def _expire(self, now: dt.datetime) -> None:
        while self.expiring and self.expiring[0][0] <= now:
            _, _, hold_id = self.expiring.pop(0)
            hold = self.booked[hold_id]
            self.sequence += 1
            hold.end = Code.HOLD_EXPIRED
            self._reserve(hold.debit, hold.credit, -hold.amount)

    def _known(self, unit: Sequence[Transfer]) -> list[Expected]:
        numbers = [transfer.transfer_id for transfer in unit]
        fresh = [number for number in numbers if number not in self.booked and number not in self.refused]
        if len(fresh) == len(unit) and len(set(numbers)) == len(unit):
            return []
        answers = [self._again(transfer) for transfer in unit]
        if None in answers:
            return [Expected(Code.ID_USED_FOR_OTHER_CONTENT, replayed=False, booked=None)] * len(unit)
        return [answer for answer in answers if answer]

    def _again(self, transfer: Transfer) -> Expected | None:
        booked = self.booked.get(transfer.transfer_id)
        if booked is not None:
            same = booked.transfer == transfer
            return Expected(Code.POSTED, replayed=True, booked=booked) if same else None
        code, first = self.refused.get(transfer.transfer_id, (Code.POSTED, None))
        return Expected(code, replayed=True, booked=None) if first == transfer else None

    def _decide(self, now: dt.datetime, unit: Sequence[Transfer]) -> list[Expected]:
        before: dict[str, Four] = {}
        added: list[Booked] = []
        for place, transfer in enumerate(unit):
            try:
                added.append(self._book(now, transfer, before))
            except _RefusedError as refusal:
                self._undo(added, before)
                codes = [Code.GROUP_MEMBER_REJECTED] * len(unit)
                codes[place] = refusal.code
                for member, code in zip(unit, codes, strict=True):
                    self.refused[member.transfer_id] = (code, member)
                return [Expected(code, replayed=False, booked=None) for code in codes]
        if unit[0].group_id is not None:
            self.groups.add(unit[0].group_id)
        return [Expected(Code.POSTED, replayed=False, booked=one) for one in added]

    def _undo(self, added: Sequence[Booked], before: dict[str, Four]) -> None:
        for one in added:
            del self.booked[one.transfer.transfer_id]
            key = (one.transfer.expires_at, one.sequence, one.transfer.transfer_id)
            if key in self.expiring:
                self.expiring.remove(key)
            referred = self.booked.get(one.transfer.refers_to) if one.transfer.refers_to else None
            if referred is not None:
                referred.end = None
                self._watch(referred)
        self.sequence -= len(added)
        for path, four in before.items():
            self.accounts[path].four = four

    def _book(self, now: dt.datetime, transfer: Transfer, before: dict[str, Four]) -> Booked:
        if _made_at_ms(transfer.transfer_id) > int(now.timestamp() * 1000) + AHEAD_MAX_MS:
            raise _RefusedError(Code.ID_IN_FUTURE)
        if transfer.group_id in self.groups:
            raise _RefusedError(Code.GROUP_ALREADY_POSTED)
        debit, credit, amount, referred = self._sides(transfer)
        self._check_accounts(now, transfer, debit, credit)
        if referred is not None and referred.end is not None:
            raise _RefusedError(referred.end)
        if referred is not None and amount > referred.amount:
            raise _RefusedError(Code.CAPTURE_EXCEEDS_HOLD)
        for account in (debit, credit):
            before.setdefault(account.path, account.four)
        earlier = debit.four, credit.four
        free = debit.available
        self._apply(transfer, debit, credit, amount, referred)
        code = None
        if max(*debit.four, *credit.four) > COUNTER_MAX:
            code = Code.COUNTER_OVERFLOW
        elif debit.guarded and debit.available < 0 and debit.available < free:
            code = Code.OVERDRAFT
        if code is not None:
            debit.four, credit.four = earlier
            raise _RefusedError(code)
        self.sequence += 1
        left = debit.four, credit.four
        one = Booked(transfer, self.sequence, debit.path, credit.path, amount, left)
        self.booked[transfer.transfer_id] = one
        self._watch(one)
        if referred is not None:
            self._end(referred, transfer.kind)
        return one

    def _sides(self, transfer: Transfer) -> tuple[Account, Account, int, Booked | None]:
        amount = transfer.amount
        if amount is not None and not 1 <= amount <= AMOUNT_MAX:
            raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
        if transfer.refers_to is None:
            debit, credit = self.accounts.get(transfer.debit or ""), self.accounts.get(transfer.credit or "")
            if amount is None or debit is None or credit is None:
                raise _RefusedError(Code.ACCOUNT_NOT_FOUND if amount else Code.AMOUNT_OUT_OF_RANGE)
            return debit, credit, amount, None
        referred = self.booked.get(transfer.refers_to)
        if referred is None:
            raise _RefusedError(Code.REFERRED_NOT_FOUND)
        kind, reverses = referred.transfer.kind, transfer.kind is TransferKind.REVERSE
        if kind not in ({TransferKind.POST, TransferKind.CAPTURE} if reverses else {TransferKind.HOLD}):
            raise _RefusedError(Code.REFERRED_KIND_WRONG)
        debit, credit = self.accounts[referred.debit], self.accounts[referred.credit]
        if reverses:
            debit, credit = credit, debit
        return debit, credit, referred.amount if amount is None else amount, referred

    def _check_accounts(self, now: dt.datetime, transfer: Transfer, debit: Account, credit: Account) -> None:
        kind = transfer.kind
        if debit is credit:
            raise _RefusedError(Code.ACCOUNTS_EQUAL)
        if debit.asset != credit.asset:
            raise _RefusedError(Code.ASSETS_DIFFER)
        ends_hold = kind in {TransferKind.CAPTURE, TransferKind.RELEASE}
        if (debit.closed or credit.closed) and not ends_hold:
            raise _RefusedError(Code.ACCOUNT_CLOSED)
        if self.closed_until is not None and transfer.effective <= self.closed_until:
            raise _RefusedError(Code.PERIOD_CLOSED)
        if kind is TransferKind.HOLD and transfer.expires_at is not None and transfer.expires_at <= now:
            raise _RefusedError(Code.EXPIRY_NOT_IN_FUTURE)

    def _apply(
        self, transfer: Transfer, debit: Account, credit: Account, amount: int, referred: Booked | None
    ) -> None:
        kind = transfer.kind
        if kind is TransferKind.HOLD:
            self._reserve(debit.path, credit.path, amount)
            return
        if kind in {TransferKind.CAPTURE, TransferKind.RELEASE} and referred is not None:
            self._reserve(debit.path, credit.path, -referred.amount)
        if kind is not TransferKind.RELEASE:
            self._move(debit.path, credit.path, amount)

    def _move(self, debit: str, credit: str, amount: int) -> None:
        one, two = self.accounts[debit], self.accounts[credit]
        one.four = (one.four[0] + amount, *one.four[1:])
        two.four = (*two.four[:2], two.four[2] + amount, two.four[3])

    def _reserve(self, debit: str, credit: str, amount: int) -> None:
        one, two = self.accounts[debit], self.accounts[credit]
        one.four = (one.four[0], one.four[1] + amount, *one.four[2:])
        two.four = (*two.four[:3], two.four[3] + amount)

    def _watch(self, one: Booked) -> None:
        expires_at = one.transfer.expires_at
        if one.transfer.kind is TransferKind.HOLD and expires_at is not None:
            bisect.insort(self.expiring, (expires_at, one.sequence, one.transfer.transfer_id))

    def _end(self, referred: Booked, kind: TransferKind) -> None:
        ends = {
            TransferKind.CAPTURE: Code.ALREADY_CAPTURED,
            TransferKind.RELEASE: Code.ALREADY_RELEASED,
            TransferKind.REVERSE: Code.ALREADY_REVERSED,
        }
        referred.end = ends[kind]
        expires_at = referred.transfer.expires_at
        if expires_at is not None and kind is not TransferKind.REVERSE:
            self.expiring.remove((expires_at, referred.sequence, referred.transfer.transfer_id))


def _units(batch: Sequence[Transfer]) -> Iterator[Sequence[Transfer]]:
    for group_id, members in itertools.groupby(batch, key=lambda transfer: transfer.group_id):
        if group_id is None:
            yield from ((member,) for member in members)
        else:
            yield tuple(members)


def _made_at_ms(number: UUID) -> int:
    return number.int >> 80 if number.version == 7 else 0
