"""Redeeming a voucher online: exactly once, in the ledger. Every scan gets a verdict and leaves a record.

Scanning again with the same nonce gives the first verdict again, so a device may repeat a request whose
answer was lost.
"""

import datetime as dt
from typing import Final, TypedDict
from uuid import UUID

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from ledger import accounts, posting, queries, transfers
from ledger.transfers import Transfer
from merchants import devices, venues
from redemption import codes, keys, places, scans, tokens, vouchers
from redemption.codes import ManualCode
from redemption.scans import Scan
from redemption.tables import redemptions
from redemption.tokens import Refusal, TokenRefused
from redemption.verdicts import FirstUse, ShownVoucher, Verdict, VerdictCode
from redemption.vouchers import Step, Voucher, VoucherStatus

_BY_STATUS: Final = {
    VoucherStatus.REDEEMED: VerdictCode.ALREADY_USED,
    VoucherStatus.CANCELLED: VerdictCode.CANCELLED,
    VoucherStatus.EXPIRED: VerdictCode.EXPIRED,
}
_BY_REFUSAL: Final = {
    Refusal.MISTYPED_CODE: VerdictCode.MISTYPED_CODE,
    Refusal.UNKNOWN_KEY: VerdictCode.UNKNOWN_KEY,
    Refusal.BLOCKED_KEY: VerdictCode.BLOCKED_KEY,
    Refusal.BAD_SIGNATURE: VerdictCode.BAD_SIGNATURE,
}
"""Verdicts on a code that names no voucher; whatever else is wrong with it, it is not readable."""


class _InStep(TypedDict):
    """What the transfers of one redemption have in common."""

    effective: dt.date
    purpose: str
    group_id: UUID


def redeem(
    work: db.Work, city: City, text: str, *, venue_id: int, device_id: int, scan_nonce: str
) -> Verdict:
    """Decide on a scanned or typed code, redeem the voucher if it is good, and record the scan.

    A refusal is a verdict, too, because it is recorded. Typed codes are rate-limited at the edge. Raises
    NotFound for an unknown venue or device, Invalid `scan-nonce-invalid`, Conflict `scan-nonce-reused`.
    """
    known = scans.earlier(work, device_id, scan_nonce, text)
    if known is not None:
        return known
    device = devices.get(work, device_id)
    code, voucher = _decide(work, text, venue_id)
    scan_id = work.ids.next()
    if voucher is None:
        verdict = Verdict(code, scan_id, work.now)
    else:
        verdict = Verdict(code, scan_id, work.now, _shown(voucher), _first_use(work, voucher))
        if verdict.accepted:
            _book(work, city, voucher, venue_id)
            _note(work, voucher, scan_id, venue_id=venue_id, device_id=device.device_id)
    return scans.record(work, Scan(device_id, venue_id, scan_nonce, verdict), text)


def _decide(work: db.Work, text: str, venue_id: int) -> tuple[VerdictCode, Voucher | None]:
    """Return what the scan finds, in the order of precedence of `VerdictCode`."""
    if not venues.get(work, venue_id).active:
        return VerdictCode.VENUE_SUSPENDED, None
    try:
        voucher = _voucher(work, text)
    except TokenRefused as refused:
        return _BY_REFUSAL.get(refused.refusal, VerdictCode.NOT_READABLE), None
    if voucher is None:
        return VerdictCode.UNKNOWN_VOUCHER, None
    return _good_for(voucher, venue_id, work.now), voucher


def _good_for(voucher: Voucher, venue_id: int, now: dt.datetime) -> VerdictCode:
    if voucher.status in _BY_STATUS:
        return _BY_STATUS[voucher.status]
    if venue_id not in voucher.venue_ids:
        return VerdictCode.OTHER_VENUE
    return VerdictCode.NOT_YET_VALID if now < voucher.valid_from else VerdictCode.ACCEPTED


def _voucher(work: db.Work, text: str) -> Voucher | None:
    """Return the voucher that a text stands for, None if there is none. Raises TokenRefused."""
    read = codes.parse(text)
    ring = keys.ring(work)
    now = int(work.now.timestamp())
    if isinstance(read, ManualCode):
        voucher = vouchers.find(work, manual_code=read.value)
        if voucher is not None:
            # A blocked key is blocked for what it signed, however that is shown.
            tokens.read(voucher.token, ring, now)
        return voucher
    claims = tokens.read(read, ring, now)
    voucher = vouchers.find(work, voucher_id=claims.voucher_id.hex())
    # A genuine signature on other bytes than those issued: somebody else has the key.
    return voucher if voucher is not None and voucher.token == read else None


def _book(work: db.Work, city: City, voucher: Voucher, venue_id: int) -> None:
    """Capture the voucher's holds; points held towards no venue yet are given to this one instead."""
    target = venues.points_path(venue_id)
    holds = [queries.transfer(work, hold_id) for hold_id in vouchers.hold_ids(work, voucher)]
    named = accounts.by_id(work, {side for h in holds for side in (h.debit_account_id, h.credit_account_id)})
    step = _InStep(
        effective=city.day_of(work.now),
        purpose=vouchers.PURPOSE_REDEEMED,
        group_id=vouchers.group_id(work.city_id, voucher.voucher_id, Step.REDEEM),
    )
    batch: list[Transfer] = []
    for position, hold in enumerate(holds):
        step_id = vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.REDEEM, position)
        towards = named[hold.credit_account_id].path
        if towards in {target, places.sold_path(voucher.offer_id)}:
            batch.append(transfers.capture(step_id, hold.transfer_id, **step))
            continue
        lot = named[hold.debit_account_id].path
        payment_id = vouchers.transfer_id(work.city_id, voucher.voucher_id, Step.PAY_VENUE, position)
        batch.append(transfers.release(step_id, hold.transfer_id, **step))
        batch.append(transfers.post(payment_id, lot, target, hold.amount, subject=hold.subject, **step))
    posting.post_or_raise(work, batch)


def _note(work: db.Work, voucher: Voucher, scan_id: int, *, venue_id: int, device_id: int) -> None:
    work.connection.execute(
        sa.insert(redemptions).values(
            city_id=work.city_id,
            voucher_id=voucher.voucher_id,
            venue_id=venue_id,
            device_id=device_id,
            scan_id=scan_id,
            redeemed_at=work.now,
        )
    )
    keys.count_accepted(work, voucher.kid)


def _shown(voucher: Voucher) -> ShownVoucher:
    return ShownVoucher(
        voucher_id=voucher.voucher_id,
        offer_code=voucher.offer_code,
        kind=voucher.kind.value,
        titles=voucher.titles,
        value_cents=voucher.value_cents,
        valid_from=voucher.valid_from,
        valid_until=voucher.valid_until,
        venue_names=voucher.venue_names,
    )


def _first_use(reading: db.Reading, voucher: Voucher) -> FirstUse | None:
    if (
        voucher.redeemed_at is None
        or voucher.redeemed_venue_name is None
        or voucher.redeemed_device_id is None
    ):
        return None
    device = devices.get(reading, voucher.redeemed_device_id)
    return FirstUse(voucher.redeemed_at, voucher.redeemed_venue_name, device.name)
