"""Gates: who goes out comes in again, and nobody comes in twice; money never follows from a passage."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.db import Work
from kernel.errors import Conflict, Invalid
from merchants import devices
from merchants.devices import Limits
from merchants.directions import Direction
from redemption import codes, gates, leasing, passages, redeeming
from redemption.gates import Passage
from redemption.offer_terms import OfferKind, Reentry, Terms
from redemption.passages import Guests
from redemption.scan_events import More, Signed, Tier
from redemption.scans import Scanned
from redemption.verdicts import Verdict, VerdictCode
from redemption.vouchers import Voucher
from tests.redemption import pinned
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.phones import Phone, outcomes

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DAY_TICKET = replace(SWIM, code="day", terms=Terms(reentry=Reentry.SAME_DAY))
FAMILY = replace(
    SWIM, code="family", price_points=100, terms=Terms(uses=5, undo_minutes=10, reentry=Reentry.SAME_DAY)
)
BEGIN = dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
PASSAGES = st.builds(
    Passage,
    passage_id=st.integers(1, 40),
    voucher_id=st.just("a"),
    venue_id=st.just(1),
    device_id=st.integers(1, 3),
    direction=st.sampled_from([Direction.IN, Direction.OUT]),
    again=st.booleans(),
    persons=st.integers(1, 3),
    passed_at=st.integers(0, 9).map(lambda minutes: BEGIN + minutes * MINUTE),
    over_at=st.just(BEGIN + HOUR),
)


@given(
    st.lists(PASSAGES, max_size=8, unique_by=lambda one: one.passage_id),
    st.randoms(use_true_random=False),
    st.integers(1, 5),
)
def test_who_is_inside_follows_from_what_happened(passed: list[Passage], dice: Random, uses: int) -> None:
    """Not from the order in which it became known; never more are inside than came in by a use."""
    here = gates.presence(passed, BEGIN + 10 * MINUTE)
    assert here == gates.presence(dice.sample(passed, len(passed)), BEGIN + 10 * MINUTE)
    assert 0 <= here.inside <= here.admitted
    assert 0 <= here.outside(uses) <= uses
    assert gates.NOBODY == gates.presence(passed, BEGIN + HOUR)


@pytest.mark.parametrize("case", pinned.load("gates")["cases"], ids=lambda case: case["name"])
def test_each_pinned_case(case: dict[str, Any]) -> None:
    """What the scanner decides by its own log, the server decides by all of them, by the same rules."""
    passed = [
        Passage(
            number, "a", 1, 1, Direction.OUT if what == "out" else Direction.IN, what == "again", persons,
            BEGIN + minute * MINUTE, BEGIN + HOUR,
        )
        for minute, number, what, persons in case["passages"]
    ]  # fmt: skip
    here = gates.presence(passed, BEGIN + 10 * MINUTE)
    asked = (here, case["persons"], case["uses"], case["left"])
    verdict = gates.entering(VerdictCode.ACCEPTED, *asked)
    assert (case["admitted"], case["inside"], case["outside"], case["leaving"]) == (
        here.admitted, here.inside, here.outside(case["uses"]), gates.leaving(DAY_TICKET.terms, here).value,
    )  # fmt: skip
    assert (case["entering"] or "accepted") == verdict.value


@on_sqlite
def test_a_night_has_no_midnight(office: Office) -> None:
    """An event's guests come in again until it ends, others until the day does; nobody after the validity."""
    night = BEGIN.replace(hour=20)
    ends, city = night + 6 * HOUR, office.city
    concert = Terms(event_begins_at=night, event_ends_at=ends, reentry=Reentry.SAME_DAY)
    midnight = BEGIN.replace(hour=22)
    assert ends == gates.over_at(concert, ends, night, city)
    assert midnight == gates.over_at(DAY_TICKET.terms, ends, night, city)
    assert night + HOUR == gates.over_at(DAY_TICKET.terms, night + HOUR, night, city)
    for wrong in (Terms(reentry=Reentry.SAME_DAY, activation_minutes=60), Terms(discount_percent=5)):
        kind = OfferKind.DISCOUNT if wrong.discount_percent else OfferKind.TICKET
        new = replace(SWIM, code="wrong", kind=kind, terms=replace(wrong, reentry=Reentry.SAME_DAY))
        with pytest.raises(Invalid, match="offer-reentry-not-here"):
            office.draft(new)


