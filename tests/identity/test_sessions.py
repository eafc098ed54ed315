"""Sessions: who is signed in, for how long and where."""

import datetime as dt

import pytest

from identity import persons, roles, sessions
from identity.persons import Person
from identity.roles import AT_VENUE, CITY, Held, Role
from identity.sessions import CITIZEN_IDLE, LIFETIME_MAX, STAFF_IDLE, TOUCH_AFTER, Session
from kernel.errors import NotFound
from tests.fixtures import counting
from tests.fixtures.databases import START
from tests.identity.registry import Registry

TICK = dt.timedelta(microseconds=1)


def open_session(registry: Registry, token: str) -> Session:
    """Return the session of a token, which must be open."""
    session = registry.session(token)
    assert session is not None
    return session


def touch(registry: Registry, token: str) -> None:
    """Use a session."""
    session = open_session(registry, token)
    registry.run(lambda work: sessions.touch(work, session))


def test_a_session_says_who_and_what(registry: Registry, anna: Person) -> None:
    """A token leads to its person, roles and times."""
    registry.grant(anna, Role.VENUE_STAFF, 7)

    session = open_session(registry, registry.sign_in(anna))

    assert (anna, START, START, START + LIFETIME_MAX) == (
        session.person,
        session.started_at,
        session.seen_at,
        session.expires_at,
    )
    assert session.has(Role.VENUE_STAFF, 7)
    assert not session.has(Role.VENUE_STAFF, 8)
    assert not session.has(Role.VENUE_STAFF)
    assert not session.has(Role.TREASURER)


def test_each_sign_in_has_its_own_token(registry: Registry, anna: Person) -> None:
    """Signing in again gives a new token, so that one planted or stolen before is worth nothing after."""
    tokens = {registry.sign_in(anna) for _ in range(3)}

    assert 3 == len(tokens)
    assert {43} == {len(token) for token in tokens}


def test_an_unknown_token_is_nobody(registry: Registry, other_registry: Registry, anna: Person) -> None:
    """A token that is cut short, empty or of another city opens nothing."""
    token = registry.sign_in(anna)

    assert registry.session(token[:-1]) is None
    assert registry.session("") is None
    assert other_registry.session(token) is None
    assert [] == other_registry.read(lambda reading: sessions.of(reading, anna.person_id))


def test_a_token_is_stored_as_a_hash_only(registry: Registry, anna: Person) -> None:
    """No table of identity holds the token."""
    token = registry.sign_in(anna)

    assert token not in registry.stored()


def test_nobody_gets_no_session(registry: Registry) -> None:
    """A session for a number that nobody has is refused."""
    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: sessions.start(work, 1))


def test_an_idle_citizen_is_signed_out(registry: Registry, anna: Person) -> None:
    """Unused, a citizen's session is open up to the last moment of its time and then is not."""
    token = registry.sign_in(anna)

    registry.clock.advance(CITIZEN_IDLE - TICK)
    assert registry.session(token) is not None
    registry.clock.advance(TICK)
    assert registry.session(token) is None


@pytest.mark.parametrize("role", list(Role))
def test_idle_staff_is_signed_out_sooner(registry: Registry, anna: Person, role: Role) -> None:
    """Whoever has any role is signed out after half a day without use."""
    registry.grant(anna, role, 7 if role in AT_VENUE else CITY)
    token = registry.sign_in(anna)

    registry.clock.advance(STAFF_IDLE - TICK)
    assert registry.session(token) is not None
    registry.clock.advance(TICK)
    assert registry.session(token) is None


def test_roles_count_from_the_moment_they_change(registry: Registry, anna: Person, boss: Person) -> None:
    """A role given or taken while somebody is signed in holds for the next thing they do."""
    token = registry.sign_in(anna)
    registry.grant(anna, Role.TREASURER)
    assert frozenset({Held(Role.TREASURER)}) == open_session(registry, token).roles

    registry.run(lambda work: roles.revoke(work, anna.person_id, Role.TREASURER, revoker_id=boss.person_id))

    assert frozenset() == open_session(registry, token).roles


def test_use_keeps_a_session_open(registry: Registry, anna: Person) -> None:
    """Staff who work on stay signed in; being seen is written down every ten minutes only."""
    registry.grant(anna, Role.CASE_WORKER)
    token = registry.sign_in(anna)

    registry.clock.advance(TOUCH_AFTER - TICK)
    touch(registry, token)
    assert START == open_session(registry, token).seen_at
    registry.clock.advance(TICK)
    touch(registry, token)
    assert START + TOUCH_AFTER == open_session(registry, token).seen_at
    registry.clock.advance(STAFF_IDLE - TICK)
    assert registry.session(token) is not None


def test_no_session_lives_for_ever(registry: Registry, anna: Person) -> None:
    """However much it is used, a session ends after its longest time."""
    token = registry.sign_in(anna)
    while registry.clock.now() < START + LIFETIME_MAX - CITIZEN_IDLE + TICK:
        registry.clock.advance(CITIZEN_IDLE - TICK)
        touch(registry, token)

    registry.clock.move_to(START + LIFETIME_MAX - TICK)
    assert registry.session(token) is not None
    registry.clock.advance(TICK)
    assert registry.session(token) is None


