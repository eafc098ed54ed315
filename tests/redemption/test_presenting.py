"""Redeeming on the guest's own phone: one burn, every refusal, secrets that change, and what it is worth."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest

from kernel.db import Reading
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from merchants import contracts, takings, venues
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from merchants.takings import Frontier, Wanted
from redemption import (
    anomalies,
    hub_sessions,
    leasing,
    presented_codes,
    presented_policies,
    presented_venues,
    presenting,
    receipting,
    receipts,
    vouchers,
)
from redemption.anomalies import Sign
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind, Reentry, Terms
from redemption.offers import Offer
from redemption.presented_policies import EVERYWHERE, PresentedPolicy
from redemption.presenting import Presented
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.redemption.hubs import HubDevice
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.phones import Phone

POLICY = PresentedPolicy(allowed=True, value_cents_max=1_000, person_day_cents=1_400, venue_day_cents=2_000)
UNDONE = replace(SWIM, terms=Terms(undo_minutes=5), places=None)


def allow(office: Office, policy: PresentedPolicy = POLICY, venue_id: int = EVERYWHERE) -> None:
    """Set what the city allows."""
    office.database.run(office.city_id, lambda work: presented_policies.save(work, venue_id, policy))


def turn_on(office: Office, *offers: Offer) -> None:
    """Let guests of the pool redeem these offers on their own phones."""
    allow(office)
    numbers = [one.offer_id for one in offers]
    office.database.run(
        office.city_id,
        lambda work: presented_venues.turn_on(work, office.city, SEALER, office.pool.venue_id, numbers),
    )


def burn(office: Office, voucher: Voucher, owner: str = "anna", **asked: int) -> Presented:
    """Redeem at the pool, as the page of the voucher would."""
    values = {"venue_id": office.pool.venue_id, "left": office.look(voucher).left, **asked}
    return office.database.run(
        office.city_id,
        lambda work: presenting.present(work, office.city, owner, voucher.voucher_id, **values),
    )


def sign(office: Office, extras: Extras) -> None:
    """Sign a contract with the pool."""
    today = office.city.day_of(office.clock.now())
    office.database.run(
        office.city_id,
        lambda work: contracts.sign(
            work, office.pool.venue_id, rate_cents_per_point=2, period=PeriodKind.MONTH,
            valid_from=today.replace(day=1), extras=extras,
        ),
    )  # fmt: skip


def read(office: Office, look: Callable[[Reading], Any]) -> Any:
    """Look at the city."""
    with office.database.reading(office.city_id) as reading:
        return look(reading)


@pytest.fixture
def swim(office: Office) -> Offer:
    """Give the pool's offer, which may be redeemed on the guest's phone; anna and ben have points."""
    for owner in ("anna", "ben"):
        office.give(owner, 5000)
    offer = office.offer(UNDONE)
    turn_on(office, offer)
    return offer


def test_one_burn(office: Office, swim: Offer) -> None:
    """It is in the ledger as its own tier, the digits agree with the staff's page, and a scanner says used."""
    voucher = office.buy("anna", swim)
    with pytest.raises(NotFound, match="voucher-not-found"):
        burn(office, voucher, "ben")
    made = burn(office, voucher)
    assert (1, 450, 1) == (made.uses, made.value_cents, made.version)
    assert (VoucherStatus.REDEEMED, made.presented_id) == (
        office.look(voucher).status, read(office, lambda one: presenting.running(one, voucher.voucher_id)).presented_id,
    )  # fmt: skip
    assert ["redemption-presented"] == [
        line.booked.purpose for line in office.statement(f"venue/{office.pool.venue_id}") if line.change
    ]
    # A card in a drawer: version, begin, key. The phone of the staff has nothing else.
    (card,) = read(office, lambda one: presented_venues.secrets_of(one, SEALER, office.pool.venue_id))
    on_card = presented_codes.read_card(card.card)
    assert on_card is not None
    shown = read(office, lambda one: presenting.minutes_of(one, SEALER, made))
    for minute in shown:
        step = presented_codes.step_at(minute.begins_at.timestamp())
        assert minute.code == presented_codes.code(on_card[2], made.number, 450, step)
    assert shown[0].begins_at <= office.clock.now() < shown[0].begins_at + dt.timedelta(minutes=1)
    verdict = office.scan(voucher)
    assert VerdictCode.ALREADY_USED is verdict.code
    assert verdict.first_use is not None
    assert ("Freibad Kaiserberg", "") == (verdict.first_use.venue_name, verdict.first_use.device_name)
    with pytest.raises(Conflict, match="presented-used"):
        burn(office, voucher)
    office.clock.advance(presenting.SHOWN)
    assert [] == read(office, lambda one: presenting.minutes_of(one, SEALER, made))
    assert read(office, lambda one: presenting.running(one, voucher.voucher_id)) is None
    assert office.verify().ok


