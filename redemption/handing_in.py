"""Taking in what devices wrote down: every event once, in its place, and nothing is ever dropped.

What can't be read or is against what is known is kept as it came, and the device goes into quarantine: what
it decided offline is held until an administrator has looked. The same batch again gives the same answer.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from kernel.signing import VerifyKey
from merchants import safeguarding
from merchants.devices import Device
from redemption import (
    hub_sessions,
    judging_logs,
    leasing,
    log_receipts,
    merging,
    offline_booking,
    scan_events,
    scan_logs,
    tokens,
)
from redemption.good_faith import Reason
from redemption.scan_events import EventKind, EventUnreadable, Link, Place, Signed
from redemption.scan_logs import Log, Logged, Oddity, Outcome
from redemption.tokens import TokenRefused

AT_ONCE = 500
"""Events in one call."""
GAP_FOR = dt.timedelta(hours=24)
"""How long a device may look for missing events before they count as lost."""
GAP, FORK = "gap", "fork"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no event of the device."""

    data: bytes
    fault: str


Item = Signed | Unreadable


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item, as docs/scan-log.md names it."""

    seq: int
    outcome: str
    reason: str | None = None
    event: Logged | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device is told."""

    log: Log
    quarantined: bool
    results: tuple[Result, ...]


def read(device: Device, events: Iterable[bytes]) -> list[Item]:
    """Return events with their signatures checked; no database is needed for that.

    Raises Conflict `device-without-key`.
    """
    if device.public_key is None:
        raise Conflict("device-without-key", device_id=device.device_id)
    key = VerifyKey(device.public_key)
    return [_read(data, key, device.device_id) for data in events]


def known(reading: db.Reading, device: Device) -> Log:
    """Return how far a device's log is known. Raises Conflict `device-without-key`."""
    if device.public_key is None:
        raise Conflict("device-without-key", device_id=device.device_id)
    log = scan_logs.of_device(reading, device.device_id)
    return log or Log(device.device_id, scan_events.beginning(device.public_key))


def take(work: db.Work, city: City, device: Device, items: Sequence[Item], lost_through: int = 0) -> Answer:
    """Take in what a device or its owner sends, in order; decide and book what can be decided.

    `lost_through` is the highest number that the device says it can't send any more.
    """
    log = known(work, device)
    walk = _Walk(work, device, log, items, lost_through)
    for item in items:
        walk.take(item)
    held = device.quarantined_at is not None
    held_from = 0 if held else walk.held_from
    fresh = judging_logs.judge(work, city, device, walk.fresh, held_from)
    fresh = log_receipts.noted(work, city, device, walk.fresh, fresh)
    booked = offline_booking.settle(work, city, fresh)
    _give_back(work, device, walk.fresh, held_from)
    scan_logs.put_aside(work, walk.odd)
    if walk.log != log:
        scan_logs.keep(work, walk.log)
    if walk.broken and not held:
        safeguarding.quarantine(work, device.device_id)
    results = [_told(result, booked) for result in walk.results]
    return Answer(walk.log, held or walk.broken, tuple(results))


def _give_back(work: db.Work, device: Device, fresh: Sequence[Signed], held_from: int | None) -> None:
    """End the leases that the device gives back; what it took before is booked."""
    for one in fresh:
        event = one.event
        if event.kind is not EventKind.CLOSE or (held_from is not None and event.seq >= held_from):
            continue
        try:
            token = event.code if isinstance(event.code, bytes) else b""
            named = tokens.own_claims(token).voucher_id.hex() if token else None
        except (ValueError, TokenRefused):
            continue
        at_ms = merging.clamp(event.at_ms, event.anchor_ms, int(work.now.timestamp() * 1000))
        at = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)
        leasing.close(work, device.device_id, at, named)
        if named is None:
            hub_sessions.close(work, device.device_id, at)


def _read(data: bytes, key: VerifyKey, device_id: int) -> Item:
    try:
        return scan_events.read(data, key, device_id)
    except EventUnreadable as unreadable:
        return Unreadable(data, unreadable.fault.value)


