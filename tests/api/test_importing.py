"""Importing real reports into a city whose rules are in force."""

from collections import Counter
from pathlib import Path

from api import importing
from kernel.db import Database
from ledger import invariants
from rewards.importing import Ending, Imported
from tests.browser import town as towns

FILE = Path(__file__).parents[1] / "data" / "reports.json"


def test_each_report_ends_once_and_is_paid_once(database: Database, tmp_path: Path) -> None:
    """Litter and scrap are awarded or looked at, defects are refused by name; a second import pays nothing."""
    city, *_ = towns.found(database, towns.settings(database, tmp_path), centre=None)

    def run() -> list[Imported]:
        return importing.reports(database, city, FILE.read_bytes(), origin="koeln", reporters=3, seed=5)

    first, again = run(), run()

    endings = Counter(one.ending for one in first)
    assert endings[Ending.AWARD] > 0
    assert endings[Ending.AWARD] + endings[Ending.REVIEW] == 6
    assert {one.reason.partition(":")[0] for one in first if one.ending is Ending.REFUSED} == {"not-rewarded"}
    assert [one.ending for one in again] == [one.ending for one in first]
    assert sum(one.points for one in first) > 0 == sum(one.points for one in again)
    with database.reading(city.city_id) as reading:
        assert invariants.verify(reading).ok