def test_signing_out_ends_one_session(registry: Registry, anna: Person) -> None:
    """Signing out here leaves the other places signed in; using what has ended does not revive it."""
    here, there = registry.sign_in(anna), registry.sign_in(anna)
    session = open_session(registry, here)

    registry.run(lambda work: sessions.end(work, session.session_id))
    registry.clock.advance(TOUCH_AFTER)
    registry.run(lambda work: sessions.touch(work, session))

    assert registry.session(here) is None
    assert registry.session(there) is not None


def test_signing_out_again_keeps_the_first_time(registry: Registry, anna: Person) -> None:
    """What a person is told about when a session ended does not move."""
    session = open_session(registry, registry.sign_in(anna))
    registry.run(lambda work: sessions.end(work, session.session_id))
    registry.clock.advance(dt.timedelta(hours=1))

    registry.run(lambda work: sessions.end_all(work, anna.person_id))

    (told,) = registry.read(lambda reading: persons.export(reading, anna.person_id))["sessions"]
    assert START.isoformat() == told["ended_at"]


def test_signing_out_everywhere(registry: Registry, anna: Person, boss: Person) -> None:
    """All of a person's sessions end; nobody else's does."""
    tokens = [registry.sign_in(anna), registry.sign_in(anna)]
    bosses = registry.sign_in(boss)

    registry.run(lambda work: sessions.end_all(work, anna.person_id))

    assert [None, None] == [registry.session(token) for token in tokens]
    assert registry.session(bosses) is not None


def test_a_person_sees_where_they_are_signed_in(registry: Registry, anna: Person, boss: Person) -> None:
    """The list has the open sessions of that person, the newest first, and neither ended nor idle ones."""
    idle = registry.sign_in(anna)
    registry.clock.advance(CITIZEN_IDLE)
    older, ended, newer = (registry.sign_in(anna) for _ in range(3))
    registry.sign_in(boss)
    gone = open_session(registry, ended)
    registry.run(lambda work: sessions.end(work, gone.session_id))

    assert registry.session(idle) is None
    assert [open_session(registry, newer), open_session(registry, older)] == registry.read(
        lambda reading: sessions.of(reading, anna.person_id)
    )


def test_only_ones_own_session_can_be_picked(registry: Registry, anna: Person, boss: Person) -> None:
    """Somebody who names another's session ends nothing; naming one's own ends that one."""
    token, bosses = registry.sign_in(anna), registry.sign_in(boss)
    mine, theirs = open_session(registry, token), open_session(registry, bosses)

    registry.run(lambda work: sessions.end_own(work, anna.person_id, theirs.session_id))
    assert registry.session(bosses) is not None
    registry.run(lambda work: sessions.end_own(work, anna.person_id, mine.session_id))
    assert registry.session(token) is None


def test_another_city_ends_no_session(registry: Registry, other_registry: Registry, anna: Person) -> None:
    """Signing out and forgetting in one city touch nothing of the other."""
    token = registry.sign_in(anna)
    session = open_session(registry, token)

    other_registry.run(lambda work: sessions.end(work, session.session_id))
    other_registry.run(lambda work: sessions.end_all(work, anna.person_id))
    registry.clock.advance(LIFETIME_MAX)
    before = registry.stored()
    other_registry.run(sessions.forget_old)

    assert before == registry.stored()


def test_sessions_that_are_over_are_forgotten(registry: Registry, anna: Person, boss: Person) -> None:
    """Ended, idle and old sessions are deleted; open ones are not."""
    idle, ended = registry.sign_in(anna), registry.sign_in(anna)
    gone, forgotten = open_session(registry, ended), open_session(registry, idle)
    registry.run(lambda work: sessions.end(work, gone.session_id))
    registry.clock.advance(CITIZEN_IDLE)
    token = registry.sign_in(boss)

    registry.run(sessions.forget_old)

    stored = registry.stored()
    assert str(gone.session_id) not in stored
    assert str(forgotten.session_id) not in stored
    assert registry.session(token) is not None


def test_finding_is_one_statement(registry: Registry, anna: Person) -> None:
    """Session, person and roles are read together, however many roles there are."""
    registry.grant(anna, Role.VENUE_STAFF, 7)
    registry.grant(anna, Role.VENUE_OWNER, 8)
    token = registry.sign_in(anna)
    with counting.asked(registry.database) as statements:
        session = open_session(registry, token)

    assert {Held(Role.VENUE_STAFF, 7), Held(Role.VENUE_OWNER, 8)} == session.roles
    assert 1 == len(statements)


def test_each_place_is_told_once(registry: Registry, anna: Person) -> None:
    """Who has two roles and is signed in at two places has two sessions, each with both roles."""
    registry.grant(anna, Role.VENUE_STAFF, 7)
    registry.grant(anna, Role.VENUE_OWNER, 8)
    registry.sign_in(anna)
    registry.sign_in(anna)
    with registry.database.reading(registry.city_id) as reading:
        found = sessions.of(reading, anna.person_id)

    assert [2, 2] == [len(session.roles) for session in found]