class _Walk:
    """Goes through a batch in order and finds the place of each item."""

    def __init__(
        self, work: db.Work, device: Device, log: Log, items: Sequence[Item], lost_through: int
    ) -> None:
        self._work, self._device, self._lost_through = work, device, lost_through
        signed = [item for item in items if isinstance(item, Signed)]
        seqs = [one.event.seq for one in signed if one.event.seq <= log.link.seq]
        self._earlier = scan_logs.events(work, device.device_id, seqs)
        digests = [scan_events.digest(item.data) for item in items]
        self._aside = scan_logs.known_oddities(work, device.device_id, digests)
        self._fresh: dict[int, Signed] = {}
        self._unread: Link | None = None
        """The link after an unreadable item, if that was an event of its own."""
        self.log = log
        self.results: list[Result] = []
        self.odd: list[Oddity] = []
        self.broken = False
        self.held_from: int | None = None
        """From this number on events are held."""

    @property
    def fresh(self) -> list[Signed]:
        """What is new and in its place."""
        return list(self._fresh.values())

    def take(self, item: Item) -> None:
        """Find the place of the next item."""
        if isinstance(item, Unreadable):
            self._put_aside(item.data, self.log.link.seq + 1, item.fault, "unreadable")
            self._unread = Link(self.log.link.seq + 1, scan_events.digest(item.data))
            return
        if self._unread is not None and scan_events.place(self._unread, item) is Place.NEXT:
            self._skip(self._unread)
        self._unread = None
        place = scan_events.place(self.log.link, item)
        if place is Place.GAP and self._is_lost(item.event.seq):
            self._skip(Link(item.event.seq - 1, item.event.prev), GAP)
            place = Place.NEXT
        if place is Place.NEXT:
            self._fresh[item.event.seq] = item
            self.log = replace(self.log, link=scan_events.following(item), gap_since=None)
            self.results.append(Result(item.event.seq, "fresh"))
        elif place is Place.GAP:
            self.log = replace(self.log, gap_since=self.log.gap_since or self._work.now)
            self.results.append(Result(item.event.seq, GAP))
        else:
            self._again(item, place)

    def _again(self, item: Signed, place: Place) -> None:
        """Take an event whose number is known, or that follows another than the known one."""
        seq = item.event.seq
        before = self._earlier.get(seq)
        same = before.digest == item.digest if before else self._fresh.get(seq) == item
        if place is Place.EARLIER and same:
            self.results.append(Result(seq, "known" if before else "fresh", None, before))
        else:
            self._put_aside(item.data, seq, FORK, FORK)

    def _put_aside(self, data: bytes, seq: int, fault: str, outcome: str) -> None:
        digest = scan_events.digest(data)
        before = self._aside.get(digest)
        if before is None:
            odd = Oddity(self._device.device_id, digest, seq, fault, data, self._work.now)
            self._aside[digest] = odd
            self.odd.append(odd)
            self._break(fault, self.log.link.seq + 1)
        self.results.append(Result(before.seq if before else seq, outcome, before.fault if before else fault))

    def _skip(self, link: Link, fault: str = "unreadable") -> None:
        """Go on behind what is missing or can't be read."""
        self.log = replace(self.log, link=link, gap_since=None)
        self._break(fault, link.seq + 1)

    def _break(self, fault: str, held_from: int) -> None:
        self.broken = True
        self.held_from = held_from if self.held_from is None else min(self.held_from, held_from)
        self.log = replace(self.log, fault=self.log.fault or fault)

    def _is_lost(self, seq: int) -> bool:
        """Whether the events before this one won't come any more."""
        since = self.log.gap_since
        return seq <= self._lost_through + 1 or (since is not None and self._work.now - since >= GAP_FOR)


def _told(result: Result, booked: dict[int, Logged]) -> Result:
    """Return the result in the words of the protocol."""
    event = result.event or (booked.get(result.seq) if result.outcome == "fresh" else None)
    if event is None:
        return result
    return described(booked.get(event.seq, event))


def described(event: Logged) -> Result:
    """Return what became of an event in the words of the protocol."""
    if event.outcome is not Outcome.OPEN:
        return Result(event.seq, event.outcome.value, event.reason and event.reason.value, event)
    if event.passing:
        return Result(event.seq, "known", None, event)
    if event.lost:
        return Result(event.seq, "conflict", "paid", event)
    return Result(event.seq, "accepted", event.reason and event.reason.value, event)


def decide_held(work: db.Work, city: City, device: Device, *, accept: bool) -> list[Logged]:
    """End a quarantine: what was held is judged like everything else, or is not paid.

    Raises Conflict `device-not-in-quarantine`.
    """
    safeguarding.release(work, device.device_id)
    waiting = scan_logs.held(work, device.device_id)
    log = scan_logs.of_device(work, device.device_id)
    if log is not None:
        scan_logs.keep(work, replace(log, fault=None))
    if accept:
        judged = judging_logs.judge_again(work, city, device, waiting)
    else:
        judged = [replace(one, outcome=Outcome.REFUSED, reason=Reason.QUARANTINE) for one in waiting]
    return list(offline_booking.settle(work, city, judged, stored=True).values())
