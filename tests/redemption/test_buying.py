"""Buying vouchers and giving them back."""

import datetime as dt
from dataclasses import replace

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from ledger.wallets import InsufficientPoints
from merchants import venues
from redemption import codes, keys, offers, tokens, vouchers
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind, Terms
from redemption.tokens import VoucherKind
from redemption.vouchers import VoucherStatus
from tests.redemption.office import LATER, SEALER, SOON, SWIM, Office

UNLIMITED = replace(SWIM, code="unlimited", places=None)


def refusal(office: Office, offer: offers.Offer, owner: str = "anna") -> Conflict:
    """Return why a purchase is refused; nothing is reserved and no voucher exists afterwards."""
    before = office.points(owner)
    with pytest.raises(Conflict) as refused:
        office.buy(owner, offer)
    assert before == office.points(owner)
    return refused.value


@pytest.mark.parametrize(
    ("kind", "token_kind"),
    [
        (OfferKind.TICKET, VoucherKind.TICKET),
        (OfferKind.POOL, VoucherKind.POOL),
        (OfferKind.DISCOUNT, VoucherKind.DISCOUNT),
    ],
)
def test_a_voucher_of_each_kind_carries_a_token_that_says_what_it_is(
    office: Office, kind: OfferKind, token_kind: VoucherKind
) -> None:
    """The token names voucher, offer, venue, value and validity, and this city's ring verifies it."""
    office.give("anna", 200)
    terms = Terms(discount_percent=10) if kind is OfferKind.DISCOUNT else Terms()
    offer = office.offer(replace(SWIM, kind=kind, terms=terms))
    voucher = office.buy("anna", offer)
    with office.database.reading(office.city_id) as reading:
        ring = keys.ring(reading)
    claims = tokens.verify(
        voucher.token, ring, int(office.clock.now().timestamp()), venue=office.pool.venue_id
    )
    assert bytes.fromhex(voucher.voucher_id) == claims.voucher_id
    assert (token_kind, offer.offer_id, (office.pool.venue_id,)) == (
        claims.kind,
        claims.product,
        claims.venues,
    )
    assert (450, voucher.status_index) == (claims.value_cents, claims.status_index)
    assert int(voucher.valid_until.timestamp()) == claims.expires_at
    assert len(voucher.token) <= 130
    assert ("Freibad Kaiserberg",) == voucher.venue_names
    assert voucher.token == codes.parse(voucher.app_text)
    assert codes.ManualCode(voucher.manual_code) == codes.parse(voucher.typed_code)


def test_the_price_is_held_from_the_earliest_lots_towards_the_venue(office: Office) -> None:
    """80 points that expire soon go first, 40 of the others follow, and one place is reserved."""
    office.give("anna", 80, SOON)
    office.give("anna", 100, LATER)
    offer = office.offer()
    voucher = office.buy("anna", offer)
    assert 60 == office.points("anna")
    assert 0 == office.available(f"wallet/anna/{SOON}")
    assert 60 == office.available(f"wallet/anna/{LATER}")
    assert 0 == office.posted(f"venue/{office.pool.venue_id}")
    stock = office.look_at(offer).places
    assert stock is not None
    assert (9, 1, 0, 10) == (stock.left, stock.reserved, stock.used, stock.total)
    assert (VoucherStatus.USABLE, 120, 3) == (voucher.status, voucher.points, voucher.hold_count)
    assert office.verify().ok


