"""Venues: the places that take points. Each has an account for points and one for what the city owes it."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Invalid, NotFound
from ledger import accounts, transfers
from ledger.accounts import Guard, NewAccount
from merchants import ibans
from merchants.tables import venues

_LATITUDE_MAX_E6 = 90_000_000
_LONGITUDE_MAX_E6 = 180_000_000
_LENGTHS = {"name": 120, "street": 120, "postcode": 10, "district": 80, "payee_name": 70}
"""Required texts and the most characters of each; 70 is what SEPA allows for a name."""


class VenueKind(enum.StrEnum):
    """What sort of place a venue is; chooses its pictogram."""

    POOL = "pool"
    MUSEUM = "museum"
    THEATRE = "theatre"
    ZOO = "zoo"
    LIBRARY = "library"
    SPORT = "sport"
    TRANSIT = "transit"
    SHOP = "shop"
    FOOD = "food"
    OFFICE = "office"
    CLUB = "club"
    """Receives donations, as schools do (`rewards.donating`)."""
    SCHOOL = "school"
    OTHER = "other"


class VenueStatus(enum.StrEnum):
    """Whether a venue takes points."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Takes none for now; what it took before is settled as usual."""


@dataclass(frozen=True, slots=True)
class NewVenue:
    """What has to be said to open a venue."""

    name: str
    kind: VenueKind
    street: str
    """With house number."""
    postcode: str
    district: str
    """Part of the city."""
    payee_name: str
    """Account holder, as the bank knows it."""
    iban: str | None = None
    latitude_e6: int | None = None
    """Millionths of a degree (WGS 84); both or neither."""
    longitude_e6: int | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue as other rooms see it."""

    venue_id: int
    """Small number, unique in its city; it goes into vouchers."""
    name: str
    kind: VenueKind
    street: str
    postcode: str
    district: str
    latitude_e6: int | None
    longitude_e6: int | None
    payee_name: str
    iban: str | None
    status: VenueStatus
    created_at: dt.datetime

    @property
    def active(self) -> bool:
        """Whether it takes points now."""
        return self.status is VenueStatus.ACTIVE


def points_path(venue_id: int) -> str:
    """Return the ledger account of the points that a venue took and that are not settled yet."""
    return f"venue/{venue_id}"


def payable_path(venue_id: int) -> str:
    """Return the ledger account of the cents that the city owes a venue."""
    return f"eur/payable/{venue_id}"


def takings_path(venue_id: int | None = None) -> str:
    """Return the ledger account of the cents that guests paid online for what they used at a venue.

    Without a venue: of what is used at one of several, which only the scan decides.
    """
    return "eur/takings" if venue_id is None else f"eur/takings/{venue_id}"


def open_takings(work: db.Work, venue_ids: Iterable[int]) -> None:
    """Open the accounts of `takings_path`; again: no change."""
    # Money may go back after it was settled; then the venue owes euros for a while.
    wanted = {takings_path(): Guard.NO_OVERDRAFT}
    wanted |= dict.fromkeys((takings_path(venue_id) for venue_id in venue_ids), Guard.NONE)
    known = {one.path for one in accounts.by_path(work, wanted)}
    missing = [NewAccount(path, transfers.EUR, guard) for path, guard in wanted.items() if path not in known]
    accounts.open_accounts(work, missing)


def create(work: db.Work, new: NewVenue) -> Venue:
    """Open a venue with its two ledger accounts.

    Raises Invalid with `field`: `venue-field-missing`, `venue-field-too-long`, `venue-location-invalid`,
    `iban-invalid`.
    """
    values = _checked(new)
    highest = sa.select(sa.func.max(venues.c.venue_id)).where(venues.c.city_id == work.city_id)
    venue_id = (work.connection.execute(highest).scalar() or 0) + 1
    work.connection.execute(
        sa.insert(venues).values(
            city_id=work.city_id,
            venue_id=venue_id,
            status=VenueStatus.ACTIVE.value,
            created_at=work.now,
            **values,
        )
    )
    accounts.open_accounts(
        work,
        [
            # A redemption may be undone after it was settled; then the venue owes points for a while.
            NewAccount(points_path(venue_id), transfers.DUC, Guard.NONE),
            NewAccount(payable_path(venue_id), transfers.EUR),
        ],
    )
    return get(work, venue_id)


def get(reading: db.Reading, venue_id: int) -> Venue:
    """Return a venue. Raises NotFound `venue-not-found`."""
    for venue in _select(reading, venues.c.venue_id == venue_id):
        return venue
    raise NotFound("venue-not-found", venue_id=venue_id)


def by_id(reading: db.Reading, venue_ids: Iterable[int]) -> dict[int, Venue]:
    """Return those of the named venues that exist, by number."""
    found = _found(reading, _BY_ID, venue_ids=sorted(set(venue_ids)))
    return {venue.venue_id: venue for venue in found}


def every(reading: db.Reading) -> list[Venue]:
    """Return all venues of the city, suspended ones too, in order of their number."""
    return _select(reading, sa.true())


def checked_payee(payee_name: str, iban: str) -> tuple[str, str]:
    """Return account holder and IBAN as they are kept.

    Raises Invalid `venue-field-missing`, `venue-field-too-long`, `iban-invalid`, each with its `field`.
    """
    return _checked_text("payee_name", payee_name), ibans.normal(iban)


def pay_to(work: db.Work, venue_id: int, payee_name: str, iban: str) -> Venue:
    """Let payouts go to this account. Only for `merchants.redirecting`, where somebody has confirmed it."""
    payee_name, iban = checked_payee(payee_name, iban)
    return _change(work, venue_id, payee_name=payee_name, iban=iban)


def correct(work: db.Work, venue_id: int, typed: Mapping[str, str], kind: VenueKind) -> Venue:
    """Correct a venue's name, kind and address; its account stays (`merchants.redirecting`).

    Raises NotFound `venue-not-found`; Invalid `venue-field-missing`, `venue-field-too-long`.
    """
    values = {name: _checked_text(name, typed.get(name, "")) for name in _LENGTHS if name != "payee_name"}
    return _change(work, venue_id, kind=kind.value, **values)


def suspend(work: db.Work, venue_id: int) -> Venue:
    """Let a venue take no more points for now; again changes nothing. Raises NotFound `venue-not-found`."""
    return _change(work, venue_id, status=VenueStatus.SUSPENDED.value)


def reactivate(work: db.Work, venue_id: int) -> Venue:
    """Let a suspended venue take points again. Raises NotFound `venue-not-found`."""
    return _change(work, venue_id, status=VenueStatus.ACTIVE.value)


def _change(work: db.Work, venue_id: int, **values: str) -> Venue:
    get(work, venue_id)
    work.connection.execute(
        sa.update(venues)
        .where(venues.c.city_id == work.city_id, venues.c.venue_id == venue_id)
        .values(**values)
    )
    return get(work, venue_id)


def _checked_text(name: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid("venue-field-missing", field=name)
    if len(text) > _LENGTHS[name]:
        raise Invalid("venue-field-too-long", field=name, maximum=_LENGTHS[name])
    return text


def _checked(new: NewVenue) -> dict[str, object]:
    """Return the columns of a new venue, or raise for the first field that is wrong."""
    values: dict[str, object] = dataclasses.asdict(new)
    values |= {name: _checked_text(name, str(values[name])) for name in _LENGTHS}
    limits = ((new.latitude_e6, _LATITUDE_MAX_E6), (new.longitude_e6, _LONGITUDE_MAX_E6))
    inside = all(degrees is not None and abs(degrees) <= limit for degrees, limit in limits)
    if not inside and (new.latitude_e6, new.longitude_e6) != (None, None):
        raise Invalid("venue-location-invalid", field="latitude_e6")
    return values | {"kind": new.kind.value, "iban": ibans.normal(new.iban) if new.iban else None}


_ALL = (
    sa.select(*(venues.c[name] for name in Venue.__dataclass_fields__))
    .where(venues.c.city_id == sa.bindparam("city"))
    .order_by(venues.c.venue_id)
)
_BY_ID = _ALL.where(bulk.any_of(venues.c.venue_id, "venue_ids"))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Venue]:
    return _found(reading, _ALL.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **asked: object) -> list[Venue]:
    rows = reading.connection.execute(statement, {"city": reading.city_id, **asked})
    return [
        Venue(**{**row._mapping, "kind": VenueKind(row.kind), "status": VenueStatus(row.status)})
        for row in rows
    ]
