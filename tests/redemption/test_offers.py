"""Offers: what may be asked for, their life, and their places."""

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from redemption import new_offers, offers
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import OfferKind
from redemption.offers import OfferStatus
from redemption.places import Places
from tests.fixtures.databases import START
from tests.redemption.office import SWIM, Office

HOUR = dt.timedelta(hours=1)
FINES = NewOffer("fines", OfferKind.FINE, {"de": "Bußgeld"}, {"de": "Bußgeld bezahlen"}, "fine")
GOOD = replace(SWIM, venue_ids=(1,))
NAIVE = dt.datetime(2027, 1, 1)  # noqa: DTZ001 -- the missing zone is the fault


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        FINES,
        replace(GOOD, code="a-1", titles={"de": "x", "en": "y", "de-leicht": "z"}),
        replace(GOOD, price_points=1, value_cents=0, places=None, valid_days=0),
        replace(GOOD, venue_ids=(1, 2, 3, 4, 5), per_person_limit=1),
        replace(GOOD, valid_days=None, valid_until=START + HOUR),
        replace(GOOD, valid_days=None, valid_from=START + HOUR, valid_until=START + 2 * HOUR),
        replace(GOOD, sales_from=START, sales_until=START + HOUR),
        replace(GOOD, vat_kind=VatKind.SINGLE_PURPOSE, vat_rate_percent=7),
        replace(GOOD, vat_kind=VatKind.MULTI_PURPOSE),
        replace(GOOD, price_points=0, price_cents=50),
        replace(GOOD, price_cents=1_000_000, extra_points_most=2**62 - 1),
    ],
)
def test_what_is_well_said_passes(good: NewOffer) -> None:
    """Every kind, and the limits of every field."""
    new_offers.check(good, START)