def test_statement_and_letter(office: Office, swim: Offer) -> None:
    """Settlement has it by its tier, and the guest is told as for any other redemption."""
    burn(office, office.buy("anna", swim))
    pool, today = office.pool.venue_id, office.city.day_of(office.clock.now())
    wanted = Wanted(0, Frontier(10**9, today), None)
    found = read(office, lambda one: takings.collect(one, {pool: wanted}))[pool]
    assert [("swim", 1, 120, "presented")] == [
        (one.product, one.count, one.points, one.tier) for one in found.redemptions
    ]
    office.database.run(office.city_id, lambda work: receipting.follow(work, office.city))
    kinds = [one.kind.value for one in read(office, lambda one: list(receipts.every(one, "anna")))]
    assert ["bought", "redeemed"] == sorted(kinds)


def test_two_phones_and_a_second_tap(office: Office, swim: Offer) -> None:
    """Of a strip of ten one use goes, however often its page is sent; what is too much takes nothing."""
    strip = office.offer(replace(UNDONE, code="strip", value_cents=4_000, terms=Terms(uses=10)))
    turn_on(office, swim, strip)
    voucher = office.buy("anna", strip)
    for uses in (0, 11):
        with pytest.raises(Conflict, match="presented-too-few"):
            burn(office, voucher, uses=uses)
    assert 800 == burn(office, voucher, uses=2, left=10).value_cents
    with pytest.raises(Conflict, match="presented-meanwhile"):
        burn(office, voucher, left=10)
    assert 8 == office.look(voucher).left
    assert 400 == burn(office, voucher, left=8).value_cents
    assert office.verify().ok


def test_what_can_not_be_redeemed_so(office: Office, swim: Offer) -> None:
    """Each reason has its own code, and nothing is taken."""
    pool, zoo = office.pool.venue_id, office.zoo.venue_id
    voucher = office.buy("anna", swim)
    with pytest.raises(Conflict, match="presented-other-venue"):
        burn(office, voucher, venue_id=zoo)
    held = office.buy("anna", swim)
    phone = Phone(office, office.pool, "Tor 2")
    office.database.run(
        office.city_id,
        lambda work: leasing.lease(work, SEALER, "anna", held.voucher_id, phone.device_id),
    )
    with pytest.raises(Conflict, match="voucher-leased"):
        burn(office, held)
    hub = HubDevice(office, office.pool)
    hub.begin()
    with pytest.raises(Conflict, match="voucher-at-hub"):
        burn(office, voucher)
    office.database.run(office.city_id, lambda work: hub_sessions.lose(work, hub.device_id))
    office.database.run(office.city_id, lambda work: vouchers.freeze(work, voucher.voucher_id, frozen=True))
    with pytest.raises(Conflict, match="presented-disputed"):
        burn(office, voucher)
    office.database.run(office.city_id, lambda work: vouchers.freeze(work, voucher.voucher_id, frozen=False))
    office.database.run(office.city_id, lambda work: venues.suspend(work, pool))
    with pytest.raises(Conflict, match="venue-suspended"):
        burn(office, voucher)
    office.database.run(office.city_id, lambda work: venues.reactivate(work, pool))
    office.database.run(office.city_id, lambda work: presented_venues.turn_off(work, pool))
    with pytest.raises(Conflict, match="presented-off"):
        burn(office, voucher)
    other = office.offer(replace(UNDONE, code="other"))
    turn_on(office, other)
    with pytest.raises(Conflict, match="presented-off"):
        burn(office, voucher)
    turn_on(office, swim)
    allow(office, PresentedPolicy(), pool)
    with pytest.raises(Conflict, match="presented-not-allowed"):
        burn(office, voucher)
    office.cancel("anna", voucher)
    with pytest.raises(Conflict, match="presented-given-back"):
        burn(office, voucher)
    (place,) = read(office, lambda one: presenting.places(one, office.city, office.look(voucher)))
    assert (pool, "presented-given-back") == (place.venue.venue_id, place.refusal.code)
    assert [] == read(office, lambda one: presenting.of_venue(one, pool))


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (replace(SWIM, terms=Terms(activation_minutes=60)), "presented-activation"),
        (replace(SWIM, terms=Terms(personal=True)), "presented-identity"),
        (replace(SWIM, terms=Terms(age_least=16)), "presented-identity"),
        (replace(SWIM, value_cents=0), "presented-no-value"),
        (replace(SWIM, terms=Terms(reentry=Reentry.SAME_DAY)), "presented-reentry"),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_offers_that_staff_could_not_compare(office: Office, offer: NewOffer, code: str) -> None:
    """They can't be chosen, and a voucher of them says why."""
    made = office.offer(offer)
    allow(office)
    with pytest.raises(Invalid, match="presented-offer-unfit"):
        turn_on(office, made)
    office.give("anna", 200)
    voucher = office.look(office.buy("anna", made)) if not offer.terms.age_least else None
    assert code == presented_venues.barrier(made.kind, made.terms, made.value_cents)
    if voucher is not None:
        with pytest.raises(Conflict, match=code):
            burn(office, voucher)
    assert "presented-not-this-kind" == presented_venues.barrier(OfferKind.FINE, Terms(), 0)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_may_turn_it_on(office: Office) -> None:
    """Not without the city, not against the contract, not where receipts are numbered, not for nothing."""
    offer = office.offer(UNDONE)
    pool = office.pool.venue_id

    def on(*numbers: int) -> None:
        office.database.run(
            office.city_id,
            lambda work: presented_venues.turn_on(work, office.city, SEALER, pool, numbers),
        )

    with pytest.raises(Conflict, match="presented-not-allowed"):
        on(offer.offer_id)
    allow(office)
    with pytest.raises(Invalid, match="presented-offers-missing"):
        on()
    with pytest.raises(Invalid, match="presented-offer-unfit"):
        on(99)
    with pytest.raises(Conflict, match="presented-off"):
        office.database.run(
            office.city_id,
            lambda work: presented_venues.reissue(work, office.city, SEALER, pool, at_once=True),
        )
    for extras, code in (
        (Extras(scanned_only=True), "presented-not-in-contract"),
        (Extras(receipt_numbers=True), "presented-receipts"),
    ):
        sign(office, extras)
        with pytest.raises(Conflict, match=code):
            on(offer.offer_id)


