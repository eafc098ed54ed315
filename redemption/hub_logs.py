"""The log of a hub: an event for each scan at any of its gates, in the transaction that decides it.

So what a gate has shown stands in the log, on the disk, before the gate shows it.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from kernel import db
from kernel.signing import SigningKey
from merchants import devices
from redemption import codes, hub_states, scan_events, scan_logs
from redemption.codes import ManualCode
from redemption.hub_states import HubState
from redemption.live_codes import LiveToken
from redemption.scan_events import EventFlags, EventKind, More, ScanEvent, Signed, Tier
from redemption.scan_logs import Log, Logged, Outcome
from redemption.scans import Scanned
from redemption.tokens import TOKEN_BYTES_MAX, TokenRefused
from redemption.verdicts import PASSED, Verdict, VerdictCode

NONCE_BYTES = scan_events.NONCE_BYTES


@dataclass(frozen=True, slots=True)
class Happened:
    """Something to be written down."""

    event_id: int
    decision: str
    nonce: bytes
    kind: EventKind = EventKind.SCAN
    tier: Tier = Tier.HUB
    code: bytes | str = b""
    live: tuple[int, bytes] | None = None
    flags: EventFlags = EventFlags.NONE
    refers: int = 0
    uses: int = 1
    voucher_id: str | None = None
    gate: str = ""
    receipt: str = ""
    at: dt.datetime | None = None
    """When it happened, if not just now: at a gate that did not reach its hub."""


def nonce_of(scanned: Scanned) -> bytes:
    """Return under which number the city knows a scan of a gate."""
    return hashlib.sha256(f"{scanned.device_id}/{scanned.nonce}".encode()).digest()[:NONCE_BYTES]


def of_scan(scanned: Scanned, verdict: Verdict, tier: Tier, gate: str, receipt: str = "") -> Happened:
    """Return what is written down of a scan."""
    code, live = _shown(scanned.text)
    shown = verdict.voucher
    # Whoever is at the way out was inside: who let them in may not have handed that in.
    said = VerdictCode.LET_OUT if verdict.code is VerdictCode.NOT_INSIDE else verdict.code
    return Happened(
        event_id=verdict.scan_id,
        decision=said.value,
        nonce=nonce_of(scanned),
        tier=tier,
        code=code,
        live=live,
        flags=EventFlags.SEEN_MOVING if scanned.seen_moving else EventFlags.NONE,
        # Of those who pass fewer may have been meant than were typed.
        uses=shown.taken if shown and said in PASSED else scanned.uses,
        voucher_id=shown.voucher_id if shown else None,
        gate=gate,
        receipt=receipt if verdict.accepted else "",
    )


def write(work: db.Work, state: HubState, key: SigningKey, happened: Iterable[Happened]) -> None:
    """Sign and append events."""
    log = scan_logs.of_device(work, state.device_id)
    link = log.link if log else scan_events.beginning(state.public_key)
    written: list[Logged] = []
    for one in happened:
        signed = scan_events.sign(_event(work, state, one, link), key)
        link = scan_events.following(signed)
        written.append(_logged(work, state, one, signed))
    if written:
        scan_logs.add(work, written)
        scan_logs.keep(work, Log(state.device_id, link))


def close(work: db.Work, key: SigningKey) -> None:
    """Give back all that was left to the hub: from now on nobody is let in by its list."""
    state = hub_states.get(work)
    hub_states.change(work, session_id=None, session_until=None)
    nonce = work.ids.random_bytes(NONCE_BYTES)
    write(work, state, key, [Happened(work.ids.next(), "closed", nonce, kind=EventKind.CLOSE)])


def through(reading: db.Reading, state: HubState) -> int:
    """Return the number of the newest event."""
    log = scan_logs.of_device(reading, state.device_id)
    return log.link.seq if log else 0


def waiting(reading: db.Reading, state: HubState, limit: int) -> list[bytes]:
    """Return the next events that the city does not have."""
    first = state.acknowledged + 1
    found = scan_logs.events(reading, state.device_id, range(first, first + limit))
    return [found[seq].data or b"" for seq in sorted(found)]


def gives_back(reading: db.Reading, state: HubState) -> bool:
    """Whether all was given back, and the city has not heard of it yet."""
    numbers = range(state.acknowledged + 1, through(reading, state) + 1)
    found = scan_logs.events(reading, state.device_id, numbers)
    return any(one.kind is EventKind.CLOSE for one in found.values())


def export(reading: db.Reading) -> bytes:
    """Return the log as a file, for a hub that never gets to a network again."""
    state = hub_states.get(reading)
    found = scan_logs.events(reading, state.device_id, range(1, through(reading, state) + 1))
    data = (found[seq].data or b"" for seq in sorted(found))
    return scan_events.write_file(state.device_id, state.public_key, data)


def capped_since(reading: db.Reading, state: HubState, since: dt.datetime) -> list[Logged]:
    """Return what was let in beside the list, without a network, since an instant, and not taken back."""
    found = scan_logs.since(reading, state.device_id, since)
    undone = {one.refers for one in found if one.kind is EventKind.UNDO}
    return [
        one
        for one in found
        if one.kind is EventKind.SCAN and one.tier is Tier.CAPPED and one.decision == "accepted"
        and one.seq not in undone
    ]  # fmt: skip


def _event(work: db.Work, state: HubState, one: Happened, link: scan_events.Link) -> ScanEvent:
    at_ms = int((one.at or work.now).timestamp() * 1000)
    return ScanEvent(
        device_id=state.device_id,
        seq=link.seq + 1,
        prev=link.head,
        kind=one.kind,
        device_ms=at_ms - state.offset_ms,
        offset_ms=state.offset_ms,
        anchor_ms=min(state.anchor_ms, at_ms),
        list_version=state.list_version,
        tier=one.tier,
        decision=one.decision,
        nonce=one.nonce,
        code=one.code,
        live=one.live,
        flags=one.flags,
        refers=one.refers,
        uses=one.uses,
        more={
            int(name): value for name, value in ((More.RECEIPT, one.receipt), (More.GATE, one.gate)) if value
        },
    )


def _logged(work: db.Work, state: HubState, one: Happened, signed: Signed) -> Logged:
    return Logged(
        device_id=state.device_id, seq=signed.event.seq, event_id=one.event_id, venue_id=state.venue_id,
        digest=signed.digest, data=signed.data, kind=one.kind, tier=one.tier, decision=one.decision,
        voucher_id=one.voucher_id, uses=one.uses, refers=one.refers, happened_at=one.at or work.now,
        received_at=work.now, outcome=Outcome.KNOWN,
    )  # fmt: skip


def _shown(text: str) -> tuple[bytes | str, tuple[int, bytes] | None]:
    """Return what of a text is ours: nothing else that a camera saw is ever written down."""
    try:
        read = codes.parse(text)
    except TokenRefused:
        return b"", None
    if isinstance(read, ManualCode):
        return read.value, None
    token, live = (read.token, (read.counter, read.tag)) if isinstance(read, LiveToken) else (read, None)
    return (token, live) if len(token) <= TOKEN_BYTES_MAX else (b"", None)


def undone(
    of: Logged, scan: ScanEvent, event_id: int, nonce: bytes, gate: str, at: dt.datetime | None = None
) -> Happened:
    """Return what is written down when a scan is taken back."""
    return Happened(
        event_id, "undone", nonce, kind=EventKind.UNDO, tier=of.tier, code=scan.code, refers=of.seq,
        uses=of.uses, voucher_id=of.voucher_id, gate=gate, at=at,
    )  # fmt: skip


def passed(of: Logged, scan: ScanEvent, gate: str) -> Happened:
    """Return what is written down of guests whom a gate let pass that did not reach the hub."""
    return Happened(
        of.event_id, of.decision, scan.nonce, code=scan.code, live=scan.live, flags=scan.flags, uses=of.uses,
        voucher_id=of.voucher_id, gate=gate, at=of.happened_at,
    )  # fmt: skip


def places(reading: db.Reading, scanned: Iterable[Scanned]) -> dict[int, str]:
    """Return where devices stand that have scanned, by number."""
    return {
        number: one.place
        for number, one in devices.by_id(reading, (one.device_id for one in scanned)).items()
    }


def token_in(text: str) -> bytes | None:
    """Return the token in a text that was recognised as a genuine one."""
    try:
        read = codes.parse(text)
    except TokenRefused:
        return None
    if isinstance(read, ManualCode):
        return None
    return read.token if isinstance(read, LiveToken) else read
