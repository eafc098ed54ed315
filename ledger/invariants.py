"""What must always be true of a city's book, as a list of named checks.

Used by `duiscoin ledger verify`, the status page and after every step of the model tests. A check returns
findings; an empty list means that it holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from ledger import accounts, leaves, queries, rows
from ledger.accounts import Account, Guard
from ledger.outcomes import BookedTransfer, Counters
from ledger.tables import open_holds, transfers
from ledger.transfers import DUC, TransferKind

CHUNK = 5000
"""Transfers read at a time by the checks that walk the whole book."""

POINT_ACCOUNTS = ("issued", "budget/", "wallet/", "venue/", "redeemed", "expired", "offline-loss")
"""Paths on which points may stand: supply = issued = all others together."""

Progress = Callable[[int, int], None]
"""Called with the number of transfers checked and the number in all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that contradicts an invariant."""

    check: str
    message: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification."""

    transfers: int
    accounts: int
    checks: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every invariant holds."""
        return not self.findings


@dataclass(slots=True)
class _Replay:
    """The book as it follows from the transfers alone, built up while walking through them."""

    accounts: dict[int, Account]
    counters: dict[int, Counters]
    holds: dict[UUID, BookedTransfer]
    movable: dict[UUID, BookedTransfer]
    groups: dict[UUID, int]
    sequence: int = 0


def verify(reading: db.Reading, progress: Progress | None = None) -> Report:
    """Check every invariant of the city's book."""
    replay = _Replay({a.account_id: a for a in accounts.every(reading)}, {}, {}, {}, {})
    findings: list[Finding] = []
    total = queries.head_sequence(reading)
    for booked, expected, commitment in _walk(reading, replay):
        for check in TRANSFER_CHECKS:
            message = check(replay, booked)
            if message:
                findings.append(Finding(_name(check), message, booked.sequence))
        if expected not in {None, commitment}:
            findings.append(Finding("commitment", "the row is not what was committed to", booked.sequence))
        _advance(replay, booked)
        if progress and booked.sequence % CHUNK == 0:
            progress(booked.sequence, total)
    for final in FINAL_CHECKS:
        findings.extend(Finding(_name(final), message) for message in final(reading, replay))
    names = (*map(_name, TRANSFER_CHECKS), "commitment", *map(_name, FINAL_CHECKS))
    return Report(replay.sequence, len(replay.accounts), names, tuple(findings))


