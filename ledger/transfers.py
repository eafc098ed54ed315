"""What callers ask the ledger to do: transfers of one asset from a debit account to a credit account.

Pure values; `ledger.posting` books them. Build them with the functions below, which take exactly what each
kind needs.
"""

import datetime as dt
import enum
from dataclasses import dataclass
from uuid import UUID

DUC = "DUC"
"""Asset of the points: whole points."""
EUR = "EUR"
"""Asset of the euros: cents."""


class TransferKind(enum.StrEnum):
    """What a transfer does with its amount."""

    POST = "post"
    """Moves the amount at once."""
    HOLD = "hold"
    """Reserves the amount until it is captured, released or expires."""
    CAPTURE = "capture"
    """Moves what a hold reserved, or a part; the rest is released in the same step."""
    RELEASE = "release"
    """Gives back what a hold reserved."""
    REVERSE = "reverse"
    """Moves the amount of an earlier post or capture back, once."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One request to the ledger.

    `transfer_id` is made by the caller before the call and makes the request idempotent: the same id with
    the same content gets the first outcome again. Transfers with one `group_id` stand next to each other in
    a batch and are booked all or none. `effective` says when it happened; `purpose` why, as a short code;
    `subject` what it is about, as an opaque reference. Accounts are named by path. For capture, release and
    reverse the accounts come from the transfer that they refer to; purpose and subject too, unless given.
    """

    transfer_id: UUID
    kind: TransferKind
    effective: dt.date
    purpose: str | None = None
    subject: str | None = None
    group_id: UUID | None = None
    debit: str | None = None
    credit: str | None = None
    amount: int | None = None
    refers_to: UUID | None = None
    expires_at: dt.datetime | None = None


def post(
    transfer_id: UUID,
    debit: str,
    credit: str,
    amount: int,
    *,
    effective: dt.date,
    purpose: str,
    subject: str = "",
    group_id: UUID | None = None,
) -> Transfer:
    """Return a transfer that moves `amount` from `debit` to `credit` at once."""
    return Transfer(
        transfer_id, TransferKind.POST, effective, purpose, subject, group_id, debit, credit, amount
    )


def hold(
    transfer_id: UUID,
    debit: str,
    credit: str,
    amount: int,
    *,
    effective: dt.date,
    purpose: str,
    subject: str = "",
    group_id: UUID | None = None,
    expires_at: dt.datetime | None = None,
) -> Transfer:
    """Return a transfer that reserves `amount`, until `expires_at` or without end."""
    return Transfer(
        transfer_id,
        TransferKind.HOLD,
        effective,
        purpose,
        subject,
        group_id,
        debit,
        credit,
        amount,
        expires_at=expires_at,
    )


def capture(
    transfer_id: UUID,
    hold_id: UUID,
    *,
    effective: dt.date,
    amount: int | None = None,
    purpose: str | None = None,
    subject: str | None = None,
    group_id: UUID | None = None,
) -> Transfer:
    """Return a transfer that moves what a hold reserved: all of it, or `amount` with the rest released."""
    return Transfer(
        transfer_id,
        TransferKind.CAPTURE,
        effective,
        purpose,
        subject,
        group_id,
        amount=amount,
        refers_to=hold_id,
    )


def release(
    transfer_id: UUID,
    hold_id: UUID,
    *,
    effective: dt.date,
    purpose: str | None = None,
    subject: str | None = None,
    group_id: UUID | None = None,
) -> Transfer:
    """Return a transfer that gives back what a hold reserved."""
    return Transfer(
        transfer_id, TransferKind.RELEASE, effective, purpose, subject, group_id, refers_to=hold_id
    )


def reverse(
    transfer_id: UUID,
    reversed_id: UUID,
    *,
    effective: dt.date,
    purpose: str | None = None,
    subject: str | None = None,
    group_id: UUID | None = None,
) -> Transfer:
    """Return a transfer that moves the amount of an earlier post or capture back."""
    return Transfer(
        transfer_id, TransferKind.REVERSE, effective, purpose, subject, group_id, refers_to=reversed_id
    )
