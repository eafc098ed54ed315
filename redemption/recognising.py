"""Recognising what was scanned: which voucher it is, and whether it is good here and now.

Reads only, at the price of a few statements for all scans that wait. Which of two scans of one voucher wins,
and what is booked, is decided in `redeeming`.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from kernel import db
from kernel.errors import Conflict, DomainError, NotFound
from kernel.signing import KeyRing, KeyStatus
from merchants import devices, venues
from merchants.devices import Device
from merchants.directions import Direction
from merchants.venues import Venue
from redemption import (
    codes,
    foreign,
    gates,
    hub_copies,
    hub_sessions,
    keys,
    leasing,
    live_codes,
    live_keys,
    passages,
    tokens,
    vouchers,
)
from redemption.codes import ManualCode
from redemption.gates import NOBODY, Presence
from redemption.hub_sessions import Session
from redemption.keys import Sealer
from redemption.leasing import Lease
from redemption.live_codes import Liveness, LiveToken
from redemption.offer_terms import Reentry
from redemption.scans import Scanned
from redemption.tokens import Claims, Flags, Refusal, TokenRefused
from redemption.verdicts import Question, VerdictCode
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
_LETS_IN: Final = frozenset({VerdictCode.ACCEPTED, VerdictCode.LET_IN_AGAIN})
_ABOUT_USES: Final = frozenset({
    VerdictCode.ACCEPTED, VerdictCode.ALREADY_USED, VerdictCode.TOO_FEW_LEFT, VerdictCode.CANCELLED,
})  # fmt: skip
"""Verdicts on another use, which guests who came in before don't need."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan finds."""

    scanned: Scanned
    code: VerdictCode
    voucher: Voucher | None = None
    clock_seconds: int | None = None
    gates: tuple[str, ...] = ()
    leased_until: str | None = None
    here: Presence = NOBODY
    """Guests of the voucher, where they are counted."""
    persons: int = 1
    """How many of them pass."""


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


def find(work: db.Work, scanned: Mapping[int, Scanned], sealer: Sealer) -> dict[int, Found | DomainError]:
    """Return what the scans find, in the order of precedence of `VerdictCode`."""
    if not scanned:
        return {}
    where = venues.by_id(work, (one.venue_id for one in scanned.values()))
    enrolled = devices.by_id(work, (one.device_id for one in scanned.values()))
    ring, now = keys.ring(work), int(work.now.timestamp())
    found, names = _names(scanned, where, enrolled, ring, now)
    looked, leases, moved = _vouchers(work, names, where)
    at_hub = hub_sessions.holding(work, [voucher for voucher in looked.values() if voucher is not None])
    ways = {place: _way(enrolled[scanned[place].device_id], scanned[place]) for place in looked}
    present = _present(work, looked, ways)
    # In their order, also where some were typed and others scanned: of two of one voucher the first wins.
    for place, voucher in sorted(looked.items(), key=lambda pair: pair[0]):
        way, device = ways[place], enrolled[scanned[place].device_id]
        if way is None:
            found[place] = Conflict("direction-not-here", device_id=device.device_id)
            continue
        judged = _judged(work, scanned[place], voucher, ring, device)
        if voucher is not None:
            here = present.get((voucher.voucher_id, scanned[place].venue_id), NOBODY)
            judged = _at_the_gate(judged, voucher, here, device, way, work.now)
        if judged.code in _LETS_IN and voucher is not None:
            judged = _moving(work, judged, voucher, names[place], sealer)
        of = leases.get(voucher.voucher_id, []) if voucher is not None else []
        judged = _reserved(work, judged, of[-1]) if of else judged
        session = at_hub.get(voucher.voucher_id) if voucher is not None else None
        judged = _left_to_hub(work, judged, session) if session is not None else judged
        found[place] = _asked(judged)
    found |= {place: Found(scanned[place], VerdictCode.REPLACED) for place in moved}
    found |= _at_other_gates(work, found)
    foreign.count(work, [name.token for place, name in _signed(names) if looked[place] is None])
    return found


