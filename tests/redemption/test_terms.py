"""What the terms of an offer do: several uses, activation, seats, who may buy, and what can be given back."""

import datetime as dt
import itertools
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from identity import persons
from identity.persons import Said, TrustLevel
from kernel import money
from kernel.errors import Conflict, Invalid
from merchants import venues
from redemption import activating, buying, calendars, new_offers, offer_terms, tokens
from redemption.keys import ring
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind, RefundRule, Terms
from redemption.places import Places
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import START
from tests.redemption.office import SWIM, Office

HOUR = dt.timedelta(hours=1)
STRIP = replace(SWIM, code="strip", price_points=103, valid_days=30, terms=Terms(uses=10))
TRAM = replace(SWIM, code="tram", kind=OfferKind.TICKET, places=None, terms=Terms(activation_minutes=90))
EVENT = replace(
    SWIM,
    code="concert",
    kind=OfferKind.TICKET,
    places=None,
    valid_days=None,
    terms=Terms(
        event_begins_at=START + 48 * HOUR,
        event_ends_at=START + 50 * HOUR,
        seats=("A1", "A2", "A3"),
        refund_rule=RefundRule.UNTIL,
        refund_hours=24,
    ),
)


def _activate(office: Office, voucher: Voucher) -> Voucher:
    city = office.city
    return office.database.run(
        office.city_id,
        lambda work: activating.activate(work, city, "anna", voucher.voucher_id, office.sealer),
    )


@pytest.mark.parametrize("several_venues", [False, True])
def test_each_use_of_a_strip_is_captured_for_itself(office: Office, several_venues: bool) -> None:
    """Staff and holder see what is left; the venue gets a share at each use; the rest returns to its lots."""
    office.give("anna", 50, START.date() + dt.timedelta(days=400))
    office.give("anna", 60)
    offer = office.offer(STRIP, *([office.pool, office.zoo] if several_venues else []))
    voucher = office.buy("anna", offer)
    verdicts = [office.scan(voucher, nonce=f"scan-{n}") for n in range(3)]
    assert [9, 8, 7] == [one.voucher.left for one in verdicts if one.voucher]
    assert verdicts[1] == office.scan(voucher, nonce="scan-1")
    now = office.look(voucher)
    assert (VoucherStatus.USABLE, 3, 7) == (now.status, now.used, now.left)
    assert 103 * 3 // 10 == office.posted(venues.points_path(office.pool.venue_id))
    assert Places(9, 0, 1) == office.look_at(offer).places
    assert VoucherStatus.CANCELLED is office.cancel("anna", voucher).status
    assert 110 - 103 * 3 // 10 == office.points("anna")
    assert VerdictCode.CANCELLED is office.scan(voucher).code
    assert office.verify().ok


def test_a_strip_is_used_up_after_its_last_use(office: Office) -> None:
    """The eleventh scan is refused, and the venue has the whole price; accepted never exceeds issued."""
    office.give("anna", 103)
    voucher = office.buy("anna", office.offer(STRIP))
    codes = [office.scan(voucher).code for _ in range(11)]
    assert [VerdictCode.ACCEPTED] * 10 + [VerdictCode.ALREADY_USED] == codes
    assert (103, VoucherStatus.REDEEMED) == (
        office.posted(venues.points_path(office.pool.venue_id)),
        office.look(voucher).status,
    )
    with pytest.raises(Conflict, match="voucher-already-used"):
        office.cancel("anna", voucher)
    with office.database.reading(office.city_id) as reading:
        claims = tokens.read(voucher.token, ring(reading), int(START.timestamp()))
    assert 10 == claims.uses


def test_what_is_left_of_a_strip_returns_when_it_is_over(office: Office) -> None:
    """The uses that nobody made expire with it."""
    office.give("anna", 103)
    voucher = office.buy("anna", office.offer(STRIP))
    office.scan(voucher)
    office.clock.advance(dt.timedelta(days=31))
    assert (93, VoucherStatus.EXPIRED) == (office.points("anna"), office.look(voucher).status)
    assert VerdictCode.EXPIRED is office.scan(voucher).code
    assert office.verify().ok


