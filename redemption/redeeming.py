"""Redeeming a voucher online: exactly once, in the ledger. Every scan gets a verdict and leaves a record.

Scanning again with the same nonce gives the first verdict again, so a device may repeat a request whose
answer was lost.
"""

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kernel import db
from kernel.cities import City
from kernel.errors import DomainError, NotFound
from kernel.signing import KeyRing, KeyStatus
from merchants import devices, venues
from merchants.devices import Device
from redemption import codes, foreign, keys, live_codes, live_keys, scans, tokens, using, vouchers
from redemption.codes import ManualCode
from redemption.keys import Sealer
from redemption.live_codes import Liveness, LiveToken
from redemption.scans import Scanned
from redemption.tokens import Claims, Flags, Refusal, TokenRefused
from redemption.using import Use
from redemption.verdicts import FirstUse, ShownVoucher, Verdict, VerdictCode
from redemption.vouchers import Voucher, VoucherStatus

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
_BY_LIVENESS: Final = {
    Liveness.STILL: VerdictCode.LIVE_CODE_NEEDED,
    Liveness.OLD: VerdictCode.LIVE_CODE_OLD,
    Liveness.WRONG: VerdictCode.LIVE_CODE_WRONG,
    Liveness.CLOCK_OFF: VerdictCode.PHONE_CLOCK_OFF,
}
"""Verdicts on a good voucher whose code has to be live."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a scan finds."""

    scanned: Scanned
    code: VerdictCode
    voucher: Voucher | None = None
    clock_seconds: int | None = None
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Signed:
    """A genuine token that was read."""

    token: bytes
    claims: Claims
    live: LiveToken | None

    @property
    def voucher_id(self) -> str:
        return self.claims.voucher_id.hex()


_Name = ManualCode | _Signed
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
    looked = _find(work, {place: waiting[place] for place in chosen if place not in outcomes}, sealer)
    outcomes |= {place: one for place, one in looked.items() if isinstance(one, DomainError)}
    # In order of arrival: of several scans of one voucher the first is accepted, typed or not.
    found = {place: one for place, one in sorted(looked.items()) if isinstance(one, _Found)}
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


def _find(work: db.Work, scanned: Mapping[int, Scanned], sealer: Sealer) -> dict[int, _Found | DomainError]:
    """Return what the scans find, in the order of precedence of `VerdictCode`."""
    if not scanned:
        return {}
    where = venues.by_id(work, (one.venue_id for one in scanned.values()))
    enrolled = devices.by_id(work, (one.device_id for one in scanned.values()))
    ring, now = keys.ring(work), int(work.now.timestamp())
    found: dict[int, _Found | DomainError] = {}
    names: dict[int, _Name] = {}
    for place, one in scanned.items():
        if one.device_id not in enrolled:
            found[place] = NotFound("device-not-found", device_id=one.device_id)
        elif one.venue_id not in where:
            found[place] = NotFound("venue-not-found", venue_id=one.venue_id)
        elif not where[one.venue_id].active:
            found[place] = _Found(one, VerdictCode.VENUE_SUSPENDED)
        elif not enrolled[one.device_id].usable:
            found[place] = _Found(one, VerdictCode.DEVICE_SUSPENDED)
        else:
            try:
                names[place] = _named(one.text, ring, now)
            except TokenRefused as refused:
                found[place] = _Found(one, _BY_REFUSAL.get(refused.refusal, VerdictCode.NOT_READABLE))
    looked = _vouchers(work, names)
    # In their order, also where some were typed and others scanned: of two of one voucher the first wins.
    for place, voucher in sorted(looked.items(), key=lambda pair: pair[0]):
        judged = _judged(work, scanned[place], voucher, ring, enrolled[scanned[place].device_id])
        if judged.code is VerdictCode.ACCEPTED and voucher is not None:
            judged = _moving(work, judged, voucher, names[place], sealer)
        found[place] = judged
    found |= _at_other_gates(work, found)
    foreign.count(work, [name.token for place, name in _signed(names) if looked[place] is None])
    return found


def _named(text: str, ring: KeyRing, now_unix: int) -> _Name:
    """Return the manual code in a text, or the genuine token. Raises TokenRefused."""
    read = codes.parse(text)
    if isinstance(read, ManualCode):
        return read
    token, live = (read.token, read) if isinstance(read, LiveToken) else (read, None)
    return _Signed(token, tokens.read(token, ring, now_unix), live)


def _signed(names: Mapping[int, _Name]) -> list[tuple[int, _Signed]]:
    return [(place, name) for place, name in names.items() if isinstance(name, _Signed)]


def _vouchers(work: db.Work, names: Mapping[int, _Name]) -> dict[int, Voucher | None]:
    """Return the voucher that each name stands for, None if there is none."""
    manual = {place: name.value for place, name in names.items() if isinstance(name, ManualCode)}
    signed = dict(_signed(names))
    found = vouchers.find(
        work, voucher_ids=(one.voucher_id for one in signed.values()), manual_codes=manual.values()
    )
    by_code = {voucher.manual_code: voucher for voucher in found}
    # A genuine signature on other bytes than those issued: somebody else has the key.
    by_token = {(voucher.voucher_id, voucher.token): voucher for voucher in found}
    return {place: by_code.get(code) for place, code in manual.items()} | {
        place: by_token.get((one.voucher_id, one.token)) for place, one in signed.items()
    }


