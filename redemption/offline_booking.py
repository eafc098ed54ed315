"""Booking what was scanned without a network: who was first takes the uses, the city bears the rest.

The ledger is brought to what the merge says, by the difference and never by rewriting: it ends the same
whatever came in first. Uses that are left go to the scans in their order; a scan in good faith that came
second pays its venue from `offline-loss`; if room is made later (a scan is taken back), that is reversed and
the use is booked after all.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from ledger import chart, posting, queries, transfers
from ledger.transfers import Transfer
from merchants import venues
from merchants.directions import Direction
from redemption import claims, gates, merging, passages, scan_logs, undoing, using, vouchers
from redemption.gates import Passage
from redemption.good_faith import Reason
from redemption.merging import Key, Merged
from redemption.offer_terms import Reentry
from redemption.scan_events import EventKind, Tier
from redemption.scan_logs import Logged, Outcome
from redemption.using import Use
from redemption.verdicts import VerdictCode
from redemption.vouchers import SHOWN, Voucher

_NAMESPACE = UUID("6d1a6f0e-58c7-4d0b-9a43-0f3bb2c7a1d4")
_WAYS: Mapping[Tier, str] = {
    Tier.HUB: "hub",
    Tier.LEASED: "leased",
    Tier.PRESENTED: "presented",
    Tier.CAPPED: "capped",
}


@dataclass(frozen=True, slots=True)
class _Days:
    """The days on which things are booked: their own, unless the books of that are closed already."""

    city: City
    closed_until: dt.date | None
    now: dt.datetime

    def opened(self, at: dt.datetime) -> dt.datetime:
        """Return an instant on a day that is open."""
        open_ = self.closed_until is None or self.city.day_of(at) > self.closed_until
        return at if open_ else self.now

    def effective(self, at: dt.datetime) -> dt.date:
        """Return the day on which something is booked that happened then."""
        return self.city.day_of(self.opened(at))


@dataclass(slots=True)
class _Plan:
    """What the ledger has to be brought to."""

    events: dict[Key, Logged]
    uses: list[list[Use]] = field(default_factory=list)
    """In rounds: of each voucher one in each."""
    losses: list[tuple[Logged, Voucher, int]] = field(default_factory=list)
    """A scan, and how many further uses of it the city bears."""
    gains: list[tuple[Logged, Voucher, int]] = field(default_factory=list)
    """A scan, and how many uses of it the city bears no longer."""
    rounds: dict[str, int] = field(default_factory=dict)


def settle(work: db.Work, city: City, judged: Sequence[Logged], *, stored: bool = False) -> dict[int, Logged]:
    """Book what is open among a device's events, keep them, and return them by number.

    They are new unless `stored`. Of other devices' scans what changes by them is changed.
    """
    mine = {one.key: one for one in judged}
    touched = {one.voucher_id for one in judged if one.outcome is Outcome.OPEN and one.voucher_id}
    if not touched:
        _keep(work, mine, {}, stored=stored)
        return {one.seq: one for one in mine.values()}
    before = {one.key: one for one in scan_logs.of_vouchers(work, touched)}
    known = {one.voucher_id: one for one in vouchers.find(work, voucher_ids=touched)}
    events = before | mine
    events |= _undo_online(work, city, mine, known)
    merged = merging.merge(
        one.entry(known[one.voucher_id].terms.undo_minutes)
        for one in events.values()
        if one.outcome is Outcome.OPEN and one.voucher_id in known
    )
    events |= _undos(events, merged)
    taken_back = _take_back(work, city, events, merged, known)
    events |= taken_back
    _count_guests(work, city, merged, events, mine, known)
    if taken_back or any(one.kind is EventKind.UNDO for one in judged):
        known = {one.voucher_id: one for one in vouchers.find(work, voucher_ids=touched)}
    plan = _planned(merged, known, events)
    days = _Days(city, queries.closed_until(work), work.now)
    for of_round in plan.uses:
        using.book(work, city, [replace(use, at=days.opened(use.at or work.now)) for use in of_round])
    _post(work, days, plan)
    claims.ask(work, [(one, voucher) for one, voucher, _ in plan.losses], merged, plan.events)
    changed = {key: one for key, one in plan.events.items() if key not in mine and one != before.get(key)}
    result = {key: plan.events[key] for key in mine}
    _keep(work, result, changed, stored=stored)
    return {one.seq: one for one in result.values()}


def _keep(work: db.Work, mine: Mapping[Key, Logged], others: Mapping[Key, Logged], *, stored: bool) -> None:
    if not stored:
        scan_logs.add(work, mine.values())
    scan_logs.change(work, [*(mine.values() if stored else ()), *others.values()])


def _count_guests(
    work: db.Work,
    city: City,
    merged: Merged,
    events: Mapping[Key, Logged],
    mine: Mapping[Key, Logged],
    known: Mapping[str, Voucher],
) -> None:
    """Keep the passages of new scans, and take back those that were taken back."""
    passages.add(work, _passages(city, merged, mine, known))
    scans = (key for key, entry in merged.entries.items() if not entry.undoes)
    if undone := [events[key].event_id for key in scans if merged.is_undone(key)]:
        passages.undo(work, undone)


def _passages(
    city: City, merged: Merged, mine: Mapping[Key, Logged], known: Mapping[str, Voucher]
) -> Iterator[Passage]:
    for key, one in mine.items():
        voucher = known.get(one.voucher_id or "")
        if one.kind is not EventKind.SCAN or key not in merged.entries or voucher is None:
            continue
        if voucher.terms.reentry is Reentry.NONE:
            continue
        yield Passage(
            passage_id=one.event_id,
            voucher_id=voucher.voucher_id,
            venue_id=one.venue_id,
            device_id=one.device_id,
            direction=Direction.OUT if one.decision == VerdictCode.LET_OUT.value else Direction.IN,
            again=one.passing,
            persons=one.uses,
            passed_at=one.happened_at,
            over_at=gates.over_at(voucher.terms, voucher.valid_until, one.happened_at, city),
        )


def _undos(events: Mapping[Key, Logged], merged: Merged) -> dict[Key, Logged]:
    """Return the undos that take nothing back, with the reason."""
    refused: dict[Key, Logged] = {}
    for key, one in events.items():
        if one.kind is not EventKind.UNDO or one.outcome is not Outcome.OPEN:
            continue
        if not merged.takes_effect(merged.entries[key]):
            scan = events.get((one.device_id, one.refers))
            known = scan is not None and scan.voucher_id == one.voucher_id and scan.outcome is Outcome.OPEN
            reason = Reason.UNDO_TOO_LATE if known else Reason.NOTHING_TO_UNDO
            refused[key] = replace(one, outcome=Outcome.REFUSED, reason=reason)
    return refused


def _undo_online(
    work: db.Work, city: City, mine: Mapping[Key, Logged], known: Mapping[str, Voucher]
) -> dict[Key, Logged]:
    """Take back scans that the server had decided and their device undid without a network."""
    undos = [one for one in mine.values() if one.kind is EventKind.UNDO and one.outcome is Outcome.OPEN]
    if not undos:
        return {}
    device_id = undos[0].device_id
    stored = scan_logs.events(work, device_id, (one.refers for one in undos))
    done: dict[Key, Logged] = {}
    for undo in undos:
        scan = mine.get((device_id, undo.refers)) or stored.get(undo.refers)
        by_server = scan is not None and (scan.tier is Tier.ONLINE or scan.outcome is Outcome.KNOWN)
        if scan is None or not by_server or scan.voucher_id != undo.voucher_id:
            continue
        voucher = known[undo.voucher_id or ""]
        minutes = scan.undo_minutes(voucher.terms.undo_minutes)
        if undo.happened_at - scan.happened_at <= dt.timedelta(minutes=minutes):
            undoing.take_back(work, city, voucher, scan.event_id)
            done[undo.key] = replace(undo, outcome=Outcome.KNOWN)
        else:
            done[undo.key] = replace(undo, outcome=Outcome.REFUSED, reason=Reason.UNDO_TOO_LATE)
    return done


def _take_back(
    work: db.Work, city: City, events: Mapping[Key, Logged], merged: Merged, known: Mapping[str, Voucher]
) -> dict[Key, Logged]:
    """Reverse what was booked for scans that were taken back."""
    undone = [
        one
        for key, one in events.items()
        if key in merged.entries
        and one.kind is EventKind.SCAN
        and merged.is_undone(key)
        and (one.won or one.lost)
    ]
    _reverse_losses(work, city, [(one, known[one.voucher_id or ""], one.lost) for one in undone])
    for one in undone:
        if one.won:
            # Again from the ledger: of one voucher several scans may be taken back.
            undoing.take_back(work, city, vouchers.get(work, one.voucher_id or ""), one.event_id)
    return {one.key: replace(one, won=0, lost=0) for one in undone}


def _planned(merged: Merged, known: Mapping[str, Voucher], events: dict[Key, Logged]) -> _Plan:
    """Return who gets what: uses that are left to the first, then the city's help."""
    plan = _Plan(dict(events))
    for voucher_id, entries in merged.by_voucher.items():
        voucher = known[voucher_id]
        left = voucher.left if voucher.status in SHOWN else 0
        for entry in entries:
            one = plan.events[entry.key]
            wanted = one.takes - one.won - one.lost
            won = min(left, wanted)
            if won:
                voucher = _use(plan, voucher, one, won)
                left -= won
            if wanted > won:
                plan.losses.append((one, voucher, wanted - won))
            plan.events[one.key] = replace(one, won=one.won + won, lost=one.lost + wanted - won)
        for entry in entries:
            one = events[entry.key]
            if not left or not one.lost:
                continue
            back = min(left, one.lost)
            plan.gains.append((one, voucher, back))
            voucher = _use(plan, voucher, one, back)
            left -= back
            now = plan.events[one.key]
            plan.events[one.key] = replace(now, won=now.won + back, lost=now.lost - back)
    return plan