def test_the_time_of_a_ticket_begins_when_it_is_activated(office: Office) -> None:
    """Before: amber. Then the venue has the points, and everybody may look at it until its time is over."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer(TRAM))
    assert VerdictCode.NOT_ACTIVATED is office.scan(voucher).code
    office.clock.advance(HOUR)
    active = _activate(office, voucher)
    ends = office.clock.now() + dt.timedelta(minutes=90)
    assert (VoucherStatus.ACTIVE, ends) == (active.status, active.active_until)
    assert 120 == office.posted(venues.points_path(office.pool.venue_id))
    assert [VerdictCode.ACTIVE] * 2 == [office.scan(active).code for _ in range(2)]
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(voucher).code
    assert VerdictCode.OTHER_VENUE is office.scan(active, venue=office.zoo, device=office.gate).code
    with pytest.raises(Conflict, match="voucher-active"):
        _activate(office, voucher)
    with pytest.raises(Conflict, match="voucher-active"):
        office.cancel("anna", voucher)
    office.clock.advance(dt.timedelta(minutes=90))
    assert (VerdictCode.EXPIRED, VoucherStatus.REDEEMED) == (
        office.scan(active).code,
        office.look(voucher).status,
    )
    assert office.verify().ok


def test_a_plain_voucher_is_not_activated(office: Office) -> None:
    """It is shown, and used by the scan."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    with pytest.raises(Conflict, match="voucher-not-to-activate"):
        _activate(office, voucher)


def test_seats_are_given_once_and_come_back(office: Office) -> None:
    """The best first, or the one that is wanted; one that was given back can be had again."""
    office.give("anna", 600)
    offer = office.offer(EVENT)
    assert (START + 47 * HOUR, START + 50 * HOUR, 3) == (
        offer.valid_from,
        offer.valid_until,
        offer.planned_places,
    )
    first = office.buy("anna", offer)
    chosen = office.database.run(
        office.city_id,
        lambda work: buying.buy(work, office.city, "anna", offer.offer_id, office.sealer, seat="A3"),
    )
    assert ("A1", "A3") == (first.seat, chosen.seat)
    with pytest.raises(Conflict, match="seat-taken"):
        office.database.run(
            office.city_id,
            lambda work: buying.buy(work, office.city, "anna", offer.offer_id, office.sealer, seat="A3"),
        )
    assert "A2" == office.buy("anna", offer).seat
    with pytest.raises(Conflict, match="sold-out"):
        office.buy("anna", offer)
    office.cancel("anna", first)
    assert "A1" == office.buy("anna", offer).seat
    assert VerdictCode.NOT_YET_VALID is office.scan(chosen).code
    office.clock.advance(47 * HOUR)
    scanned = office.scan(chosen)
    assert scanned.voucher is not None
    assert (VerdictCode.ACCEPTED, "A3") == (scanned.code, scanned.voucher.seat)
    assert office.verify().ok


def test_a_ticket_goes_into_a_calendar(office: Office) -> None:
    """Read by the same library: when, where and which seat; the code is not in it."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer(EVENT))
    content = calendars.ticket(
        voucher, office.city, office.pool, title="Konzert", address="https://d.example/vouchers/1"
    )
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert (EVENT.terms.event_begins_at, EVENT.terms.event_ends_at) == (
        event.decoded("dtstart"),
        event.decoded("dtend"),
    )
    assert ("Konzert (A1)", "Freibad Kaiserberg, Weg 1, 47057 Duisburg") == (
        str(event["summary"]),
        str(event["location"]),
    )
    assert voucher.manual_code.encode() not in content
    assert calendars.is_dated(voucher)


@pytest.mark.parametrize(
    ("terms", "wait", "refused"),
    [
        (Terms(), 24 * 29, None),
        (Terms(refund_rule=RefundRule.UNTIL, refund_hours=24 * 29), 24, None),
        (Terms(refund_rule=RefundRule.UNTIL, refund_hours=24 * 30), 24, "refund-too-late"),
        (Terms(refund_rule=RefundRule.NEVER), 0, "refund-not-offered"),
    ],
)
def test_the_offer_says_until_when_a_voucher_can_be_given_back(
    office: Office, terms: Terms, wait: int, refused: str | None
) -> None:
    """Always, until some hours before its end, or never."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer(replace(SWIM, terms=terms)))
    office.clock.advance(wait * HOUR)
    if refused is None:
        office.cancel("anna", voucher)
        assert 120 == office.points("anna")
        return
    with pytest.raises(Conflict, match=refused):
        office.cancel("anna", voucher)
    assert VoucherStatus.USABLE is office.look(voucher).status


