"""Setting the demo city up: people, venues, budgets, rules, offers, the register of fines and fees."""

import datetime as dt
import unicodedata
from dataclasses import dataclass

from api import importing, services
from api.demo import catalogue
from api.demo.catalogue import Catalogue
from identity import persons, roles
from identity.persons import Person
from identity.roles import CITY, Role
from kernel.cities import City
from kernel.db import Database, Work
from kernel.settings import Settings
from merchants import contracts, devices, venues
from merchants.devices import Limits
from merchants.directions import Direction
from merchants.periods import PeriodKind
from merchants.venues import NewVenue
from redemption import offers
from redemption.file_register import FileFineRegister
from redemption.offers import Offer
from rewards import action_types, budgets, funding, programme

EMAIL_DOMAIN = "duisburg.example"
COUNCIL_DECISION = "DS 26-0412"
ADMINISTRATION = (Role.ADMINISTRATOR, Role.CASE_WORKER, Role.RULE_EDITOR)
"""What the first administrator of the demo may do, so that one sign-in shows the whole area."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and everything that acts in the demo city."""

    citizens: tuple[Person, ...]
    staff: dict[Role, Person]
    venue_staff: tuple[Person, ...]
    venue_ids: dict[str, int]
    device_ids: dict[int, tuple[int, ...]]
    offers: tuple[Offer, ...]


def email_of(name: str) -> str:
    """Return an address of the demo for a name."""
    spelled = name.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", spelled.replace("\u0131", "i")).encode("ascii", "ignore").decode()
    return f"{'.'.join(plain.split())}@{EMAIL_DOMAIN}"


def set_up(database: Database, settings: Settings, city: City, told: Catalogue) -> Cast:
    """Set the city up in one unit of work, and fill the register of fines and fees."""

    def command(work: Work) -> Cast:
        citizens = tuple(_register(work, one.name, one.language) for one in told.people.citizens)
        staff = {one.role: _register(work, one.name, "de") for one in told.people.staff}
        venue_ids, device_ids = _venues(work, city, told)
        _grant(work, staff)
        _budgets(work, city, told, staff)
        _rules(work, city, staff)
        venue_staff = tuple(
            _venue_person(work, one.name, venue_ids[one.venue]) for one in told.people.venue_staff
        )
        made = (one.new_offer(venue_ids, work.now, city.zone) for one in told.offers)
        published = tuple(offers.publish(work, city, offers.create(work, new).offer_id) for new in made)
        return Cast(citizens, staff, venue_staff, venue_ids, device_ids, published)

    cast = database.run(city.city_id, command)
    register = FileFineRegister(services.folder_of(settings, city) / "fines")
    importing.fines(register, city, catalogue.fine_file())
    importing.fees(register, city, catalogue.fee_file())
    return cast


def _register(work: Work, name: str, language: str) -> Person:
    return persons.register(work, email_of(name), name=name, language=language)


def _venue_person(work: Work, name: str, venue_id: int) -> Person:
    person = _register(work, name, "de")
    for role in (Role.VENUE_OWNER, Role.VENUE_STAFF):
        roles.grant(work, person.person_id, role, venue_id=venue_id, granter_id=None)
    return person


def _grant(work: Work, staff: dict[Role, Person]) -> None:
    for role, person in staff.items():
        granted = ADMINISTRATION if role is Role.ADMINISTRATOR else (role,)
        for one in granted:
            roles.grant(work, person.person_id, one, venue_id=CITY, granter_id=None)


def _venues(work: Work, city: City, told: Catalogue) -> tuple[dict[str, int], dict[int, tuple[int, ...]]]:
    venue_ids: dict[str, int] = {}
    device_ids: dict[int, tuple[int, ...]] = {}
    first_day = city.day_of(work.now).replace(day=1)
    for one in told.venues:
        venue = venues.create(
            work,
            NewVenue(
                name=one.name,
                kind=one.kind,
                street=one.street,
                postcode=one.postcode,
                district=one.quarter,
                payee_name=one.payee_name,
                iban=one.iban,
                latitude_e6=one.latitude_e6,
                longitude_e6=one.longitude_e6,
            ),
        )
        venue_ids[one.code] = venue.venue_id
        contracts.sign(
            work,
            venue.venue_id,
            rate_cents_per_point=one.rate_cents_per_point,
            period=PeriodKind.MONTH,
            valid_from=first_day,
        )
        enrolled = (devices.enrol(work, venue.venue_id, name)[0] for name in one.devices)
        device_ids[venue.venue_id] = tuple(device.device_id for device in enrolled)
        if one.way_out is not None:
            limits = Limits(one.way_out, None, Direction.OUT)
            devices.enrol(work, venue.venue_id, one.way_out, limits=limits)
    return venue_ids, device_ids


def _budgets(work: Work, city: City, told: Catalogue, staff: dict[Role, Person]) -> None:
    """Fund the budgets by two people; one more request is left to be released."""
    treasurer, approver = staff[Role.TREASURER].person_id, staff[Role.APPROVER].person_id
    for budget in told.budgets:
        asked = funding.request(
            work, budget.code, budget.points, reference=COUNCIL_DECISION, requester_id=treasurer
        )
        funding.release(work, city, asked.request_id, approver)
    budgets.choose(work, told.budgets[-1].code, "announce", treasurer)
    note = catalogue.notes()["funding"]
    funding.request(
        work, told.budgets[0].code, 5000, reference="DS 26-0519", requester_id=treasurer, note=note
    )


def _rules(work: Work, city: City, staff: dict[Role, Person]) -> None:
    author, approver = staff[Role.ADMINISTRATOR], staff[Role.APPROVER]
    for rule in action_types.starter_rules():
        stored = programme.draft(work, city, rule, author.person_id)
        programme.approve(work, stored.version_hash, approver.person_id)
        programme.activate(work, stored.version_hash, actor_id=approver.person_id)


def month_before(day: dt.date) -> dt.date:
    """Return the first day of the month before."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
