"""Erasing what a person bought and paid: vouchers with their codes, redemptions, paid fines."""

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from redemption import (
    cancelling,
    claims,
    collecting,
    collection_requests,
    handing_over,
    leasing,
    objecting,
    orders,
    passages,
    payers,
    paying_fines,
    payments,
    presenting,
    receipting,
    scan_logs,
    scans,
    seats,
    vouchers,
)
from redemption.payments import Reason
from redemption.tables import redemptions
from redemption.tables import vouchers as table
from redemption.vouchers import Voucher, VoucherStatus

_AT_ONCE = vouchers.PAGE_MAX


def erase(work: Work, city: City, owner: str) -> tuple[str, ...]:
    """Give back unused vouchers and delete all of an owner; return the vouchers' numbers.

    Orders and payments stay in the books, by nobody: money may still come or have to go back. What venues
    took stays in the ledger and in the record of scans, which no longer says by which voucher.
    """
    numbers: list[str] = []
    while page := vouchers.page(work, owner, limit=_AT_ONCE):
        for voucher in page:
            if voucher.left and voucher.status in {VoucherStatus.USABLE, VoucherStatus.ACTIVE}:
                cancelling.give_back(work, city, [voucher], Reason.GIVEN_BACK)
        chunk = [voucher.voucher_id for voucher in page]
        if any(voucher.seat for voucher in page):
            seats.forget(work, chunk)
        scans.forget_vouchers(work, chunk)
        leasing.forget(work, chunk)
        passages.forget(work, chunk)
        scan_logs.forget_vouchers(work, chunk)
        handing_over.forget(work, owner, chunk)
        presenting.forget(work, owner, chunk)
        for of in (redemptions, table):
            work.connection.execute(
                sa.delete(of).where(of.c.city_id == work.city_id, of.c.voucher_id.in_(chunk))
            )
        numbers += chunk
    handing_over.forget(work, owner, [])
    presenting.forget(work, owner, [])
    for order in orders.open_of(work, owner):
        collecting.end_at_once(work, city, order)
    _forget_collected(work, owner)
    payments.forget(work, owner)
    orders.forget(work, owner)
    paying_fines.forget(work, owner)
    receipting.forget(work, owner)
    objecting.erase(work, owner)
    claims.erase(work, owner)
    return tuple(numbers)


def _forget_collected(work: Work, owner: str) -> None:
    """Forget who paid by transfer or at a desk, what for and from where, unless money is to go back there."""
    newest: int | None = None
    while page := orders.page(work, owner, before=newest, limit=orders.PAGE_MAX):
        newest = page[-1].order_id
        paid = [found for one in page if (found := payments.of_order(work, one.order_id)) is not None]
        collection_requests.forget(work, [one.payment_id for one in paid])
        payers.forget(work, paid)


def open_vouchers(reading: Reading, owner: str) -> list[Voucher]:
    """Return an owner's vouchers that could still be used, of the newest."""
    page = vouchers.page(reading, owner, limit=_AT_ONCE)
    return [voucher for voucher in page if voucher.status is VoucherStatus.USABLE]