def sequence_without_gap(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect numbers from 1 without a gap."""
    if booked.sequence == replay.sequence + 1:
        return None
    return f"{booked.sequence} follows {replay.sequence}"


def accounts_known(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect both sides to be different accounts of one asset."""
    debit = replay.accounts.get(booked.debit_account_id)
    credit = replay.accounts.get(booked.credit_account_id)
    if debit is None or credit is None or debit == credit or debit.asset != credit.asset:
        return "the sides are not two accounts of one asset"
    return None


def reference_valid(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect an open hold for every capture and release, a transfer for every reversal, each at most once."""
    if booked.refers_to is None:
        return None
    if booked.kind is TransferKind.REVERSE:
        referred = replay.movable.get(booked.refers_to)
        mirrored = (booked.credit_account_id, booked.debit_account_id)
    else:
        referred = replay.holds.get(booked.refers_to)
        mirrored = (booked.debit_account_id, booked.credit_account_id)
    if referred is None:
        return f"{booked.kind} without an open transfer to refer to"
    same_sides = mirrored == (referred.debit_account_id, referred.credit_account_id)
    if not same_sides or booked.amount > referred.amount:
        return f"{booked.kind} does not fit the transfer that it refers to"
    return None


def counters_follow(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect the counters on both sides to be the earlier ones plus this transfer."""
    if _expected(replay, booked) == (booked.debit_side, booked.credit_side):
        return None
    return "the resulting counters do not follow from the earlier ones"


def guard_held(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect no account with a guard to be overdrawn."""
    account = replay.accounts.get(booked.debit_account_id)
    if account and account.guard is Guard.NO_OVERDRAFT and booked.debit_side.available < 0:
        return f"{account.path} is overdrawn"
    return None


def group_adjacent(replay: _Replay, booked: BookedTransfer) -> str | None:
    """Expect the members of a group to stand next to each other."""
    if booked.group_id is None or booked.group_id not in replay.groups:
        return None
    if replay.groups[booked.group_id] == booked.sequence - 1:
        return None
    return "another member of this group stands elsewhere"


def head_matches(reading: db.Reading, replay: _Replay) -> Iterator[str]:
    """Expect the head to name the newest transfer: nothing is cut off."""
    head = queries.head_sequence(reading)
    if head != replay.sequence:
        yield f"the head says {head}, the newest transfer is {replay.sequence}"


def holds_match(reading: db.Reading, replay: _Replay) -> Iterator[str]:
    """Expect the list of open holds to be exactly the holds that nothing refers to."""
    columns = (open_holds.c.transfer_id, open_holds.c.sequence, open_holds.c.debit_account_id,
               open_holds.c.credit_account_id, open_holds.c.amount, open_holds.c.expires_at)  # fmt: skip
    listed = {
        row.transfer_id: tuple(row)[1:]
        for row in reading.connection.execute(
            sa.select(*columns).where(open_holds.c.city_id == reading.city_id)
        )
    }
    expected = {
        hold_id: (h.sequence, h.debit_account_id, h.credit_account_id, h.amount, h.expires_at)
        for hold_id, h in replay.holds.items()
    }
    for hold_id in sorted(listed.keys() | expected.keys()):
        if listed.get(hold_id) != expected.get(hold_id):
            yield f"hold {hold_id} is listed as {listed.get(hold_id)}, should be {expected.get(hold_id)}"


def assets_sum_to_zero(reading: db.Reading, replay: _Replay) -> Iterator[str]:
    """Expect all debits to equal all credits in each asset, posted and pending."""
    del reading
    sums: dict[str, list[int]] = {}
    for account_id, counters in replay.counters.items():
        if account_id in replay.accounts:
            total = sums.setdefault(replay.accounts[account_id].asset, [0, 0])
            total[0] += counters.posted
            total[1] += counters.credits_pending - counters.debits_pending
    for asset, (posted, pending) in sorted(sums.items()):
        if posted or pending:
            yield f"{asset} sums to {posted} posted and {pending} pending"


def supply_complete(reading: db.Reading, replay: _Replay) -> Iterator[str]:
    """Expect points issued to stand in budgets, wallets, venues, redeemed, expired or offline-loss only."""
    del reading
    for account_id, counters in replay.counters.items():
        account = replay.accounts.get(account_id)
        if account is None or account.asset != DUC or counters == Counters():
            continue
        if not account.path.startswith(POINT_ACCOUNTS):
            yield f"{account.path} holds points but is no account of the supply"


TRANSFER_CHECKS = (
    sequence_without_gap,
    accounts_known,
    reference_valid,
    counters_follow,
    guard_held,
    group_adjacent,
)
FINAL_CHECKS = (head_matches, holds_match, assets_sum_to_zero, supply_complete)


def _expected(replay: _Replay, booked: BookedTransfer) -> tuple[Counters, Counters]:
    """Return both sides' counters by the rules of the book, written apart from `ledger.deciding`."""
    debit = replay.counters.get(booked.debit_account_id, Counters())
    credit = replay.counters.get(booked.credit_account_id, Counters())
    hold = replay.holds.get(booked.refers_to) if booked.refers_to else None
    freed = hold.amount if hold else 0
    held = booked.amount if booked.kind is TransferKind.HOLD else 0
    moved = booked.amount if booked.kind not in {TransferKind.HOLD, TransferKind.RELEASE} else 0
    return (
        Counters(
            debit.debits_posted + moved,
            debit.debits_pending + held - freed,
            debit.credits_posted,
            debit.credits_pending,
        ),
        Counters(
            credit.debits_posted,
            credit.debits_pending,
            credit.credits_posted + moved,
            credit.credits_pending + held - freed,
        ),
    )


def _advance(replay: _Replay, booked: BookedTransfer) -> None:
    replay.counters[booked.debit_account_id], replay.counters[booked.credit_account_id] = _expected(
        replay, booked
    )
    replay.sequence = booked.sequence
    if booked.group_id is not None:
        replay.groups[booked.group_id] = booked.sequence
    if booked.refers_to is not None:
        replay.holds.pop(booked.refers_to, None)
        replay.movable.pop(booked.refers_to, None)
    if booked.kind is TransferKind.HOLD:
        replay.holds[booked.transfer_id] = booked
    elif booked.kind in {TransferKind.POST, TransferKind.CAPTURE}:
        replay.movable[booked.transfer_id] = booked


def _walk(reading: db.Reading, replay: _Replay) -> Iterator[tuple[BookedTransfer, bytes | None, bytes]]:
    """Yield each transfer with the commitment that it should have (None if erased) and the one it has."""
    secrets = accounts.secrets_of(reading, replay.accounts)
    committer = leaves.Committer(
        reading.city_id,
        {
            account_id: leaves.Party(account.path, account.asset, secrets[account_id])
            for account_id, account in replay.accounts.items()
            if account_id in secrets
        },
    )
    erased = {a.account_id: a.erased_until for a in replay.accounts.values() if a.erased_until}
    last = 0
    while True:
        statement = (
            sa.select(*rows.COLUMNS, transfers.c.commitment)
            .where(transfers.c.city_id == reading.city_id, transfers.c.sequence > last)
            .order_by(transfers.c.sequence)
            .limit(CHUNK)
        )
        chunk = reading.connection.execute(statement).all()
        for row in chunk:
            booked = rows.booked(row)
            sides = (booked.debit_account_id, booked.credit_account_id)
            known = all(side in secrets for side in sides)
            gone = not known or any(erased.get(side, 0) >= booked.sequence for side in sides)
            yield booked, None if gone else committer.commitment(booked), row.commitment
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].sequence


def _name(check: Callable[..., object]) -> str:
    return check.__name__.replace("_", "-")
