"""Redeeming a voucher online: exactly once, in the ledger. Every scan gets a verdict and leaves a record.

Scanning again with the same nonce gives the first verdict again, so a device may repeat a request whose
answer was lost.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from kernel import db
from kernel.cities import City
from kernel.errors import DomainError
from merchants import devices
from redemption import (
    recognising,
    scans,
    using,
)
from redemption.keys import Sealer
from redemption.recognising import Found
from redemption.scans import Scanned
from redemption.using import Use
from redemption.verdicts import FirstUse, ShownVoucher, Verdict, VerdictCode
from redemption.vouchers import Voucher

_Outcome = Verdict | DomainError


def redeem(
    work: db.Work,
    city: City,
    text: str,
    sealer: Sealer,
    *,
    venue_id: int,
    device_id: int,
    scan_nonce: str,
    seen_moving: bool = False,
    uses: int = 1,
) -> Verdict:
    """Decide on a scanned or typed code, redeem the voucher if it is good, and record the scan.

    A refusal is a verdict, too, because it is recorded. Typed codes are rate-limited at the edge. Raises
    NotFound for an unknown venue or device, Invalid `scan-nonce-invalid`, Conflict `scan-nonce-reused`.
    """
    scanned = Scanned(text, venue_id, device_id, scan_nonce, seen_moving, uses)
    (outcome,) = redeem_many(work, city, [scanned], sealer)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def redeem_many(work: db.Work, city: City, scanned: Sequence[Scanned], sealer: Sealer) -> list[_Outcome]:
    """Decide on the scans of many devices as `redeem` does, in order, at the price of a few statements.

    Returns a verdict for each, or what `redeem` would raise. Scans that depend on one another (of the same
    voucher, or the same one twice) are decided in turns. Raises what the ledger refuses against all
    expectation: then nothing may be kept of any of them.
    """
    outcomes: dict[int, _Outcome] = {}
    while len(outcomes) < len(scanned):
        waiting = {n: one for n, one in enumerate(scanned) if n not in outcomes}
        outcomes |= _turn(work, city, waiting, sealer)
    return [outcomes[place] for place in range(len(scanned))]


def _turn(work: db.Work, city: City, waiting: Mapping[int, Scanned], sealer: Sealer) -> dict[int, _Outcome]:
    """Decide on those of the waiting scans that do not depend on one before them: at least the first."""
    chosen = _first_of_each((one.key, place) for place, one in waiting.items())
    before = zip(chosen, scans.earlier(work, [waiting[place] for place in chosen]), strict=True)
    outcomes: dict[int, _Outcome] = {place: earlier for place, earlier in before if earlier is not None}
    fresh = {place: waiting[place] for place in chosen if place not in outcomes}
    looked = recognising.find(work, fresh, sealer)
    outcomes |= {place: one for place, one in looked.items() if isinstance(one, DomainError)}
    # In order of arrival: of several scans of one voucher the first is accepted, typed or not.
    found = {place: one for place, one in sorted(looked.items()) if isinstance(one, Found)}
    accepted = _first_of_each(
        (one.voucher.voucher_id, place)
        for place, one in found.items()
        if one.voucher is not None and one.code is VerdictCode.ACCEPTED
    )
    later = {place for place, one in found.items() if one.code is VerdictCode.ACCEPTED} - set(accepted)
    decided = {place: one for place, one in found.items() if place not in later}
    return outcomes | _settle(work, city, decided)


def _first_of_each(pairs: Iterable[tuple[Hashable, int]]) -> list[int]:
    """Return the first place of each key."""
    first: dict[Hashable, int] = {}
    for key, place in pairs:
        first.setdefault(key, place)
    return list(first.values())


def _settle(work: db.Work, city: City, found: Mapping[int, Found]) -> dict[int, _Outcome]:
    """Give each scan its verdict, redeem what is accepted, and record them all."""
    used = [one.voucher for one in found.values() if one.voucher is not None]
    first_uses = _first_uses(work, used)
    decided: dict[int, Verdict] = {}
    accepted: list[Use] = []
    for place, one in found.items():
        scan_id, voucher, scanned = work.ids.next(), one.voucher, one.scanned
        if voucher is None:
            decided[place] = Verdict(one.code, scan_id, work.now)
            continue
        takes = one.code is VerdictCode.ACCEPTED
        first_use = None if takes else first_uses.get(voucher.voucher_id)
        shown = replace(
            _shown(voucher, scanned.uses, takes=takes), gates=one.gates, leased_until=one.leased_until
        )
        decided[place] = Verdict(one.code, scan_id, work.now, shown, first_use, one.clock_seconds)
        if takes:
            accepted.append(Use(voucher, scanned.venue_id, scanned.device_id, scan_id, scanned.uses))
    if accepted:
        using.book(work, city, accepted)
    scans.record(work, ((found[place].scanned, verdict) for place, verdict in decided.items()))
    return dict(decided)


def _shown(voucher: Voucher, count: int, *, takes: bool) -> ShownVoucher:
    """Return what is shown of a voucher, after this scan has taken so many uses if it `takes` them."""
    terms = voucher.terms
    return ShownVoucher(
        voucher_id=voucher.voucher_id,
        offer_code=voucher.offer_code,
        kind=voucher.kind.value,
        titles=voucher.titles,
        value_cents=voucher.value_cents,
        valid_from=voucher.valid_from,
        valid_until=voucher.active_until or voucher.valid_until,
        venue_names=voucher.venue_names,
        uses=voucher.uses,
        left=voucher.left - count * takes,
        seat=voucher.seat,
        personal=terms.personal,
        age_least=terms.age_least,
        discount_percent=terms.discount_percent,
        discount_cents=terms.discount_cents,
        minimum_cents=terms.minimum_cents,
        undo_minutes=terms.undo_minutes if takes else 0,
        taken=count,
    )


def _first_uses(reading: db.Reading, shown: Iterable[Voucher]) -> dict[str, FirstUse]:
    """Return when and where those of the vouchers that are redeemed were redeemed, by their number.

    What its holder activated is looked at as often as need be, so it has no first use.
    """
    redeemed = [voucher for voucher in shown if voucher.redeemed_at and voucher.active_until is None]
    used_at = {one.redeemed_device_id for one in redeemed if one.redeemed_device_id is not None}
    names = {number: one.name for number, one in devices.by_id(reading, used_at).items()} if used_at else {}
    return {
        one.voucher_id: FirstUse(
            one.redeemed_at, one.redeemed_venue_name, names.get(one.redeemed_device_id or 0, "")
        )
        for one in redeemed
        if one.redeemed_at is not None and one.redeemed_venue_name is not None
    }
