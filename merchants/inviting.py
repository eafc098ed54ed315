"""Inviting people to work at a venue: a link by e-mail, for the one address that it was sent to."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from identity import persons, roles
from identity.persons import Person
from identity.roles import AT_VENUE, Role
from kernel import db, ids, outbox
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from merchants import venues
from merchants.onboarding_tables import invitations as table

VALID: Final = dt.timedelta(days=14)
OPEN_MAX: Final = 50
"""Invitations of a venue that wait at a time: nobody sends letters for strangers with it."""
TOPIC: Final = "venue.invitation"
"""Outbox topic; the payload has `email`, `language`, `venue_id` and the link's `token`."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may work at a venue, once they accept."""

    invitation_id: int
    venue_id: int
    email: str
    role: Role
    inviter_id: int
    made_at: dt.datetime
    valid_until: dt.datetime
    accepted_at: dt.datetime | None


def invite(work: db.Work, venue_id: int, email: str, role: Role, inviter: Person) -> Invitation:
    """Send somebody a link; a link that the same address has already stops being valid.

    Raises NotFound `venue-not-found`; Invalid `email-invalid`, `role-needs-venue`; Conflict
    `invitation-own-address`, `too-many-invitations`.
    """
    venues.get(work, venue_id)
    if role not in AT_VENUE:
        raise Invalid("role-needs-venue", role=role.value)
    address = persons.normalised_email(email)
    if address == inviter.email:
        raise Conflict("invitation-own-address", field="email")
    _delete(work, sa.and_(table.c.venue_id == venue_id, table.c.email == address))
    if len(waiting(work, venue_id)) >= OPEN_MAX:
        raise Conflict("too-many-invitations", field="email", maximum=OPEN_MAX)
    token = work.ids.token()
    made = Invitation(
        work.ids.next(), venue_id, address, role, inviter.person_id, work.now, work.now + VALID, None
    )
    values = {name: getattr(made, name) for name in Invitation.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id, token_hash=ids.secret_hash(token), **values | {"role": role.value}
        )
    )
    payload = {"email": address, "language": inviter.language, "venue_id": venue_id, "token": token}
    outbox.append(work, TOPIC, payload)
    return made


def by_token(reading: db.Reading, token: str) -> Invitation:
    """Return the invitation behind a link. Raises NotFound `invitation-not-found` if it is not valid."""
    for one in _select(reading, table.c.token_hash == ids.secret_hash(token)):
        if one.accepted_at is None and one.valid_until > reading.now:
            return one
    raise NotFound("invitation-not-found")


def accept(work: db.Work, token: str, person: Person) -> Invitation:
    """Give the role to the person who was invited; the link is used up then.

    Raises NotFound `invitation-not-found`, Forbidden `invitation-other-address`.
    """
    found = by_token(work, token)
    if person.email != found.email:
        raise Forbidden("invitation-other-address")
    roles.grant(work, person.person_id, found.role, venue_id=found.venue_id, granter_id=found.inviter_id)
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.invitation_id == found.invitation_id)
        .values(accepted_at=work.now)
    )
    return found


def revoke(work: db.Work, venue_id: int, invitation_id: int) -> None:
    """Make a link invalid. Raises NotFound `invitation-not-found`."""
    if all(one.invitation_id != invitation_id for one in waiting(work, venue_id)):
        raise NotFound("invitation-not-found")
    _delete(work, sa.and_(table.c.venue_id == venue_id, table.c.invitation_id == invitation_id))


def waiting(reading: db.Reading, venue_id: int) -> list[Invitation]:
    """Return the invitations of a venue that nobody accepted yet and that are still valid, oldest first."""
    return _select(
        reading,
        sa.and_(
            table.c.venue_id == venue_id, table.c.accepted_at.is_(None), table.c.valid_until > reading.now
        ),
    )


def of_address(reading: db.Reading, email: str | None) -> list[Invitation]:
    """Return the invitations that were sent to an address."""
    return _select(reading, table.c.email == email)


def erase(work: db.Work, person: Person) -> None:
    """Forget the invitations to a person's address, also those on their way, and those that they sent."""
    _delete(work, sa.or_(table.c.email == person.email, table.c.inviter_id == person.person_id))
    outbox.forget(work, TOPIC, "email", person.email)


def _delete(work: db.Work, condition: sa.ColumnElement[bool]) -> None:
    work.connection.execute(sa.delete(table).where(table.c.city_id == work.city_id, condition))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Invitation]:
    columns = [table.c[name] for name in Invitation.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.invitation_id)
    )
    return [Invitation(**{**row._mapping, "role": Role(row.role)}) for row in rows]
