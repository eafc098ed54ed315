"""Receiving bank transfers: a bank's statement is taken in, each credit once, and matched with requests.

All money that comes is first posted to `eur/suspense/bank`; what pays a request goes on to
`eur/clearing/transfer`, the rest stays there until it is assigned or sent back. The same file again, or one
that overlaps with it, changes nothing.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict, Invalid
from ledger import accounts, chart, posting, queries, transfers
from ledger.accounts import Guard, NewAccount
from ledger.transfers import Transfer
from merchants import payout_orders
from merchants.bank_statements import BankEntry, BankStatement
from redemption import (
    bank_receipts,
    collection_requests,
    creditor_references,
    receipt_matching,
    short_transfers,
)
from redemption.bank_receipts import BankReceipt, FileImport
from redemption.collection_requests import CollectionRequest, CollectionWay
from redemption.providers import PaymentStatus
from redemption.receipt_matching import Cause, Decision, Entry, Request

SUSPENSE = "eur/suspense/bank"
CLEARING = "eur/clearing/transfer"
PURPOSE_RECEIVED = "bank-receipt"
PURPOSE_MATCHED = "bank-matched"
PURPOSE_RETURNED = "bank-returned"

_NAMESPACE = UUID("b6c2f3ba-0c4f-4a0e-9a53-0c9a4f4b4c51")
_NAME_MAX, _IBAN_MAX, _TEXT_MAX = 140, 34, 500


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file."""

    entries: int
    """Credits in it."""
    added: int
    """Of them, not known before."""
    causes: dict[Cause, int]
    """How many of the new ones, or of those that they completed, are of which cause."""
    paid: tuple[int, ...]
    """Payments that are paid now."""


def take_in(
    work: db.Work, city: City, content: bytes, statements: Iterable[BankStatement], *, iban: str, by: str
) -> Received:
    """Take in a file of the account `iban`. Raises Conflict `bank-file-other-account`: then nothing is."""
    sha256 = hashlib.sha256(content).hexdigest()
    found = list(statements)
    for statement in found:
        if statement.iban != iban:
            raise Conflict("bank-file-other-account", iban=statement.iban)
    all_entries = [one for statement in found for one in statement.entries]
    # A payout that came back is the payouts' to book.
    payouts = payout_orders.by_end_to_end_id(work, (one.end_to_end_id for one in all_entries))
    entries = [one for one in all_entries if _concerns(one) and one.end_to_end_id not in payouts]
    there = bank_receipts.known(work, (one.key for one in entries))
    fresh = list({one.key: one for one in entries if one.key not in there}.values())
    _open_accounts(work)
    decisions = _decide(work, fresh) if fresh else []
    _keep(work, fresh, decisions)
    _post(work, city, fresh, decisions)
    paid = _receive(work, decisions)
    short_transfers.tell(work, {one.payment_id for one in decisions if one.cause is Cause.UNDERPAID})
    if bank_receipts.imported(work, sha256) is None:
        bank_receipts.note_import(work, FileImport(sha256, work.now, by, len(entries), len(fresh)))
    causes: dict[Cause, int] = {}
    for one in decisions:
        causes[one.cause] = causes.get(one.cause, 0) + 1
    return Received(len(entries), len(fresh), causes, paid)


def assign(work: db.Work, city: City, entry_key: str, written: str, *, by: str) -> BankReceipt:
    """Take the open rest of a receipt for the request of a reference, as somebody who looked into it says.

    Raises NotFound `bank-receipt-not-found`, `collection-not-found`; Conflict `receipt-closed`,
    `receipt-amount-differs` (it must be exactly what is due), `collection-over`.
    """
    receipt = bank_receipts.get(work, entry_key)
    if receipt.open_cents <= 0:
        raise Conflict("receipt-closed")
    code = creditor_references.find_normal(written) or written.strip()
    request = collection_requests.by_code(work, code)
    if request.way is not CollectionWay.TRANSFER or request.status is not PaymentStatus.CREATED:
        raise Conflict("collection-over")
    due = request.cents - request.received_cents
    if receipt.open_cents != due:
        raise Conflict("receipt-amount-differs", due=due, received=receipt.open_cents)
    decision = Decision(
        entry_key, Cause.MATCHED, request.payment_id, receipt.matched_cents + due, open_cents=0
    )
    bank_receipts.decide(work, decision)
    matched = _move(work, city, SUSPENSE, CLEARING, due, PURPOSE_MATCHED, entry_key, f"assigned-{by}")
    posting.post_or_raise(work, [matched])
    collection_requests.receive(work, request, due, "transfer")
    return bank_receipts.get(work, entry_key)


def send_back(work: db.Work, city: City, entry_key: str, *, on: dt.date, by: str) -> BankReceipt:
    """Note that the open rest of a receipt was transferred back to its payer on a day.

    Raises NotFound `bank-receipt-not-found`; Conflict `receipt-closed`; Invalid `refund-day-invalid`.
    """
    receipt = bank_receipts.get(work, entry_key)
    if receipt.open_cents <= 0:
        raise Conflict("receipt-closed")
    latest = city.day_of(work.now)
    if not receipt.booked_on <= on <= latest:
        raise Invalid(
            "refund-day-invalid",
            field="done_on",
            earliest=receipt.booked_on.isoformat(),
            latest=latest.isoformat(),
        )
    back = _move(
        work, city, SUSPENSE, chart.EUR_BANK, receipt.open_cents, PURPOSE_RETURNED, entry_key, "back", on
    )
    posting.post_or_raise(work, [back])
    bank_receipts.close(work, entry_key, on=on, by=by)
    return bank_receipts.get(work, entry_key)


