"""Accounts: opening, changing, exporting and erasing them."""

import datetime as dt
import json

import pytest

from identity import cards, names, persons, roles, sessions, signing_in
from identity.persons import Person, TrustLevel
from identity.roles import Role
from identity.signing_in import CodeResult, LinkRefused
from kernel import outbox
from kernel.errors import Conflict, Invalid, NotFound
from ledger import accounts
from ledger.accounts import NewAccount
from tests.fixtures.databases import START
from tests.identity.registry import Registry


def test_a_person_is_found_by_number_owner_and_address(registry: Registry, anna: Person) -> None:
    """A new account is known by each of its names, is in German and trusted as far as an e-mail goes."""
    assert anna == registry.read(lambda reading: persons.get(reading, anna.person_id))
    assert anna == registry.read(lambda reading: persons.by_owner(reading, anna.owner))
    assert anna == registry.read(lambda reading: persons.by_email(reading, "anna@duisburg.test"))
    assert {anna.person_id: anna} == registry.read(
        lambda reading: persons.by_ids(reading, [anna.person_id, 1])
    )
    assert ("Anna Weber", "de", TrustLevel.BASIC) == (anna.name, anna.language, anna.trust_level)
    assert START == anna.created_at


def test_the_owner_tells_nothing_and_names_an_account(registry: Registry, anna: Person) -> None:
    """What the ledger knows of a person is random, differs for each, and fits into a path of an account."""
    ben = registry.sign_up("ben@duisburg.test")
    wanted = [
        NewAccount(f"wallet/{person.owner}/2028-12-31", "DUC", owner=person.owner) for person in (anna, ben)
    ]

    registry.run(lambda work: accounts.open_accounts(work, wanted))

    assert anna.owner != ben.owner
    assert 16 == len(bytes.fromhex(anna.owner))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna.WEBER@Duisburg.Test ", "anna.weber@duisburg.test"),
        ("bjo\u0308rn@duisburg.test", "björn@duisburg.test"),
        ("anna+punkte@MÜLLER.de", "anna+punkte@müller.de"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str) -> None:
    """Capitals, spaces around and decomposed letters don't make another person, and twice changes nothing."""
    assert kept == persons.normalised_email(typed)
    assert kept == persons.normalised_email(kept)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "anna",
        "anna@",
        "@duisburg.test",
        "anna@localhost",
        "Anna <anna@duisburg.test>",
        "a@b.test\nBcc: c@d.test",
    ],
)
def test_what_is_no_address_is_refused(registry: Registry, typed: str) -> None:
    """Half an address, an address with a name or with a second line opens no account."""
    with pytest.raises(Invalid, match="email-invalid") as refusal:
        registry.sign_up(typed)

    assert {"field": "email"} == refusal.value.details


def test_an_address_has_one_account(registry: Registry, anna: Person) -> None:
    """A second account for an address is refused, however it is spelled."""
    with pytest.raises(Conflict, match="email-taken"):
        registry.sign_up("ANNA@duisburg.test")


def test_a_person_changes_name_and_language(registry: Registry, anna: Person) -> None:
    """A name becomes one line that every database can keep; the rest of the account stays as it is."""
    changed = registry.run(
        lambda work: persons.update(work, anna.person_id, name=" Anna\n Weber\x00Öz ", language="en")
    )

    assert ("Anna Weber Öz", "en") == (changed.name, changed.language)
    assert (anna.email, anna.owner) == (changed.email, changed.owner)
    assert changed == registry.read(lambda reading: persons.get(reading, anna.person_id))


@pytest.mark.parametrize(
    ("name", "language", "code"),
    [("x" * (persons.NAME_MAX + 1), "de", "name-too-long"), ("Anna", "xx", "language-unknown")],
)
def test_a_wrong_change_is_refused(
    registry: Registry, anna: Person, name: str, language: str, code: str
) -> None:
    """A name that is too long and a language that nobody speaks here change nothing."""
    with pytest.raises(Invalid, match=code):
        registry.run(lambda work: persons.update(work, anna.person_id, name=name, language=language))

    assert anna == registry.read(lambda reading: persons.get(reading, anna.person_id))


