"""Decides a batch: pure bookkeeping on what `ledger.posting` has loaded, one unit after the other.

A unit is a single transfer or a group. A rejected unit leaves no trace in the book, so it hinders no other.
This runs once per transfer of a city, so what it makes are tuples.
"""

import datetime as dt
import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kernel import ids
from kernel.money import AMOUNT_MAX
from ledger.accounts import Account, Guard
from ledger.leaves import content_digest
from ledger.outcomes import BookedTransfer, Code, Counters, Outcome
from ledger.transfers import Transfer, TransferKind

PURPOSE_EXPIRED = "hold-expired"
"""Purpose of the release that the writer books for a hold whose time is over."""
ID_AHEAD_MAX = dt.timedelta(days=1)
"""How far the time in a transfer's id (UUID version 7) may lie ahead of the ledger's clock."""

_COUNTER_MAX = 2**63 - 1
_GROUP_OF = operator.attrgetter("group_id")
_RESOLVED = {
    TransferKind.CAPTURE: Code.ALREADY_CAPTURED,
    TransferKind.RELEASE: Code.ALREADY_RELEASED,
    TransferKind.REVERSE: Code.ALREADY_REVERSED,
}
_REFERABLE = {
    TransferKind.CAPTURE: {TransferKind.HOLD},
    TransferKind.RELEASE: {TransferKind.HOLD},
    TransferKind.REVERSE: {TransferKind.POST, TransferKind.CAPTURE},
}
# Members of an enumeration are looked up by a function of its own, and a named tuple makes itself in Python.
_HOLD, _CAPTURE = TransferKind.HOLD, TransferKind.CAPTURE
_RELEASE, _REVERSE = TransferKind.RELEASE, TransferKind.REVERSE
_POSTED, _NO_OVERDRAFT = Code.POSTED, Guard.NO_OVERDRAFT
_counters: Callable[[tuple[int, ...]], Counters] = functools.partial(tuple.__new__, Counters)
_booked: Callable[[tuple[Any, ...]], BookedTransfer] = functools.partial(tuple.__new__, BookedTransfer)
_outcome: Callable[[tuple[Any, ...]], Outcome] = functools.partial(tuple.__new__, Outcome)

_Posting = tuple[Account, Account, int, str, str]
"""Debit, credit, amount, purpose, subject; of a capture, release or reversal as taken over from the first."""


@dataclass(slots=True)
class Book:
    """The part of the book that a batch touches, and what the batch adds to it.

    `transfers` are those booked under ids of the batch and those it refers to; `resolutions` say, by the id
    referred to, which transfer captured, released or reversed it; `counters` are the accounts' newest;
    `refusals` are earlier ones with the digest of their content.
    """

    sequence: int
    closed_until: dt.date | None
    now: dt.datetime
    accounts: dict[str, Account]
    accounts_by_id: dict[int, Account]
    counters: dict[int, Counters]
    transfers: dict[UUID, BookedTransfer]
    resolutions: dict[UUID, BookedTransfer]
    refusals: dict[UUID, tuple[Code, bytes]]
    groups: set[UUID]
    added: list[BookedTransfer] = field(default_factory=list)
    refused: dict[UUID, tuple[Code, bytes]] = field(default_factory=dict)


class _RefusedError(Exception):
    def __init__(self, code: Code) -> None:
        self.code = code


def decide(book: Book, batch: Sequence[Transfer]) -> Iterator[Outcome]:
    """Yield one outcome for each transfer, in order; what is accepted goes into `book.added` before.

    Raises ValueError if the members of a group do not stand next to each other.
    """
    groups: set[UUID] = set()
    latest_id_ms = ids.unix_milliseconds(book.now + ID_AHEAD_MAX)
    for group_id, members in itertools.groupby(batch, key=_GROUP_OF):
        if group_id is None:
            for transfer in members:
                yield from _known(book, (transfer,)) or _decide_single(book, transfer, latest_id_ms)
            continue
        if group_id in groups:
            msg = f"members of group {group_id} do not stand next to each other"
            raise ValueError(msg)
        groups.add(group_id)
        unit = tuple(members)
        yield from _known(book, unit) or _decide_group(book, unit, latest_id_ms)


def _known(book: Book, unit: Sequence[Transfer]) -> list[Outcome]:
    """Return the first outcomes again if the ids were used before, and nothing if all are new."""
    for transfer in unit:
        used = transfer.transfer_id
        if used in book.transfers or (book.refusals and used in book.refusals):
            break
    else:
        if len(unit) == 1 or len({transfer.transfer_id for transfer in unit}) == len(unit):
            return []
    found = [_first_outcome(book, transfer) for transfer in unit]
    same = [outcome for outcome in found if outcome and outcome.code is not Code.ID_USED_FOR_OTHER_CONTENT]
    if len(same) == len(unit):
        return same
    # A group of which only a part is known is another group under ids that are in use.
    return [Outcome(transfer.transfer_id, Code.ID_USED_FOR_OTHER_CONTENT) for transfer in unit]


