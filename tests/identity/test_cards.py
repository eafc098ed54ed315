"""Citizen cards: a code on paper by which somebody is known at a desk or on the telephone."""

import functools

import pytest

from identity import cards, persons
from identity.persons import Person, TrustLevel
from kernel.errors import Invalid, NotFound
from tests.identity.registry import Registry


def test_a_card_leads_to_its_person(registry: Registry, anna: Person) -> None:
    """It is made once, is read as people write it, and knows the letters that are mistaken for digits."""
    code = registry.run(lambda work: cards.card_of(work, anna.person_id))

    assert code == registry.run(lambda work: cards.card_of(work, anna.person_id))
    assert code == registry.read(lambda reading: cards.find(reading, anna.person_id))
    assert (8, 9) == (len(code), len(cards.shown(code)))
    for written in (code, cards.shown(code), f" {code.lower()} ", code.replace("0", "O").replace("1", "l")):
        assert anna == registry.read(functools.partial(cards.person, text=written))


def test_a_lost_card_is_replaced(registry: Registry, anna: Person) -> None:
    """The code on the lost one leads nowhere any more."""
    lost = registry.run(lambda work: cards.card_of(work, anna.person_id))
    fresh = registry.run(lambda work: cards.renew(work, anna.person_id))

    assert anna == registry.read(lambda reading: cards.person(reading, fresh))
    for unknown in (lost, "", "x" * 100, fresh[:-1]):
        with pytest.raises(NotFound, match="card-unknown"):
            registry.read(functools.partial(cards.person, text=unknown))


def test_somebody_without_an_address_gets_an_account_with_a_card(registry: Registry) -> None:
    """Two of them don't stand in each other's way, and they can be erased like everybody."""
    one, code = registry.run(lambda work: cards.register(work, "  Rosa   Kern "))
    registry.run(lambda work: cards.register(work, "Ali Demir"))

    assert (None, "Rosa Kern", TrustLevel.BASIC) == (one.email, one.name, one.trust_level)
    assert one == registry.read(lambda reading: cards.person(reading, code))
    registry.run(lambda work: persons.erase(work, one.person_id))
    with pytest.raises(NotFound, match="card-unknown"):
        registry.read(lambda reading: cards.person(reading, code))


@pytest.mark.parametrize(("name", "code"), [("  ", "name-missing"), ("x" * 81, "name-too-long")])
def test_names_that_can_not_be_registered(registry: Registry, name: str, code: str) -> None:
    """A card without a name says nothing."""
    with pytest.raises(Invalid, match=code):
        registry.run(lambda work: cards.register(work, name))
