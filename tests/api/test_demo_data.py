"""The demo city's data is complete, fits together and is accepted by the use cases' own checks."""

import datetime as dt
import json
from typing import Any

import pytest
from pydantic import ValidationError

from api.demo import catalogue
from api.demo.catalogue import Catalogue
from identity.roles import Role
from merchants import ibans
from redemption import fee_files, fine_files, new_offers
from redemption.fee_files import FeeRow
from redemption.fine_files import FineRow
from redemption.offer_terms import OfferKind
from rewards import open311_services

NOW = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.UTC)


def changed(**parts: Any) -> dict[str, Any]:
    """Return the catalogue as plain data with some parts replaced."""
    whole: dict[str, Any] = json.loads(catalogue.load().model_dump_json())
    return whole | parts


def test_duisburg_is_whole() -> None:
    """Seven districts with 46 quarters, and enough to fill some weeks."""
    demo = catalogue.load()

    assert 7 == len(demo.city.districts)
    assert 46 == len(demo.quarters)
    assert "Homberg/Ruhrort/Baerl" == demo.quarters["Ruhrort"].name
    assert len(demo.reports) >= 40
    assert len(demo.suggestions) >= 20
    assert len(demo.applications) >= 15
    assert set(demo.quarters) == {report.quarter for report in demo.reports}


def test_every_offer_can_be_made() -> None:
    """The checks of the use case find no fault."""
    demo = catalogue.load()
    venue_ids = {venue.code: number for number, venue in enumerate(demo.venues, 1)}

    for offer in demo.offers:
        new_offers.check(new_offers.completed(offer.new_offer(venue_ids, NOW)), NOW)

    assert set(OfferKind) == {offer.kind for offer in demo.offers}
    assert any(offer.live_code for offer in demo.offers)


def test_texts_are_there_in_both_languages() -> None:
    """German first, English complete."""
    demo = catalogue.load()
    texts = [text for offer in demo.offers for text in (offer.titles, offer.descriptions)]
    texts += [department.name for department in demo.city.departments]
    texts += [budget.name for budget in demo.budgets]
    texts += [application.name for application in demo.applications]

    assert [] == [text for text in texts if set(text) != {"de", "en"} or not all(text.values())]


def test_every_venue_takes_points_for_something() -> None:
    """No venue without an offer, and none is paid more than the voucher saves."""
    demo = catalogue.load()
    rates = {venue.code: venue.rate_cents_per_point for venue in demo.venues}

    assert set(rates) == {code for offer in demo.offers for code in offer.venues}
    assert [] == [
        offer.code
        for offer in demo.offers
        if any(rates[code] * offer.price_points > offer.value_cents for code in offer.venues)
    ]


def test_accounts_are_well_formed_and_belong_to_nobody() -> None:
    """The check digits are right and the bank does not exist."""
    for venue in catalogue.load().venues:
        assert venue.iban == ibans.normal(venue.iban)
        assert "99999999" == venue.iban[4:12]


def test_invented_businesses_say_so() -> None:
    """Nobody looks for them in the city."""
    assert [] == [
        venue.name for venue in catalogue.load().venues if venue.is_invented != venue.name.endswith("(Demo)")
    ]


def test_all_roles_that_the_demo_needs_are_there() -> None:
    """Approver and administrator are different people."""
    staff = catalogue.load().people.staff

    assert {Role.ADMINISTRATOR, Role.CASE_WORKER, Role.APPROVER, Role.TREASURER} <= {
        person.role for person in staff
    }
    assert len(staff) == len({person.name for person in staff})


def test_reports_have_categories_that_are_rewarded() -> None:
    """The demo's reports are about litter."""
    actions = open311_services.load().actions

    assert {"litter-report"} == {actions[report.category] for report in catalogue.load().reports}


def test_reports_lie_near_their_quarter() -> None:
    """Within about two kilometres of its centre."""
    demo = catalogue.load()
    centres = {quarter.name: quarter for district in demo.city.districts for quarter in district.quarters}

    assert [] == [
        report.place
        for report in demo.reports
        if abs(report.latitude_e6 - centres[report.quarter].latitude_e6) > 20_000
        or abs(report.longitude_e6 - centres[report.quarter].longitude_e6) > 30_000
    ]


def test_the_fines_of_the_demo_are_read() -> None:
    """Every row of the invented file is a fine."""
    results = fine_files.parse(catalogue.fine_file(), prefix=catalogue.load().city.reference_prefix)

    assert 60 == len(results)
    assert all(isinstance(result, FineRow) for result in results)


def test_the_fees_of_the_demo_are_read() -> None:
    """Every row of the invented file is a fee."""
    results = fee_files.parse(catalogue.fee_file(), prefix=catalogue.load().city.reference_prefix)

    assert 14 == len(results)
    assert all(isinstance(result, FeeRow) for result in results)


@pytest.mark.parametrize(
    ("part", "change", "problem"),
    [
        ("offers", {"venues": ["nowhere"]}, "unknown venue"),
        ("reports", {"quarter": "Düsseltal"}, "unknown quarter"),
        ("reports", {"category": "ufo"}, "unknown category"),
        ("budgets", {"department": "nobody"}, "unknown department"),
        ("venues", {"latitude_e6": 50_940_000}, "greater than or equal"),
        ("venues", {"colour": "red"}, "Extra inputs"),
        ("suggestions", {"text": "short"}, "at least 40"),
    ],
)
def test_a_slip_in_the_data_is_found(part: str, change: dict[str, Any], problem: str) -> None:
    """Each part is checked alone and against the others."""
    entries = changed()[part]

    with pytest.raises(ValidationError, match=problem):
        Catalogue.model_validate(changed(**{part: [entries[0] | change, *entries[1:]]}))


@pytest.mark.parametrize("part", ["venues", "offers", "budgets", "applications"])
def test_a_code_is_used_once(part: str) -> None:
    """The second use is refused."""
    entries = changed()[part]

    with pytest.raises(ValidationError, match="twice"):
        Catalogue.model_validate(changed(**{part: [entries[0], *entries]}))
