"""Taking a scan back: the uses that it took are reversed in the ledger, and the voucher is good again.

Within the minutes that the offer gives a venue for it. What is reversed goes back to where it came from and
is held anew at once, so nobody else can have it; only if the voucher itself is over by then, or was given
back, it stays in the wallet. Taking back again gives the first answer.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind
from kernel import db
from kernel.cities import City, LocalizedText
from kernel.errors import Conflict, Forbidden, NotFound
from ledger import accounts, posting, queries, transfers
from ledger.outcomes import BookedTransfer
from ledger.transfers import Transfer
from redemption import gates, keys, objecting, orders, passages, scans, status_changes, vouchers
from redemption.scans import Scan
from redemption.tables import redemptions
from redemption.tables import vouchers as vouchers_table
from redemption.verdicts import PASSED, VerdictCode
from redemption.vouchers import Step, Voucher, VoucherStatus

LETTER, LETTER_OVER = "scan-undone", "scan-undone-over"
"""Of the entries in the postbox: the voucher is good again, or it is over and the points are back."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A scan that was taken back."""

    scan_id: int
    undone_at: dt.datetime
    count: int
    """How many uses it had taken; 0: somebody only passed a gate."""
    voucher_id: str
    titles: LocalizedText
    uses: int
    left: int
    """How often the voucher can be used now."""


