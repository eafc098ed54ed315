"""Teams: school classes, clubs and neighbours who contribute together. A person is in one team at most.

The city opens a team and hands its code on; who has the code joins. Members see how many they are and what
they have reached together, never who did what.
"""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from rewards.play_tables import team_members, teams

NAME_MAX = 80
CODE_LENGTH = 8
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without signs that are mistaken for one another."""
_CODE_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Team:
    """A team and how many are in it."""

    team_id: int
    name: str
    join_code: str
    created_at: dt.datetime
    closed_at: dt.datetime | None
    members: int

    @property
    def shown_code(self) -> str:
        """The code in two groups, as it is printed."""
        return f"{self.join_code[:4]}-{self.join_code[4:]}"


def create(work: Work, name: str) -> Team:
    """Open a team. Raises Invalid `team-name-invalid`, Conflict `team-code-not-made`."""
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX:
        raise Invalid("team-name-invalid", field="name", maximum=NAME_MAX)
    team_id = work.ids.next()
    values = {"team_id": team_id, "name": name, "join_code": _free_code(work), "created_at": work.now}
    work.connection.execute(sa.insert(teams).values(city_id=work.city_id, **values))
    return get(work, team_id)


def close(work: Work, team_id: int) -> Team:
    """Let nobody join any more; what was reached stays. Raises NotFound `team-not-found`."""
    if get(work, team_id).closed_at is None:
        work.connection.execute(
            sa.update(teams)
            .where(teams.c.city_id == work.city_id, teams.c.team_id == team_id)
            .values(closed_at=work.now)
        )
    return get(work, team_id)


def join(work: Work, owner: str, code: str) -> Team:
    """Add a person to the team of a typed code; again changes nothing.

    Raises NotFound `team-code-unknown`, Conflict `team-other` for who is in another team.
    """
    plain = "".join(sign for sign in code.upper() if sign in _ALPHABET)
    found = _select(work, sa.and_(teams.c.join_code == plain, teams.c.closed_at.is_(None)))
    if not found:
        raise NotFound("team-code-unknown", field="code")
    own = of_owner(work, owner)
    if own is not None and own.team_id != found[0].team_id:
        raise Conflict("team-other", field="code", team=own.name)
    work.connection.execute(
        db.insert(work, team_members)
        .values(city_id=work.city_id, owner=owner, team_id=found[0].team_id, joined_at=work.now)
        .on_conflict_do_nothing()
    )
    return get(work, found[0].team_id)


def leave(work: Work, owner: str) -> None:
    """Take a person out of their team, if they are in one; what they contributed counts no longer."""
    work.connection.execute(
        sa.delete(team_members).where(team_members.c.city_id == work.city_id, team_members.c.owner == owner)
    )


def get(reading: Reading, team_id: int) -> Team:
    """Return a team. Raises NotFound `team-not-found`."""
    for team in _select(reading, teams.c.team_id == team_id):
        return team
    raise NotFound("team-not-found")


def of_owner(reading: Reading, owner: str) -> Team | None:
    """Return the team that a person is in."""
    mine = sa.exists().where(
        team_members.c.city_id == teams.c.city_id,
        team_members.c.team_id == teams.c.team_id,
        team_members.c.owner == owner,
    )
    return next(iter(_select(reading, mine)), None)


def every(reading: Reading) -> list[Team]:
    """Return all teams, the newest first."""
    return _select(reading, sa.true())


def _free_code(work: Work) -> str:
    taken = {team.join_code for team in every(work)}
    for _ in range(_CODE_ATTEMPTS):
        code = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in work.ids.random_bytes(CODE_LENGTH))
        if code not in taken:
            return code
    raise Conflict("team-code-not-made")


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Team]:
    members = (
        sa.select(sa.func.count())
        .where(team_members.c.city_id == teams.c.city_id, team_members.c.team_id == teams.c.team_id)
        .scalar_subquery()
        .label("members")
    )
    columns = [teams.c[name] for name in ("team_id", "name", "join_code", "created_at", "closed_at")]
    rows = reading.connection.execute(
        sa.select(*columns, members)
        .where(teams.c.city_id == reading.city_id, condition)
        .order_by(teams.c.team_id.desc())
    )
    return [Team(**row._mapping) for row in rows]