def _first_outcome(book: Book, transfer: Transfer) -> Outcome | None:
    booked = book.transfers.get(transfer.transfer_id)
    if booked is not None:
        if _same_content(book, transfer, booked):
            return Outcome(transfer.transfer_id, Code.POSTED, replayed=True, booked=booked)
        return Outcome(transfer.transfer_id, Code.ID_USED_FOR_OTHER_CONTENT)
    refusal = book.refusals.get(transfer.transfer_id)
    if refusal is None:
        return None
    code, digest = refusal
    same = digest == content_digest(transfer)
    return Outcome(transfer.transfer_id, code if same else Code.ID_USED_FOR_OTHER_CONTENT, replayed=same)


def _same_content(book: Book, transfer: Transfer, booked: BookedTransfer) -> bool:
    try:
        if transfer.refers_to is None:
            posting = _plain(book, transfer)
        else:
            posting = _referring(book, transfer, book.transfers.get(transfer.refers_to))
    except _RefusedError:
        return False
    plain = ("kind", "effective", "group_id", "refers_to", "expires_at")
    debit, credit, *rest = posting
    return (
        all(getattr(transfer, name) == getattr(booked, name) for name in plain)
        and debit.account_id == booked.debit_account_id
        and credit.account_id == booked.credit_account_id
        and rest == [booked.amount, booked.purpose, booked.subject]
    )


def _decide_single(book: Book, transfer: Transfer, latest_id_ms: int) -> tuple[Outcome]:
    try:
        booked = _book(book, transfer, latest_id_ms)
    except _RefusedError as refusal:
        return (_refuse(book, transfer, refusal.code),)
    return (_outcome((transfer.transfer_id, _POSTED, False, booked)),)


def _decide_group(book: Book, unit: Sequence[Transfer], latest_id_ms: int) -> list[Outcome]:
    first = len(book.added)
    before: dict[int, Counters] = {}
    group_id = unit[0].group_id
    for position, transfer in enumerate(unit):
        try:
            if group_id in book.groups:
                raise _RefusedError(Code.GROUP_ALREADY_POSTED)  # noqa: TRY301 -- same path as all refusals
            _book(book, transfer, latest_id_ms, before)
        except _RefusedError as refusal:
            # What the members before it have changed is undone.
            _undo(book, first, before)
            return [
                _refuse(book, member, refusal.code if index == position else Code.GROUP_MEMBER_REJECTED)
                for index, member in enumerate(unit)
            ]
    if group_id is not None:
        book.groups.add(group_id)
    return [
        Outcome(booked.transfer_id, Code.POSTED, replayed=False, booked=booked)
        for booked in book.added[first:]
    ]


def _undo(book: Book, first: int, before: dict[int, Counters]) -> None:
    for booked in book.added[first:]:
        del book.transfers[booked.transfer_id]
        if booked.refers_to is not None:
            del book.resolutions[booked.refers_to]
    book.sequence -= len(book.added) - first
    del book.added[first:]
    book.counters.update(before)


def _refuse(book: Book, transfer: Transfer, code: Code) -> Outcome:
    refusal = (code, content_digest(transfer))
    book.refusals[transfer.transfer_id] = book.refused[transfer.transfer_id] = refusal
    return Outcome(transfer.transfer_id, code)


def _book(
    book: Book, transfer: Transfer, latest_id_ms: int, before: dict[int, Counters] | None = None
) -> BookedTransfer:
    """Add a transfer to the book, or raise with the first code of the precedence that applies.

    `before`, of a group, keeps the counters that accounts had when it began.
    """
    if ids.time_of(transfer.transfer_id) > latest_id_ms:
        raise _RefusedError(Code.ID_IN_FUTURE)
    refers_to = transfer.refers_to
    if refers_to is None:
        referred, posting = None, _plain(book, transfer)
    else:
        referred = book.transfers.get(refers_to)
        posting = _referring(book, transfer, referred)
    debit, credit, amount, purpose, subject = posting
    _check_accounts(book, transfer, debit, credit)
    if referred is not None:
        _check_reference(book, amount, referred)
    debit_before, credit_before = book.counters[debit.account_id], book.counters[credit.account_id]
    debit_side, credit_side = _apply(transfer.kind, amount, referred, debit_before, credit_before)
    left = debit_side.available
    if left < 0 and debit.guard is _NO_OVERDRAFT and left < debit_before.available:
        raise _RefusedError(Code.OVERDRAFT)
    if before is not None:
        before.setdefault(debit.account_id, debit_before)
        before.setdefault(credit.account_id, credit_before)
    book.sequence += 1
    booked = _booked(
        (
            book.sequence,
            transfer.transfer_id,
            transfer.kind,
            refers_to,
            debit.account_id,
            credit.account_id,
            amount,
            purpose,
            subject,
            transfer.group_id,
            transfer.effective,
            book.now,
            transfer.expires_at,
            debit_side,
            credit_side,
        )
    )
    book.counters[debit.account_id] = debit_side
    book.counters[credit.account_id] = credit_side
    book.transfers[transfer.transfer_id] = booked
    book.added.append(booked)
    if refers_to is not None:
        book.resolutions[refers_to] = booked
    return booked


