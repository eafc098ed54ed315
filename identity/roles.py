"""Roles: what a person may do beyond being a citizen, in the whole city or at one venue."""

import enum
from dataclasses import dataclass

import sqlalchemy as sa

from identity import auditing, persons
from identity.tables import roles
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid

CITY = 0
"""Venue number of a role that holds in the whole city."""


class Role(enum.StrEnum):
    """What somebody may be. Everybody who signed in is a citizen without saying so."""

    VENUE_OWNER = "venue-owner"
    VENUE_STAFF = "venue-staff"
    CASE_WORKER = "case-worker"
    RULE_EDITOR = "rule-editor"
    APPROVER = "approver"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    """Grants roles, opens venues and offers."""


AT_VENUE = {Role.VENUE_OWNER, Role.VENUE_STAFF}
"""Roles that always belong to a venue."""


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody has; `venue_id` is CITY or the venue's number."""

    role: Role
    venue_id: int = CITY


def grant(work: Work, person_id: int, role: Role, *, venue_id: int = CITY, granter_id: int | None) -> None:
    """Give a role; giving it again changes nothing. Without granter it is the command line that acts.

    Raises NotFound `person-not-found`, Forbidden `own-role`, Invalid `role-needs-venue` or
    `role-without-venue`.
    """
    if person_id == granter_id:
        raise Forbidden("own-role")
    if (role in AT_VENUE) != (venue_id != CITY):
        raise Invalid("role-needs-venue" if role in AT_VENUE else "role-without-venue", role=role.value)
    persons.get(work, person_id)
    if Held(role, venue_id) in of(work, person_id):
        return
    work.connection.execute(
        sa.insert(roles).values(
            city_id=work.city_id,
            person_id=person_id,
            role=role.value,
            venue_id=venue_id,
            granted_at=work.now,
        )
    )
    _record(work, "role-granted", person_id, role, venue_id, granter_id)


def revoke(work: Work, person_id: int, role: Role, *, venue_id: int = CITY, revoker_id: int | None) -> None:
    """Take a role away. Raises Forbidden `own-role`, Conflict `role-not-held`."""
    if person_id == revoker_id:
        raise Forbidden("own-role")
    if Held(role, venue_id) not in of(work, person_id):
        raise Conflict("role-not-held", role=role.value)
    work.connection.execute(
        sa.delete(roles).where(
            roles.c.city_id == work.city_id,
            roles.c.person_id == person_id,
            roles.c.role == role.value,
            roles.c.venue_id == venue_id,
        )
    )
    _record(work, "role-revoked", person_id, role, venue_id, revoker_id)


def of(reading: Reading, person_id: int) -> frozenset[Held]:
    """Return the roles of a person."""
    rows = reading.connection.execute(
        sa.select(roles.c.role, roles.c.venue_id).where(
            roles.c.city_id == reading.city_id, roles.c.person_id == person_id
        )
    )
    return frozenset(Held(Role(row.role), row.venue_id) for row in rows)


def every(reading: Reading) -> list[tuple[int, Held]]:
    """Return all roles of the city with the person who has each."""
    rows = reading.connection.execute(
        sa.select(roles.c.person_id, roles.c.role, roles.c.venue_id)
        .where(roles.c.city_id == reading.city_id)
        .order_by(roles.c.role, roles.c.venue_id, roles.c.person_id)
    )
    return [(row.person_id, Held(Role(row.role), row.venue_id)) for row in rows]


def _record(work: Work, action: str, person_id: int, role: Role, venue_id: int, actor_id: int | None) -> None:
    actor = "command-line" if actor_id is None else f"person/{actor_id}"
    details = {"role": role.value, "venue_id": venue_id}
    auditing.record(work, actor, action, f"person/{person_id}", details)
