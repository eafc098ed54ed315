"""Decides a batch: pure bookkeeping on what `ledger.posting` has loaded, one unit after the other.

A unit is a single transfer or a group. A rejected unit leaves no trace in the book, so it hinders no other.
This runs once per transfer of a city, so what it makes are tuples.
"""

import datetime as dt
import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
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
_POST, _HOLD, _CAPTURE, _RELEASE = (
    TransferKind.POST,
    TransferKind.HOLD,
    TransferKind.CAPTURE,
    TransferKind.RELEASE,
)


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


class _Posting(NamedTuple):
    """A transfer with everything that it takes over from the one it refers to."""

    transfer: Transfer
    debit: Account
    credit: Account
    amount: int
    purpose: str
    subject: str
    referred: BookedTransfer | None


class _RefusedError(Exception):
    def __init__(self, code: Code) -> None:
        self.code = code


def decide(book: Book, batch: Sequence[Transfer]) -> list[Outcome]:
    """Return one outcome for each transfer, in order; what is accepted goes into `book.added`.

    Raises ValueError if the members of a group do not stand next to each other.
    """
    outcomes: list[Outcome] = []
    groups: set[UUID] = set()
    latest_id_ms = ids.unix_milliseconds(book.now + ID_AHEAD_MAX)
    for unit in _units(batch):
        group_id = unit[0].group_id
        if group_id is not None:
            if group_id in groups:
                msg = f"members of group {group_id} do not stand next to each other"
                raise ValueError(msg)
            groups.add(group_id)
        outcomes += _known(book, unit) or _decide_unit(book, unit, latest_id_ms)
    return outcomes


def _units(batch: Sequence[Transfer]) -> Iterator[Sequence[Transfer]]:
    for group_id, members in itertools.groupby(batch, key=_GROUP_OF):
        if group_id is None:
            yield from ((member,) for member in members)
        else:
            yield tuple(members)


def _known(book: Book, unit: Sequence[Transfer]) -> list[Outcome]:
    """Return the first outcomes again if the ids were used before, and nothing if all are new."""
    for transfer in unit:
        if transfer.transfer_id in book.transfers or transfer.transfer_id in book.refusals:
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
        posting = _resolve(book, transfer)
    except _RefusedError:
        return False
    plain = ("kind", "effective", "group_id", "refers_to", "expires_at")
    return (
        all(getattr(transfer, name) == getattr(booked, name) for name in plain)
        and posting.debit.account_id == booked.debit_account_id
        and posting.credit.account_id == booked.credit_account_id
        and (posting.amount, posting.purpose, posting.subject)
        == (booked.amount, booked.purpose, booked.subject)
    )


def _decide_unit(book: Book, unit: Sequence[Transfer], latest_id_ms: int) -> list[Outcome]:
    first = len(book.added)
    # What a group changes before one of its members is refused is undone; a single one changes nothing.
    before: dict[int, Counters] = {}
    group_id = unit[0].group_id
    for position, transfer in enumerate(unit):
        try:
            if ids.time_of(transfer.transfer_id) > latest_id_ms:
                raise _RefusedError(Code.ID_IN_FUTURE)  # noqa: TRY301 -- same path as all refusals
            if group_id is not None and group_id in book.groups:
                raise _RefusedError(Code.GROUP_ALREADY_POSTED)  # noqa: TRY301 -- the same
            _book(book, before, transfer)
        except _RefusedError as refusal:
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


