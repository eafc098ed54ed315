"""Decides a batch: pure bookkeeping on what `ledger.posting` has loaded, one unit after the other.

A unit is a single transfer or a group. A rejected unit leaves no trace in the book, so it hinders no other.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from kernel.money import AMOUNT_MAX
from ledger.accounts import Account, Guard
from ledger.leaves import content_digest
from ledger.outcomes import BookedTransfer, Code, Counters, Outcome
from ledger.transfers import Transfer, TransferKind

PURPOSE_EXPIRED = "hold-expired"
"""Purpose of the release that the writer books for a hold whose time is over."""

_COUNTER_MAX = 2**63 - 1
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


@dataclass(slots=True)
class _Draft:
    """What a unit would change; merged into the book when all its members are accepted."""

    counters: dict[int, Counters] = field(default_factory=dict)
    booked: dict[UUID, BookedTransfer] = field(default_factory=dict)
    resolutions: dict[UUID, BookedTransfer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Posting:
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
    for unit in _units(batch):
        if unit[0].group_id is not None:
            if unit[0].group_id in groups:
                msg = f"members of group {unit[0].group_id} do not stand next to each other"
                raise ValueError(msg)
            groups.add(unit[0].group_id)
        outcomes.extend(_known(book, unit) or _decide_unit(book, unit))
    return outcomes


def _units(batch: Sequence[Transfer]) -> Iterator[list[Transfer]]:
    for group_id, members in itertools.groupby(batch, key=lambda transfer: transfer.group_id):
        if group_id is None:
            yield from ([member] for member in members)
        else:
            yield list(members)


def _known(book: Book, unit: list[Transfer]) -> list[Outcome]:
    """Return the first outcomes again if the ids were used before, and nothing if all are new."""
    found = [_first_outcome(book, transfer) for transfer in unit]
    if not any(found) and len({transfer.transfer_id for transfer in unit}) == len(unit):
        return []
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
        posting = _resolve(book, _Draft(), transfer)
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


def _decide_unit(book: Book, unit: list[Transfer]) -> list[Outcome]:
    draft = _Draft()
    group_id = unit[0].group_id
    for position, transfer in enumerate(unit):
        try:
            if group_id in book.groups:
                raise _RefusedError(Code.GROUP_ALREADY_POSTED)  # noqa: TRY301 -- same path as all refusals
            _book(book, draft, transfer)
        except _RefusedError as refusal:
            return [
                _refuse(book, member, refusal.code if index == position else Code.GROUP_MEMBER_REJECTED)
                for index, member in enumerate(unit)
            ]
    book.sequence += len(draft.booked)
    book.counters.update(draft.counters)
    book.transfers.update(draft.booked)
    book.resolutions.update(draft.resolutions)
    book.added.extend(draft.booked.values())
    if group_id is not None:
        book.groups.add(group_id)
    return [Outcome(booked.transfer_id, Code.POSTED, booked=booked) for booked in draft.booked.values()]


def _refuse(book: Book, transfer: Transfer, code: Code) -> Outcome:
    refusal = (code, content_digest(transfer))
    book.refusals[transfer.transfer_id] = book.refused[transfer.transfer_id] = refusal
    return Outcome(transfer.transfer_id, code)


def _book(book: Book, draft: _Draft, transfer: Transfer) -> None:
    """Add a transfer to the draft, or raise with the first code of the precedence that applies."""
    posting = _resolve(book, draft, transfer)
    _check_accounts(book, posting)
    if posting.referred is not None:
        _check_reference(book, draft, posting, posting.referred)
    before = [
        draft.counters.get(account.account_id) or book.counters[account.account_id]
        for account in (posting.debit, posting.credit)
    ]
    debit_side, credit_side = _apply(posting, *before)
    if max(*_values(debit_side), *_values(credit_side)) > _COUNTER_MAX:
        raise _RefusedError(Code.COUNTER_OVERFLOW)
    shrinks = debit_side.available < before[0].available
    if shrinks and posting.debit.guard is Guard.NO_OVERDRAFT and debit_side.available < 0:
        raise _RefusedError(Code.OVERDRAFT)
    booked = BookedTransfer(
        sequence=book.sequence + len(draft.booked) + 1,
        transfer_id=transfer.transfer_id,
        kind=transfer.kind,
        refers_to=transfer.refers_to,
        debit_account_id=posting.debit.account_id,
        credit_account_id=posting.credit.account_id,
        amount=posting.amount,
        purpose=posting.purpose,
        subject=posting.subject,
        group_id=transfer.group_id,
        effective=transfer.effective,
        booked_at=book.now,
        expires_at=transfer.expires_at,
        debit_side=debit_side,
        credit_side=credit_side,
    )
    draft.counters[posting.debit.account_id] = debit_side
    draft.counters[posting.credit.account_id] = credit_side
    draft.booked[transfer.transfer_id] = booked
    if transfer.refers_to is not None:
        draft.resolutions[transfer.refers_to] = booked


def _resolve(book: Book, draft: _Draft, transfer: Transfer) -> _Posting:
    """Return the transfer with accounts and amount filled in. Raises for form, accounts and reference."""
    if transfer.amount is not None and not 0 < transfer.amount <= AMOUNT_MAX:
        raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
    if transfer.refers_to is None:
        if transfer.amount is None:
            raise _RefusedError(Code.AMOUNT_OUT_OF_RANGE)
        debit = book.accounts.get(transfer.debit or "")
        credit = book.accounts.get(transfer.credit or "")
        if debit is None or credit is None:
            raise _RefusedError(Code.ACCOUNT_NOT_FOUND)
        purpose, subject = transfer.purpose or "", transfer.subject or ""
        return _Posting(transfer, debit, credit, transfer.amount, purpose, subject, None)
    referred = draft.booked.get(transfer.refers_to) or book.transfers.get(transfer.refers_to)
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
        referred.amount if transfer.amount is None else transfer.amount,
        referred.purpose if transfer.purpose is None else transfer.purpose,
        referred.subject if transfer.subject is None else transfer.subject,
        referred,
    )


def _check_accounts(book: Book, posting: _Posting) -> None:
    if posting.debit.account_id == posting.credit.account_id:
        raise _RefusedError(Code.ACCOUNTS_EQUAL)
    if posting.debit.asset != posting.credit.asset:
        raise _RefusedError(Code.ASSETS_DIFFER)
    kind = posting.transfer.kind
    # A closed account still finishes what was reserved on it.
    opens = kind not in {TransferKind.CAPTURE, TransferKind.RELEASE}
    if opens and (posting.debit.closed_at or posting.credit.closed_at):
        raise _RefusedError(Code.ACCOUNT_CLOSED)
    if book.closed_until is not None and posting.transfer.effective <= book.closed_until:
        raise _RefusedError(Code.PERIOD_CLOSED)
    expires_at = posting.transfer.expires_at
    if kind is TransferKind.HOLD and expires_at is not None and expires_at <= book.now:
        raise _RefusedError(Code.EXPIRY_NOT_IN_FUTURE)


def _check_reference(book: Book, draft: _Draft, posting: _Posting, referred: BookedTransfer) -> None:
    resolution = draft.resolutions.get(referred.transfer_id) or book.resolutions.get(referred.transfer_id)
    if resolution is not None:
        expired = resolution.purpose == PURPOSE_EXPIRED
        raise _RefusedError(Code.HOLD_EXPIRED if expired else _RESOLVED[resolution.kind])
    if posting.amount > referred.amount:
        raise _RefusedError(Code.CAPTURE_EXCEEDS_HOLD)


def _apply(posting: _Posting, debit: Counters, credit: Counters) -> tuple[Counters, Counters]:
    """Return the counters of both sides after the transfer."""
    amount, kind = posting.amount, posting.transfer.kind
    reserved = posting.referred.amount if posting.referred else 0
    if kind is TransferKind.HOLD:
        return (
            replace(debit, debits_pending=debit.debits_pending + amount),
            replace(credit, credits_pending=credit.credits_pending + amount),
        )
    if kind in {TransferKind.CAPTURE, TransferKind.RELEASE}:
        debit = replace(debit, debits_pending=debit.debits_pending - reserved)
        credit = replace(credit, credits_pending=credit.credits_pending - reserved)
        if kind is TransferKind.RELEASE:
            return debit, credit
    return (
        replace(debit, debits_posted=debit.debits_posted + amount),
        replace(credit, credits_posted=credit.credits_posted + amount),
    )


def _values(counters: Counters) -> tuple[int, int, int, int]:
    return (
        counters.debits_posted,
        counters.debits_pending,
        counters.credits_posted,
        counters.credits_pending,
    )
