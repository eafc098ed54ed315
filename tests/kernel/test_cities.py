"""The directory of the cities, as requests ask for it."""

import pytest

from kernel import cities
from kernel.cities import NewCity
from kernel.db import Database
from kernel.errors import Conflict
from tests.fixtures import counting


def test_the_directory_is_remembered(database: Database, city_id: int) -> None:
    """Within a moment the same cities are not read twice; one that is founded here is known at once."""
    cities.forget(database)
    with counting.asked(database) as statements:
        known = [cities.remembered(database) for _ in range(3)][-1]

    assert (1, [city_id]) == (len(statements), [city.city_id for city in known])
    cities.found(database, NewCity(slug="moers", name="Moers"))
    assert ["moers"] == [city.slug for city in cities.remembered(database)[1:]]


def test_the_directory_is_read_again(
    database: Database, city_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process founded is known when the moment is over."""
    cities.remembered(database)
    database.run(city_id + 1, lambda work: cities.create(work, NewCity(slug="moers", name="Moers")))
    assert 1 == len(cities.remembered(database))

    monkeypatch.setattr(cities, "REMEMBERED_SECONDS", -1.0)

    assert 2 == len(cities.remembered(database))


def test_no_city_is_not_remembered(database: Database) -> None:
    """An installation that waits for its first city sees it as soon as it is there."""
    cities.forget(database)
    assert [] == cities.remembered(database)
    database.run(1, lambda work: cities.create(work, NewCity(slug="moers", name="Moers")))
    assert 1 == len(cities.remembered(database))


def test_cities_without_a_host_of_their_own(database: Database) -> None:
    """Several cities may go without one; a host that another city has is refused."""
    first = cities.found(database, NewCity(slug="duisburg", name="Duisburg", host="duisburg.test"))
    for slug in ("moers", "krefeld"):
        cities.found(database, NewCity(slug=slug, name=slug.title()))
    with pytest.raises(Conflict, match="city-exists"):
        cities.found(database, NewCity(slug="wesel", name="Wesel", host=first.host))