def test_the_longest_name_is_kept(registry: Registry) -> None:
    """A name may be as long as it is said to be, and no longer when the account is opened either."""
    longest = "Ö" * persons.NAME_MAX

    assert longest == registry.sign_up("oe@duisburg.test", f" {longest} ").name
    with pytest.raises(Invalid, match="name-too-long"):
        registry.sign_up("oeoe@duisburg.test", longest + "Ö")


def test_names_of_many_scripts_stay_as_they_are() -> None:
    """Only controls and spaces are tidied; joiners that Persian and emoji need are kept."""
    for name in ("Şule Çelik", "Олена", "\u0645\u06cc\u200c\u062e", "👩\u200d🚒"):
        assert name == names.tidy(name)


def test_an_unknown_language_becomes_german(registry: Registry) -> None:
    """Whoever signs up in a language that is not there yet is spoken to in German."""
    person = registry.run(lambda work: persons.register(work, "a@duisburg.test", language="tlh"))

    assert "de" == person.language


def test_unknown_persons_are_not_found(registry: Registry) -> None:
    """A number or owner that was never given out is refused; an address is just not there."""
    with pytest.raises(NotFound, match="person-not-found"):
        registry.read(lambda reading: persons.get(reading, 1))
    with pytest.raises(NotFound, match="person-not-found"):
        registry.read(lambda reading: persons.by_owner(reading, "0" * 32))
    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: persons.update(work, 1, name="", language="de"))
    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: persons.erase(work, 1))
    assert registry.read(lambda reading: persons.by_email(reading, "nobody@duisburg.test")) is None


def test_another_city_knows_nobody(registry: Registry, other_registry: Registry, anna: Person) -> None:
    """A person of one city is nobody in the other, which may give the same address to somebody else."""
    for question in (
        lambda reading: persons.get(reading, anna.person_id),
        lambda reading: persons.by_owner(reading, anna.owner),
        lambda reading: persons.export(reading, anna.person_id),
    ):
        with pytest.raises(NotFound, match="person-not-found"):
            other_registry.read(question)
    assert other_registry.read(lambda reading: persons.by_email(reading, "anna@duisburg.test")) is None
    assert {} == other_registry.read(lambda reading: persons.by_ids(reading, [anna.person_id]))
    with pytest.raises(NotFound, match="person-not-found"):
        other_registry.run(lambda work: persons.erase(work, anna.person_id))

    twin = other_registry.sign_up("anna@duisburg.test")

    assert twin.owner != anna.owner
    assert anna == registry.read(lambda reading: persons.get(reading, anna.person_id))


def test_export_holds_everything_and_no_secret(registry: Registry, anna: Person) -> None:
    """What a person gets is plain JSON with account, roles, sessions and requested codes; no key to anything."""
    registry.grant(anna, Role.VENUE_STAFF, 7)
    request = registry.ask_for_code("anna@duisburg.test")
    token = registry.sign_in(anna)
    registry.sign_in(registry.sign_up("ben@duisburg.test"))
    card = registry.run(lambda work: cards.card_of(work, anna.person_id))

    exported = registry.read(lambda reading: persons.export(reading, anna.person_id))

    start = START.isoformat()
    assert {
        "email": "anna@duisburg.test",
        "name": "Anna Weber",
        "language": "de",
        "trust_level": "basic",
        "wallet_owner": anna.owner,
        "created_at": start,
        "age_group": None,
        "home_district": None,
        "roles": [{"role": "venue-staff", "venue_id": 7, "granted_at": start}],
        "sessions": [{"started_at": start, "seen_at": start, "ended_at": None}],
        "card": {"code": card, "made_at": start},
        "sign_in_codes_requested_at": [start],
    } == exported
    assert token not in json.dumps(exported)
    assert request.code not in json.dumps(exported)


