"""Goals: what a city, a district or a team wants to reach together, counted in confirmed contributions."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.cities import City, LocalizedText
from kernel.db import Reading, Work
from kernel.errors import Invalid, NotFound
from rewards import action_types, teams
from rewards.play_tables import goals, team_members
from rewards.submissions import Status
from rewards.tables import submissions

TITLE_MAX = 120
TARGET_MAX = 1_000_000
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewGoal:
    """What has to be said to set a goal; what is left out does not narrow it."""

    titles: LocalizedText
    target: int
    """Confirmed contributions."""
    first_day: dt.date
    last_day: dt.date
    """In the city's calendar, both included."""
    action: str | None = None
    district: str | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and how far it is."""

    goal_id: int
    titles: LocalizedText
    action: str | None
    district: str | None
    team_id: int | None
    target: int
    first_day: dt.date
    last_day: dt.date
    withdrawn_at: dt.datetime | None
    reached: int

    @property
    def percent(self) -> int:
        """How much of the target is reached, at most 100."""
        return min(100, self.reached * 100 // self.target)

    def runs_on(self, day: dt.date) -> bool:
        """Return whether contributions of a day count."""
        return self.withdrawn_at is None and self.first_day <= day <= self.last_day


def create(work: Work, city: City, new: NewGoal) -> Goal:
    """Set a goal.

    Raises Invalid: goal-title-missing, goal-target-invalid, goal-ends-before-it-begins; NotFound:
    action-unknown, team-not-found.
    """
    titles = {language: text.strip()[:TITLE_MAX] for language, text in new.titles.items() if text.strip()}
    if "de" not in titles:
        raise Invalid("goal-title-missing", field="title_de")
    if not 1 <= new.target <= TARGET_MAX:
        raise Invalid("goal-target-invalid", field="target", maximum=TARGET_MAX)
    if new.first_day > new.last_day:
        raise Invalid("goal-ends-before-it-begins", field="last_day")
    if new.action is not None:
        action_types.get(work, new.action)
    if new.team_id is not None:
        teams.get(work, new.team_id)
    goal_id = work.ids.next()
    values = {name: getattr(new, name) for name in NewGoal.__dataclass_fields__} | {"titles": titles}
    work.connection.execute(
        sa.insert(goals).values(city_id=work.city_id, goal_id=goal_id, created_at=work.now, **values)
    )
    return get(work, city, goal_id)


def withdraw(work: Work, city: City, goal_id: int) -> Goal:
    """Show a goal no longer; again changes nothing. Raises NotFound `goal-not-found`."""
    if get(work, city, goal_id).withdrawn_at is None:
        work.connection.execute(
            sa.update(goals)
            .where(goals.c.city_id == work.city_id, goals.c.goal_id == goal_id)
            .values(withdrawn_at=work.now)
        )
    return get(work, city, goal_id)


def get(reading: Reading, city: City, goal_id: int) -> Goal:
    """Return a goal. Raises NotFound `goal-not-found`."""
    for goal in _select(reading, city, goals.c.goal_id == goal_id):
        return goal
    raise NotFound("goal-not-found")


def every(reading: Reading, city: City) -> list[Goal]:
    """Return all goals, those that end last first."""
    return _select(reading, city, sa.true())


def running(reading: Reading, city: City, *, team_id: int | None = None) -> list[Goal]:
    """Return the goals that run now: those of everybody, and those of one team."""
    today = city.day_of(reading.now)
    mine = goals.c.team_id.is_(None) if team_id is None else _of_all_or(team_id)
    found = _select(
        reading,
        city,
        sa.and_(mine, goals.c.withdrawn_at.is_(None), goals.c.first_day <= today, goals.c.last_day >= today),
    )
    return sorted(found, key=lambda goal: (goal.last_day, goal.goal_id))


def _of_all_or(team_id: int) -> sa.ColumnElement[bool]:
    return sa.or_(goals.c.team_id.is_(None), goals.c.team_id == team_id)


def _select(reading: Reading, city: City, condition: sa.ColumnElement[bool]) -> list[Goal]:
    names = [name for name in Goal.__dataclass_fields__ if name != "reached"]
    rows = reading.connection.execute(
        sa.select(*(goals.c[name] for name in names))
        .where(goals.c.city_id == reading.city_id, condition)
        .order_by(goals.c.last_day.desc(), goals.c.goal_id.desc())
    ).all()
    return [Goal(**row._mapping, reached=_reached(reading, city, row)) for row in rows]


def _reached(reading: Reading, city: City, goal: sa.Row[tuple[object, ...]]) -> int:
    """Count what was confirmed of what happened on the goal's days, in a team since its member joined."""
    mine = submissions.c
    conditions = [
        mine.city_id == reading.city_id,
        mine.status == Status.DONE.value,
        mine.occurred_at >= _midnight(city, goal.first_day),
        mine.occurred_at < _midnight(city, goal.last_day + _ONE_DAY),
    ]
    if goal.action is not None:
        conditions.append(mine.action == goal.action)
    if goal.district is not None:
        conditions.append(mine.district == goal.district)
    if goal.team_id is not None:
        conditions.append(
            sa.exists().where(
                team_members.c.city_id == mine.city_id,
                team_members.c.owner == mine.owner,
                team_members.c.team_id == goal.team_id,
                team_members.c.joined_at <= mine.received_at,
            )
        )
    return int(reading.connection.execute(sa.select(sa.func.count()).where(*conditions)).scalar_one())


def _midnight(city: City, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), city.zone)
