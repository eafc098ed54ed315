"""Changes to rules that are under way in the demo: one waits for a second person, one has its date."""

import datetime as dt

from api.demo import catalogue
from api.demo.peopling import Cast
from identity.roles import Role
from kernel.cities import City
from kernel.db import Database, Work
from rewards import action_types, programme, version_steps
from rewards.programme import StoredRule


def change(database: Database, city: City, cast: Cast) -> None:
    """Leave something to simulate, approve, compare and await."""
    author = cast.staff[Role.ADMINISTRATOR].person_id
    approver, notes = cast.staff[Role.APPROVER].person_id, catalogue.notes()

    def command(work: Work) -> None:
        waiting = _draft(work, city, "suggestion", author, {"effect": {"kind": "fixed", "points": 45}})
        version_steps.note(work, waiting.version_hash, author, notes["draft"])
        coming = _draft(work, city, "litter-report", author, {"now_percent": 30})
        programme.approve(work, coming.version_hash, approver, note=notes["approval"])
        programme.activate(work, coming.version_hash, at=_next_month(work, city), actor_id=approver)

    database.run(city.city_id, command)


def _draft(work: Work, city: City, action: str, author: int, changes: dict[str, object]) -> StoredRule:
    (rule,) = (one for one in action_types.starter_rules() if one.action == action)
    return programme.draft(work, city, programme.parse(rule.document() | changes), author)


def _next_month(work: Work, city: City) -> dt.datetime:
    """Return the first instant of the next month in the city."""
    first = work.now.astimezone(city.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + dt.timedelta(days=32)).replace(day=1)