def test_erasing_forgets_the_person(registry: Registry, anna: Person) -> None:
    """After erasing, no table holds address, name or the wallet's owner, and no way to sign in is left."""
    registry.grant(anna, Role.TREASURER)
    link, token = registry.link(anna), registry.sign_in(anna)
    request = registry.ask_for_code("anna@duisburg.test")
    card = registry.run(lambda work: cards.card_of(work, anna.person_id))

    registry.run(lambda work: persons.erase(work, anna.person_id))

    with pytest.raises(NotFound, match="person-not-found"):
        registry.read(lambda reading: persons.get(reading, anna.person_id))
    for gone in ("anna@duisburg.test", "Anna Weber", anna.owner, card):
        assert gone not in registry.stored()
    with pytest.raises(NotFound, match="person-not-found"):
        registry.read(lambda reading: persons.by_owner(reading, anna.owner))
    assert frozenset() == registry.read(lambda reading: roles.of(reading, anna.person_id))
    assert registry.session(token) is None
    assert CodeResult.EXPIRED is registry.type_code(request, request.code).result
    with pytest.raises(LinkRefused, match="sign-in-link-invalid"):
        registry.run(lambda work: signing_in.use_link(work, link))


def test_an_erased_person_does_not_come_back(registry: Registry, anna: Person) -> None:
    """The address may sign up again and is somebody new; the old record can't be used, changed or exported."""
    number = anna.person_id
    registry.run(lambda work: persons.erase(work, number))

    request = registry.ask_for_code("anna@duisburg.test")
    again = registry.type_code(request, request.code).person

    assert again is not None
    assert number != again.person_id
    assert anna.owner != again.owner
    for command in (
        lambda work: sessions.start(work, number),
        lambda work: signing_in.make_link(work, number, dt.timedelta(hours=1)),
        lambda work: roles.grant(work, number, Role.AUDITOR, granter_id=None),
        lambda work: persons.update(work, number, name="Anna", language="de"),
        lambda work: persons.export(work, number),
    ):
        with pytest.raises(NotFound, match="person-not-found"):
            registry.run(command)


def test_erasing_is_noted_without_saying_whom(registry: Registry, anna: Person, boss: Person) -> None:
    """The audit log has that a person was erased, and by whom if not by themselves; again is refused."""
    registry.run(lambda work: persons.erase(work, anna.person_id, eraser_id=boss.person_id))
    registry.run(lambda work: persons.erase(work, boss.person_id, eraser_id=boss.person_id))

    with pytest.raises(NotFound, match="person-not-found"):
        registry.run(lambda work: persons.erase(work, anna.person_id))
    expected = [
        (f"person/{boss.person_id}", "person-erased", "person"),
        ("person", "person-erased", "person"),
    ]
    assert expected == registry.audited()


def test_a_code_on_its_way_is_taken_back(registry: Registry, anna: Person) -> None:
    """A message with a code that has not been sent yet goes with the person: nobody else's does."""
    registry.ask_for_code("anna@duisburg.test")
    registry.ask_for_code("paul@duisburg.test")

    registry.run(lambda work: persons.erase(work, anna.person_id))

    waiting = registry.read(lambda reading: [event.payload["email"] for event in outbox.due(reading)])
    assert ["paul@duisburg.test"] == waiting


def test_erasing_leaves_others_alone(registry: Registry, anna: Person, boss: Person) -> None:
    """Whoever is not erased stays signed in, keeps roles, links and codes."""
    registry.grant(boss, Role.ADMINISTRATOR)
    token, link = registry.sign_in(boss), registry.link(boss)
    request = registry.ask_for_code("boss@duisburg.test")

    registry.run(lambda work: persons.erase(work, anna.person_id))

    session = registry.session(token)
    assert session is not None
    assert session.has(Role.ADMINISTRATOR)
    assert boss == registry.run(lambda work: signing_in.use_link(work, link))
    assert boss == registry.type_code(request, request.code).person
