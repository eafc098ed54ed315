"""Redeeming a voucher online: exactly once, in the ledger. Every scan gets a verdict and leaves a record.

Scanning again with the same nonce gives the first verdict again, so a device may repeat a request whose
answer was lost.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from kernel import db
from kernel.cities import City
from kernel.errors import DomainError
from merchants import devices, venues
from merchants.directions import Direction
from redemption import (
    gates,
    passages,
    recognising,
    scans,
    using,
)
from redemption.gates import Passage
from redemption.keys import Sealer
from redemption.offer_terms import Reentry
from redemption.recognising import Found
from redemption.scans import Scanned
from redemption.using import Use
from redemption.verdicts import PASSED, FirstUse, ShownVoucher, Verdict, VerdictCode
from redemption.vouchers import Voucher

_Outcome = Verdict | DomainError
COUNTED = PASSED | {VerdictCode.NOT_INSIDE}
"""Verdicts on guests who pass a gate without a use, and are counted."""
_CHANGES = COUNTED | {VerdictCode.ACCEPTED}
"""Verdicts after which the voucher, or who is inside, is not as before."""


class Means(NamedTuple):
    """With what it is decided and booked: those of the city, or of a venue's hub."""

    find: Callable[[db.Work, Mapping[int, Scanned], Sealer], dict[int, Found | DomainError]]
    book: Callable[[db.Work, City, Sequence[Use]], None]
    record: Callable[[db.Work, Sequence[tuple[Scanned, Verdict]]], None]


BY_CITY: Final = Means(recognising.find, using.book, scans.record)


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
    direction: Direction | None = None,
) -> Verdict:
    """Decide on a scanned or typed code, redeem the voucher if it is good, and record the scan.

    A refusal is a verdict, too, because it is recorded. Typed codes are rate-limited at the edge. Raises
    NotFound for an unknown venue or device, Invalid `scan-nonce-invalid`, Conflict `scan-nonce-reused` or
    `direction-not-here`.
    """
    scanned = Scanned(text, venue_id, device_id, scan_nonce, seen_moving, uses, direction)
    (outcome,) = redeem_many(work, city, [scanned], sealer)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def redeem_many(
    work: db.Work, city: City, scanned: Sequence[Scanned], sealer: Sealer, means: Means = BY_CITY
) -> list[_Outcome]:
    """Decide on the scans of many devices as `redeem` does, in order, at the price of a few statements.

    Returns a verdict for each, or what `redeem` would raise. Scans that depend on one another (of the same
    voucher, or the same one twice) are decided in turns. Raises what the ledger refuses against all
    expectation: then nothing may be kept of any of them.
    """
    outcomes: dict[int, _Outcome] = {}
    while len(outcomes) < len(scanned):
        waiting = {n: one for n, one in enumerate(scanned) if n not in outcomes}
        outcomes |= _turn(work, city, waiting, sealer, means)
    return [outcomes[place] for place in range(len(scanned))]


def _turn(
    work: db.Work, city: City, waiting: Mapping[int, Scanned], sealer: Sealer, means: Means
) -> dict[int, _Outcome]:
    """Decide on those of the waiting scans that do not depend on one before them: at least the first."""
    chosen = _first_of_each((one.key, place) for place, one in waiting.items())
    before = zip(chosen, scans.earlier(work, [waiting[place] for place in chosen]), strict=True)
    outcomes: dict[int, _Outcome] = {place: earlier for place, earlier in before if earlier is not None}
    fresh = {place: waiting[place] for place in chosen if place not in outcomes}
    looked = means.find(work, fresh, sealer)
    outcomes |= {place: one for place, one in looked.items() if isinstance(one, DomainError)}
    # In order of arrival: of several scans of one voucher the first is accepted, typed or not.
    found = {place: one for place, one in sorted(looked.items()) if isinstance(one, Found)}
    changing = _first_of_each(
        (one.voucher.voucher_id, place)
        for place, one in found.items()
        if one.voucher is not None and one.code in _CHANGES
    )
    first = {one.voucher.voucher_id: place for place in changing if (one := found[place]).voucher is not None}
    # What comes after it finds the voucher as it is then.
    later = {
        place
        for place, one in found.items()
        if one.voucher is not None and place > first.get(one.voucher.voucher_id, place)
    }
    decided = {place: one for place, one in found.items() if place not in later}
    return outcomes | _settle(work, city, decided, means)