def _names(
    scanned: Mapping[int, Scanned],
    where: Mapping[int, Venue],
    enrolled: Mapping[int, Device],
    ring: KeyRing,
    now: int,
) -> tuple[dict[int, Found | DomainError], dict[int, _Name]]:
    """Return what is clear without looking for a voucher, and the names of those to be looked for."""
    found: dict[int, Found | DomainError] = {}
    names: dict[int, _Name] = {}
    for place, one in scanned.items():
        if one.device_id not in enrolled:
            found[place] = NotFound("device-not-found", device_id=one.device_id)
        elif one.venue_id not in where:
            found[place] = NotFound("venue-not-found", venue_id=one.venue_id)
        elif not where[one.venue_id].active:
            found[place] = Found(one, VerdictCode.VENUE_SUSPENDED)
        elif not enrolled[one.device_id].usable:
            found[place] = Found(one, VerdictCode.DEVICE_SUSPENDED)
        else:
            try:
                name = _named(one.text, ring, now)
            except TokenRefused as refused:
                found[place] = Found(one, _BY_REFUSAL.get(refused.refusal, VerdictCode.NOT_READABLE))
                continue
            if isinstance(name, _Signed) and name.claims.product == tokens.TEST_PRODUCT:
                found[place] = Found(one, _tested(name.claims, one.venue_id, now))
            else:
                names[place] = name
    return found, names


def _named(text: str, ring: KeyRing, now_unix: int) -> _Name:
    """Return the manual code in a text, or the genuine token. Raises TokenRefused."""
    read = codes.parse(text)
    if isinstance(read, ManualCode):
        return read
    token, live = (read.token, read) if isinstance(read, LiveToken) else (read, None)
    return _Signed(token, tokens.read(token, ring, now_unix), live)


def _tested(claims: Claims, venue_id: int, now_unix: int) -> VerdictCode:
    """Return the verdict on a test voucher, which is in no table."""
    try:
        tokens.check(claims, now_unix, venue=venue_id)
    except TokenRefused:
        return VerdictCode.UNKNOWN_VOUCHER
    return VerdictCode.TEST_PASSED


def _signed(names: Mapping[int, _Name]) -> list[tuple[int, _Signed]]:
    return [(place, name) for place, name in names.items() if isinstance(name, _Signed)]


def _reserved(work: db.Work, found: Found, lease: Lease) -> Found:
    """Return what is found of a good voucher that is, or was, reserved for a device."""
    mine = found.scanned.device_id == lease.device_id
    if found.code is not VerdictCode.ACCEPTED or mine or not lease.runs(work.now):
        return found
    device = devices.get(work, lease.device_id)
    until = lease.until.isoformat()
    return replace(found, code=VerdictCode.LEASED, gates=(device.gate or device.name,), leased_until=until)


def _left_to_hub(work: db.Work, found: Found, session: Session) -> Found:
    """Return what is found of a good voucher that only the venue's hub takes for now."""
    if found.code is not VerdictCode.ACCEPTED or found.scanned.device_id == session.device_id:
        return found
    hub, until = devices.get(work, session.device_id), session.until.isoformat()
    return replace(found, code=VerdictCode.AT_HUB, gates=(hub.name,), leased_until=until)


def _vouchers(
    work: db.Work, names: Mapping[int, _Name], where: Mapping[int, Venue]
) -> tuple[dict[int, Voucher | None], dict[str, list[Lease]], set[int]]:
    """Return the voucher that each name stands for, None if there is none, and the leases of all.

    And which names are codes of before their voucher was handed on.
    """
    manual = {place: name.value for place, name in names.items() if isinstance(name, ManualCode)}
    signed = dict(_signed(names))
    found = vouchers.find(
        work,
        voucher_ids=(one.voucher_id for one in signed.values()),
        manual_codes=manual.values(),
        where=where,
    )
    by_code = {voucher.manual_code: voucher for voucher in found}
    # A genuine signature on other bytes than those issued: somebody else has the key.
    by_token = {(voucher.voucher_id, voucher.token): voucher for voucher in found}
    leases = leasing.of_vouchers(work, (voucher.voucher_id for voucher in found))
    by_id = {voucher.voucher_id: voucher for voucher in found}
    by_token |= {
        (one.voucher_id, one.token): by_id[one.voucher_id]
        for of in leases.values()
        for one in of
        # What was reserved before the voucher was handed on is worth nothing any more.
        if tokens.own_claims(one.token).status_index == by_id[one.voucher_id].status_index
    }
    looked = {place: by_code.get(code) for place, code in manual.items()} | {
        place: by_token.get((one.voucher_id, one.token))
        # A hub has tokens without their signatures.
        or by_token.get((one.voucher_id, tokens.withheld(one.token)))
        or _at_hub(by_id.get(one.voucher_id), one.claims)
        for place, one in signed.items()
    }
    moved = {
        place
        for place, one in signed.items()
        if looked[place] is None
        and one.voucher_id in by_id
        and one.claims.status_index != by_id[one.voucher_id].status_index
    }
    return looked, leases, moved


