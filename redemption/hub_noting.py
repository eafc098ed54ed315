"""What a hub writes down without deciding: the city, or a gate by itself, did; or a scan is taken back."""

import datetime as dt
from dataclasses import dataclass, replace

from kernel import db
from kernel.cities import City
from kernel.signing import SigningKey, VerifyKey
from merchants import devices
from merchants.directions import Direction
from redemption import (
    hub_copies,
    hub_logs,
    hub_states,
    passages,
    redeeming,
    scan_events,
    scan_logs,
    tokens,
    undoing,
    using,
    vouchers,
)
from redemption.gates import Passage
from redemption.handing_in import Answer
from redemption.hub_logs import NONCE_BYTES
from redemption.hub_states import HubState
from redemption.scan_events import EventKind, Tier
from redemption.scan_logs import Logged, Outcome
from redemption.scans import Scanned
from redemption.undoing import Undone
from redemption.using import Use
from redemption.verdicts import Verdict, VerdictCode


@dataclass(frozen=True, slots=True)
class Told:
    """What the city has decided on a scan of a gate."""

    code: VerdictCode
    scan_id: int
    voucher_id: str = ""
    persons: int | None = None
    """How many guests passed without a use."""
    reentry_until: dt.datetime | None = None


def note_online(work: db.Work, key: SigningKey, scanned: Scanned, told: Told) -> None:
    """Write down what the city has decided on a scan of a gate; again changes nothing."""
    state = hub_states.get(work)
    if scan_logs.by_event(work, state.device_id, told.scan_id) is not None:
        return
    verdict = Verdict(told.code, told.scan_id, work.now)
    persons, where = told.persons or scanned.uses, hub_logs.places(work, [scanned])
    happened = hub_logs.of_scan(scanned, verdict, Tier.ONLINE, where[scanned.device_id])
    # What the city said, word for word: it has counted itself.
    hub_logs.write(work, state, key, [replace(happened, decision=told.code.value, uses=persons)])
    if told.reentry_until is not None and told.code in redeeming.COUNTED | {VerdictCode.ACCEPTED}:
        passages.add(work, [_passed(work, state, scanned, told, persons)])
    token = hub_logs.token_in(scanned.text)
    if verdict.code is not VerdictCode.ACCEPTED or token is None:
        return
    # So that it is known here, too, when the network is gone.
    claims = tokens.own_claims(token)
    hub_copies.show(work, token, claims)
    for voucher in vouchers.find(work, voucher_ids=[claims.voucher_id.hex()]):
        if voucher.left >= scanned.uses:
            using.note(work, [Use(voucher, state.venue_id, scanned.device_id, told.scan_id, scanned.uses)])


def _passed(work: db.Work, state: HubState, scanned: Scanned, told: Told, persons: int) -> Passage:
    comes = told.code in {VerdictCode.ACCEPTED, VerdictCode.LET_IN_AGAIN}
    return Passage(
        told.scan_id, told.voucher_id, state.venue_id, scanned.device_id,
        Direction.IN if comes else Direction.OUT, told.code is VerdictCode.LET_IN_AGAIN, persons, work.now,
        told.reentry_until or work.now,
    )  # fmt: skip


def note_undone_online(work: db.Work, city: City, voucher_id: str, scan_id: int) -> None:
    """Forget what was noted of a scan that the city has decided and now took back."""
    passages.undo(work, [scan_id])
    for voucher in vouchers.find(work, voucher_ids=[voucher_id]):
        undoing.take_back(work, city, voucher, scan_id)


def undo(work: db.Work, city: City, key: SigningKey, scan_id: int, device_id: int) -> Undone:
    """Take a scan back that the hub has decided, as its offer allows. Raises as `undoing.undo`."""
    undone = undoing.undo(work, city, scan_id, venue_id=hub_states.get(work).venue_id)
    _note_undone(work, key, scan_id, device_id)
    return undone


def pass_on(work: db.Work, key: SigningKey, answer: Answer) -> None:
    """Write down for the city what a gate did while it did not reach the hub, in its order.

    That is little: guests went out, those it had seen go came in again, and it took back what it had done.
    """
    told = [one.event for one in answer.results if one.event is not None]
    done = [one for one in told if one.outcome is not Outcome.REFUSED and (one.passing or _is_undo(one))]
    if not done:
        return
    scanned = scan_logs.events(work, answer.log.device_id, (one.refers for one in done))
    for one in done:
        if one.passing:
            _note_passed(work, key, one)
        elif one.refers in scanned:
            of = scanned[one.refers].event_id
            _note_undone(work, key, of, one.device_id, one.happened_at)


def _is_undo(one: Logged) -> bool:
    return one.kind is EventKind.UNDO


def _note_passed(work: db.Work, key: SigningKey, one: Logged) -> None:
    state, device = hub_states.get(work), devices.get(work, one.device_id)
    # What the hub, or the city, had decided is written down already.
    if one.outcome is not Outcome.OPEN or one.data is None or device.public_key is None:
        return
    if scan_logs.by_event(work, state.device_id, one.event_id) is not None:
        return
    signed = scan_events.read(one.data, VerifyKey(device.public_key), one.device_id)
    hub_logs.write(work, state, key, [hub_logs.passed(one, signed.event, device.place)])


def _note_undone(
    work: db.Work, key: SigningKey, scan_id: int, device_id: int, at: dt.datetime | None = None
) -> None:
    state = hub_states.get(work)
    of = scan_logs.by_event(work, state.device_id, scan_id)
    if of is None or of.data is None or scan_logs.is_undone(work, state.device_id, of.seq):
        return
    signed = scan_events.read(of.data, key.verify_key, state.device_id)
    gate, nonce = devices.get(work, device_id).place, work.ids.random_bytes(NONCE_BYTES)
    hub_logs.write(work, state, key, [hub_logs.undone(of, signed.event, work.ids.next(), nonce, gate, at)])
