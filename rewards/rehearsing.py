"""Rehearsing: a draft tried on what happened, beside the rules in force, and what came out as a report.

Reads only, in short transactions: nobody who writes waits for it.
"""

import contextlib
import datetime as dt
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kernel.cities import City
from kernel.db import Database, Reading
from kernel.errors import Invalid
from rewards import (
    action_types,
    awarding,
    deed_files,
    recollecting,
    simulating,
    simulation_reports,
)
from rewards.deed_files import DeedFileRefused, LineFault, Terms
from rewards.deeds import Deed, Told, Turn
from rewards.events import Person
from rewards.rules import RuleVersion
from rewards.simulating import Judgement, Replay, Surroundings
from rewards.tallying import Tally

Progress = Callable[[int, int], None]
"""Is told how much is done of how much; what it raises ends the rehearsal."""
FAULTS_SHOWN = 100
"""Faulty lines that a report names; all are counted."""
_STEPS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count, both included, in the city's calendar; None for the last year."""

    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A submission for which the rules give something else now than was booked: points by rule."""

    submission_id: int
    expected: dict[str, int]
    booked: dict[str, int]


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles of garbage meanwhile: there are none, and looking takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_uncollected()
def rehearse(
    database: Database, city: City, draft: RuleVersion, window: Window, progress: Progress
) -> dict[str, Any]:
    """Try a draft on the city's own past; return the report.

    What came before the window is replayed, too, because histories and monthly limits build on it, but not
    counted. Raises Invalid `window-empty`.
    """
    with database.reading(city.city_id) as reading:
        first, last = _days(reading, city, window)
        around, rules = recollecting.surroundings(reading, city), recollecting.in_force(reading).always()
        extent = recollecting.extent(reading)
    tally = _tally(around, first, last)
    changed = rules.with_draft(draft).always()
    replay = Replay(around, simulating.at_all_times(rules), changed, tally.count)
    done = 0
    for chunk in recollecting.steps(database, city.city_id, extent):
        replay.take(chunk)
        done += len(chunk)
        progress(done, extent.steps)
    return _report(database, city, tally, draft, source="past")


@_uncollected()
def rehearse_file(
    database: Database, city: City, draft: RuleVersion, lines: Iterable[bytes], progress: Progress
) -> dict[str, Any]:
    """Try a draft on a file of deeds; return the report, which names the lines that could not be read.

    Raises deed_files.DeedFileRefused.
    """
    with database.reading(city.city_id) as reading:
        actions = action_types.by_code(reading)
        around, rules = recollecting.surroundings(reading, city), recollecting.in_force(reading).always()
    deeds: list[Deed] = []
    faults: list[LineFault] = []
    for one in deed_files.read(deed_files.decoded(lines), Terms(actions, city.zone)):
        if isinstance(one, LineFault):
            faults.append(one)
        else:
            deeds.append(one)
    if not deeds:
        raise DeedFileRefused("file-without-deeds", field="file", **_first_fault(faults))
    # Persons of the file are not the city's: nobody's own past or words are mixed in.
    around = replace(around, persons={})
    deeds.sort(key=lambda deed: (deed.received_at, deed.number))
    first, last = (city.day_of(deeds[place].received_at) for place in (0, -1))
    tally = _tally(around, first, last)
    changed = rules.with_draft(draft).always()
    replay = Replay(around, simulating.at_all_times(rules), changed, tally.count)
    for start in range(0, len(deeds), _STEPS_AT_ONCE):
        some = deeds[start : start + _STEPS_AT_ONCE]
        replay.take(Told(Turn.ACCEPTED, deed) for deed in some)
        progress(start + len(some), len(deeds))
    report = _report(database, city, tally, draft, source="file")
    named = [{"line": one.line, "code": one.code, "details": dict(one.details)} for one in faults]
    return report | {"faults": named[:FAULTS_SHOWN], "faulty": len(faults)}


def differences(database: Database, city: City, progress: Progress) -> list[Difference]:
    """Replay the past through the rules as they were in force and compare it with the awards booked.

    There are none unless persons said something else of themselves since, rules were combined otherwise,
    campaigns or districts changed, or a budget was dry and its points were refused.
    """
    with database.reading(city.city_id) as reading:
        around, phases = recollecting.surroundings(reading, city), recollecting.as_it_was(reading)
        extent = recollecting.extent(reading)
    expected: dict[int, dict[str, int]] = {}

    def note(deed: Deed, day: dt.date, judgement: Judgement, same: Judgement) -> None:
        del day, same
        expected[deed.number] = {one.code: one.points_now + one.points_later for one in judgement.given}

    replay = Replay(around, phases, None, note)
    found: list[Difference] = []
    done = 0
    for chunk in recollecting.steps(database, city.city_id, extent):
        replay.take(chunk)
        with database.reading(city.city_id) as reading:
            found += _compared(reading, expected)
        expected.clear()
        done += len(chunk)
        progress(done, extent.steps)
    return found


def _compared(reading: Reading, expected: dict[int, dict[str, int]]) -> list[Difference]:
    booked = awarding.points_by_rule(reading, list(expected))
    return [
        Difference(number, points, booked.get(number, {}))
        for number, points in expected.items()
        if points != booked.get(number, {})
    ]


def _days(reading: Reading, city: City, window: Window) -> tuple[dt.date, dt.date]:
    earliest, latest = recollecting.window(reading, city)
    first, last = window.first or earliest, window.last or latest
    if first > last:
        raise Invalid("window-empty", field="last")
    return first, last


def _tally(around: Surroundings, first: dt.date, last: dt.date) -> Tally:
    nobody = Person()

    def person_of(deed: Deed) -> Person:
        return deed.person or around.persons.get(deed.owner, nobody)

    return Tally(first, last, person_of, around.district_of, around.district_names)


def _report(
    database: Database, city: City, tally: Tally, draft: RuleVersion, *, source: str
) -> dict[str, Any]:
    with database.reading(city.city_id) as reading:
        left = recollecting.left_in_budgets(reading, [*tally.by_budget])
        today = city.day_of(reading.now)
    report = simulation_reports.made(tally, rate_cents=city.rate_cents_per_point, available=left, today=today)
    return report | {
        "rule": draft.code,
        "version_hash": draft.version_hash,
        "source": source,
        "faults": [],
        "faulty": 0,
    }


def _first_fault(faults: Sequence[LineFault]) -> dict[str, Any]:
    return {"line": faults[0].line, "fault": faults[0].code} if faults else {}