@pytest.mark.parametrize(
    ("mistake", "field", "code"),
    [
        ({"code": "A"}, "code", "offer-code-invalid"),
        ({"code": "ends-"}, "code", "offer-code-invalid"),
        ({"code": "x" * 41}, "code", "offer-code-invalid"),
        ({"titles": {"en": "One swim"}}, "titles", "offer-title-missing"),
        ({"titles": {"de": "  "}}, "titles", "offer-title-missing"),
        ({"titles": {"de": "x" * 121}}, "titles", "offer-title-too-long"),
        ({"titles": {"de": "x", "german": "y"}}, "titles", "offer-language-unknown"),
        ({"descriptions": {}}, "descriptions", "offer-description-missing"),
        ({"descriptions": {"de": "x" * 2001}}, "descriptions", "offer-description-too-long"),
        ({"pictogram": "../x"}, "pictogram", "offer-pictogram-invalid"),
        ({"price_points": 0}, "price_points", "offer-price-invalid"),
        ({"price_points": -1}, "price_points", "offer-price-invalid"),
        ({"price_points": 2**62}, "price_points", "offer-price-invalid"),
        ({"price_cents": 49}, "price_cents", "offer-euros-invalid"),
        ({"price_cents": -50}, "price_cents", "offer-euros-invalid"),
        ({"price_cents": 1_000_001}, "price_cents", "offer-euros-invalid"),
        ({"price_points": -1, "price_cents": 50}, "price_points", "offer-price-invalid"),
        ({"price_cents": 50, "extra_points_most": -1}, "extra_points_most", "offer-extra-points-invalid"),
        ({"price_cents": 50, "extra_points_most": 2**62}, "extra_points_most", "offer-extra-points-invalid"),
        ({"extra_points_most": 1}, "extra_points_most", "offer-extra-points-without-euros"),
        ({"value_cents": -1}, "value_cents", "offer-value-invalid"),
        ({"value_cents": 2**32}, "value_cents", "offer-value-invalid"),
        ({"venue_ids": ()}, "venue_ids", "offer-venue-missing"),
        ({"venue_ids": (1, 1)}, "venue_ids", "offer-venue-twice"),
        ({"venue_ids": (1, 2, 3, 4, 5, 6)}, "venue_ids", "offer-venues-too-many"),
        ({"places": 0}, "places", "offer-places-invalid"),
        ({"places": 10_000_001}, "places", "offer-places-invalid"),
        ({"per_person_limit": 0}, "per_person_limit", "offer-limit-invalid"),
        ({"sales_from": NAIVE}, "sales_from", "instant-without-time-zone"),
        (
            {"sales_from": START + HOUR, "sales_until": START + HOUR},
            "sales_until",
            "offer-sales-end-before-start",
        ),
        ({"sales_until": START}, "sales_until", "offer-sales-end-past"),
        ({"valid_days": None}, "valid_until", "offer-validity-missing"),
        ({"valid_days": None, "valid_from": START + HOUR}, "valid_until", "offer-validity-missing"),
        ({"valid_days": -1}, "valid_days", "offer-valid-days-invalid"),
        ({"valid_days": 5000}, "valid_days", "offer-valid-days-invalid"),
        ({"valid_until": START + HOUR}, "valid_days", "offer-validity-twice"),
        ({"valid_until": NAIVE}, "valid_from", "instant-without-time-zone"),
        ({"valid_days": None, "valid_until": START}, "valid_until", "offer-validity-end-invalid"),
        (
            {"valid_days": None, "valid_from": START + HOUR, "valid_until": START + HOUR},
            "valid_until",
            "offer-validity-end-invalid",
        ),
        (
            {"valid_days": None, "valid_until": START + HOUR, "sales_until": START + 2 * HOUR},
            "sales_until",
            "offer-sold-after-validity",
        ),
        ({"vat_kind": VatKind.SINGLE_PURPOSE}, "vat_rate_percent", "offer-vat-rate-missing"),
        (
            {"vat_kind": VatKind.SINGLE_PURPOSE, "vat_rate_percent": 101},
            "vat_rate_percent",
            "offer-vat-rate-invalid",
        ),
        ({"vat_rate_percent": 7}, "vat_rate_percent", "offer-vat-rate-not-wanted"),
    ],
)
def test_each_mistyped_field_has_its_own_code(mistake: dict[str, Any], field: str, code: str) -> None:
    """One mistake gives exactly one fault that names the field."""
    with pytest.raises(Invalid) as refused:
        new_offers.check(replace(GOOD, **mistake), START)
    assert (code, field) == (refused.value.code, refused.value.details["field"])
    listed: Any = refused.value.details["faults"]
    (fault,) = listed
    assert (field, code) == (fault["field"], fault["code"])


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ({"price_points": 5}, "offer-fine-has-own-price"),
        ({"value_cents": 5}, "offer-fine-has-own-price"),
        ({"venue_ids": (1,)}, "offer-fine-without-venue"),
        ({"per_person_limit": 1}, "offer-fine-without-limit"),
        ({"valid_days": 5}, "offer-fine-without-validity"),
        ({"valid_until": START + HOUR}, "offer-fine-without-validity"),
    ],
)
def test_an_offer_for_fines_leaves_the_terms_to_the_fine(mistake: dict[str, Any], code: str) -> None:
    """Price, venue, limit and validity do not apply."""
    with pytest.raises(Invalid, match=code):
        new_offers.check(replace(FINES, **mistake), START)


def test_all_mistakes_are_named_at_once() -> None:
    """Somebody who mistyped two fields need not try twice."""
    with pytest.raises(Invalid) as refused:
        new_offers.check(replace(GOOD, code="?", places=0), START)
    expected = [
        {"field": "code", "code": "offer-code-invalid"},
        {"field": "places", "code": "offer-places-invalid", "maximum": 10_000_000},
    ]
    assert expected == refused.value.details["faults"]


def test_an_offer_goes_from_draft_to_published_to_withdrawn(office: Office) -> None:
    """Each step shows in the lists; withdrawing again changes nothing."""
    draft = office.draft()
    assert (OfferStatus.DRAFT, None, 10) == (draft.status, draft.places, draft.planned_places)
    published = office.database.run(
        office.city_id, lambda work: offers.publish(work, office.city, draft.offer_id)
    )
    assert (OfferStatus.PUBLISHED, Places(10, 0, 0)) == (published.status, published.places)
    with office.database.reading(office.city_id) as reading:
        assert [published] == offers.published(reading)
        assert published == offers.by_code(reading, "swim")
    withdrawn = office.database.run(office.city_id, lambda work: offers.withdraw(work, draft.offer_id))
    office.clock.advance(HOUR)
    assert withdrawn == office.database.run(
        office.city_id, lambda work: offers.withdraw(work, draft.offer_id)
    )
    with office.database.reading(office.city_id) as reading:
        assert [] == offers.published(reading)
        assert [withdrawn] == offers.every(reading)


