"""What a treasurer needs before money can move: the city's profile, and a venue with something to pay."""

import datetime as dt
from dataclasses import replace
from functools import partial

from kernel.db import Work
from merchants import billing, tax_data
from merchants.billing import Profile
from merchants.settlements import Settlement
from merchants.tax_data import TaxData
from tests.merchants.bank_files import ACCOUNT
from tests.merchants.town import JUNE, Town

PROFILE = Profile(
    name="Stadt Duisburg, Stadtkämmerei",
    street="Burgplatz 19",
    postcode="47051",
    town="Duisburg",
    email="kaemmerei@duisburg.example",
    buyer_reference="05112000-KAEMM-38",
    iban=ACCOUNT,
    vat_id="DE129273398",
)
TAXES = TaxData(
    registered_name="Rheinbad Betriebs-GmbH",
    street="Am Schwimmbad 1",
    postcode="47053",
    town="Duisburg",
    contact_name="Petra Schwimm",
    contact_phone="+49 203 123456",
    contact_email="rechnung@rheinbad.example",
    vat_id="DE136695976",
)
MAKER, RELEASER = "person/1", "person/2"
TEN_JUNE = dt.date(2026, 6, 10)


def prepare(town: Town, **changes: object) -> None:
    """Keep the city's profile."""
    profile = replace(PROFILE, **changes)  # type: ignore[arg-type]  # the fields are a test's to know
    town.database.run(town.city_id, lambda work: billing.save(work, profile))


def owed(town: Town, *points: int) -> list[Settlement]:
    """Settle May with a venue for each of the points; it is June then."""
    prepare(town)
    venues = [town.open_venue(name=f"Bad {place}") for place, _ in enumerate(points, 1)]
    for venue, amount in zip(venues, points, strict=True):
        town.redeem(venue.venue_id, amount)
        save_taxes(town, venue.venue_id)
    town.go_to(JUNE)
    made = [town.settle(venue.venue_id) for venue in venues]
    town.go_to(TEN_JUNE)
    return made


def save_taxes(town: Town, venue_id: int) -> None:
    """Keep the tax data of a venue."""
    town.database.run(town.city_id, partial(_save_taxes, venue_id=venue_id))


def _save_taxes(work: Work, venue_id: int) -> None:
    tax_data.save(work, venue_id, TAXES)