def _concerns(entry: BankEntry) -> bool:
    """Whether it is money that came, or came and was taken back; what the city pays is not."""
    return entry.is_credit or entry.is_reversal


def _numbers(entry: BankEntry) -> tuple[int, ...]:
    """Return the requests that an entry names: the structured reference decides, else what was written."""
    structured = creditor_references.number_of(entry.creditor_reference)
    if structured is not None:
        return (structured,)
    written = f"{entry.creditor_reference} {entry.remittance} | {entry.end_to_end_id}"
    return tuple(creditor_references.numbers_in(written))


def _decide(work: db.Work, fresh: Sequence[BankEntry]) -> list[Decision]:
    incoming = [one for one in fresh if one.is_credit]
    numbers = {one.key: _numbers(one) for one in incoming}
    wanted = sorted({number for found in numbers.values() for number in found})
    asked = collection_requests.by_payments(work, wanted)
    requests = {
        payment_id: Request(payment_id, one.cents, one.received_cents, one.status is PaymentStatus.CANCELLED)
        for payment_id, one in asked.items()
        if one.way is CollectionWay.TRANSFER
    }
    waiting = [
        Entry(one.entry_key, one.open_cents, one.booked_on, (one.payment_id,) if one.payment_id else ())
        for one in bank_receipts.waiting_for(work, requests)
    ]
    entries = [Entry(one.key, one.cents, one.booked_on, numbers[one.key]) for one in incoming]
    back = [Decision(one.key, Cause.TAKEN_BACK, None, 0, -one.cents) for one in fresh if not one.is_credit]
    return [*receipt_matching.decide(requests, entries, waiting), *back]


def _keep(work: db.Work, fresh: Sequence[BankEntry], decisions: Sequence[Decision]) -> None:
    entries = {one.key: one for one in fresh}
    new = [
        BankReceipt(
            entry_key=one.key,
            cents=entry.cents if entry.is_credit else -entry.cents,
            booked_on=entry.booked_on,
            valued_on=entry.valued_on,
            payer_name=entry.counterparty_name[:_NAME_MAX],
            payer_iban=entry.counterparty_iban[:_IBAN_MAX],
            remittance=(entry.remittance or entry.creditor_reference)[:_TEXT_MAX],
            cause=one.cause,
            payment_id=one.payment_id,
            matched_cents=one.matched_cents,
            open_cents=one.open_cents,
            imported_at=work.now,
        )
        for one in decisions
        if (entry := entries.get(one.key)) is not None
    ]
    bank_receipts.add(work, new)
    for one in decisions:
        if one.key not in entries:
            bank_receipts.decide(work, one)


def _post(work: db.Work, city: City, fresh: Sequence[BankEntry], decisions: Sequence[Decision]) -> None:
    batch = []
    for one in fresh:
        sides = (chart.EUR_BANK, SUSPENSE) if one.is_credit else (SUSPENSE, chart.EUR_BANK)
        batch.append(_move(work, city, *sides, one.cents, PURPOSE_RECEIVED, one.key, "in", one.booked_on))
    batch += [
        _move(work, city, SUSPENSE, CLEARING, one.matched_cents, PURPOSE_MATCHED, one.key, "matched")
        for one in decisions
        if one.matched_cents
    ]
    if batch:
        posting.post_or_raise(work, batch)


def _receive(work: db.Work, decisions: Sequence[Decision]) -> tuple[int, ...]:
    sums: dict[int, int] = {}
    for one in decisions:
        if one.payment_id is not None and one.matched_cents:
            sums[one.payment_id] = sums.get(one.payment_id, 0) + one.matched_cents
    asked: dict[int, CollectionRequest] = collection_requests.by_payments(work, sorted(sums))
    done = [
        collection_requests.receive(work, asked[payment_id], cents, "transfer")
        for payment_id, cents in sorted(sums.items())
    ]
    return tuple(one.payment_id for one in done if one.status is PaymentStatus.SUCCEEDED)


def _open_accounts(work: db.Work) -> None:
    chart.open_chart(work)
    paths = (SUSPENSE, CLEARING)
    accounts.open_accounts(work, [NewAccount(path, transfers.EUR, Guard.NONE) for path in paths])


def _move(
    work: db.Work,
    city: City,
    debit: str,
    credit: str,
    cents: int,
    purpose: str,
    entry_key: str,
    step: str,
    day: dt.date | None = None,
) -> Transfer:
    """Return a posting about a receipt. One that happened in a closed period is effective today."""
    today = city.day_of(work.now)
    return transfers.post(
        ids.derive(_NAMESPACE, work.city_id, entry_key, step),
        debit,
        credit,
        cents,
        effective=_open_day(work, day, today),
        purpose=purpose,
        subject=f"bank/{entry_key}",
    )


def _open_day(work: db.Work, day: dt.date | None, today: dt.date) -> dt.date:
    closed_until = queries.closed_until(work)
    if day is None or day > today or (closed_until is not None and day <= closed_until):
        return today
    return day
