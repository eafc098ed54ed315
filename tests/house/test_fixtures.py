"""The fixtures keep what they promise."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
import redis
import segno
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from kernel import cities, outbox
from kernel.db import Database
from tests.fixtures import ordering
from tests.fixtures.chromium import Film
from tests.fixtures.databases import MakeDatabase

TESTS = Path(__file__).parents[1]


def _slugs(database: Database) -> list[str]:
    return [city.slug for city in cities.every(database)]


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_each_test_begins_with_an_empty_database(database: Database, attempt: str) -> None:
    """What one test commits, the next does not see."""
    assert [] == _slugs(database)

    cities.found(database, cities.NewCity(slug=f"city-{attempt}", name=attempt))

    assert [f"city-{attempt}"] == _slugs(database)


def test_databases_of_one_test_are_apart(new_database: MakeDatabase) -> None:
    """A test may have several databases, and what it writes to one is not in the other."""
    one, other = new_database(), new_database()

    cities.found(one, cities.NewCity(slug="duisburg", name="Duisburg"))

    assert (["duisburg"], []) == (_slugs(one), _slugs(other))


def test_both_backends_are_real(database: Database, backend: str) -> None:
    """The database is of the kind that the test's name says."""
    if backend != "url":
        assert backend == database.backend


def test_commits_are_real(database: Database, city_id: int) -> None:
    """Another process sees what a test has committed."""
    program = (
        "import sys; from kernel.db import Database; from kernel import cities;"
        "print(*(city.slug for city in cities.every(Database(sys.argv[1]))))"
    )
    url = database.engine.url.render_as_string(hide_password=False)

    seen = subprocess.run([sys.executable, "-c", program, url], check=True, capture_output=True, text=True)

    assert "duisburg\n" == seen.stdout


def test_cities_of_a_test_have_their_own_events(database: Database, city_id: int, other_city_id: int) -> None:
    """The two cities that a test may have are two."""
    database.run(city_id, lambda work: outbox.append(work, "greeting", {}))

    with database.reading(city_id) as here, database.reading(other_city_id) as there:
        assert (1, 0) == (outbox.undelivered_count(here), outbox.undelivered_count(there))


def test_valkey_is_empty_and_real(valkey_url: str) -> None:
    """The Redis of the test run answers, and begins empty."""
    with contextlib.closing(redis.Redis.from_url(valkey_url)) as client:
        assert 0 == client.dbsize()

        client.set("key", "value", px=60_000)

        assert b"value" == client.get("key")


@pytest.mark.browser
def test_page_is_a_german_phone(page: Page) -> None:
    """A page of the browser speaks German and is as narrow as a phone."""
    assert ["de-DE", 390] == page.evaluate("[navigator.language, window.innerWidth]")


@pytest.mark.browser
def test_camera_films_the_picture(filming_browser: Film, browser: Browser) -> None:
    """What a test holds before the camera is in the film that the browser sees."""
    picture = io.BytesIO()
    segno.make("DUISCOIN").save(picture, kind="png", scale=8)

    chromium = filming_browser(picture.getvalue())

    assert chromium.is_connected()
    assert chromium is not browser


def test_postgresql_is_the_pinned_one_and_private(postgresql_server: str) -> None:
    """The run's server is PostgreSQL 18, reached by a socket and by no network address."""
    engine = sa.create_engine(postgresql_server)
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        addresses = connection.exec_driver_sql("SHOW listen_addresses").scalar_one()
    engine.dispose()

    assert (18, "") == (int(version) // 10_000, addresses)


def test_long_files_are_there() -> None:
    """A file that was renamed keeps its place in the order."""
    assert [name for name in ordering.LONG if not (TESTS / f"{name}.py").is_file()] == []
