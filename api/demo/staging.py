"""The demo: one folder with a database, photos, a register of fines and secrets of its own.

The city is made in a draft folder that gets its name when it is complete, so a demo that was interrupted is
made anew and never half-there.
"""

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from api import founding, migrating, services
from api.demo import (
    acting,
    caring,
    catalogue,
    changing,
    counters,
    doors,
    gathering,
    going_out,
    joining,
    living,
    owing,
    peopling,
    settling_up,
    surrounding,
    telling,
    wayfinding,
)
from api.demo.dice import Dice
from api.demo.living import Life
from identity import persons, signing_in
from identity.roles import Role
from kernel import cities
from kernel.cities import NewCity
from kernel.clock import FixedClock, SystemClock
from kernel.db import Database, Work
from kernel.ids import IdSource
from kernel.settings import Settings

SEED = 47
WEEKS = 6
LINKS_VALID = dt.timedelta(days=30)
COLOURS = {"primary": "#0a4a6e", "primary-dark": "#06324b", "soft": "#e6f1f7", "accent": "#ffd166"}
_SECRET_FILE = "secret"  # noqa: S105 -- the name of a file
_DATABASE_FILE = "duiscoin.db"


def settings(folder: Path, port: int, *, fresh: bool = False) -> Settings:
    """Return the demo's settings; with `fresh` what was there is removed first."""
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    return _settings(folder, port, _secret(folder))


def prepare(chosen: Settings, say: Callable[[str], None]) -> Database:
    """Make the city unless it is there; return its database with the real clock and real randomness."""
    folder = chosen.data_directory
    if not (folder / _DATABASE_FILE).exists():
        say("Duisburg wird aufgebaut / Building Duisburg ...")
        draft = folder.with_name(folder.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        shutil.copy(folder / _SECRET_FILE, draft / _SECRET_FILE)
        _make(_settings(draft, 0, chosen.secret_key.get_secret_value()))
        shutil.rmtree(folder)
        draft.rename(folder)
    return Database(chosen.database_url)


def addresses(chosen: Settings, database: Database) -> list[str]:
    """Return the addresses and one sign-in link for each role, as lines to be printed."""
    city = cities.every(database)[0]
    told = catalogue.load()

    def command(work: Work) -> list[str]:
        return [
            f"  {label:<42} {chosen.public_url}/sign-in/link?token={_link(work, name)}"
            for label, name in _roles(told)
        ]

    links = database.run(city.city_id, command)
    return [
        "",
        f"  Duiscoin {city.name}: {chosen.public_url}",
        f"  API:               {chosen.public_url}/api/docs",
        "",
        "  Anmelden mit einem Klick / sign in with one click:",
        *links,
        "",
    ]


def _roles(told: catalogue.Catalogue) -> Iterator[tuple[str, str]]:
    staff = {one.role: one.name for one in told.people.staff}
    yield "Bürgerin / citizen", told.people.citizens[0].name
    yield "Einrichtung, auch am Einlass / venue", told.people.venue_staff[0].name
    yield "Will mitmachen / wants to become a venue", joining.APPLICANT
    yield "Verwaltung / administrator", staff[Role.ADMINISTRATOR]
    yield "Freigabe / approver (second person)", staff[Role.APPROVER]
    yield "Kasse / treasurer", staff[Role.TREASURER]


def _link(work: Work, name: str) -> str:
    person = persons.by_email(work, peopling.email_of(name))
    if person is None:
        msg = f"the demo city has no {name}"
        raise LookupError(msg)
    return signing_in.make_link(work, person.person_id, LINKS_VALID, reusable=True)


def _make(chosen: Settings) -> None:
    now = SystemClock().now()
    told = catalogue.load()
    begin = _first_morning(now, told.city.timezone)
    clock = FixedClock(begin)
    # Ids follow the demo's own clock; secrets (salts, keys, photo names) come from real randomness.
    database = Database(chosen.database_url, clock=clock, ids=IdSource(clock))
    migrating.upgrade(database.engine)
    city = founding.found(database, services.sealer(chosen), _city(told))
    cast = peopling.set_up(database, chosen, city, told)
    caring.appoint(database, city, told)
    life = Life(database, clock, chosen, city, told, cast, Dice(SEED))
    living.live(life, now, going_out.go_out)
    counters.pour(life)
    acting.act(life)
    wayfinding.put_up(life)
    caring.care(life)
    gathering.gather(life, now)
    living.pay_some_fines(life, living.told_fines(city))
    settling_up.settle_up(database, city, cast)
    owing.owe(life)
    changing.change(database, city, cast)
    surrounding.surround(database, city, cast, told)
    telling.tell(life)
    doors.open_doors(life)
    joining.join(life)
    database.close()


def _city(told: catalogue.Catalogue) -> NewCity:
    one = told.city
    return NewCity(
        slug=one.slug,
        name=one.name,
        timezone=one.timezone,
        colours=COLOURS,
        fines_enabled=one.fines_enabled,
        points_valid_years=one.points_valid_years,
        rate_cents_per_point=one.rate_cents_per_point,
        latitude_e6=one.latitude_e6,
        longitude_e6=one.longitude_e6,
        reference_prefix=one.reference_prefix,
    )


def _first_morning(now: dt.datetime, timezone: str) -> dt.datetime:
    local = now.astimezone(ZoneInfo(timezone)) - dt.timedelta(weeks=WEEKS)
    return local.replace(hour=7, minute=30, second=0, microsecond=0).astimezone(dt.UTC)


def _secret(folder: Path) -> str:
    """Return the demo's secret key; it is made once and readable by its owner only."""
    path = folder / _SECRET_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(IdSource(SystemClock()).token(48))
    return path.read_text()


def _settings(folder: Path, port: int, secret: str) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / _DATABASE_FILE}",
        secret_key=SecretStr(secret),
        data_directory=folder,
        public_url=f"http://localhost:{port}",
        demo=True,
    )