def test_who_may_buy_is_asked_of_identity(office: Office) -> None:
    """Trust first, then the age group that the person says; no answer is refused with what to do."""
    person = office.database.run(office.city_id, lambda work: persons.register(work, "anna@example.org"))
    office.give(person.owner, 1000)
    office.give("unknown", 1000)
    offer = office.offer(replace(SWIM, terms=Terms(trust_least=TrustLevel.BASIC, age_least=16)))
    with pytest.raises(Conflict, match="trust-too-low"):
        office.buy("unknown", offer)
    for group, refused in ((None, "age-unknown"), ("under-14", "age-too-low"), ("14-17", None)):
        said = partial(persons.say, person_id=person.person_id, said=Said(group, None))
        office.database.run(office.city_id, said)
        if refused is None:
            shown = office.scan(office.buy(person.owner, offer)).voucher
            assert shown is not None
            assert 16 == shown.age_least
            continue
        with pytest.raises(Conflict, match=refused):
            office.buy(person.owner, offer)
    verified = office.offer(replace(SWIM, code="verified", terms=Terms(trust_least=TrustLevel.VERIFIED)))
    with pytest.raises(Conflict, match="trust-too-low"):
        office.buy(person.owner, verified)


def test_a_month_has_its_own_limit(office: Office) -> None:
    """Two in May, and again in June; what was given back does not count."""
    office.give("anna", 1000)
    coupon = replace(
        SWIM, code="tenth", kind=OfferKind.DISCOUNT, places=None,
        terms=Terms(discount_percent=10, per_month_limit=2, minimum_cents=2000),
    )  # fmt: skip
    offer = office.offer(coupon)
    office.cancel("anna", office.buy("anna", offer))
    office.buy("anna", offer)
    office.buy("anna", offer)
    with pytest.raises(Conflict, match="per-month-limit-reached"):
        office.buy("anna", offer)
    office.clock.advance(dt.timedelta(days=28))
    shown = office.scan(office.buy("anna", offer)).voucher
    assert shown is not None
    assert (10, 2000) == (shown.discount_percent, shown.minimum_cents)


