"""Judging the events of a log: which voucher, and whether it was scanned in good faith."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kernel import db
from kernel.cities import City
from kernel.signing import KeyRing, KeyStatus, RingKey, VerifyKey
from merchants.devices import Device, DeviceKind
from redemption import (
    foreign,
    former_codes,
    good_faith,
    hub_sessions,
    keys,
    merging,
    offline_policies,
    scan_events,
    scan_logs,
    scans,
    tokens,
    vouchers,
)
from redemption.former_codes import Former
from redemption.gates import PASSING
from redemption.good_faith import Reason, Seen
from redemption.hub_sessions import Session
from redemption.offline_policy import Policy
from redemption.scan_events import EventKind, ScanEvent, Signed, Tier
from redemption.scan_logs import Logged, Outcome
from redemption.scans import Scan
from redemption.tokens import Claims, Flags, Refusal, TokenRefused
from redemption.verdicts import PASSED, VerdictCode
from redemption.vouchers import Voucher

_LET_IN = frozenset({VerdictCode.ACCEPTED.value, VerdictCode.ACTIVE.value})
_EFFECTIVE = PASSED | {VerdictCode.ACCEPTED}
"""Verdicts of the server that had an effect."""
_LEFT_TO_OTHERS = frozenset({Tier.PRESENTED})
"""Booked when it happened, by the guest's phone."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the city knows of what the events speak of."""

    ring: KeyRing
    blocked_at: Mapping[str, dt.datetime]
    by_id: Mapping[str, Voucher]
    by_code: Mapping[str, Voucher]
    former: Mapping[tuple[str, int], Former]
    """Codes of before their voucher was handed on, by its number and their place in the status list."""
    online: Mapping[str, Scan]
    """Scans that the server decided, by nonce."""
    policy: Policy
    sessions: Sequence[Session] = ()
    """Of the device, if it is a hub."""

    def typed(self, code: str) -> tuple[Voucher | None, Former | None]:
        """Return the voucher that a typed code stands for, and the former code if it is one."""
        if code in self.by_code:
            return self.by_code[code], None
        former = next((one for one in self.former.values() if one.manual_code == code), None)
        return (self.by_id.get(former.voucher_id) if former else None), former

    def replaced(self, former: Former | None, at: dt.datetime) -> Reason | None:
        """Return the fault of taking a former code, if the device could know that it is one."""
        known_by_then = former is not None and at - self.policy.list_age_max >= former.until
        return Reason.REPLACED if known_by_then else None


def judge(
    work: db.Work, city: City, device: Device, fresh: Sequence[Signed], held_from: int | None = None
) -> list[Logged]:
    """Return new events of a device with what is decided about each, before it is known who was first.

    Events from number `held_from` on are held.
    """
    if not fresh:
        return []
    known = _known(work, device, [one.event for one in fresh])
    judged: list[Logged] = []
    unknown: list[bytes] = []
    for one in fresh:
        event = _judged(work, device, one, known, unknown)
        decided = event.outcome in {Outcome.OPEN, Outcome.REFUSED}
        if (
            held_from is not None
            and one.event.seq >= held_from
            and decided
            and event.kind is not EventKind.NOTE
        ):
            event = replace(event, outcome=Outcome.HELD, reason=Reason.QUARANTINE)
        judged.append(event)
    foreign.count(work, unknown)
    return _within_budget(work, city, judged, known)


