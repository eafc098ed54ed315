"""What the ledger answers: one typed outcome for each transfer, and what it booked."""

import datetime as dt
import enum
from typing import ClassVar, NamedTuple
from uuid import UUID

from kernel.errors import DomainError, Kind
from ledger.transfers import TransferKind


class Code(enum.StrEnum):
    """Outcomes in order of precedence: the first that applies is the one given.

    The identity of a request is looked at before anything else, then its form, then where its accounts come
    from (their names, or the transfer referred to), then the accounts, then what became of the transfer
    referred to, then the guards. A member of a group that is itself in order gets `group-member-rejected`
    when another member is not.
    """

    POSTED = "posted"
    ID_USED_FOR_OTHER_CONTENT = "id-used-for-other-content"
    GROUP_ALREADY_POSTED = "group-already-posted"
    ID_IN_FUTURE = "id-in-future"
    AMOUNT_OUT_OF_RANGE = "amount-out-of-range"
    ACCOUNT_NOT_FOUND = "account-not-found"
    REFERRED_NOT_FOUND = "referred-not-found"
    REFERRED_KIND_WRONG = "referred-kind-wrong"
    ACCOUNTS_EQUAL = "accounts-equal"
    ASSETS_DIFFER = "assets-differ"
    ACCOUNT_CLOSED = "account-closed"
    PERIOD_CLOSED = "period-closed"
    EXPIRY_NOT_IN_FUTURE = "expiry-not-in-future"
    HOLD_EXPIRED = "hold-expired"
    ALREADY_CAPTURED = "already-captured"
    ALREADY_RELEASED = "already-released"
    ALREADY_REVERSED = "already-reversed"
    CAPTURE_EXCEEDS_HOLD = "capture-exceeds-hold"
    COUNTER_OVERFLOW = "counter-overflow"
    OVERDRAFT = "overdraft"
    GROUP_MEMBER_REJECTED = "group-member-rejected"


class Counters(NamedTuple):
    """The four counters of an account. Posted ones only grow; pending ones are what is reserved now."""

    debits_posted: int = 0
    debits_pending: int = 0
    credits_posted: int = 0
    credits_pending: int = 0

    @property
    def available(self) -> int:
        """What may be spent: reservations against the account are taken off, expected credits don't count."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def posted(self) -> int:
        """The balance of what has been booked finally."""
        return self.credits_posted - self.debits_posted


class BookedTransfer(NamedTuple):
    """A transfer as it stands in the book, with the counters that it left on both sides.

    A tuple, as all that is made once per transfer: a frozen dataclass takes ten times as long to make.
    """

    sequence: int
    transfer_id: UUID
    kind: TransferKind
    refers_to: UUID | None
    debit_account_id: int
    credit_account_id: int
    amount: int
    purpose: str
    subject: str
    group_id: UUID | None
    effective: dt.date
    booked_at: dt.datetime
    expires_at: dt.datetime | None
    debit_side: Counters
    credit_side: Counters


class Outcome(NamedTuple):
    """The ledger's answer to one transfer; `booked` is there exactly when `code` is posted."""

    transfer_id: UUID
    code: Code
    replayed: bool = False
    booked: BookedTransfer | None = None

    @property
    def ok(self) -> bool:
        """Whether the transfer stands in the book."""
        return self.code is Code.POSTED


class TransferRejected(DomainError):
    """A transfer that had to succeed was rejected; `code` is the ledger's code."""

    kind: ClassVar[Kind] = Kind.CONFLICT

    def __init__(self, outcome: Outcome, position: int) -> None:
        super().__init__(outcome.code.value, position=position)
        self.outcome = outcome