class _Row(NamedTuple):
    """A use as it is recorded."""

    use_number: int
    scan_id: int | None
    undone_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A use that a scan took: its number, and its place among those that count."""

    number: int
    place: int


def undo(work: db.Work, city: City, scan_id: int, *, venue_id: int) -> Undone:
    """Take back what a scan took, as its venue may. Again: the same answer.

    Raises NotFound `scan-not-found`, Forbidden `undo-not-yours`, Conflict `undo-nothing`, `undo-not-offered`,
    `undo-too-late` or `undo-given-back` (the city gave the points back already).
    """
    scan = scans.get(work, scan_id)
    if scan.venue_id != venue_id:
        raise Forbidden("undo-not-yours")
    if scan.verdict.code in PASSED:
        return _undo_passage(work, scan)
    voucher, rows = _what_it_took(work, scan)
    mine = [row for row in rows if row.scan_id == scan_id]
    if before := [row.undone_at for row in mine if row.undone_at is not None]:
        return _undone(scan, voucher, before[0], len(mine))
    minutes = voucher.terms.undo_minutes
    if not minutes:
        raise Conflict("undo-not-offered")
    if work.now >= scan.verdict.at + dt.timedelta(minutes=minutes):
        raise Conflict("undo-too-late", minutes=minutes)
    if {row.use_number for row in mine} & objecting.given_back(work, voucher.owner, voucher.voucher_id):
        raise Conflict("undo-given-back")
    take_back(work, city, voucher, scan_id)
    return _undone(scan, vouchers.get(work, voucher.voucher_id), work.now, len(mine))


def _undo_passage(work: db.Work, scan: Scan) -> Undone:
    """Take back that somebody passed a gate: only the count of guests changes."""
    voucher, scan_id = _shown_voucher(work, scan), scan.verdict.scan_id
    at = passages.undone_at(work, scan_id)
    if at is None:
        if work.now >= scan.verdict.at + dt.timedelta(minutes=gates.UNDO_MINUTES):
            raise Conflict("undo-too-late", minutes=gates.UNDO_MINUTES)
        passages.undo(work, [scan_id])
    return _undone(scan, voucher, at or work.now, 0)


def take_back(work: db.Work, city: City, voucher: Voucher, scan_id: int) -> None:
    """Reverse all uses of a voucher that a scan took and that count; whether it may is decided before.

    What the city gave back because the guest objected comes back no second time.
    """
    passages.undo(work, [scan_id])
    if not voucher.hold_count:
        # At a hub: what it means in the ledger the city finds out.
        _note_only(work, voucher, scan_id)
        return
    live = [row.use_number for row in _rows(work, voucher.voucher_id) if row.undone_at is None]
    by_scan = {row.use_number for row in _rows(work, voucher.voucher_id) if row.scan_id == scan_id}
    by_scan -= objecting.given_back(work, voucher.owner, voucher.voucher_id)
    taken = [_Taken(number, place) for place, number in enumerate(live) if number in by_scan]
    if not taken:
        return
    again = (
        voucher.status in {VoucherStatus.REDEEMED, VoucherStatus.USABLE} and work.now < voucher.valid_until
    )
    book = _Book(work, city, voucher)
    batch: list[Transfer] = []
    held_anew: list[list[int]] = []
    for one in taken:
        batch += book.reversals(one)
        held_anew.append(list(voucher.holds_of_use(one.place)))
        if again:
            held_anew[-1] = list(range(book.hold_count, book.hold_count + len(held_anew[-1])))
            batch += book.holds(one)
    points = sum(move.amount for move in book.returned)
    posting.post_or_raise(work, batch)
    _note(work, voucher, taken, held_anew, book.hold_count)
    if not again and voucher.paid_cents and (order := orders.of_voucher(work, voucher.voucher_id)):
        # Its euros are the buyer's again, and the till may have looked at it already.
        orders.change(work, order.order_id, due_at=work.now)
    facts = {"titles": voucher.titles, "points": points, "voucher_id": voucher.voucher_id}
    code = LETTER if again else LETTER_OVER
    # What comes back comes to whoever paid.
    reader = voucher.owner if again else voucher.payer or voucher.owner
    if reader != orders.NOBODY:
        postbox.put(work, reader, EntryKind.MESSAGE, code, facts, event_key=f"{LETTER}/{scan_id}")


def _note_only(work: db.Work, voucher: Voucher, scan_id: int) -> None:
    """Note that what a scan took does not count any more."""
    work.connection.execute(
        sa.update(redemptions)
        .where(
            redemptions.c.city_id == work.city_id,
            redemptions.c.voucher_id == voucher.voucher_id,
            redemptions.c.scan_id == scan_id,
        )
        .values(undone_at=work.now)
    )


class _Book:
    """What the ledger has of the uses of a voucher, and the transfers that undo them."""

    def __init__(self, work: db.Work, city: City, voucher: Voucher) -> None:
        self._work, self._voucher = work, voucher
        self._day = city.day_of(work.now)
        self.hold_count = voucher.hold_count
        steps = (Step.HOLD, Step.REDEEM, Step.PAY_VENUE)
        wanted = [self._id(step, place) for step in steps for place in range(voucher.hold_count)]
        self._booked = queries.by_transfer_id(work, wanted)
        sides = {
            side for one in self._booked.values() for side in (one.debit_account_id, one.credit_account_id)
        }
        self._known = accounts.by_id(work, sides)
        self.returned: list[BookedTransfer] = []
        """What went back to wallets."""

    def reversals(self, use: _Taken) -> Iterator[Transfer]:
        """Yield what moves back what a use moved."""
        group_id = self._group(Step.UNDO, use)
        for place in self._voucher.holds_of_use(use.place):
            # For several venues the hold was released and the venue paid instead.
            paid = self._booked.get(self._id(Step.PAY_VENUE, place))
            moved = paid or self._booked[self._id(Step.REDEEM, place)]
            if self._known[moved.debit_account_id].owner is not None:
                self.returned.append(moved)
            yield transfers.reverse(
                self._id(Step.UNDO, place), moved.transfer_id, effective=self._day, group_id=group_id
            )

    def holds(self, use: _Taken) -> Iterator[Transfer]:
        """Yield what holds the same anew, under the next places."""
        group_id = self._group(Step.HOLD, use)
        for place in self._voucher.holds_of_use(use.place):
            held = self._booked[self._id(Step.HOLD, place)]
            yield transfers.hold(
                self._id(Step.HOLD, self.hold_count),
                self._known[held.debit_account_id].path,
                self._known[held.credit_account_id].path,
                held.amount,
                effective=self._day,
                purpose=vouchers.PURPOSE_AGAIN,
                subject=held.subject,
                group_id=group_id,
                expires_at=self._voucher.valid_until,
            )
            self.hold_count += 1

    def _id(self, step: Step, place: int) -> UUID:
        return vouchers.transfer_id(self._work.city_id, self._voucher.voucher_id, step, place)

    def _group(self, step: Step, use: _Taken) -> UUID:
        # The first group of holds is the purchase's: those of a use that was taken back come after all uses.
        number = use.number + 1 if step is Step.HOLD else use.number
        return vouchers.group_id(self._work.city_id, self._voucher.voucher_id, step, number)


def _shown_voucher(work: db.Work, scan: Scan) -> Voucher:
    shown = scan.verdict.voucher
    if shown is None or not shown.voucher_id:
        raise Conflict("undo-nothing")
    try:
        return vouchers.get(work, shown.voucher_id)
    except NotFound:
        raise Conflict("undo-nothing") from None


def _what_it_took(work: db.Work, scan: Scan) -> tuple[Voucher, list[_Row]]:
    if scan.verdict.code is not VerdictCode.ACCEPTED:
        raise Conflict("undo-nothing")
    voucher = _shown_voucher(work, scan)
    rows = _rows(work, voucher.voucher_id)
    if not any(row.scan_id == scan.verdict.scan_id for row in rows):
        raise Conflict("undo-nothing")
    return voucher, rows


def _rows(reading: db.Reading, voucher_id: str) -> list[_Row]:
    columns = [redemptions.c[name] for name in _Row._fields]
    found = reading.connection.execute(
        sa.select(*columns)
        .where(redemptions.c.city_id == reading.city_id, redemptions.c.voucher_id == voucher_id)
        .order_by(redemptions.c.use_number)
    )
    return [_Row(*row) for row in found]


def _note(
    work: db.Work,
    voucher: Voucher,
    taken: Sequence[_Taken],
    held_anew: Sequence[list[int]],
    hold_count: int,
) -> None:
    """Note that uses don't count any more, and what the voucher holds instead."""
    work.connection.execute(
        sa.update(redemptions)
        .where(
            redemptions.c.city_id == work.city_id,
            redemptions.c.voucher_id == voucher.voucher_id,
            redemptions.c.use_number.in_([one.number for one in taken]),
        )
        .values(undone_at=work.now)
    )
    gone = {one.place for one in taken}
    of_uses = [voucher.holds_of_use(place) for place in range(voucher.uses)]
    kept = [holds for place, holds in enumerate(of_uses) if place not in gone]
    # The uses that count come first, and next comes what can be used now.
    used = voucher.used - len(taken)
    work.connection.execute(
        sa.update(vouchers_table)
        .where(vouchers_table.c.city_id == work.city_id, vouchers_table.c.voucher_id == voucher.voucher_id)
        .values(hold_count=hold_count, use_holds=[*kept[:used], *held_anew, *kept[used:]])
    )
    if not used:
        keys.count_taken_back(work, voucher.kid)
    if voucher.status is VoucherStatus.REDEEMED:
        status_changes.note(work, [voucher.status_index], invalid=False)


def undone_scans(reading: db.Reading, voucher_ids: Sequence[str]) -> dict[int, dt.datetime]:
    """Return when scans of these vouchers were taken back, by scan."""
    if not voucher_ids:
        return {}
    found = reading.connection.execute(
        sa.select(redemptions.c.scan_id, redemptions.c.undone_at).where(
            redemptions.c.city_id == reading.city_id,
            redemptions.c.voucher_id.in_(sorted(set(voucher_ids))),
            redemptions.c.undone_at.is_not(None),
            redemptions.c.scan_id.is_not(None),
        )
    )
    return {row.scan_id: row.undone_at for row in found}


def _undone(scan: Scan, voucher: Voucher, at: dt.datetime, count: int) -> Undone:
    return Undone(
        scan_id=scan.verdict.scan_id,
        undone_at=at,
        count=count,
        voucher_id=voucher.voucher_id,
        titles=voucher.titles,
        uses=voucher.uses,
        left=voucher.left,
    )
