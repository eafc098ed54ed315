"""Founding a city: its entry in the directory, its accounts, its signing key, its first administrator."""

from identity import persons, roles
from identity.roles import Role
from kernel import cities
from kernel.cities import City, NewCity
from kernel.db import Database, Work
from kernel.errors import Invalid
from ledger import chart
from redemption import codes, keys, live_keys
from redemption.keys import Sealer


def found(database: Database, sealer: Sealer, new: NewCity, *, admin_email: str | None = None) -> City:
    """Found a city under the next free number, in one unit of work.

    Raises Invalid or Conflict as `cities.create` does, Invalid `email-invalid`.
    """
    if new.host is not None and len(new.host) > codes.HOST_LENGTH_MAX:
        raise Invalid("city-host-too-long", maximum=codes.HOST_LENGTH_MAX)
    city_id = max((city.city_id for city in cities.every(database)), default=0) + 1

    def command(work: Work) -> City:
        city = cities.create(work, new)
        chart.open_chart(work)
        keys.rotate(work, sealer)
        live_keys.ensure(work, sealer)
        if admin_email is not None:
            person = persons.register(work, admin_email)
            roles.grant(work, person.person_id, Role.ADMINISTRATOR, granter_id=None)
        return city

    founded = database.run(city_id, command)
    cities.forget(database)
    return founded