def test_a_voucher_ends_at_midnight_in_the_city(office: Office) -> None:
    """Thirty days after a purchase on 4 May in Duisburg, the last valid instant lies in 3 June local time."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    assert dt.datetime(2026, 6, 3, 22, tzinfo=dt.UTC) == voucher.valid_until
    assert office.clock.now() == voucher.valid_from


def test_fixed_dates_are_taken_over(office: Office) -> None:
    """A ticket for an evening is valid during that evening, whenever it is bought."""
    opens, closes = dt.datetime(2026, 7, 1, 17, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, 21, tzinfo=dt.UTC)
    office.give("anna", 120)
    new = replace(SWIM, kind=OfferKind.TICKET, valid_days=None, valid_from=opens, valid_until=closes)
    voucher = office.buy("anna", office.offer(new))
    assert (opens, closes) == (voucher.valid_from, voucher.valid_until)


def test_too_few_points_name_what_is_missing(office: Office) -> None:
    """With 119 points for a price of 120 the refusal says that one is missing."""
    office.give("anna", 119)
    refused = refusal(office, office.offer())
    assert isinstance(refused, InsufficientPoints)
    assert {"needed": 120, "available": 119, "missing": 1} == dict(refused.details)


def test_the_last_place_is_sold_once_and_comes_back(office: Office) -> None:
    """One place: the second buyer is refused, and gets it after the first gave it back."""
    office.give("anna", 120)
    office.give("ben", 120)
    offer = office.offer(replace(SWIM, places=1))
    voucher = office.buy("anna", offer)
    assert "sold-out" == refusal(office, offer, "ben").code
    assert office.look_at(offer).is_sold_out
    office.cancel("anna", voucher)
    assert VoucherStatus.USABLE is office.buy("ben", offer).status
    assert 120 == office.points("anna")
    assert office.verify().ok


def test_the_sales_window_includes_its_start_and_excludes_its_end(office: Office) -> None:
    """Before the start and from the end on, the refusals differ; in between, it is sold."""
    now = office.clock.now()
    start, end = now + dt.timedelta(hours=1), now + dt.timedelta(hours=2)
    office.give("anna", 240)
    offer = office.offer(replace(SWIM, sales_from=start, sales_until=end))
    assert "sales-not-started" == refusal(office, offer).code
    office.clock.move_to(start)
    office.buy("anna", offer)
    office.clock.move_to(end)
    assert "sales-ended" == refusal(office, offer).code


def test_nothing_is_sold_that_is_over_already(office: Office) -> None:
    """A ticket without a sales window is sold until its validity ends."""
    end = office.clock.now() + dt.timedelta(hours=1)
    office.give("anna", 120)
    offer = office.offer(replace(SWIM, valid_days=None, valid_until=end))
    office.clock.move_to(end)
    assert "sales-ended" == refusal(office, offer).code


def test_drafts_and_withdrawn_offers_are_not_sold(office: Office) -> None:
    """Neither before publishing nor after withdrawing can anybody buy."""
    office.give("anna", 120)
    draft = office.draft()
    assert "offer-not-published" == refusal(office, draft).code
    published = office.offer(UNLIMITED)
    office.database.run(office.city_id, lambda work: offers.withdraw(work, published.offer_id))
    assert "offer-not-published" == refusal(office, published).code


def test_the_limit_per_person_counts_used_and_usable_vouchers_only(office: Office) -> None:
    """Limit 2: one used and one usable are enough; one given back or over does not count."""
    office.give("anna", 600)
    offer = office.offer(replace(SWIM, per_person_limit=2))
    office.scan(office.buy("anna", offer))
    second = office.buy("anna", offer)
    assert ("per-person-limit-reached", 2) == (
        (error := refusal(office, offer)).code,
        error.details["limit"],
    )
    office.cancel("anna", second)
    third = office.buy("anna", offer)
    office.clock.move_to(third.valid_until)
    assert VoucherStatus.USABLE is office.buy("anna", offer).status


def test_a_fine_is_not_bought(office: Office) -> None:
    """An offer for fines needs a reference, so buying it is refused as wrong input."""
    fine = NewOffer("fines", OfferKind.FINE, {"de": "Bußgeld"}, {"de": "Bußgeld bezahlen"}, "fine")
    with pytest.raises(Invalid, match="fine-needs-reference"):
        office.buy("anna", office.offer(fine))


def test_an_unknown_offer_is_not_found(office: Office) -> None:
    """A number that no offer has is refused as not found."""
    with pytest.raises(NotFound, match="offer-not-found"):
        office.buy("anna", replace(office.offer(), offer_id=99))


def test_nothing_is_sold_for_venues_that_are_all_suspended(office: Office) -> None:
    """As long as one of the venues takes points, the voucher is good for something."""
    office.give("anna", 240)
    offer = office.offer(SWIM, office.pool, office.zoo)
    office.database.run(office.city_id, lambda work: venues.suspend(work, office.pool.venue_id))
    office.buy("anna", offer)
    office.database.run(office.city_id, lambda work: venues.suspend(work, office.zoo.venue_id))
    assert "venue-suspended" == refusal(office, offer).code


def test_without_an_active_key_nothing_is_reserved(office: Office) -> None:
    """A blocked key signs nothing; the refused purchase is rolled back whole."""
    office.give("anna", 120)
    offer = office.offer()
    with office.database.reading(office.city_id) as reading:
        kid = keys.every(reading)[0].kid
    office.database.run(office.city_id, lambda work: keys.block(work, kid))
    assert "issuing-key-missing" == refusal(office, offer).code
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert VoucherStatus.USABLE is office.buy("anna", offer).status


def test_expiry_gives_points_and_place_back_at_once(office: Office) -> None:
    """At the instant of the end, before anything is written, voucher, wallet and stock say so."""
    office.give("anna", 80, SOON)
    office.give("anna", 40, LATER)
    offer = office.offer()
    voucher = office.buy("anna", offer)
    office.clock.move_to(voucher.valid_until - dt.timedelta(microseconds=1))
    assert VoucherStatus.USABLE is office.look(voucher).status
    office.clock.move_to(voucher.valid_until)
    assert VoucherStatus.EXPIRED is office.look(voucher).status
    assert 80 == office.available(f"wallet/anna/{SOON}")
    assert 40 == office.available(f"wallet/anna/{LATER}")
    stock = office.look_at(offer).places
    assert stock is not None
    assert (10, 0) == (stock.left, stock.reserved)
    office.give("ben", 1)  # The writer books the release; the answers stay the same.
    assert VoucherStatus.EXPIRED is office.look(voucher).status
    assert 120 == office.points("anna")
    assert office.verify().ok


@pytest.mark.parametrize("several_venues", [False, True])
def test_cancelling_returns_points_to_their_lots(office: Office, several_venues: bool) -> None:
    """What came from two lots goes back to the same two, and the place to the stock."""
    office.give("anna", 80, SOON)
    office.give("anna", 40, LATER)
    offer = office.offer(SWIM, *([office.pool, office.zoo] if several_venues else [office.pool]))
    cancelled = office.cancel("anna", office.buy("anna", offer))
    assert VoucherStatus.CANCELLED is cancelled.status
    assert (80, 40) == (office.available(f"wallet/anna/{SOON}"), office.available(f"wallet/anna/{LATER}"))
    stock = office.look_at(offer).places
    assert stock is not None
    assert (10, 0, 0) == (stock.left, stock.reserved, stock.used)
    assert office.verify().ok


def test_what_is_used_over_or_given_back_cannot_be_cancelled(office: Office) -> None:
    """Each of the three has its own refusal, and points move only once."""
    office.give("anna", 360)
    offer = office.offer()
    used, back, over = (office.buy("anna", offer) for _ in range(3))
    office.scan(used)
    office.cancel("anna", back)
    with pytest.raises(Conflict, match="voucher-already-used"):
        office.cancel("anna", used)
    with pytest.raises(Conflict, match="voucher-already-cancelled"):
        office.cancel("anna", back)
    office.clock.move_to(over.valid_until)
    with pytest.raises(Conflict, match="voucher-expired"):
        office.cancel("anna", over)
    assert 240 == office.points("anna")
    assert office.verify().ok


def test_somebody_elses_voucher_does_not_exist(office: Office) -> None:
    """Neither cancelling nor looking reveals a voucher to others."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    with pytest.raises(NotFound, match="voucher-not-found"):
        office.cancel("ben", voucher)
    with (
        office.database.reading(office.city_id) as reading,
        pytest.raises(NotFound, match="voucher-not-found"),
    ):
        vouchers.of_owner(reading, "ben", voucher.voucher_id)
    assert VoucherStatus.USABLE is office.look(voucher).status


