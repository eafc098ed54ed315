"""Settling what is due: in one unit of work, or many venues at a time in units of their own."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from api import settlement_papers
from identity import auditing
from kernel import logs
from kernel.cities import City
from kernel.db import Database, Reading, Work
from merchants import billing, crediting, settlements, settling
from merchants.settlements import Settlement
from merchants.statements import ProductTax
from redemption import offers

TOGETHER = 100
"""Venues in one unit of work: bounds its memory and how long others wait."""
WORKER = "worker"
_log = logs.get(__name__)
Progress = Callable[[int, int], None]
"""Told how many periods are settled, of how many."""


def count(reading: Reading, city: City) -> int:
    """Return how many periods are finished but not settled."""
    return len(settling.due_settlements(reading, city))


def settle(database: Database, city: City, actor: str, progress: Progress | None = None) -> list[int]:
    """Settle every finished period with every venue; again changes nothing. Return the ids made."""
    with database.reading(city.city_id) as reading:
        due = settling.due_settlements(reading, city)
    made: list[int] = []
    for together in _batches(due):
        made += database.run(city.city_id, partial(_settle, city=city, due=together, actor=actor))
        if progress:
            progress(len(made), len(due))
    return made


def settle_in(work: Work, city: City, actor: str) -> list[int]:
    """Settle every finished period with every venue, all or none; otherwise as `settle`."""
    due = settling.due_settlements(work, city)
    batches = [_settle(work, city=city, due=together, actor=actor) for together in _batches(due)]
    return [one for made in batches for one in made]


def settle_daily(database: Database, city: City) -> None:
    """Settle what is due, where the city lets the worker do so."""
    with database.reading(city.city_id) as reading:
        profile = billing.find(reading)
    if profile and profile.settles_itself and (made := settle(database, city, WORKER)):
        _log.info("settled", city=city.slug, statements=len(made))


def credit_outstanding(work: Work, venue_ids: Sequence[int]) -> int:
    """Issue the credit notes that waited for a venue's tax data or the city's; return how many."""
    describe = settlement_papers.describer(settlement_papers.titles(work))
    return sum(crediting.issue(work, settlements.of_venue(work, one), describe) for one in venue_ids)


def taxes(reading: Reading) -> Mapping[str, ProductTax]:
    """Return how value added tax treats each offer, by its code."""
    return {
        one.code: ProductTax(one.code, one.vat_kind.value, one.vat_rate_percent)
        for one in offers.every(reading)
    }


def _settle(work: Work, *, city: City, due: Sequence[tuple[int, dt.date]], actor: str) -> list[int]:
    made = settling.settle_many(work, city, due, taxes(work))
    crediting.issue(work, made, settlement_papers.describer(settlement_papers.titles(work)))
    for one in made:
        _record(work, actor, one)
    return [one.settlement_id for one in made]


def _record(work: Work, actor: str, made: Settlement) -> None:
    details = {"venue_id": made.venue_id, "points": made.settled_points, "cents": made.settled_cents}
    if made.collected_cents:
        details["collected_cents"] = made.collected_cents
    auditing.record(work, actor, "settled", f"settlement/{made.number}", details)


def _batches(due: Sequence[tuple[int, dt.date]]) -> Iterator[list[tuple[int, dt.date]]]:
    """Yield what can be settled together: no venue twice, its earlier periods before the later ones."""
    waiting = list(due)
    while waiting:
        first: dict[int, dt.date] = {}
        later: list[tuple[int, dt.date]] = []
        for venue_id, first_day in waiting:
            if venue_id in first:
                later.append((venue_id, first_day))
            else:
                first[venue_id] = first_day
        round_ = list(first.items())
        for start in range(0, len(round_), TOGETHER):
            yield round_[start : start + TOGETHER]
        waiting = later
