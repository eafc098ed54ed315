"""Roles and who may give them."""

import pytest

from identity import auditing, persons, roles
from identity.persons import Person
from identity.roles import AT_VENUE, CITY, Held, Role
from kernel.errors import Conflict, Forbidden, Invalid, Kind, NotFound
from tests.identity.registry import Registry


def grant(registry: Registry, to: Person, role: Role, by: Person | None, venue_id: int = CITY) -> None:
    """Let somebody give a role."""
    granter = None if by is None else by.person_id
    registry.run(lambda work: roles.grant(work, to.person_id, role, venue_id=venue_id, granter_id=granter))


def revoke(registry: Registry, of: Person, role: Role, by: Person | None, venue_id: int = CITY) -> None:
    """Let somebody take a role away."""
    revoker = None if by is None else by.person_id
    registry.run(lambda work: roles.revoke(work, of.person_id, role, venue_id=venue_id, revoker_id=revoker))


def held(registry: Registry, person: Person) -> frozenset[Held]:
    """Ask for a person's roles."""
    return registry.read(lambda reading: roles.of(reading, person.person_id))


@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_be_given_and_taken(
    registry: Registry, anna: Person, boss: Person, role: Role
) -> None:
    """A role is held from being given until it is taken, both are in the audit log with who did it."""
    venue_id = 7 if role in AT_VENUE else CITY

    grant(registry, anna, role, boss, venue_id)
    assert frozenset({Held(role, venue_id)}) == held(registry, anna)
    revoke(registry, anna, role, boss, venue_id)
    assert frozenset() == held(registry, anna)

    actor, subject = f"person/{boss.person_id}", f"person/{anna.person_id}"
    assert [(actor, "role-granted", subject), (actor, "role-revoked", subject)] == registry.audited()
    newest = registry.read(auditing.page)[0]
    assert {"role": role.value, "venue_id": venue_id} == newest.details


def test_giving_again_changes_nothing(registry: Registry, anna: Person, boss: Person) -> None:
    """A role is held once and noted once; the command line is named as such."""
    for _ in range(2):
        grant(registry, anna, Role.AUDITOR, None)

    assert frozenset({Held(Role.AUDITOR)}) == held(registry, anna)
    assert [("command-line", "role-granted", f"person/{anna.person_id}")] == registry.audited()


def test_roles_at_two_venues_are_two(registry: Registry, anna: Person) -> None:
    """Losing a role at one venue leaves the one at the other."""
    grant(registry, anna, Role.VENUE_STAFF, None, 7)
    grant(registry, anna, Role.VENUE_STAFF, None, 8)

    revoke(registry, anna, Role.VENUE_STAFF, None, 7)

    assert frozenset({Held(Role.VENUE_STAFF, 8)}) == held(registry, anna)


def test_nobody_changes_their_own_roles(registry: Registry, boss: Person) -> None:
    """Even an administrator gives and takes no role of their own; nothing of the attempt remains."""
    grant(registry, boss, Role.ADMINISTRATOR, None)

    for attempt in (grant, revoke):
        for role in (Role.TREASURER, Role.ADMINISTRATOR):
            with pytest.raises(Forbidden, match="own-role") as refusal:
                attempt(registry, boss, role, boss)
            assert Kind.FORBIDDEN is refusal.value.kind
    assert frozenset({Held(Role.ADMINISTRATOR)}) == held(registry, boss)
    assert 1 == len(registry.audited())


@pytest.mark.parametrize(
    ("role", "venue_id", "code"),
    [
        (Role.VENUE_OWNER, CITY, "role-needs-venue"),
        (Role.VENUE_STAFF, CITY, "role-needs-venue"),
        (Role.TREASURER, 7, "role-without-venue"),
        (Role.ADMINISTRATOR, 7, "role-without-venue"),
    ],
)
def test_a_role_in_the_wrong_place_is_refused(
    registry: Registry, anna: Person, role: Role, venue_id: int, code: str
) -> None:
    """A venue's role needs its venue; a role of the city has none."""
    with pytest.raises(Invalid, match=code) as refusal:
        grant(registry, anna, role, None, venue_id)

    assert {"role": role.value} == refusal.value.details
    assert frozenset() == held(registry, anna)


def test_only_what_is_held_can_be_taken(registry: Registry, anna: Person, boss: Person) -> None:
    """Taking a role that somebody does not have is refused, at that venue too."""
    grant(registry, anna, Role.VENUE_STAFF, None, 7)

    for role, venue_id in ((Role.AUDITOR, CITY), (Role.VENUE_STAFF, 8), (Role.VENUE_OWNER, 7)):
        with pytest.raises(Conflict, match="role-not-held"):
            revoke(registry, anna, role, boss, venue_id)
    assert frozenset({Held(Role.VENUE_STAFF, 7)}) == held(registry, anna)


def test_nobody_has_roles_who_does_not_exist(registry: Registry) -> None:
    """A role for a number that nobody has is refused."""
    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: roles.grant(work, 1, Role.AUDITOR, granter_id=None))


def test_the_city_lists_its_roles(
    registry: Registry, other_registry: Registry, anna: Person, boss: Person
) -> None:
    """All roles of a city are listed by role and venue; another city lists none of them and can't take them."""
    grant(registry, boss, Role.AUDITOR, None)
    grant(registry, anna, Role.VENUE_STAFF, None, 8)
    grant(registry, boss, Role.VENUE_STAFF, None, 7)

    assert [
        (boss.person_id, Held(Role.AUDITOR)),
        (boss.person_id, Held(Role.VENUE_STAFF, 7)),
        (anna.person_id, Held(Role.VENUE_STAFF, 8)),
    ] == registry.read(roles.every)
    assert [] == other_registry.read(roles.every)
    assert frozenset() == held(other_registry, boss)
    with pytest.raises(NotFound, match="person-not-found"):
        grant(other_registry, boss, Role.AUDITOR, None)
    with pytest.raises(Conflict, match="role-not-held"):
        revoke(other_registry, boss, Role.AUDITOR, None)


def test_erased_persons_leave_no_role_behind(registry: Registry, anna: Person, boss: Person) -> None:
    """Who is erased is no longer in the city's list."""
    grant(registry, anna, Role.APPROVER, boss)

    registry.run(lambda work: persons.erase(work, anna.person_id))

    assert [] == registry.read(roles.every)