def test_caps(office: Office, swim: Offer) -> None:
    """At once, of a person in a day at all venues, of a venue in a day; tomorrow they begin again."""
    office.give("anna", 5000)
    dear = office.offer(replace(UNDONE, code="dear", value_cents=1_001))
    turn_on(office, swim, dear)
    with pytest.raises(Conflict, match="presented-too-valuable"):
        burn(office, office.buy("anna", dear))
    bought = [office.buy("anna", swim) for _ in range(4)]
    first = burn(office, bought[0])
    for one in bought[1:3]:
        burn(office, one)
    with pytest.raises(Conflict, match="presented-day-spent"):
        burn(office, bought[3])
    burn(office, office.buy("ben", swim), "ben")
    with pytest.raises(Conflict, match="presented-venue-spent"):
        burn(office, office.buy("ben", swim), "ben")
    office.database.run(
        office.city_id,
        lambda work: presenting.undo(work, office.city, first.presented_id, venue_id=first.venue_id),
    )
    burn(office, bought[3])
    office.clock.advance(dt.timedelta(days=1))
    burn(office, bought[0])
    assert 6 == len(read(office, lambda one: presenting.of_venue(one, office.pool.venue_id)))


def test_the_venue_takes_it_back(office: Office, swim: Offer) -> None:
    """Within the offer's time, once; the voucher is good again, and the points are where they were."""
    plain = office.offer(replace(UNDONE, code="plain", terms=Terms()))
    turn_on(office, swim, plain)

    def undo(one: Presented, venue_id: int = office.pool.venue_id) -> presenting.Undone:
        return office.database.run(
            office.city_id,
            lambda work: presenting.undo(work, office.city, one.presented_id, venue_id=venue_id),
        )

    voucher = office.buy("anna", swim)
    made, late = burn(office, voucher), burn(office, office.buy("ben", swim), "ben")
    with pytest.raises(Forbidden, match="undo-not-yours"):
        undo(made, office.zoo.venue_id)
    with pytest.raises(NotFound, match="presented-not-found"):
        undo(replace(made, presented_id=1))
    first = undo(made)
    assert first == undo(made)
    assert VoucherStatus.USABLE is office.look(voucher).status
    assert read(office, lambda one: presenting.running(one, voucher.voucher_id)) is None
    with pytest.raises(Conflict, match="undo-not-offered"):
        undo(burn(office, office.buy("ben", plain), "ben"))
    office.database.run(office.city_id, lambda work: presenting.forget(work, "nobody", []))
    office.clock.advance(dt.timedelta(minutes=5))
    with pytest.raises(Conflict, match="undo-too-late"):
        undo(late)
    office.database.run(office.city_id, lambda work: presenting.forget(work, "ben", []))
    with pytest.raises(Conflict, match="undo-nothing"):
        undo(late)
    assert [] == read(office, lambda one: presenting.of_owner(one, "ben"))
    again = burn(office, voucher)
    assert again.presented_id != made.presented_id
    assert office.verify().ok