def _first_of_each(pairs: Iterable[tuple[Hashable, int]]) -> list[int]:
    """Return the first place of each key."""
    first: dict[Hashable, int] = {}
    for key, place in pairs:
        first.setdefault(key, place)
    return list(first.values())


def _settle(work: db.Work, city: City, found: Mapping[int, Found], means: Means) -> dict[int, _Outcome]:
    """Give each scan its verdict, redeem what is accepted, and record them all."""
    used = [one.voucher for one in found.values() if one.voucher is not None]
    first_uses, came_in = _first_uses(work, used), _came_in(work, found.values())
    decided: dict[int, Verdict] = {}
    accepted: list[Use] = []
    passed: list[Passage] = []
    for place, one in found.items():
        scan_id, voucher, scanned = work.ids.next(), one.voucher, one.scanned
        if voucher is None:
            decided[place] = Verdict(one.code, scan_id, work.now)
            continue
        takes = one.code is VerdictCode.ACCEPTED
        first_use = None if takes else first_uses.get(voucher.voucher_id)
        if one.code is VerdictCode.ALREADY_INSIDE and one.here.latest is not None:
            first_use = came_in.get(one.here.latest.passage_id)
        until = gates.over_at(voucher.terms, voucher.valid_until, work.now, city)
        shown = _shown(voucher, one, until, takes=takes)
        decided[place] = Verdict(one.code, scan_id, work.now, shown, first_use, one.clock_seconds)
        if one.code in COUNTED or (takes and voucher.terms.reentry is not Reentry.NONE):
            passed.append(_passage(work, one, voucher, scan_id, until))
        if takes:
            accepted.append(Use(voucher, scanned.venue_id, scanned.device_id, scan_id, scanned.uses))
    if accepted:
        means.book(work, city, accepted)
    passages.add(work, passed)
    means.record(work, [(found[place].scanned, verdict) for place, verdict in decided.items()])
    return dict(decided)


def _passage(work: db.Work, one: Found, voucher: Voucher, scan_id: int, until: dt.datetime) -> Passage:
    comes = one.code in {VerdictCode.ACCEPTED, VerdictCode.LET_IN_AGAIN}
    direction = Direction.IN if comes else Direction.OUT
    return Passage(
        scan_id, voucher.voucher_id, one.scanned.venue_id, one.scanned.device_id, direction,
        one.code is VerdictCode.LET_IN_AGAIN, one.persons, work.now,
        until,
    )  # fmt: skip


def _shown(voucher: Voucher, one: Found, until: dt.datetime, *, takes: bool) -> ShownVoucher:
    """Return what is shown of a voucher, after this scan has taken its uses if it `takes` them."""
    terms, count = voucher.terms, one.scanned.uses
    undo = terms.undo_minutes if takes else gates.UNDO_MINUTES * (one.code in PASSED)
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
        undo_minutes=undo,
        gates=one.gates,
        leased_until=one.leased_until,
        taken=one.persons if one.code in COUNTED else count,
        outside=one.here.outside(voucher.uses) if one.code is VerdictCode.FEWER_OUTSIDE else 0,
        reentry_until=until.isoformat() if terms.reentry is not Reentry.NONE else None,
    )


def _came_in(reading: db.Reading, found: Iterable[Found]) -> dict[int, FirstUse]:
    """Return when and where those came in who are inside already, by passage."""
    inside = [
        (one.here.latest, one.scanned.venue_id)
        for one in found
        if one.code is VerdictCode.ALREADY_INSIDE and one.here.latest is not None
    ]
    if not inside:
        return {}
    places = devices.by_id(reading, (latest.device_id for latest, _ in inside))
    where = venues.by_id(reading, (venue_id for _, venue_id in inside))
    names = {venue.venue_id: venue.name for venue in where.values()}
    # A hub may have heard of a passage before it has heard of the device.
    at = {number: one.place for number, one in places.items()}
    return {
        latest.passage_id: FirstUse(latest.passed_at, names[venue_id], at.get(latest.device_id, ""))
        for latest, venue_id in inside
    }


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