def _within_budget(work: db.Work, city: City, judged: Sequence[Logged], known: _Known) -> list[Logged]:
    """Return events in their order; from what a device may let in on a day, the rest is not paid."""
    undone = {one.refers for one in judged if one.kind is EventKind.UNDO and one.outcome is Outcome.OPEN}
    capped = [one for one in judged if _is_capped(one) and one.seq not in undone]
    if not capped:
        return list(judged)
    begins = min(one.happened_at for one in capped) - dt.timedelta(days=1)
    before = scan_logs.booked_since(work, capped[0].device_id, begins)
    worth = {one.voucher_id: one for one in vouchers.find(work, voucher_ids=_numbers(before))}
    spent: Counter[dt.date] = Counter()
    for one in before:
        if _is_capped(one) and one.voucher_id in worth:
            cents = good_faith.cents_of(worth[one.voucher_id], one.won + one.lost)
            spent[city.day_of(one.happened_at)] += cents
    beyond: set[int] = set()
    for one in capped:
        day, cents = (
            city.day_of(one.happened_at),
            good_faith.cents_of(known.by_id[one.voucher_id or ""], one.uses),
        )
        if spent[day] + cents > known.policy.device_day_cents:
            beyond.add(one.seq)
        else:
            spent[day] += cents
    return [
        replace(one, outcome=Outcome.REFUSED, reason=Reason.BUDGET_SPENT) if one.seq in beyond else one
        for one in judged
    ]


def _is_capped(one: Logged) -> bool:
    scan = one.kind is EventKind.SCAN and not one.passing
    return one.tier is Tier.CAPPED and scan and one.outcome is Outcome.OPEN


def _numbers(events: Sequence[Logged]) -> set[str]:
    return {one.voucher_id for one in events if one.voucher_id is not None}


def judge_again(work: db.Work, city: City, device: Device, held: Sequence[Logged]) -> list[Logged]:
    """Return events that were held, judged as they would have been; what was erased is refused."""
    if device.public_key is None:
        return []
    key = VerifyKey(device.public_key)
    read = {one.seq: scan_events.read(one.data, key, one.device_id) for one in held if one.data}
    judged = {one.seq: one for one in judge(work, city, device, list(read.values()))}
    return [
        replace(
            one,
            outcome=judged[one.seq].outcome if one.seq in judged else Outcome.REFUSED,
            reason=judged[one.seq].reason if one.seq in judged else Reason.UNKNOWN_VOUCHER,
            voucher_id=judged[one.seq].voucher_id if one.seq in judged else None,
        )
        for one in held
    ]


def _known(work: db.Work, device: Device, events: Sequence[ScanEvent]) -> _Known:
    every = keys.every(work)
    ids, typed = set[str](), set[str]()
    for event in events:
        if isinstance(event.code, str):
            typed.add(event.code)
        elif (claims := _own(event.code)) is not None:
            ids.add(claims.voucher_id.hex())
    former = former_codes.find(work, ids, typed)
    ids |= {one.voucher_id for one in former}
    found = vouchers.find(work, voucher_ids=ids, manual_codes=typed)
    # Also of those decided offline: the answer of the server may have been lost.
    nonces = [event.nonce.hex() for event in events if event.kind is EventKind.SCAN]
    return _Known(
        # A blocked key is believed here: whether the device could know that it is blocked is asked later.
        KeyRing(RingKey(VerifyKey(key.public_key), KeyStatus.RETIRED) for key in every),
        {key.kid: key.blocked_at for key in every if key.blocked_at is not None},
        {one.voucher_id: one for one in found},
        {one.manual_code: one for one in found},
        {(one.voucher_id, one.status_index): one for one in former},
        scans.by_nonces(work, device.device_id, nonces) if nonces else {},
        offline_policies.of_venue(work, device.venue_id),
        hub_sessions.of_device(work, device.device_id) if device.kind is DeviceKind.HUB else (),
    )


def _own(token: bytes) -> Claims | None:
    try:
        return tokens.own_claims(token)
    except (ValueError, TokenRefused):
        return None