class Gates:
    """Two gates of the pool that let in, one that lets out, and one for both ways."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.one, self.two = self._device("Tor 1", Direction.IN), self._device("Tor 2", Direction.IN)
        self.exit, self.both = self._device("Ausgang", Direction.OUT), self._device("Kasse", Direction.BOTH)

    def _device(self, name: str, direction: Direction) -> int:
        limits = Limits(name, None, direction)
        office = self.office
        return office.database.run(
            office.city_id,
            lambda work: devices.enrol(work, office.pool.venue_id, name, limits=limits)[0].device_id,
        )

    def scan(
        self, voucher: Voucher, device: int, uses: int = 1, direction: Direction | None = None
    ) -> Verdict:
        """Scan a minute later."""
        self.office.clock.advance(MINUTE)
        return self.office.scan(voucher, device=device, uses=uses, direction=direction)

    def code(self, voucher: Voucher, device: int, uses: int = 1) -> VerdictCode:
        """Scan; return the verdict's code."""
        return self.scan(voucher, device, uses).code

    def guests(self) -> Guests:
        """Count the guests of today."""
        office = self.office
        with office.database.reading(office.city_id) as reading:
            midnight = dt.datetime.combine(
                office.city.day_of(reading.now), dt.time(), office.city.zone
            ).astimezone(dt.UTC)
            return passages.guests(reading, office.pool.venue_id, midnight)


@pytest.fixture
def at(office: Office) -> Gates:
    """Give the gates of the pool, for anna who has points."""
    office.give("anna", 1000)
    return Gates(office)


def test_out_and_in_again(office: Office, at: Gates) -> None:
    """One use, however often the guest goes; inside it is refused at every gate, with when and where."""
    ticket = office.buy("anna", office.offer(DAY_TICKET))
    assert VerdictCode.NOT_INSIDE is at.code(ticket, at.exit)
    assert VerdictCode.ACCEPTED is at.code(ticket, at.one)
    since = office.clock.now()
    inside = at.scan(ticket, at.two)
    assert VerdictCode.ALREADY_INSIDE is inside.code
    assert inside.first_use is not None
    assert (since, "Freibad Kaiserberg", "Tor 1") == (
        inside.first_use.at, inside.first_use.venue_name, inside.first_use.device_name,
    )  # fmt: skip
    assert Guests(1, 1, 0) == at.guests()
    assert VerdictCode.LET_OUT is at.code(ticket, at.exit)
    assert Guests(0, 1, 1) == at.guests()
    assert VerdictCode.LET_IN_AGAIN is at.code(ticket, at.two)
    assert VerdictCode.ALREADY_INSIDE is at.code(ticket, at.one)
    assert Guests(1, 2, 1) == at.guests()
    assert (120, 1) == (office.posted(f"venue/{office.pool.venue_id}"), office.look(ticket).used)
    office.scan(ticket, device=at.both, direction=Direction.OUT)
    office.clock.advance(dt.timedelta(days=1))
    assert VerdictCode.ALREADY_USED is at.code(ticket, at.one)
    assert VerdictCode.NOT_INSIDE is at.code(ticket, at.exit)
    assert Guests() == at.guests()
    assert office.verify().ok


@on_sqlite
def test_without_reentry_it_stays_used(office: Office, at: Gates) -> None:
    """Who goes out is warned; nothing is counted; a gate for one way takes no other."""
    ticket = office.buy("anna", office.offer())
    assert VerdictCode.ACCEPTED is at.code(ticket, at.one)
    assert VerdictCode.NO_REENTRY is at.code(ticket, at.exit)
    assert VerdictCode.ALREADY_USED is at.code(ticket, at.one)
    assert Guests() == at.guests()
    with pytest.raises(Conflict, match="direction-not-here"):
        at.scan(ticket, at.one, direction=Direction.OUT)


