"""The cities of an installation and what each chooses for itself.

The directory is the one table without a city in front: it says which cities there are.
"""

import datetime as dt
import re
import time
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from kernel import db, money
from kernel.errors import Conflict, Invalid, NotFound

LocalizedText = dict[str, str]
"""A text in several languages by language code, German (`de`) always present."""

cities = sa.Table(
    "cities",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("slug", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("host", sa.String(255), unique=True, comment="Host name under which citizens reach this city"),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("colours", db.Json, nullable=False, comment="CSS custom properties of the city's palette"),
    sa.Column("fines_enabled", sa.Boolean, nullable=False, comment="Only after the city's own legal opinion"),
    sa.Column("points_valid_years", sa.Integer, nullable=False),
    sa.Column("points_expiry_quarter", sa.Integer, nullable=False),
    sa.Column("rate_cents_per_point", sa.Integer, nullable=False),
    sa.Column("latitude_e6", sa.Integer, comment="The city's centre in microdegrees"),
    sa.Column("longitude_e6", sa.Integer),
    sa.Column("reference_prefix", sa.String(4), nullable=False, comment="Begins the references of fines"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
)

REMEMBERED_SECONDS = 3.0
"""How old the directory may be of which a process answers."""
_MEMORY = "cities"
_PREFIX = re.compile(r"[A-Z]{1,4}")
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class NewCity:
    """What has to be said to found a city."""

    slug: str
    name: str
    host: str | None = None
    timezone: str = "Europe/Berlin"
    colours: dict[str, str] = field(default_factory=dict)
    fines_enabled: bool = False
    points_valid_years: int = 3
    """Calendar years during which points may be spent, the year of earning included."""
    points_expiry_quarter: int = 4
    """Quarter of the last year at whose end they expire."""
    rate_cents_per_point: int = 1
    """What a point is worth where the city itself takes points: fines and fees."""
    latitude_e6: int | None = None
    """Centre of the city in microdegrees; without it no place is too far away."""
    longitude_e6: int | None = None
    reference_prefix: str = ""
    """One to four capital letters that begin references of fines; made from the name if left out."""


@dataclass(frozen=True, slots=True)
class City:
    """A city as every room sees it."""

    city_id: int
    slug: str
    name: str
    host: str | None
    timezone: str
    colours: dict[str, str]
    fines_enabled: bool
    points_valid_years: int
    points_expiry_quarter: int
    rate_cents_per_point: int
    latitude_e6: int | None
    longitude_e6: int | None
    reference_prefix: str
    created_at: dt.datetime

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    def day_of(self, instant: dt.datetime) -> dt.date:
        """Return the calendar day of `instant` in this city."""
        return instant.astimezone(self.zone).date()

    def points_expire_on(self, earned: dt.date) -> dt.date:
        """Return the last day on which points earned on `earned` may be spent."""
        last_year = earned.year + self.points_valid_years - 1
        return money.quarter_end(dt.date(last_year, self.points_expiry_quarter * 3, 1))


def create(work: db.Work, new: NewCity) -> City:
    """Found a city under `work.city_id`. Raises Invalid, or Conflict if slug or host are taken."""
    _check(new)
    same_host = sa.false() if new.host is None else cities.c.host == new.host
    taken = sa.select(cities.c.slug).where(
        sa.or_(cities.c.slug == new.slug, same_host, cities.c.city_id == work.city_id)
    )
    if work.connection.execute(taken).first() is not None:
        raise Conflict("city-exists", slug=new.slug)
    values = {name: getattr(new, name) for name in NewCity.__dataclass_fields__}
    values["reference_prefix"] = new.reference_prefix or new.slug[:2].upper()
    work.connection.execute(sa.insert(cities).values(city_id=work.city_id, created_at=work.now, **values))
    return get(work)


def get(reading: db.Reading) -> City:
    """Return the city of this transaction. Raises NotFound."""
    row = reading.connection.execute(sa.select(cities).where(cities.c.city_id == reading.city_id)).first()
    if row is None:
        raise NotFound("city-not-found", city_id=reading.city_id)
    return City(**row._mapping)


def every(database: db.Database) -> list[City]:
    """Return all cities of the installation, oldest first."""
    with database.engine.connect() as connection:
        rows = connection.execute(sa.select(cities).order_by(cities.c.city_id)).all()
    return [City(**row._mapping) for row in rows]


def remembered(database: db.Database) -> list[City]:
    """Return what `every` returned within the last REMEMBERED_SECONDS, and read it again after that.

    For each request that asks where it belongs: cities are founded once in years.
    """
    now = time.monotonic()
    known: tuple[float, list[City]] | None = database.memory.get(_MEMORY)
    # An installation without a city is waiting for one.
    if known is None or not known[1] or now - known[0] > REMEMBERED_SECONDS:
        known = database.memory[_MEMORY] = (now, every(database))
    return known[1]


def forget(database: db.Database) -> None:
    """Have `remembered` read again: to be called after a city was founded or changed."""
    database.memory.pop(_MEMORY, None)


def found(database: db.Database, new: NewCity) -> City:
    """Found a city under the next free number. Raises as `create` does."""
    city_id = max((city.city_id for city in every(database)), default=0) + 1
    founded = database.run(city_id, lambda work: create(work, new))
    forget(database)
    return founded


def _check(new: NewCity) -> None:
    if not _SLUG.fullmatch(new.slug):
        raise Invalid("city-slug-invalid", slug=new.slug)
    if not new.name.strip():
        raise Invalid("city-name-missing")
    if not 1 <= new.points_valid_years <= 10 or not 1 <= new.points_expiry_quarter <= 4:  # noqa: PLR2004 -- quarters of a year
        raise Invalid("points-validity-invalid")
    if new.reference_prefix and not _PREFIX.fullmatch(new.reference_prefix):
        raise Invalid("reference-prefix-invalid", reference_prefix=new.reference_prefix)
    if new.rate_cents_per_point < 1:
        raise Invalid("rate-invalid", rate_cents_per_point=new.rate_cents_per_point)
    try:
        ZoneInfo(new.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid("timezone-unknown", timezone=new.timezone) from error