def _judged(
    work: db.Work, scanned: Scanned, voucher: Voucher | None, ring: KeyRing, device: Device
) -> _Found:
    if voucher is None:
        return _Found(scanned, VerdictCode.UNKNOWN_VOUCHER)
    key = ring.find(bytes.fromhex(voucher.kid))
    if key is not None and key.status is KeyStatus.BLOCKED:
        # Blocked for what it signed, however that is shown: also as a typed code.
        return _Found(scanned, VerdictCode.BLOCKED_KEY)
    code = _good_for(voucher, scanned.venue_id, work.now, device)
    if code is VerdictCode.ACCEPTED and voucher.left < scanned.uses:
        code = VerdictCode.TOO_FEW_LEFT
    return _Found(scanned, code, voucher)


def _at_other_gates(work: db.Work, found: Mapping[int, _Found | DomainError]) -> dict[int, _Found]:
    """Return what is found of vouchers that a device does not take, with the gates that do."""
    refused = {
        place: one
        for place, one in found.items()
        if isinstance(one, _Found) and one.code is VerdictCode.OFFER_NOT_HERE
    }
    if not refused:
        return {}
    others = devices.of_venues(work, (one.scanned.venue_id for one in refused.values()))
    told: dict[int, _Found] = {}
    for place, one in refused.items():
        gates = sorted({
            other.gate
            for other in others
            if other.gate and other.usable and other.venue_id == one.scanned.venue_id
            and one.voucher is not None and other.limits.take(one.voucher.offer_id)
        })  # fmt: skip
        if gates:
            told[place] = replace(one, code=VerdictCode.OTHER_GATE, gates=tuple(gates))
    return told


def _moving(work: db.Work, found: _Found, voucher: Voucher, name: _Name, sealer: Sealer) -> _Found:
    """Return what is found of a voucher that is good, once its code has been looked at, too."""
    if isinstance(name, ManualCode):
        claims, live = tokens.own_claims(voucher.token), None
    else:
        claims, live = name.claims, name.live
    needed = Flags.LIVE in claims.flags
    if not needed and live is None:
        return found
    keys_by_day = live_keys.for_checking(work, sealer, voucher.venue_ids)
    number, now = bytes.fromhex(voucher.voucher_id), int(work.now.timestamp())
    judged = live_codes.judge(live, number, now, keys_by_day)
    off = judged.seconds_off if judged.liveness is Liveness.CLOCK_OFF else None
    code = _BY_LIVENESS.get(judged.liveness, VerdictCode.ACCEPTED)
    if not needed or (code is VerdictCode.PHONE_CLOCK_OFF and found.scanned.seen_moving):
        code = VerdictCode.ACCEPTED
    return replace(found, code=code, clock_seconds=off)


def _was_active(voucher: Voucher) -> bool:
    return voucher.status is VoucherStatus.REDEEMED and voucher.active_until is not None


def _good_for(voucher: Voucher, venue_id: int, now: dt.datetime, device: Device) -> VerdictCode:  # noqa: PLR0911 -- one for each verdict
    if voucher.status in _BY_STATUS:
        return VerdictCode.EXPIRED if _was_active(voucher) else _BY_STATUS[voucher.status]
    if voucher.frozen_at is not None:
        return VerdictCode.DISPUTED
    if venue_id not in voucher.venue_ids:
        return VerdictCode.OTHER_VENUE
    if not device.limits.take(voucher.offer_id):
        return VerdictCode.OFFER_NOT_HERE
    if voucher.status is VoucherStatus.ACTIVE:
        return VerdictCode.ACTIVE
    if now < voucher.valid_from:
        return VerdictCode.NOT_YET_VALID
    return VerdictCode.ACCEPTED if voucher.terms.activation_minutes is None else VerdictCode.NOT_ACTIVATED


def _settle(work: db.Work, city: City, found: Mapping[int, _Found]) -> dict[int, _Outcome]:
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
        shown = replace(_shown(voucher, scanned.uses, takes=takes), gates=one.gates)
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
    """Return when and where those of the vouchers that are redeemed were redeemed, by their number."""
    redeemed = [
        (voucher.voucher_id, voucher.redeemed_at, voucher.redeemed_venue_name, voucher.redeemed_device_id)
        for voucher in shown
    ]
    used_at = {device_id for *_, device_id in redeemed if device_id is not None}
    names = devices.by_id(reading, used_at) if used_at else {}
    return {
        voucher_id: FirstUse(at, venue_name, names[device_id].name)
        for voucher_id, at, venue_name, device_id in redeemed
        if at is not None and venue_name is not None and device_id is not None
    }
