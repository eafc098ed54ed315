"""What the demo city is made of: the files beside this module, checked against each other when they are read.

Places and institutions are Duisburg's; people, offers, prices and contracts are invented. Nothing is written
here: who founds the demo city takes this and goes through the same use cases as anybody else.
"""

import datetime as dt
import functools
import json
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from identity.roles import Role
from kernel.cities import LocalizedText
from merchants.venues import VenueKind
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import OfferKind, Reentry, RefundRule, Terms

BERLIN = ZoneInfo("Europe/Berlin")
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
Name = Annotated[str, Field(min_length=2, max_length=120)]
Latitude = Annotated[int, Field(ge=51_320_000, le=51_570_000)]
"""Microdegrees within the city."""
Longitude = Annotated[int, Field(ge=6_620_000, le=6_840_000)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quarter(_Entry):
    """One of the 46 quarters, with an approximate centre."""

    name: Name
    postcode: Annotated[str, Field(pattern=r"^47\d{3}$")]
    latitude_e6: Latitude
    longitude_e6: Longitude


class District(_Entry):
    """One of the seven city districts."""

    code: Code
    name: Name
    quarters: tuple[Quarter, ...]


class Department(_Entry):
    """An office of the city and the report categories that it looks after."""

    code: Code
    name: LocalizedText
    categories: tuple[Code, ...]


class DemoCity(_Entry):
    """The city itself."""

    note: str
    slug: Code
    name: Name
    timezone: str
    latitude_e6: Latitude
    longitude_e6: Longitude
    fines_enabled: bool
    rate_cents_per_point: int
    points_valid_years: int
    reference_prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    departments: tuple[Department, ...]
    districts: tuple[District, ...]


class DemoVenue(_Entry):
    """A venue with its contract and the devices at its door."""

    code: Code
    name: Name
    kind: VenueKind
    street: Name
    postcode: Annotated[str, Field(pattern=r"^47\d{3}$")]
    quarter: Name
    latitude_e6: Latitude
    longitude_e6: Longitude
    payee_name: Annotated[str, Field(max_length=70)]
    iban: Annotated[str, Field(pattern=r"^DE\d{20}$")]
    """Of a bank that does not exist."""
    rate_cents_per_point: Annotated[int, Field(ge=1)]
    is_invented: bool
    """Small businesses are invented and named so; institutions exist."""
    devices: Annotated[tuple[Name, ...], Field(min_length=1)]
    way_out: Name | None = None
    """The device that counts guests who go out, where they may come in again."""


class DemoTerms(_Entry):
    """What is special about an offer; an event takes place so many days after the demo city is founded."""

    uses: int = 1
    activation_minutes: int | None = None
    event_in_days: int | None = None
    event_hour: int = 20
    event_minutes: int = 120
    seats: tuple[str, ...] = ()
    discount_percent: int | None = None
    discount_cents: int | None = None
    minimum_cents: int | None = None
    per_month_limit: int | None = None
    refund_rule: RefundRule = RefundRule.ALWAYS
    refund_hours: int | None = None
    transferable: bool = False
    reentry: Reentry = Reentry.NONE

    def terms(self, now: dt.datetime, zone: ZoneInfo) -> Terms:
        """Return the terms of an offer that is made now."""
        times = {"event_in_days", "event_hour", "event_minutes"}
        values = self.model_dump(exclude=times)
        if self.event_in_days is None:
            return Terms(**values)
        day = now.astimezone(zone).date() + dt.timedelta(days=self.event_in_days)
        begins = dt.datetime.combine(day, dt.time(self.event_hour), zone).astimezone(dt.UTC)
        ends = begins + dt.timedelta(minutes=self.event_minutes)
        return Terms(**values, event_begins_at=begins, event_ends_at=ends)


class DemoOffer(_Entry):
    """An offer; the fields are those of redemption.new_offers.NewOffer, with venues by their code."""

    code: Code
    kind: OfferKind
    titles: LocalizedText
    descriptions: LocalizedText
    pictogram: Code
    price_points: int
    price_cents: int = 0
    extra_points_most: int = 0
    value_cents: int
    venues: tuple[Code, ...]
    places: int | None
    valid_days: int | None
    vat_kind: VatKind
    vat_rate_percent: int | None
    per_person_limit: int | None
    live_code: bool = False
    terms: DemoTerms = DemoTerms()

    def new_offer(self, venue_ids: dict[str, int], now: dt.datetime, zone: ZoneInfo = BERLIN) -> NewOffer:
        """Return what has to be said to make this offer now. Raises KeyError for a venue without number."""
        values = self.model_dump(exclude={"venues", "terms"})
        where = tuple(venue_ids[code] for code in self.venues)
        return NewOffer(**values, venue_ids=where, terms=self.terms.terms(now, zone))


class DemoBudget(_Entry):
    """A campaign with its points, and the action types that it pays for."""

    code: Code
    name: LocalizedText
    points: Annotated[int, Field(ge=1)]
    actions: tuple[Code, ...]
    department: Code


class DemoCitizen(_Entry):
    """An invented person who lives somewhere."""

    name: Name
    quarter: Name
    language: Annotated[str, Field(pattern=r"^(de|en)$")]


class DemoStaff(_Entry):
    """An invented employee of the city."""

    name: Name
    role: Role
    department: Code


class DemoVenueStaff(_Entry):
    """An invented employee of a venue."""

    name: Name
    venue: Code


class DemoPeople(_Entry):
    """Everybody who acts in the demo."""

    note: str
    citizens: tuple[DemoCitizen, ...]
    staff: tuple[DemoStaff, ...]
    venue_staff: tuple[DemoVenueStaff, ...]


class DemoReport(_Entry):
    """A report as a citizen might write it."""

    category: Code
    quarter: Name
    place: Name
    description: Annotated[str, Field(min_length=20, max_length=400)]
    latitude_e6: Latitude
    longitude_e6: Longitude


class DemoSuggestion(_Entry):
    """A suggestion as a citizen might write it."""

    category: Code
    quarter: Name
    title: Name
    text: Annotated[str, Field(min_length=40, max_length=400)]


class DemoApplication(_Entry):
    """A service of the city that can be applied for online."""

    code: Code
    name: LocalizedText


class Catalogue(_Entry):
    """All of it; making one checks that the parts fit together."""

    city: DemoCity
    venues: tuple[DemoVenue, ...]
    offers: tuple[DemoOffer, ...]
    budgets: tuple[DemoBudget, ...]
    people: DemoPeople
    reports: tuple[DemoReport, ...]
    suggestions: tuple[DemoSuggestion, ...]
    applications: tuple[DemoApplication, ...]

    @property
    def quarters(self) -> dict[str, District]:
        """Return the district of each quarter."""
        return {quarter.name: district for district in self.city.districts for quarter in district.quarters}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        venues = _unique("venue", (venue.code for venue in self.venues))
        departments = _unique("department", (department.code for department in self.city.departments))
        quarters = _unique(
            "quarter", (quarter.name for district in self.city.districts for quarter in district.quarters)
        )
        _unique("offer", (offer.code for offer in self.offers))
        _unique("application", (application.code for application in self.applications))
        _unique("budget", (budget.code for budget in self.budgets))
        _known("quarter", (venue.quarter for venue in self.venues), quarters)
        _known("quarter", (person.quarter for person in self.people.citizens), quarters)
        _known("quarter", (report.quarter for report in self.reports), quarters)
        _known("quarter", (suggestion.quarter for suggestion in self.suggestions), quarters)
        _known("venue", (code for offer in self.offers for code in offer.venues), venues)
        _known("venue", (person.venue for person in self.people.venue_staff), venues)
        _known("department", (entry.department for entry in self.budgets), departments)
        _known("department", (entry.department for entry in self.people.staff), departments)
        served = {code for department in self.city.departments for code in department.categories}
        _known("category", (report.category for report in self.reports), served)
        return self


def _unique(what: str, codes: Iterable[str]) -> set[str]:
    counted = Counter(codes)
    if twice := sorted(code for code, number in counted.items() if number > 1):
        msg = f"{what} twice: {twice}"
        raise ValueError(msg)
    return set(counted)


def _known(what: str, codes: Iterable[str], known: set[str]) -> None:
    if unknown := sorted(set(codes) - known):
        msg = f"unknown {what}: {unknown}"
        raise ValueError(msg)


@functools.cache
def load() -> Catalogue:
    """Return the demo city. Raises pydantic.ValidationError if a file was changed and no longer fits."""
    return Catalogue.model_validate({name: _json(name) for name in Catalogue.model_fields})


def notes() -> dict[str, str]:
    """Return what the administration writes beside what it does."""
    texts: dict[str, str] = _json("notes")
    return texts


def fine_file() -> bytes:
    """Return a file of invented parking fines, in the form that redemption.fine_files reads."""
    return (resources.files("api.demo") / "data" / "fines.csv").read_bytes()


def fee_file() -> bytes:
    """Return a file of invented fees, in the form that redemption.fee_files reads."""
    return (resources.files("api.demo") / "data" / "fees.csv").read_bytes()


def _json(name: str) -> Any:
    return json.loads((resources.files("api.demo") / "data" / f"{name}.json").read_text(encoding="utf-8"))
