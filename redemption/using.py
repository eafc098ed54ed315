"""Booking the use of vouchers: each use captures its own holds, once, for the venue where it happens."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from kernel import bulk, db
from kernel.cities import City
from ledger import accounts, posting, queries, transfers
from ledger.outcomes import BookedTransfer
from ledger.transfers import Transfer
from merchants import venues
from redemption import keys, places, status_changes, vouchers
from redemption.tables import redemptions
from redemption.vouchers import Step, Voucher

_COLUMNS = ("city_id", "voucher_id", "use_number", "venue_id", "device_id", "scan_id", "redeemed_at")


@dataclass(frozen=True, slots=True)
class Use:
    """The next uses of a voucher at a venue; no device and scan if its holder activates it."""

    voucher: Voucher
    venue_id: int
    device_id: int | None = None
    scan_id: int | None = None
    count: int = 1
    """How many uses it takes at once: a party of five with one strip of ten."""
    way: str = ""
    """On which way it was scanned, if not online: `leased`, `hub`, `presented` or `capped`."""
    at: dt.datetime | None = None
    """When it happened, where that was before now."""

    @property
    def number(self) -> int:
        """The first one's, of all its uses, those that were taken back counted, too."""
        return self.voucher.last_use + 1

    @property
    def purpose(self) -> str:
        """The purpose of its transfers, by which statements tell the ways apart."""
        return f"{vouchers.PURPOSE_REDEEMED}-{self.way}" if self.way else vouchers.PURPOSE_REDEEMED


class _InStep(TypedDict):
    """What the transfers of one redemption have in common."""

    effective: dt.date
    purpose: str
    group_id: UUID


def book(work: db.Work, city: City, used: Sequence[Use]) -> None:
    """Redeem the next uses of usable vouchers, each voucher once: points, place and record.

    The voucher has so many uses left.
    """
    _capture(work, city, used)
    note(work, used)
    # Issued and accepted count vouchers, so that one of ten uses is no alarm.
    keys.count_accepted(work, (use.voucher.kid for use in used if use.voucher.used == 0))
    # An activated ticket is shown until its time is over, which its code says.
    over = [
        use.voucher.status_index
        for use in used
        if use.voucher.left == use.count and use.voucher.terms.activation_minutes is None
    ]
    status_changes.note(work, over)


def note(work: db.Work, used: Sequence[Use]) -> None:
    """Note uses; a hub does no more than this, because the ledger is the city's."""
    rows = [
        (
            work.city_id,
            use.voucher.voucher_id,
            use.number + further,
            use.venue_id,
            use.device_id,
            use.scan_id,
            use.at or work.now,
        )
        for use in used
        for further in range(use.count)
    ]
    bulk.insert_rows(work, redemptions, _COLUMNS, rows)


def _capture(work: db.Work, city: City, used: Sequence[Use]) -> None:
    """Capture the holds; points held towards no venue yet are given to this one instead."""
    undecided = {
        vouchers.hold_id(work, use.voucher, place)
        for use in used
        if len(use.voucher.venue_ids) > 1
        for further in range(use.count)
        for place in use.voucher.holds_of_use(use.voucher.used + further)
    }
    holds = queries.by_transfer_id(work, undecided) if undecided else {}
    sides = {side for hold in holds.values() for side in (hold.debit_account_id, hold.credit_account_id)}
    paths = {account_id: one.path for account_id, one in accounts.by_id(work, sides).items()} if sides else {}
    batch = [
        transfer
        for use in used
        for further in range(use.count)
        for transfer in _captures(work, city, use, further, holds, paths)
    ]
    posting.post_or_raise(work, batch)


def _captures(
    work: db.Work,
    city: City,
    use: Use,
    further: int,
    holds: dict[UUID, BookedTransfer],
    paths: dict[int, str],
) -> Iterator[Transfer]:
    """Yield the transfers of one of the uses, which are booked all or none."""
    voucher = use.voucher
    step = _InStep(
        effective=city.day_of(use.at or work.now),
        purpose=use.purpose,
        group_id=vouchers.group_id(work.city_id, voucher.voucher_id, Step.REDEEM, use.number + further),
    )
    for position in voucher.holds_of_use(voucher.used + further):
        hold_id = vouchers.hold_id(work, voucher, position)
        step_id = vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.REDEEM, position)
        hold = holds.get(hold_id)
        if hold is None or paths[hold.credit_account_id] == places.sold_path(voucher.offer_id):
            yield transfers.capture(step_id, hold_id, **step)
            continue
        payment_id = vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.PAY_VENUE, position)
        lot = paths[hold.debit_account_id]
        in_euros = paths[hold.credit_account_id] == venues.takings_path()
        target = venues.takings_path(use.venue_id) if in_euros else venues.points_path(use.venue_id)
        yield transfers.release(step_id, hold_id, **step)
        yield transfers.post(payment_id, lot, target, hold.amount, subject=hold.subject, **step)