def test_the_pages_of_an_owner_go_back_without_gap(office: Office) -> None:
    """Three vouchers, two to a page, newest first; somebody else's are not among them."""
    office.give("anna", 360)
    office.give("ben", 120)
    offer = office.offer()
    mine = [office.buy("anna", offer) for _ in range(3)]
    office.buy("ben", offer)
    with office.database.reading(office.city_id) as reading:
        first = vouchers.page(reading, "anna", limit=2)
        second = vouchers.page(reading, "anna", before=first[-1].status_index, limit=2)
    assert [v.voucher_id for v in reversed(mine)] == [v.voucher_id for v in (*first, *second)]
    assert {"swim"} == {voucher.offer_code for voucher in first}


def test_what_is_returned_is_what_is_kept(office: Office) -> None:
    """The voucher that buying returns equals the one that is read afterwards, venues in the offer's order."""
    offer = office.offer(SWIM, office.zoo, office.pool)
    office.give("anna", 120)

    bought = office.buy("anna", offer)

    with office.database.reading(office.city_id) as reading:
        assert vouchers.get(reading, bought.voucher_id) == bought


def test_what_costs_euros_is_not_sold_for_its_points_alone(office: Office) -> None:
    """Such an offer is ordered, and the voucher comes with the money."""
    office.give("anna", 200)
    offer = office.offer(replace(SWIM, price_cents=150))
    assert "euros-due" == refusal(office, offer).code