def _at_hub(voucher: Voucher | None, claims: Claims) -> Voucher | None:
    """Return a voucher that a hub knows by another code of it: it was reserved, or shown reserved before."""
    if voucher is None or tokens.own_claims(voucher.token).status_index != claims.status_index:
        return None
    reserved = voucher.owner == hub_copies.LISTED and Flags.LEASE in claims.flags
    return voucher if reserved or voucher.owner == hub_copies.SHOWN else None


def _judged(work: db.Work, scanned: Scanned, voucher: Voucher | None, ring: KeyRing, device: Device) -> Found:
    if voucher is None:
        return Found(scanned, VerdictCode.UNKNOWN_VOUCHER)
    key = ring.find(bytes.fromhex(voucher.kid))
    if key is not None and key.status is KeyStatus.BLOCKED:
        # Blocked for what it signed, however that is shown: also as a typed code.
        return Found(scanned, VerdictCode.BLOCKED_KEY)
    code = _good_for(voucher, scanned.venue_id, work.now, device)
    if code is VerdictCode.ACCEPTED and voucher.left < scanned.uses:
        code = VerdictCode.TOO_FEW_LEFT
    return Found(scanned, code, voucher)


def _asked(found: Found) -> Found:
    """Return what is found, or what staff has to say first of a voucher that would be redeemed."""
    voucher, asks = found.voucher, found.scanned.asks
    if found.code is not VerdictCode.ACCEPTED or voucher is None:
        return found
    if Question.AMOUNT in asks and voucher.terms.in_parts and voucher.left > 1:
        return replace(found, code=VerdictCode.AMOUNT_NEEDED)
    return replace(found, code=VerdictCode.RECEIPT_NEEDED) if Question.RECEIPT in asks else found


def _way(device: Device, scanned: Scanned) -> Direction | None:
    return device.direction.chosen(scanned.direction)


def _present(
    work: db.Work, looked: Mapping[int, Voucher | None], ways: Mapping[int, Direction | None]
) -> dict[tuple[str, int], Presence]:
    """Return the guests of vouchers that are counted, by voucher and venue."""
    counted = {
        voucher.voucher_id
        for place, voucher in looked.items()
        if voucher is not None and (voucher.terms.reentry is not Reentry.NONE or ways[place] is Direction.OUT)
    }
    found = passages.of_vouchers(work, counted) if counted else {}
    return {name: gates.presence(of, work.now) for name, of in found.items()}


def _at_the_gate(
    found: Found, voucher: Voucher, here: Presence, device: Device, way: Direction, now: dt.datetime
) -> Found:
    """Return what is found of a voucher once it is clear which way its guests go, and who is inside."""
    persons, terms = found.scanned.uses, voucher.terms
    if way is Direction.OUT and terms.activation_minutes is None:
        code, most = gates.leaving(terms, here), here.inside or voucher.uses
        return replace(found, code=code, voucher=voucher, here=here, persons=min(persons, most))
    counted = terms.reentry is not Reentry.NONE and here.admitted and now < voucher.valid_until
    stopped = voucher.frozen_at is not None or not device.limits.take(voucher.offer_id)
    if not counted or stopped or found.code not in _ABOUT_USES:
        return replace(found, persons=persons)
    code = gates.entering(found.code, here, persons, voucher.uses, voucher.left)
    return replace(found, code=code, here=here, persons=persons)


def _at_other_gates(work: db.Work, found: Mapping[int, Found | DomainError]) -> dict[int, Found]:
    """Return what is found of vouchers that a device does not take, with the gates that do."""
    refused = {
        place: one
        for place, one in found.items()
        if isinstance(one, Found) and one.code is VerdictCode.OFFER_NOT_HERE
    }
    if not refused:
        return {}
    others = devices.of_venues(work, (one.scanned.venue_id for one in refused.values()))
    told: dict[int, Found] = {}
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


def _moving(work: db.Work, found: Found, voucher: Voucher, name: _Name, sealer: Sealer) -> Found:
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
    code = _BY_LIVENESS.get(judged.liveness, found.code)
    if not needed or (code is VerdictCode.PHONE_CLOCK_OFF and found.scanned.seen_moving):
        code = found.code
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
