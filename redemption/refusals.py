"""Why nothing can be done any more with a voucher that is used, given back, over or disputed."""

from collections.abc import Mapping
from typing import Final

from kernel.errors import Conflict
from redemption.vouchers import Voucher, VoucherStatus

_BY_STATUS: Final[Mapping[VoucherStatus, str]] = {
    VoucherStatus.ACTIVE: "voucher-active",
    VoucherStatus.REDEEMED: "voucher-already-used",
    VoucherStatus.CANCELLED: "voucher-already-cancelled",
    VoucherStatus.EXPIRED: "voucher-expired",
}


def check_usable(voucher: Voucher) -> None:
    """Raise Conflict `voucher-frozen`, or what its status says, unless the voucher can still be used."""
    if voucher.status in _BY_STATUS:
        raise Conflict(_BY_STATUS[voucher.status], offer=voucher.offer_code)
    if voucher.frozen_at is not None:
        raise Conflict("voucher-frozen", offer=voucher.offer_code)
