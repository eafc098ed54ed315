"""Signing in by a link."""

import datetime as dt

import pytest

from identity import signing_in
from identity.persons import Person
from identity.signing_in import LinkRefused
from kernel.errors import Kind, NotFound
from tests.identity.registry import Registry

TICK = dt.timedelta(microseconds=1)


def follow(registry: Registry, link: str) -> Person:
    """Use a link."""
    return registry.run(lambda work: signing_in.use_link(work, link))


def test_a_link_works_once(registry: Registry, anna: Person) -> None:
    """A link leads to its person; a second time it is refused."""
    link = registry.link(anna)

    assert anna == follow(registry, link)
    with pytest.raises(LinkRefused, match="sign-in-link-invalid") as refusal:
        follow(registry, link)
    assert Kind.NOT_FOUND is refusal.value.kind


def test_a_demonstrations_link_works_again(registry: Registry, anna: Person) -> None:
    """A reusable link works as often as it is followed until its time is over."""
    link = registry.link(anna, hours=2, reusable=True)

    for _ in range(3):
        assert anna == follow(registry, link)
    registry.clock.advance(dt.timedelta(hours=2))
    with pytest.raises(LinkRefused):
        follow(registry, link)


@pytest.mark.parametrize("reusable", [False, True])
def test_a_link_ends(registry: Registry, anna: Person, reusable: bool) -> None:
    """A link is good up to the last moment of its time."""
    early, late = (registry.link(anna, hours=1, reusable=reusable) for _ in range(2))

    registry.clock.advance(dt.timedelta(hours=1) - TICK)
    assert anna == follow(registry, early)
    registry.clock.advance(TICK)
    with pytest.raises(LinkRefused, match="sign-in-link-invalid"):
        follow(registry, late)


def test_an_unknown_link_is_refused(registry: Registry, other_registry: Registry, anna: Person) -> None:
    """A link that is cut short, empty or of another city leads nowhere and is not used up by that."""
    link = registry.link(anna)

    for where, wrong in ((registry, link[:-1]), (registry, ""), (other_registry, link)):
        with pytest.raises(LinkRefused, match="sign-in-link-invalid"):
            follow(where, wrong)
    assert anna == follow(registry, link)


def test_nobody_gets_no_link(registry: Registry) -> None:
    """A link for a number that nobody has is refused."""
    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: signing_in.make_link(work, 1, dt.timedelta(hours=1)))


def test_a_link_is_stored_as_a_hash_only(registry: Registry, anna: Person) -> None:
    """No table of identity holds the secret, before or after it was used."""
    link = registry.link(anna)
    assert link not in registry.stored()

    follow(registry, link)

    assert link not in registry.stored()