@on_sqlite
def test_a_family_goes_in_parts(office: Office, at: Gates) -> None:
    """Those who went out come in without a use, others by one; too many at once are told how many."""
    strip = office.buy("anna", office.offer(FAMILY))
    assert VerdictCode.ACCEPTED is at.code(strip, at.one, 3)
    out = at.scan(strip, at.exit, 2)
    assert (VerdictCode.LET_OUT, 2, 2) == (
        out.code,
        out.voucher and out.voucher.taken,
        office.look(strip).left,
    )
    fewer = at.scan(strip, at.two, 3)
    assert (VerdictCode.FEWER_OUTSIDE, 2) == (fewer.code, fewer.voucher and fewer.voucher.outside)
    assert VerdictCode.LET_IN_AGAIN is at.code(strip, at.two, 2)
    assert VerdictCode.ACCEPTED is at.code(strip, at.one, 2)
    assert VerdictCode.ALREADY_INSIDE is at.code(strip, at.one)
    assert Guests(5, 7, 2) == at.guests()
    assert VerdictCode.LET_OUT is at.code(strip, at.exit, 9)
    assert Guests(0, 7, 7) == at.guests()
    assert 100 == office.posted(f"venue/{office.pool.venue_id}")


def test_taking_back_keeps_the_count_right(office: Office, at: Gates) -> None:
    """Of an admission and of a passage; again the same answer; a passage has its own five minutes."""
    strip = office.buy("anna", office.offer(FAMILY))
    first = at.scan(strip, at.one, 2)
    out = at.scan(strip, at.exit)
    assert out.undo_until == out.at + 5 * MINUTE
    undone = office.undo(out)
    assert (0, 3) == (undone.count, undone.left)
    assert Guests(2, 2, 0) == at.guests()
    late = at.scan(strip, at.exit)
    office.undo(first)
    # Whoever leaves without having been counted in is none of those who went.
    assert Guests(0, 0, 0) == at.guests()
    assert 5 == office.look(strip).left
    office.clock.advance(5 * MINUTE)
    assert undone == replace(office.undo(out), left=3)
    with pytest.raises(Conflict, match="undo-too-late"):
        office.undo(late)
    assert VerdictCode.ACCEPTED is at.code(strip, at.one)
    assert Guests(1, 1, 0) == at.guests()


def batch(office: Office, scanned: Sequence[tuple[Voucher, int]]) -> list[str]:
    """Scan at several gates in one moment; return the codes."""
    asked = [
        Scanned(
            codes.app_text(voucher.token),
            office.pool.venue_id,
            device,
            f"at-once-{place}-{office.clock.now()}",
        )
        for place, (voucher, device) in enumerate(scanned)
    ]

    def command(work: Work) -> list[str]:
        found = redeeming.redeem_many(work, office.city, asked, SEALER)
        return [one.code.value if isinstance(one, Verdict) else one.code for one in found]

    return office.database.run(office.city_id, command)


@on_sqlite
def test_of_gates_at_once_one_wins(office: Office, at: Gates) -> None:
    """All scans of a moment are decided in their order, each knowing of those before it."""
    ticket, other = (
        office.buy("anna", office.offer(replace(DAY_TICKET, code=code))) for code in ("a-1", "b-1")
    )
    assert ["accepted", "already-inside", "accepted", "let-out", "let-in-again", "already-inside"] == batch(
        office,
        [(ticket, at.one), (ticket, at.two), (other, at.one), (ticket, at.exit), (ticket, at.two), (ticket, at.one)],
    )  # fmt: skip
    assert Guests(2, 3, 1) == at.guests()
    office.clock.advance(MINUTE)
    assert ["let-out", "let-in-again"] == batch(office, [(ticket, at.exit), (ticket, at.both)])


def let_in(phone: Phone, ticket: Voucher, **changes: object) -> None:
    """Let the guest in again, without a network."""
    phone.scan(ticket, decision="let-in-again", **changes)


def let_out(phone: Phone, ticket: Voucher, **changes: object) -> Signed:
    """Let the guest out, without a network."""
    return phone.scan(ticket, decision="let-out", more={More.DIRECTION: 1}, **changes)


