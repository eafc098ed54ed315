"""Exporting the book, piece by piece: the memory used grows with the accounts, not with the transfers."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from kernel.errors import Invalid
from ledger import accounts, journals, queries
from ledger.accounts import Account
from ledger.deciding import PURPOSE_EXPIRED
from ledger.journals import Entry, Figure, Form, Side
from ledger.tables import transfers
from ledger.transfers import TransferKind

CHUNK = 5000
"""Transfers read at a time."""

_COLUMNS = (
    "sequence", "transfer_id", "kind", "refers_to", "group_id", "debit_account_id", "credit_account_id",
    "amount", "purpose", "subject", "effective", "booked_at", "expires_at",
)  # fmt: skip
_Place = tuple[str, Side, str]
"""Path, side and asset."""


@dataclass(slots=True)
class _Sums:
    """What stands on the accounts of the journal, and since when each is used."""

    amounts: dict[_Place, int] = field(default_factory=dict)
    since: dict[_Place, dt.date] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        if entry.moved:
            self._add((entry.debit, Side.POSTED, entry.asset), entry.moved, entry.effective)
            self._add((entry.credit, Side.POSTED, entry.asset), -entry.moved, entry.effective)
        if entry.reserved:
            self._add((entry.debit, Side.DEBITS_PENDING, entry.asset), entry.reserved, entry.effective)
            self._add((entry.credit, Side.CREDITS_PENDING, entry.asset), -entry.reserved, entry.effective)

    def _add(self, place: _Place, amount: int, day: dt.date) -> None:
        self.amounts[place] = self.amounts.get(place, 0) + amount
        self.since[place] = min(day, self.since.get(place, day))


def export(
    reading: db.Reading,
    form: Form,
    title: str,
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[str]:
    """Yield the city's book in pieces of text.

    With `first` or `last` only transfers that are effective from that day or up to that day; what stood on
    the accounts before comes as opening balances. The closing balances of a whole book are those that the
    ledger gives, so a tool that loads it checks the ledger; those of a part follow from the transfers.
    Raises Invalid if the days are in the wrong order.
    """
    if first is not None and last is not None and last < first:
        raise Invalid("range-empty", field="to")
    known = {account.account_id: account for account in accounts.every(reading)}
    journal = journals.JOURNALS[form]
    yield journal.head(title, sorted({account.asset for account in known.values()}))
    before, within = _Sums(), _Sums()
    end = first
    for entry in entries(reading, known, progress):
        if last is not None and entry.effective > last:
            continue
        if first is not None and entry.effective < first:
            before.add(entry)
            continue
        within.add(entry)
        end = entry.effective if end is None else max(end, entry.effective)
        yield journal.entry(entry)
    closing_day = last or end
    if closing_day is None:
        return
    if first is not None:
        yield from journal.opening(first, _figures(before, first))
        _merge(within, before, first)
    elif last is None:
        _take_over(within, reading, closing_day)
    yield from journal.closing(closing_day, _figures(within, closing_day, zeros=True))


def entries(
    reading: db.Reading,
    known: dict[int, Account],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Entry]:
    """Yield every transfer in order, then releases for the holds whose time is over but not booked yet."""
    open_holds: dict[UUID, Entry] = {}
    total = queries.head_sequence(reading) if progress else 0
    for row in _rows(reading):
        entry = _entry(row, known, open_holds)
        if entry.kind is TransferKind.HOLD:
            open_holds[entry.transfer_id] = entry
        if progress and row.sequence % CHUNK == 0:
            progress(row.sequence, total)
        yield entry
    closed_until = queries.closed_until(reading)
    today = reading.now.date()
    if closed_until is not None and today <= closed_until:
        today = closed_until + dt.timedelta(days=1)
    for hold in open_holds.values():
        if hold.expires_at is not None and hold.expires_at <= reading.now:
            yield _release(hold, today, reading.now)


def _entry(row: sa.Row[Any], known: dict[int, Account], open_holds: dict[UUID, Entry]) -> Entry:
    kind = TransferKind(row.kind)
    reserved = row.amount if kind is TransferKind.HOLD else 0
    if kind in {TransferKind.CAPTURE, TransferKind.RELEASE}:
        # A part that is not captured is released in the same step.
        hold = open_holds.pop(row.refers_to, None)
        reserved = -(hold.amount if hold else row.amount)
    return Entry(
        sequence=row.sequence,
        transfer_id=row.transfer_id,
        kind=kind,
        refers_to=row.refers_to,
        group_id=row.group_id,
        debit=known[row.debit_account_id].path,
        credit=known[row.credit_account_id].path,
        asset=known[row.debit_account_id].asset,
        amount=row.amount,
        moved=0 if kind in {TransferKind.HOLD, TransferKind.RELEASE} else row.amount,
        reserved=reserved,
        purpose=row.purpose,
        subject=row.subject,
        effective=row.effective,
        booked_at=row.booked_at,
        expires_at=row.expires_at,
    )


def _release(hold: Entry, day: dt.date, now: dt.datetime) -> Entry:
    """Return what the writer will book next: nobody sees an expired hold, in an export neither."""
    return replace(
        hold,
        sequence=None,
        kind=TransferKind.RELEASE,
        refers_to=hold.transfer_id,
        group_id=None,
        reserved=-hold.amount,
        purpose=PURPOSE_EXPIRED,
        effective=day,
        booked_at=now,
        expires_at=None,
    )


def _rows(reading: db.Reading) -> Iterator[sa.Row[Any]]:
    last = 0
    while True:
        statement = (
            sa.select(*(transfers.c[name] for name in _COLUMNS))
            .where(transfers.c.city_id == reading.city_id, transfers.c.sequence > last)
            .order_by(transfers.c.sequence)
            .limit(CHUNK)
        )
        chunk = reading.connection.execute(statement).all()
        yield from chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].sequence


def _take_over(sums: _Sums, reading: db.Reading, day: dt.date) -> None:
    """Replace what follows from the transfers by the balances that the ledger gives."""
    found: dict[_Place, int] = {}
    for account, left in queries.trial_balance(reading):
        found[account.path, Side.POSTED, account.asset] = -left.posted
        found[account.path, Side.DEBITS_PENDING, account.asset] = left.debits_pending
        found[account.path, Side.CREDITS_PENDING, account.asset] = -left.credits_pending
    sums.amounts = {place: amount for place, amount in found.items() if amount or place in sums.since}
    sums.since = {place: sums.since.get(place, day) for place in sums.amounts}


def _merge(sums: _Sums, before: _Sums, day: dt.date) -> None:
    for place, amount in before.amounts.items():
        sums.amounts[place] = sums.amounts.get(place, 0) + amount
        sums.since[place] = day


def _figures(sums: _Sums, day: dt.date, *, zeros: bool = False) -> Iterable[Figure]:
    for (path, side, asset), amount in sorted(sums.amounts.items()):
        if amount or zeros:
            yield Figure(path, side, asset, amount, sums.since.get((path, side, asset), day))
