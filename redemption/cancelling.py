"""Giving a voucher back before it is used: points return to their lots, the place to the stock."""

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from ledger import posting, transfers
from redemption import status_changes, vouchers
from redemption.vouchers import Step, Voucher, VoucherStatus

_REFUSALS = {
    VoucherStatus.REDEEMED: "voucher-already-used",
    VoucherStatus.CANCELLED: "voucher-already-cancelled",
    VoucherStatus.EXPIRED: "voucher-expired",
}


def cancel(work: db.Work, city: City, owner: str, voucher_id: str) -> Voucher:
    """Release what the voucher holds.

    Raises NotFound `voucher-not-found`, for somebody else's voucher too; Conflict `voucher-already-used`,
    `voucher-already-cancelled`, or `voucher-expired` (then points and place are back already).
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    if voucher.status in _REFUSALS:
        raise Conflict(_REFUSALS[voucher.status], offer=voucher.offer_code)
    group = vouchers.group_id(work.city_id, voucher_id, Step.CANCEL)
    releases = [
        transfers.release(
            vouchers.transfer_id(work.city_id, voucher_id, Step.CANCEL, position),
            hold_id,
            effective=city.day_of(work.now),
            purpose=vouchers.PURPOSE_CANCELLED,
            group_id=group,
        )
        for position, hold_id in enumerate(vouchers.hold_ids(work, voucher))
    ]
    posting.post_or_raise(work, releases)
    status_changes.note(work, [voucher.status_index])
    return vouchers.get(work, voucher_id)