@pytest.mark.parametrize(
    ("offer", "mistake", "code"),
    [
        (STRIP, {"uses": 0}, "offer-uses-invalid"),
        (STRIP, {"uses": 51}, "offer-uses-invalid"),
        (EVENT, {"uses": 2}, "offer-uses-not-here"),
        (TRAM, {"activation_minutes": 0}, "offer-activation-invalid"),
        (EVENT, {"activation_minutes": 90}, "offer-activation-not-here"),
        (EVENT, {"event_begins_at": None}, "offer-event-begin-missing"),
        (EVENT, {"event_ends_at": None}, "offer-event-end-missing"),
        (EVENT, {"event_ends_at": START + 48 * HOUR}, "offer-event-end-invalid"),
        (EVENT, {"doors_at": START + 49 * HOUR}, "offer-doors-invalid"),
        (EVENT, {"event_begins_at": START - 2 * HOUR, "event_ends_at": START}, "offer-event-past"),
        (SWIM, {"event_begins_at": START}, "offer-event-not-here"),
        (SWIM, {"seats": ("A1",)}, "offer-seats-without-event"),
        (EVENT, {"seats": ("A1", "A1")}, "offer-seat-twice"),
        (EVENT, {"seats": ("A" * 13,)}, "offer-seat-invalid"),
        (EVENT, {"seats": tuple(map(str, range(2001)))}, "offer-seats-too-many"),
        (SWIM, {"discount_percent": 5}, "offer-discount-not-here"),
        (SWIM, {"per_month_limit": 0}, "offer-month-limit-invalid"),
        (SWIM, {"age_least": 0}, "offer-age-invalid"),
        (SWIM, {"personal": True, "transferable": True}, "offer-personal-not-transferable"),
        (SWIM, {"refund_rule": RefundRule.UNTIL}, "offer-refund-hours-missing"),
        (SWIM, {"refund_rule": RefundRule.UNTIL, "refund_hours": 9999}, "offer-refund-hours-invalid"),
        (SWIM, {"refund_hours": 4}, "offer-refund-hours-not-wanted"),
        (SWIM, {"undo_minutes": 1441}, "offer-undo-invalid"),
        (TRAM, {"undo_minutes": 5}, "offer-undo-with-activation"),
    ],
)
def test_each_mistyped_term_has_its_own_code(offer: NewOffer, mistake: dict[str, Any], code: str) -> None:
    """One mistake gives its own fault."""
    terms = replace(offer.terms, **mistake)
    found = list(offer_terms.faults(terms, offer.kind, START))
    assert code in {fault.code for fault in found}


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ({}, "offer-discount-missing"),
        ({"discount_percent": 10, "discount_cents": 50}, "offer-discount-twice"),
        ({"discount_percent": 101}, "offer-discount-percent-invalid"),
        ({"discount_cents": 0}, "offer-discount-cents-invalid"),
        ({"discount_percent": 10, "minimum_cents": 0}, "offer-minimum-invalid"),
        ({"discount_cents": 50, "minimum_cents": 49}, "offer-minimum-below-discount"),
        ({"discount_percent": 10, "uses": 2}, "offer-uses-not-here"),
    ],
)
def test_a_discount_is_said_once_and_well(mistake: dict[str, Any], code: str) -> None:
    """In percent or in euros, with a sensible least purchase."""
    found = list(offer_terms.faults(Terms(**mistake), OfferKind.DISCOUNT, START))
    assert [code] == [fault.code for fault in found]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price_points": 9, "terms": Terms(uses=10)}, "offer-price-below-uses"),
        ({"venue_ids": (1, 2), "kind": OfferKind.TICKET, "terms": TRAM.terms}, "offer-activation-one-venue"),
        ({"per_person_limit": 1, "terms": Terms(per_month_limit=2)}, "offer-month-limit-above-limit"),
    ],
)
def test_terms_fit_the_rest_of_the_offer(change: dict[str, Any], code: str) -> None:
    """What is wrong only together is found, too."""
    with pytest.raises(Invalid, match=code):
        new_offers.check(replace(SWIM, **{"venue_ids": (1,), **change}), START)


@given(st.integers(0, 10_000), st.integers(1, 50), st.data())
def test_shares_of_uses_give_the_price_and_its_lots(price: int, uses: int, data: st.DataObject) -> None:
    """The parts give the whole, differ by at most one, and each lot gives what it was to give."""
    parts = money.even_parts(price, uses)
    assert (price, uses) == (sum(parts), len(parts))
    assert max(parts) - min(parts) <= 1
    cuts = sorted(data.draw(st.lists(st.integers(0, price), max_size=4)))
    ends = [0, *cuts, price]
    lots = [
        (f"lot-{n}", end - begin) for n, (begin, end) in enumerate(itertools.pairwise(ends))
        if end > begin
    ]  # fmt: skip
    made = money.cut(lots, parts)
    assert parts == [sum(amount for _, amount in part) for part in made]
    together: dict[str, int] = {}
    for name, amount in (piece for part in made for piece in part):
        together[name] = together.get(name, 0) + amount
    assert dict(lots) == together
