"""Departments of the demo city at work on reports: taken, done, passed on, confirmed, released."""

from functools import partial

from api.demo import catalogue, living
from api.demo.catalogue import Catalogue
from api.demo.living import Life
from identity.roles import Role
from kernel.cities import City
from kernel.db import Database, Work
from kernel.errors import Forbidden
from rewards import (
    action_types,
    case_files,
    confirming,
    departments,
    evidence,
    handling,
    publishing,
    submissions,
)
from rewards.case_files import Case, Wanted
from rewards.cases import Event, Light, Reason
from rewards.departments import Department
from rewards.handling import Handled

SHOWN = 12
"""Open reports that somebody has looked at."""
RELEASED_AFTERWARDS = 20


def appoint(database: Database, city: City, told: Catalogue) -> None:
    """Make the departments, and say which reports go to them."""
    contact = catalogue.notes()["contact"]

    def command(work: Work) -> None:
        categories = action_types.built_ins()["litter-report"].category_codes
        for one in told.city.departments:
            departments.keep(work, Department(one.code, dict(one.name), contact))
            mine = [(category, one.code) for category in one.categories if category in categories]
            departments.route(work, "litter-report", mine)
        first = told.city.departments[0].code
        departments.route(work, "litter-report", [(departments.OTHERS, first)])

    database.run(city.city_id, command)


def care(life: Life) -> None:
    """Let departments work on what is open, and neighbours confirm it."""
    life.database.run(life.city.city_id, partial(_care, life))


def _care(life: Life, work: Work) -> None:
    notes = catalogue.notes()
    found = case_files.page(work, Wanted(lights=frozenset({Light.RECEIVED})), limit=SHOWN)
    for number, case in enumerate(found):
        if number % 2 == 0:
            _release(life, work, case)
        for person in life.cast.citizens[20 : 20 + number % 3]:
            try:
                confirming.confirm(work, life.city, case.case_id, person.owner)
            except Forbidden:
                continue
        if number % 3 == 1:
            _handle(life, work, case, Handled(Event.TAKE, note=notes["taken"]))
        if number % 6 == 1:
            after = living.photo(life).key
            _handle(life, work, case, Handled(Event.DONE, note=notes["cleared"], photo_key=after))
    _handle(life, work, found[-1], Handled(Event.DECLINE, reason=Reason.PRIVATE_GROUND))
    elsewhere = Handled(Event.FORWARD, note=notes["passed-on"], department="ordnungsamt")
    if found[-2].department != "ordnungsamt":
        _handle(life, work, found[-2], elsewhere)
    for case in case_files.page(work, Wanted(lights=frozenset({Light.DONE})), limit=RELEASED_AFTERWARDS):
        _release(life, work, case)


def _handle(life: Life, work: Work, case: Case, handled: Handled) -> None:
    if case_files.get(work, case.case_id).light.is_open:
        handling.handle(work, life.city, case.case_id, handled)


def _release(life: Life, work: Work, case: Case) -> None:
    if case.submission_id is None:
        return
    report = submissions.get(work, case.submission_id)
    worker = life.cast.staff[Role.CASE_WORKER]
    publishing.release(
        work,
        case.case_id,
        words=report.description,
        address=report.address or "",
        photos=[number for number, _ in evidence.keys_of(work, report.submission_id)],
        releaser_owner=worker.owner,
    )
