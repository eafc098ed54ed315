"""Settling without anybody asking: the command, its check, and the worker's day."""

import sqlalchemy as sa

from api import settlements_due
from kernel.db import Database
from merchants.settlements import of_venue
from merchants.tables import settlements
from tests.cli.test_commands import Shell, shell
from tests.fixtures import statements
from tests.merchants.conftest import town
from tests.merchants.town import JUNE, Town
from tests.merchants.treasury import TEN_JUNE, prepare

__all__ = ["shell", "town"]


def test_check_finds_what_was_changed(shell: Shell, town: Town) -> None:
    """Every statement is made anew from the ledger; one that was changed by a single point is named."""
    venue = town.open_venue()
    town.redeem(venue.venue_id, 120)
    town.go_to(JUNE)
    town.settle(venue.venue_id)
    assert "1 statements checked, 0 differ." in shell("settle", "--check").output

    document = _document(town.database)
    changed = document.replace(":120", ":121")
    _write(town.database, changed)

    assert document != changed
    output = shell("settle", "--check", code=1).output
    _write(town.database, document)
    assert "2026-0001: is not what the ledger says." in output
    assert "1 differ." in output


def test_the_worker_settles_where_the_city_lets_it(town: Town) -> None:
    """Each day, once, and not where the treasury wants to settle by hand."""
    venue = town.open_venue()
    town.redeem(venue.venue_id, 50)
    town.go_to(TEN_JUNE)

    def settled_by_a_day(*, itself: bool) -> int:
        prepare(town, settles_itself=itself)
        for _ in range(2):
            settlements_due.settle_daily(town.database, town.city)
        return _count(town.database, town.city_id, venue.venue_id)

    assert [0, 1] == [settled_by_a_day(itself=False), settled_by_a_day(itself=True)]


def _count(database: Database, city_id: int, venue_id: int) -> int:
    with database.reading(city_id) as reading:
        return len(of_venue(reading, venue_id))


def _document(database: Database) -> str:
    with database.engine.connect() as connection, statements.unchecked():
        return str(connection.execute(sa.select(settlements.c.document)).scalar_one())


def _write(database: Database, document: str) -> None:
    with database.engine.begin() as connection, statements.unchecked():
        connection.execute(sa.update(settlements).values(document=document))