def _use(plan: _Plan, voucher: Voucher, one: Logged, count: int) -> Voucher:
    """Plan a use; return the voucher as it is after that."""
    number = plan.rounds.get(voucher.voucher_id, 0)
    plan.rounds[voucher.voucher_id] = number + 1
    if number == len(plan.uses):
        plan.uses.append([])
    plan.uses[number].append(
        Use(
            voucher,
            one.venue_id,
            one.device_id,
            one.event_id,
            count,
            _WAYS.get(one.tier, ""),
            one.happened_at,
        )
    )
    return replace(voucher, used=voucher.used + count, last_use=voucher.last_use + count)


def _post(work: db.Work, days: _Days, plan: _Plan) -> None:
    _reverse_losses(work, days.city, plan.gains)
    batch = [move for one, voucher, count in plan.losses for move in _losses(work, days, one, voucher, count)]
    if any(move.debit == chart.EUR_LOSSES for move in batch):
        chart.open_chart(work)
    if batch:
        posting.post_or_raise(work, batch)


def _losses(work: db.Work, days: _Days, one: Logged, voucher: Voucher, count: int) -> Iterator[Transfer]:
    """Yield what pays a venue for uses that others had taken before."""
    effective, free = days.effective(one.happened_at), one.uses - one.lost
    purpose = f"{vouchers.PURPOSE_REDEEMED}-{_WAYS[one.tier]}"
    subject = vouchers.subject(voucher.offer_code, voucher.voucher_id)
    for place, (debit, credit, amount) in _sides(one, voucher, range(free - count, free)):
        yield transfers.post(
            _id(work, one, "loss", place), debit, credit, amount, effective=effective, purpose=purpose,
            subject=subject, group_id=_id(work, one, "loss", f"from/{free}"),
        )  # fmt: skip


