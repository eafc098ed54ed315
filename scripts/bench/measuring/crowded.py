"""The treasury's pages with many redemptions: their time must not grow with the people who take part."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial

from identity import persons, roles, sessions
from identity.roles import CITY, Role
from kernel.db import Work
from kernel.settings import Settings
from ledger import posting, transfers
from merchants import venues
from merchants.venues import NewVenue, VenueKind
from scripts.bench.measuring import edge, pages, results, stages
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.stages import Stage

PAGES = ("/treasury", "/treasury/accounts", "/office/rules/new")
_BATCH = 1_000


def measured(stage: Stage, redemptions: int, times: int) -> Iterator[Result]:
    """Book so many redemptions of the stage's wallets at one venue, then ask for each page so many times."""
    path = stage.database.run(stage.city_id, _venue)
    stages.note(f"booking {redemptions} redemptions")
    for start in range(0, redemptions, _BATCH):
        some = [
            stage.transfer(stage.wallets[number % len(stage.wallets)], path)
            for number in range(start, min(start + _BATCH, redemptions))
        ]
        stage.database.run(stage.city_id, partial(_post, some=some))
    token = stage.database.run(stage.city_id, _reader)
    with tempfile.TemporaryDirectory(prefix="duiscoin-bench-files-") as folder:
        settings = Settings(database_url=stage.url, secret_key=edge.SECRET, data_directory=folder)  # type: ignore[arg-type]  # pydantic takes text
        with edge.serving("product", settings) as port:
            for page in PAGES:
                waits = pages.waits(port, page, token, times)
                name = f"crowded{page.replace('/', '-')}-p50"
                yield results.alone(name, stage.backend, "ms", [results.percentile(waits, 50)])


def _venue(work: Work) -> str:
    new = NewVenue("Bad", VenueKind.POOL, "Kopernikusstr. 11", "47167", "Hamborn", "DuisburgSport")
    return f"venue/{venues.create(work, new).venue_id}"


def _post(work: Work, some: Sequence[transfers.Transfer]) -> None:
    posting.post_or_raise(work, some)


def _reader(work: Work) -> str:
    """Return the session of somebody who may open all of the pages."""
    person = persons.register(work, "treasurer@example.org")
    for role in (Role.TREASURER, Role.RULE_EDITOR):
        roles.grant(work, person.person_id, role, venue_id=CITY, granter_id=None)
    return sessions.start(work, person.person_id)