@on_sqlite
def test_reserved_for_a_gate_without_a_network(office: Office, at: Gates) -> None:
    """Until its log is here the guest is sent back there; who left elsewhere meanwhile comes in again anywhere."""
    ticket, tor = office.buy("anna", office.offer(DAY_TICKET)), Phone(office, office.pool, "Tor A")
    made = office.database.run(
        office.city_id,
        lambda work: leasing.lease(work, SEALER, "anna", ticket.voucher_id, tor.device_id),
    )
    tor.sync()
    office.clock.advance(MINUTE)
    tor.write(tier=Tier.LEASED, code=made.token)
    office.clock.advance(MINUTE)
    assert VerdictCode.NOT_INSIDE is at.code(ticket, at.exit)
    elsewhere = at.scan(ticket, at.one)
    assert (VerdictCode.LEASED, ("Tor A",)) == (elsewhere.code, elsewhere.voucher and elsewhere.voucher.gates)
    assert Guests(0, 0, 0) == at.guests()
    assert [("accepted", None)] == outcomes(tor.hand_in())
    assert Guests(0, 1, 1) == at.guests()
    assert VerdictCode.LET_IN_AGAIN is at.code(ticket, at.one)
    assert VerdictCode.ALREADY_INSIDE is at.code(ticket, at.two)
    assert 1 == office.look(ticket).used
    assert office.verify().ok


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@on_sqlite
def test_gates_without_a_network_are_merged_in_any_order(office: Office, order: tuple[int, ...]) -> None:
    """Three gates, three logs: whichever arrives first, one use is booked and the same guests are inside."""
    office.give("anna", 1000)
    ticket = office.buy("anna", office.offer(DAY_TICKET))
    strip = office.buy("anna", office.offer(FAMILY))
    one, two, three = phones = [Phone(office, office.pool, name) for name in ("Tor 1", "Tor 2", "Tor 3")]
    one.scan(ticket)
    one.scan(strip, uses=3)
    for step in (
        lambda: let_out(two, ticket),
        lambda: let_in(three, ticket),
        lambda: let_out(one, strip, uses=2),
        lambda: two.undo(let_out(two, strip)),
        lambda: let_in(three, strip),
    ):
        office.clock.advance(MINUTE)
        step()
    office.clock.advance(MINUTE)
    for place in order:
        assert {"accepted", "known"} >= {outcome for outcome, _ in outcomes(phones[place].hand_in())}
        phones[place].hand_in()
    assert Guests(1 + 2, 1 + 1 + 3 + 1, 1 + 2) == Gates(office).guests()
    assert (1, 3) == (office.look(ticket).used, office.look(strip).used)
    assert (120 + 60, 0) == (office.posted(f"venue/{office.pool.venue_id}"), office.posted("offline-loss"))
    assert VerdictCode.ALREADY_INSIDE is office.scan(ticket).code
    assert office.verify().ok


@on_sqlite
def test_what_is_no_passage(office: Office) -> None:
    """Of another venue, without re-entry, too late taken back: the venue is told, nobody is counted."""
    office.give("anna", 1000)
    ticket, plain = office.buy("anna", office.offer(DAY_TICKET)), office.buy("anna", office.offer())
    phone, away = Phone(office, office.pool), Phone(office, office.zoo, "Zoo")
    let_in(phone, plain)
    let_out(phone, plain)
    let_in(away, ticket)
    scan = phone.scan(ticket)
    out = let_out(phone, ticket)
    office.clock.advance(6 * MINUTE)
    phone.undo(out)
    phone.undo(scan)
    assert [("refused", "no-reentry")] * 2 + [
        ("accepted", None), ("known", None), ("refused", "undo-too-late"), ("refused", "undo-too-late"),
    ] == outcomes(phone.hand_in())  # fmt: skip
    assert [("refused", "other-venue")] == outcomes(away.hand_in())
    assert Guests(0, 1, 1) == Gates(office).guests()


@on_sqlite
def test_an_online_passage_is_taken_back_without_a_network(office: Office) -> None:
    """The device signs it; the count is right once it arrives, and a month later nothing is kept."""
    office.give("anna", 1000)
    ticket = office.buy("anna", office.offer(DAY_TICKET))
    phone = Phone(office, office.pool, limits=Limits("Tor", None, Direction.BOTH))
    assert office.scan(ticket, device=phone.device_id).accepted
    out = let_out(phone, ticket, tier=Tier.ONLINE)
    office.scan(ticket, device=phone.device_id, nonce=out.event.nonce.hex(), direction=Direction.OUT)
    phone.undo(out)
    assert [("known", None)] * 2 == outcomes(phone.hand_in())
    assert Guests(1, 1, 0) == Gates(office).guests()
    kept = []
    for days in (29, 2):
        office.clock.advance(dt.timedelta(days=days))
        office.database.run(office.city_id, passages.forget_old)
        with office.database.reading(office.city_id) as reading:
            kept.append(len(passages.every(reading, [ticket.voucher_id]).get(ticket.voucher_id, ())))
    assert [1, 0] == kept