def _judged(work: db.Work, device: Device, signed: Signed, known: _Known, unknown: list[bytes]) -> Logged:
    event = signed.event
    at_ms = merging.clamp(event.at_ms, event.anchor_ms, int(work.now.timestamp() * 1000))
    logged = Logged(
        device_id=device.device_id, seq=event.seq, event_id=work.ids.next(), venue_id=device.venue_id,
        digest=signed.digest, data=signed.data, kind=event.kind, tier=event.tier, decision=event.decision,
        voucher_id=None, uses=event.uses, refers=event.refers,
        happened_at=dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC), received_at=work.now,
        outcome=Outcome.KNOWN,
    )  # fmt: skip
    # Whatever is decided: who erases a voucher finds each event that names it.
    logged = replace(logged, voucher_id=_linked(event, known))
    scan = known.online.get(event.nonce.hex())
    if event.tier is Tier.ONLINE and event.kind is EventKind.SCAN:
        return _online(logged, scan)
    if scan is not None and scan.verdict.code in _EFFECTIVE and event.kind is EventKind.SCAN:
        # The same scan: booked by the server, whose answer never came back.
        return _online(logged, scan)
    decides = event.decision in _LET_IN or event.decision in PASSING
    takes = event.kind is EventKind.UNDO or (event.kind is EventKind.SCAN and decides)
    if not takes or event.tier in _LEFT_TO_OTHERS or (event.tier is Tier.ONLINE):
        return logged
    if not event.code:
        return replace(logged, outcome=Outcome.REFUSED, reason=Reason.NO_CODE)
    voucher, claims, reason = _named(event, logged.happened_at, known, unknown)
    if reason is None and voucher is not None and claims is not None and event.kind is EventKind.SCAN:
        at_hub = any(one.had(claims, logged.happened_at) for one in known.sessions)
        seen = Seen(event, device, logged.happened_at, voucher, claims, at_hub)
        reason = good_faith.fault_of(seen, known.policy)
    return replace(logged, outcome=Outcome.REFUSED if reason else Outcome.OPEN, reason=reason)


def _linked(event: ScanEvent, known: _Known) -> str | None:
    """Return the number of the voucher that an event names, genuine or not."""
    if isinstance(event.code, str):
        typed, _ = known.typed(event.code)
        return typed.voucher_id if typed else None
    claims = _own(event.code)
    return claims.voucher_id.hex() if claims and claims.voucher_id.hex() in known.by_id else None


def _online(logged: Logged, scan: Scan | None) -> Logged:
    """Return a scan that the server decided: it is booked already, under the server's number."""
    if scan is None:
        lets_in = logged.decision in _LET_IN
        return replace(logged, outcome=Outcome.REFUSED, reason=Reason.NEVER_ARRIVED) if lets_in else logged
    return replace(logged, event_id=scan.verdict.scan_id)


def _typed(code: str, at: dt.datetime, known: _Known) -> tuple[Voucher | None, Claims | None, Reason | None]:
    voucher, former = known.typed(code)
    if voucher is None:
        return None, None, Reason.UNKNOWN_VOUCHER
    return voucher, tokens.own_claims(voucher.token), known.replaced(former, at)


def _named(
    event: ScanEvent, at: dt.datetime, known: _Known, unknown: list[bytes]
) -> tuple[Voucher | None, Claims | None, Reason | None]:
    """Return the voucher and claims that a code stands for, or why it stands for none."""
    if isinstance(event.code, str):
        return _typed(event.code, at, known)
    try:
        claims = tokens.read(event.code, known.ring, int(at.timestamp()))
    except TokenRefused as refused:
        forged = refused.refusal is Refusal.BAD_SIGNATURE
        return None, None, Reason.BAD_SIGNATURE if forged else Reason.UNKNOWN_VOUCHER
    voucher = known.by_id.get(claims.voucher_id.hex())
    kid = tokens.kid_of(event.code)
    blocked_at = known.blocked_at.get(kid)
    if blocked_at is not None and at - known.policy.list_age_max >= blocked_at:
        return voucher, claims, Reason.BLOCKED_KEY
    former = known.former.get((claims.voucher_id.hex(), claims.status_index))
    if voucher is not None and former is not None:
        return voucher, claims, known.replaced(former, at)
    leased = Flags.LEASE in claims.flags
    # A hub has tokens without their signatures.
    own = voucher is not None and voucher.token in {event.code, tokens.withheld(event.code)}
    if voucher is None or not (own or leased or kid != voucher.kid):
        unknown.append(event.code)
        return None, claims, Reason.UNKNOWN_VOUCHER
    return voucher, claims, None
