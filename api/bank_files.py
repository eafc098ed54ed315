"""Taking in what the bank says: one file confirms payouts and brings the money that came."""

import hashlib
from dataclasses import dataclass

from identity import auditing
from kernel.cities import City
from kernel.db import Work
from merchants import bank_statements, billing, matching
from merchants.matching import Import
from redemption import bank_receipts, receiving
from redemption.receiving import Received


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file."""

    payouts: Import
    received: Received
    is_new: bool
    """Whether the file was not taken in before."""


def take_in(work: Work, city: City, content: bytes, *, by: str) -> TakenIn:
    """Take a camt.053 file in, for payouts and for incoming money; the same again changes nothing.

    Raises what `bank_statements.read` raises; Conflict `billing-profile-missing`, `bank-file-other-account`.
    """
    statements = bank_statements.read(content)
    account = billing.get(work).iban
    is_new = bank_receipts.imported(work, hashlib.sha256(content).hexdigest()) is None
    payouts = matching.take_in(work, content, by=by)
    received = receiving.take_in(work, city, content, statements, iban=account, by=by)
    subject = f"bank-file/{payouts.file.sha256[:16]}"
    details = {**payouts.counts, "credits": received.added, "paid": len(received.paid)}
    auditing.record(work, by, "bank-file-taken-in", subject, details)
    return TakenIn(payouts, received, is_new)
