"""Giving vouchers back: points return to the lots they came from, the place to the stock, euros too.

Each use holds its own share of the price, so that of a strip the shares of the uses that are left return:
of `price` for `n` uses, after `k` of them, `price - price * k // n`.
"""

from collections.abc import Sequence

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from ledger import posting, transfers
from redemption import leasing, orders, refunding, refusals, seats, status_changes, vouchers
from redemption.payments import Reason
from redemption.vouchers import Step, Voucher


def cancel(work: db.Work, city: City, owner: str, voucher_id: str, *, in_any_case: bool = False) -> Voucher:
    """Release what the voucher holds; what was paid in euros goes back the way it came.

    Raises NotFound `voucher-not-found`, for somebody else's voucher too; Conflict `voucher-already-used`,
    `voucher-active`, `voucher-already-cancelled`, `voucher-frozen`, `voucher-leased`, `voucher-expired` (then
    points and place are back already), and unless `in_any_case` what the offer's rule says:
    `refund-not-offered`, `refund-too-late`.
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    refusals.check_usable(voucher)
    leasing.check_free(work, voucher_id)
    if not in_any_case:
        until = voucher.returnable_until
        if until is None:
            raise Conflict("refund-not-offered", offer=voucher.offer_code)
        if work.now >= until:
            raise Conflict("refund-too-late", offer=voucher.offer_code)
    give_back(work, city, [voucher], Reason.GIVEN_BACK)
    return vouchers.get(work, voucher_id)


def give_back(work: db.Work, city: City, unused: Sequence[Voucher], reason: Reason) -> None:
    """Release what usable vouchers hold, in one batch, and send their euros back."""
    _release(work, city, unused)
    for voucher in unused:
        if voucher.paid_cents and (order := orders.of_voucher(work, voucher.voucher_id)) is not None:
            refunding.send_back(work, city, order, reason)


def release(work: db.Work, city: City, voucher: Voucher) -> None:
    """Release what a usable voucher holds; euros then lie on the account of its order."""
    _release(work, city, [voucher])


def _release(work: db.Work, city: City, unused: Sequence[Voucher]) -> None:
    effective = city.day_of(work.now)
    releases = [
        transfers.release(
            vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.CANCEL, position),
            vouchers.hold_id(work, voucher, position),
            effective=effective,
            purpose=vouchers.PURPOSE_CANCELLED,
            group_id=vouchers.group_id(work.city_id, voucher.voucher_id, Step.CANCEL),
        )
        for voucher in unused
        for position in voucher.open_holds
    ]
    posting.post_or_raise(work, releases)
    status_changes.note(work, [voucher.status_index for voucher in unused])
    if seated := [voucher.voucher_id for voucher in unused if voucher.seat is not None]:
        seats.leave(work, seated)