def test_secrets_change(office: Office, swim: Offer) -> None:
    """In the coming night with overlap, or at once; posters of before lead nowhere then."""
    pool = office.pool.venue_id

    def reissue(*, at_once: bool) -> presented_venues.VenueSecret:
        return office.database.run(
            office.city_id,
            lambda work: presented_venues.reissue(work, office.city, SEALER, pool, at_once=at_once),
        )

    def poster(text: str) -> str:
        try:
            found = read(office, lambda one: presented_venues.by_poster(one, SEALER, text))
        except DomainError as error:
            return error.code
        return f"{found.venue_id}/{found.version}"

    (first,) = read(office, lambda one: presented_venues.secrets_of(one, SEALER, pool))
    assert f"{pool}/1" == poster(first.poster)
    assert "poster-not-found" == poster(first.poster[:-1] + ("A" if first.poster[-1] != "A" else "B"))
    assert "poster-not-found" == poster("x") == poster(first.poster.replace("-1-", "-2-"))
    second = reissue(at_once=False)
    assert 4 == second.begins_at.astimezone(office.city.zone).hour
    assert 1 == burn(office, office.buy("anna", swim)).version
    assert {f"{pool}/1", f"{pool}/2"} == {poster(first.poster), poster(second.poster)}
    office.clock.move_to(second.begins_at)
    assert 2 == burn(office, office.buy("ben", swim), "ben").version
    office.clock.advance(presented_venues.POSTER_KEPT)
    assert ("poster-replaced", f"{pool}/2") == (poster(first.poster), poster(second.poster))
    reissue(at_once=False)
    stolen = reissue(at_once=True)
    assert 4 == burn(office, office.buy("ben", swim), "ben").version == stolen.version
    assert "poster-replaced" == poster(second.poster)
    office.clock.advance(dt.timedelta(days=1))
    assert 4 == burn(office, office.buy("ben", swim), "ben").version
    rows = read(office, lambda one: presented_venues.secrets_of(one, SEALER, pool))
    assert len({one.secret for one in rows}) == len(rows) == 4


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_numbers_are_not_used_twice_in_minutes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within ten minutes each guest has another number; if there is none, nothing is taken."""
    monkeypatch.setattr(presented_codes, "NUMBERS", 3)
    office.give("anna", 5000)
    offer = office.offer(replace(UNDONE, value_cents=100))
    turn_on(office, offer)
    bought = [office.buy("anna", offer) for _ in range(4)]
    assert {0, 1, 2} == {burn(office, one).number for one in bought[:3]}
    with pytest.raises(Conflict, match="presented-busy"):
        burn(office, bought[3])
    office.clock.advance(presenting.NUMBER_KEPT)
    burn(office, bought[3])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_policy_has_bounds(office: Office) -> None:
    """No city allows more than 200 euros at once or 10,000 a day, nor less a day than at once."""
    for field, value in (
        ("value_cents_max", 20_001), ("value_cents_max", -1), ("person_day_cents", 999),
        ("venue_day_cents", 1_000_001),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            allow(office, PresentedPolicy(**{**asdict(POLICY), field: value}))
        listed: Any = caught.value.details["faults"]
        assert field in {one["field"] for one in listed}
    with pytest.raises(NotFound, match="venue-not-found"):
        allow(office, POLICY, 99)
    allow(office, POLICY, office.zoo.venue_id)
    assert {office.zoo.venue_id: POLICY} == read(office, presented_policies.every)
    office.database.run(office.city_id, lambda work: presented_policies.forget(work, office.zoo.venue_id))
    assert presented_policies.FORBIDDEN == read(
        office, lambda one: presented_policies.of_venue(one, office.zoo.venue_id)
    )


def test_a_crowd_of_phones_is_a_sign(office: Office, swim: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a device scans, too, the share of guests' own phones counts; everywhere the people in an hour do."""
    monkeypatch.setattr(anomalies, "LEAST", 1)
    since = office.clock.now() - dt.timedelta(days=1)

    def values() -> Mapping[Sign, int]:
        with office.database.reading(office.city_id) as reading:
            (pool,) = anomalies.all_venues(reading, office.city, since)
        return pool.values

    for owner in ("anna", "ben"):
        burn(office, office.buy(owner, swim), owner)
    assert (0, 2) == (values()[Sign.PRESENTED], values()[Sign.DEVICE])
    office.scan(office.buy("anna", swim))
    assert (67, 2) == (values()[Sign.PRESENTED], values()[Sign.DEVICE])
    assert (
        Sign.PRESENTED
        in read(office, lambda one: anomalies.all_venues(one, office.city, since))[0].conspicuous
    )
    now = office.clock.now() + dt.timedelta(seconds=1)
    assert 2 == read(office, lambda one: presenting.count(one, office.pool.venue_id, since, now))
