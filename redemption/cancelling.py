"""Giving a voucher back before it is used: points return to their lots, the place to the stock, euros too."""

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from ledger import posting, transfers
from redemption import orders, refunding, status_changes, vouchers
from redemption.payments import Reason
from redemption.vouchers import Step, Voucher, VoucherStatus

_REFUSALS = {
    VoucherStatus.REDEEMED: "voucher-already-used",
    VoucherStatus.CANCELLED: "voucher-already-cancelled",
    VoucherStatus.EXPIRED: "voucher-expired",
}


def cancel(work: db.Work, city: City, owner: str, voucher_id: str) -> Voucher:
    """Release what the voucher holds; what was paid in euros goes back the way it came.

    Raises NotFound `voucher-not-found`, for somebody else's voucher too; Conflict `voucher-already-used`,
    `voucher-already-cancelled`, `voucher-frozen`, or `voucher-expired` (then points and place are back
    already).
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    if voucher.status in _REFUSALS:
        raise Conflict(_REFUSALS[voucher.status], offer=voucher.offer_code)
    if voucher.frozen_at is not None:
        raise Conflict("voucher-frozen", offer=voucher.offer_code)
    release(work, city, voucher)
    if voucher.paid_cents and (order := orders.of_voucher(work, voucher_id)) is not None:
        refunding.send_back(work, city, order, Reason.GIVEN_BACK)
    return vouchers.get(work, voucher_id)


def release(work: db.Work, city: City, voucher: Voucher) -> None:
    """Release what a usable voucher holds; euros then lie on the account of its order."""
    group = vouchers.group_id(work.city_id, voucher.voucher_id, Step.CANCEL)
    releases = [
        transfers.release(
            vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.CANCEL, position),
            hold_id,
            effective=city.day_of(work.now),
            purpose=vouchers.PURPOSE_CANCELLED,
            group_id=group,
        )
        for position, hold_id in enumerate(vouchers.hold_ids(work, voucher))
    ]
    posting.post_or_raise(work, releases)
    status_changes.note(work, [voucher.status_index])