def _plain(book: Book, transfer: Transfer) -> _Posting:
    """Return what a post or hold asks for. Raises for its form and its accounts."""
    amount = transfer.amount
    if amount is None or not 0 < amount <= AMOUNT_MAX:
        raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
    debit = book.accounts.get(transfer.debit or "")
    credit = book.accounts.get(transfer.credit or "")
    if debit is None or credit is None:
        raise _RefusedError(Code.ACCOUNT_NOT_FOUND)
    return debit, credit, amount, transfer.purpose or "", transfer.subject or ""


def _referring(book: Book, transfer: Transfer, referred: BookedTransfer | None) -> _Posting:
    """Return what a capture, release or reversal asks for. Raises for its form and what it refers to."""
    amount = transfer.amount
    if amount is not None and not 0 < amount <= AMOUNT_MAX:
        raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
    if referred is None:
        raise _RefusedError(Code.REFERRED_NOT_FOUND)
    if referred.kind not in _REFERABLE[transfer.kind]:
        raise _RefusedError(Code.REFERRED_KIND_WRONG)
    debit = book.accounts_by_id[referred.debit_account_id]
    credit = book.accounts_by_id[referred.credit_account_id]
    if transfer.kind is TransferKind.REVERSE:
        debit, credit = credit, debit
    return (
        debit,
        credit,
        referred.amount if amount is None else amount,
        referred.purpose if transfer.purpose is None else transfer.purpose,
        referred.subject if transfer.subject is None else transfer.subject,
    )


def _check_accounts(book: Book, transfer: Transfer, debit: Account, credit: Account) -> None:
    if debit.account_id == credit.account_id:
        raise _RefusedError(Code.ACCOUNTS_EQUAL)
    if debit.asset != credit.asset:
        raise _RefusedError(Code.ASSETS_DIFFER)
    kind = transfer.kind
    # A closed account still finishes what was reserved on it.
    if (debit.closed_at or credit.closed_at) and kind is not _CAPTURE and kind is not _RELEASE:
        raise _RefusedError(Code.ACCOUNT_CLOSED)
    if book.closed_until is not None and transfer.effective <= book.closed_until:
        raise _RefusedError(Code.PERIOD_CLOSED)
    if kind is _HOLD and transfer.expires_at is not None and transfer.expires_at <= book.now:
        raise _RefusedError(Code.EXPIRY_NOT_IN_FUTURE)


def _check_reference(book: Book, amount: int, referred: BookedTransfer) -> None:
    resolution = book.resolutions.get(referred.transfer_id)
    if resolution is not None:
        expired = resolution.purpose == PURPOSE_EXPIRED
        raise _RefusedError(Code.HOLD_EXPIRED if expired else _RESOLVED[resolution.kind])
    if amount > referred.amount:
        raise _RefusedError(Code.CAPTURE_EXCEEDS_HOLD)


def _apply(
    kind: TransferKind, amount: int, referred: BookedTransfer | None, debit: Counters, credit: Counters
) -> tuple[Counters, Counters]:
    """Return the counters of both sides after the transfer. Raises when one would be too large."""
    moved, held = (0, amount) if kind is _HOLD else (amount, 0)
    if kind is _RELEASE:
        moved = 0
    if referred is not None and kind is not _REVERSE:
        held -= referred.amount
    debited, reserved, debit_credits, debit_expected = debit
    credit_debits, credit_reserved, credited, expected = credit
    debited, reserved, credited, expected = (
        debited + moved,
        reserved + held,
        credited + moved,
        expected + held,
    )
    # The other four stay as they were.
    if (
        debited > _COUNTER_MAX
        or reserved > _COUNTER_MAX
        or credited > _COUNTER_MAX
        or expected > _COUNTER_MAX
    ):
        raise _RefusedError(Code.COUNTER_OVERFLOW)
    return (
        _counters((debited, reserved, debit_credits, debit_expected)),
        _counters((credit_debits, credit_reserved, credited, expected)),
    )
