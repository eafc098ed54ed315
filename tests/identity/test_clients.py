"""API clients: other systems of the city."""

import datetime as dt
import functools

import pytest

from identity import clients
from identity.clients import Client, ClientRefused, Scope
from identity.persons import Person
from kernel.errors import Invalid, Kind, NotFound
from tests.identity.registry import Registry

REPORTING = frozenset({Scope.REPORT_ACTIONS})


def admit(
    registry: Registry, name: str = "Mängelmelder", scopes: frozenset[Scope] = REPORTING
) -> tuple[Client, str]:
    """Admit a client from the command line."""
    return registry.run(lambda work: clients.create(work, name, scopes, creator_id=None))


def authenticate(registry: Registry, token: str) -> Client:
    """Ask for the client of a token."""
    return registry.read(lambda reading: clients.authenticate(reading, token))


def test_a_token_opens_its_client(registry: Registry) -> None:
    """The token told at admission leads to the client with its scopes and to no other."""
    first, token = admit(registry, " Mängel\n melder ")
    second, other_token = admit(registry, "Ratsinformation", frozenset())

    assert (first, second) == (authenticate(registry, token), authenticate(registry, other_token))
    assert ("Mängel melder", REPORTING, None) == (first.name, first.scopes, first.revoked_at)
    assert frozenset() == second.scopes
    assert [first, second] == registry.read(clients.every)


def test_a_token_is_stored_as_a_hash_only(registry: Registry) -> None:
    """No table of identity holds the token, the audit log included."""
    _, token = admit(registry)

    assert token not in registry.stored()


def test_an_unknown_token_is_refused(registry: Registry, other_registry: Registry) -> None:
    """A token that is cut short, empty or of another city opens nothing."""
    _, token = admit(registry)

    for where, wrong in ((registry, token[:-1]), (registry, ""), (other_registry, token)):
        with pytest.raises(ClientRefused, match="client-unknown") as refusal:
            authenticate(where, wrong)
        assert Kind.UNAUTHENTICATED is refusal.value.kind
    assert [] == other_registry.read(clients.every)


def test_a_revoked_client_is_refused(registry: Registry, boss: Person) -> None:
    """A client that was shut out stays out from that moment; doing it again changes and notes nothing."""
    client, token = admit(registry)
    for _ in range(2):
        registry.run(lambda work: clients.revoke(work, client.client_id, revoker_id=boss.person_id))
        registry.clock.advance(dt.timedelta(days=1))

    with pytest.raises(ClientRefused, match="client-revoked"):
        authenticate(registry, token)
    start = registry.clock.now() - dt.timedelta(days=2)
    assert [start] == [known.revoked_at for known in registry.read(clients.every)]
    subject = f"client/{client.client_id}"
    assert [
        ("command-line", "client-created", subject),
        (f"person/{boss.person_id}", "client-revoked", subject),
    ] == registry.audited()


def test_only_a_known_client_is_revoked(registry: Registry, other_registry: Registry) -> None:
    """A client that never was, or is another city's, can't be shut out."""
    client, token = admit(registry)

    for where, number in ((registry, 1), (other_registry, client.client_id)):
        with pytest.raises(NotFound, match="client-not-found"):
            where.run(functools.partial(clients.revoke, client_id=number, revoker_id=None))
    assert client == authenticate(registry, token)


@pytest.mark.parametrize("name", ["", " \n\x00", "x" * (clients.NAME_MAX + 1)])
def test_a_client_needs_a_name(registry: Registry, name: str) -> None:
    """No name, or one that is too long, admits nobody."""
    with pytest.raises(Invalid, match="client-name-invalid") as refusal:
        admit(registry, name)

    assert {"field": "name", "maximum": clients.NAME_MAX} == refusal.value.details
    assert [] == registry.read(clients.every)


def test_the_creator_is_noted(registry: Registry, boss: Person) -> None:
    """The audit log says who admitted a client and what it was called."""
    client, _ = registry.run(
        lambda work: clients.create(work, "Archiv", REPORTING, creator_id=boss.person_id)
    )

    assert [
        (f"person/{boss.person_id}", "client-created", f"client/{client.client_id}")
    ] == registry.audited()