def test_what_is_published_stays_as_it_is(office: Office) -> None:
    """A draft can be revised, under the same code too; a published offer can be neither revised nor published."""
    draft = office.draft()
    again = replace(SWIM, venue_ids=(office.zoo.venue_id,), price_points=99)
    revised = office.database.run(office.city_id, lambda work: offers.revise(work, draft.offer_id, again))
    assert (99, (office.zoo.venue_id,)) == (revised.price_points, revised.venue_ids)
    office.database.run(office.city_id, lambda work: offers.publish(work, office.city, draft.offer_id))
    with pytest.raises(Conflict, match="offer-not-draft"):
        office.database.run(office.city_id, lambda work: offers.revise(work, draft.offer_id, again))
    with pytest.raises(Conflict, match="offer-not-draft"):
        office.database.run(office.city_id, lambda work: offers.publish(work, office.city, draft.offer_id))
    stock = office.look_at(draft).places
    assert stock is not None
    assert 10 == stock.total


def test_codes_are_unique_in_a_city_and_venues_must_exist(office: Office) -> None:
    """A second offer of the same code and one for nowhere are refused."""
    office.draft()
    with pytest.raises(Conflict, match="offer-code-taken"):
        office.draft()
    with pytest.raises(NotFound, match="venue-not-found"):
        office.draft(replace(SWIM, code="nowhere"), replace(office.pool, venue_id=99))


def test_places_are_added_in_the_ledger(office: Office) -> None:
    """Ten and five make fifteen, those sold among them."""
    office.give("anna", 120)
    offer = office.offer()
    office.scan(office.buy("anna", offer))
    more = office.database.run(
        office.city_id, lambda work: offers.add_places(work, office.city, offer.offer_id, 5)
    )
    assert Places(left=14, reserved=0, used=1) == more.places
    assert office.verify().ok


@pytest.mark.parametrize("count", [0, -5, 10_000_001])
def test_a_misshapen_number_of_places_is_refused(office: Office, count: int) -> None:
    """Places are only ever added."""
    offer = office.offer()
    with pytest.raises(Invalid, match="offer-places-invalid"):
        office.database.run(
            office.city_id, lambda work: offers.add_places(work, office.city, offer.offer_id, count)
        )


def test_places_are_added_to_published_limited_offers_only(office: Office) -> None:
    """A draft says how many it plans; an unlimited offer has none to add to."""
    draft = office.draft()
    unlimited = office.offer(replace(SWIM, code="unlimited", places=None))
    for offer, code in ((draft, "offer-not-published"), (unlimited, "offer-unlimited")):
        with pytest.raises(Conflict, match=code):
            office.database.run(
                office.city_id,
                partial(offers.add_places, city=office.city, offer_id=offer.offer_id, count=1),
            )


def test_what_is_on_sale_follows_the_clock(office: Office) -> None:
    """Listed from the start of the sale until its end."""
    now = office.clock.now()
    offer = office.offer(replace(SWIM, sales_from=now + HOUR, sales_until=now + 2 * HOUR))
    listed = []
    for _ in range(3):
        with office.database.reading(office.city_id) as reading:
            listed.append([found.offer_id for found in offers.published(reading)])
        office.clock.advance(HOUR)
    assert [[], [offer.offer_id], []] == listed


def test_offers_of_another_city_do_not_exist(office: Office, other_city_id: int) -> None:
    """The number of an offer means nothing elsewhere; the same code may be used there."""
    offer = office.offer()
    with office.database.reading(other_city_id) as reading:
        assert [] == offers.every(reading)
        with pytest.raises(NotFound, match="offer-not-found"):
            offers.get(reading, offer.offer_id)
        with pytest.raises(NotFound, match="offer-not-found"):
            offers.by_code(reading, offer.code)
    assert "swim" == Office(office.database, other_city_id).offer().code