def _book(book: Book, before: dict[int, Counters], transfer: Transfer) -> None:
    """Add a transfer to the book, or raise with the first code of the precedence that applies.

    `before` keeps the counters that accounts had when the unit began.
    """
    posting = _resolve(book, transfer)
    debit_id, credit_id = posting.debit.account_id, posting.credit.account_id
    _check_accounts(book, posting)
    if posting.referred is not None:
        _check_reference(book, posting, posting.referred)
    debit, credit = book.counters[debit_id], book.counters[credit_id]
    debit_side, credit_side = _apply(posting, debit, credit)
    if max(debit_side) > _COUNTER_MAX or max(credit_side) > _COUNTER_MAX:
        raise _RefusedError(Code.COUNTER_OVERFLOW)
    left = debit_side.available
    if left < 0 and posting.debit.guard is Guard.NO_OVERDRAFT and left < debit.available:
        raise _RefusedError(Code.OVERDRAFT)
    book.sequence += 1
    booked = BookedTransfer(
        book.sequence,
        transfer.transfer_id,
        transfer.kind,
        transfer.refers_to,
        debit_id,
        credit_id,
        posting.amount,
        posting.purpose,
        posting.subject,
        transfer.group_id,
        transfer.effective,
        book.now,
        transfer.expires_at,
        debit_side,
        credit_side,
    )
    if transfer.group_id is not None:
        before.setdefault(debit_id, debit)
        before.setdefault(credit_id, credit)
    book.counters[debit_id] = debit_side
    book.counters[credit_id] = credit_side
    book.transfers[transfer.transfer_id] = booked
    book.added.append(booked)
    if transfer.refers_to is not None:
        book.resolutions[transfer.refers_to] = booked


def _resolve(book: Book, transfer: Transfer) -> _Posting:
    """Return the transfer with accounts and amount filled in. Raises for form, accounts and reference."""
    amount = transfer.amount
    if amount is not None and not 0 < amount <= AMOUNT_MAX:
        raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
    if transfer.refers_to is None:
        if amount is None:
            raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
        debit = book.accounts.get(transfer.debit or "")
        credit = book.accounts.get(transfer.credit or "")
        if debit is None or credit is None:
            raise _RefusedError(Code.ACCOUNT_NOT_FOUND)
        return _Posting(transfer, debit, credit, amount, transfer.purpose or "", transfer.subject or "", None)
    referred = book.transfers.get(transfer.refers_to)
    if referred is None:
        raise _RefusedError(Code.REFERRED_NOT_FOUND)
    if referred.kind not in _REFERABLE[transfer.kind]:
        raise _RefusedError(Code.REFERRED_KIND_WRONG)
    debit = book.accounts_by_id[referred.debit_account_id]
    credit = book.accounts_by_id[referred.credit_account_id]
    if transfer.kind is TransferKind.REVERSE:
        debit, credit = credit, debit
    return _Posting(
        transfer,
        debit,
        credit,
        referred.amount if amount is None else amount,
        referred.purpose if transfer.purpose is None else transfer.purpose,
        referred.subject if transfer.subject is None else transfer.subject,
        referred,
    )


def _check_accounts(book: Book, posting: _Posting) -> None:
    transfer, debit, credit = posting.transfer, posting.debit, posting.credit
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


def _check_reference(book: Book, posting: _Posting, referred: BookedTransfer) -> None:
    resolution = book.resolutions.get(referred.transfer_id)
    if resolution is not None:
        expired = resolution.purpose == PURPOSE_EXPIRED
        raise _RefusedError(Code.HOLD_EXPIRED if expired else _RESOLVED[resolution.kind])
    if posting.amount > referred.amount:
        raise _RefusedError(Code.CAPTURE_EXCEEDS_HOLD)


def _apply(posting: _Posting, debit: Counters, credit: Counters) -> tuple[Counters, Counters]:
    """Return the counters of both sides after the transfer."""
    amount, kind = posting.amount, posting.transfer.kind
    if kind is _HOLD:
        return (
            debit._replace(debits_pending=debit.debits_pending + amount),
            credit._replace(credits_pending=credit.credits_pending + amount),
        )
    # A post or a reversal frees nothing; a release moves nothing.
    freed = posting.referred.amount if posting.referred and kind in {_CAPTURE, _RELEASE} else 0
    moved = 0 if kind is _RELEASE else amount
    return (
        Counters(
            debit.debits_posted + moved,
            debit.debits_pending - freed,
            debit.credits_posted,
            debit.credits_pending,
        ),
        Counters(
            credit.debits_posted,
            credit.debits_pending,
            credit.credits_posted + moved,
            credit.credits_pending - freed,
        ),
    )