def _reverse_losses(work: db.Work, city: City, gains: Iterable[tuple[Logged, Voucher, int]]) -> None:
    batch = [
        transfers.reverse(
            _id(work, one, "gain", place), _id(work, one, "loss", place),
            effective=city.day_of(work.now), group_id=_id(work, one, "gain", f"from/{one.lost}"),
        )
        for one, voucher, count in gains
        for place, _ in _sides(one, voucher, range(one.uses - one.lost, one.uses - one.lost + count))
    ]  # fmt: skip
    if batch:
        posting.post_or_raise(work, batch)


def _sides(
    one: Logged, voucher: Voucher, places: Iterable[int]
) -> Iterator[tuple[str, tuple[str, str, int]]]:
    """Yield debit, credit and amount of single uses that the city bears, points and euros."""
    points, cents = voucher.points // voucher.uses, voucher.paid_cents // voucher.uses
    for place in places:
        if points:
            yield f"{place}/points", (chart.OFFLINE_LOSS, venues.points_path(one.venue_id), points)
        if cents:
            yield f"{place}/cents", (chart.EUR_LOSSES, venues.takings_path(one.venue_id), cents)


def _id(work: db.Work, one: Logged, step: str, place: str) -> UUID:
    return ids.derive(_NAMESPACE, work.city_id, one.device_id, one.seq, step, place)
