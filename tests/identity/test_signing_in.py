"""Signing in by a code that comes by e-mail."""

import datetime as dt

import pytest

from identity import persons, signing_in
from identity.persons import Person
from identity.signing_in import (
    ATTEMPTS_MAX,
    CODE_VALID,
    CODES_PER_HOUR,
    CodeAnswer,
    CodeRequest,
    CodeResult,
    TooManyCodes,
)
from kernel.errors import Invalid, Kind
from tests.identity.registry import Registry

TICK = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)


def other(code: str) -> str:
    """Return a code that is surely wrong."""
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_signs_somebody_in(registry: Registry, anna: Person) -> None:
    """The code that went to an address leads to its person, in whatever groups the digits are typed."""
    request = registry.ask_for_code(" Anna@Duisburg.test ")

    answer = registry.type_code(request, f" {request.code[:3]} {request.code[3:]}\n")

    assert CodeAnswer(CodeResult.OK, 0, anna) == answer


def test_the_first_code_opens_an_account(registry: Registry) -> None:
    """An unknown address becomes a person when its code is typed, not before, in the reader's language."""
    request = registry.ask_for_code("New@duisburg.test")
    assert registry.read(lambda reading: persons.by_email(reading, "new@duisburg.test")) is None

    answer = registry.run(lambda work: signing_in.verify_code(work, request.request_id, request.code, "en"))

    assert answer.person is not None
    assert ("new@duisburg.test", "en", "basic") == (
        answer.person.email,
        answer.person.language,
        answer.person.trust_level,
    )
    assert answer.person == registry.read(lambda reading: persons.by_email(reading, "new@duisburg.test"))


def test_the_answer_does_not_tell_who_is_known(registry: Registry, anna: Person) -> None:
    """Known or not, an address gets a code of six digits in the same kind of message."""
    requests = [registry.ask_for_code(email, "en") for email in ("anna@duisburg.test", "new@duisburg.test")]

    assert [
        {"email": email, "language": "en", "code": request.code}
        for email, request in zip(("anna@duisburg.test", "new@duisburg.test"), requests, strict=True)
    ] == registry.mail()
    for request in requests:
        assert len(request.code) == 6
        assert request.code.isdecimal()


def test_the_message_has_a_language_that_there_is(registry: Registry) -> None:
    """A language without catalogue does not stop the mail."""
    registry.ask_for_code("anna@duisburg.test", "tlh")

    assert ["de"] == [message["language"] for message in registry.mail()]


def test_no_code_for_what_is_no_address(registry: Registry) -> None:
    """Nothing is sent to half an address."""
    with pytest.raises(Invalid, match="email-invalid"):
        registry.ask_for_code("anna@")

    assert [] == registry.mail()


def test_a_wrong_code_says_how_many_tries_are_left(registry: Registry, anna: Person) -> None:
    """Each wrong try is counted although nobody signs in; the right code after it still works."""
    request = registry.ask_for_code("anna@duisburg.test")

    for left in (4, 3, 2, 1):
        assert CodeAnswer(CodeResult.WRONG, left) == registry.type_code(request, other(request.code))
    assert CodeAnswer(CodeResult.OK, 0, anna) == registry.type_code(request, request.code)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "\x00", "1" * 10_000, "\u0661\u0662\u0663"]
)
def test_nonsense_is_a_wrong_code(registry: Registry, typed: str) -> None:
    """Whatever is typed is an answer to be counted, never a failure."""
    request = registry.ask_for_code("anna@duisburg.test")

    assert CodeAnswer(CodeResult.WRONG, ATTEMPTS_MAX - 1) == registry.type_code(request, typed)


def test_guessing_is_stopped(registry: Registry, anna: Person) -> None:
    """After five wrong tries even the right code is refused, at once and later."""
    request = registry.ask_for_code("anna@duisburg.test")
    for _ in range(ATTEMPTS_MAX - 1):
        registry.type_code(request, other(request.code))

    assert CodeAnswer(CodeResult.TOO_MANY_ATTEMPTS, 0) == registry.type_code(request, other(request.code))
    assert CodeAnswer(CodeResult.TOO_MANY_ATTEMPTS, 0) == registry.type_code(request, request.code)
    registry.clock.advance(HOUR)
    assert CodeAnswer(CodeResult.TOO_MANY_ATTEMPTS, 0) == registry.type_code(request, request.code)


def test_guessing_at_one_address_leaves_others_alone(registry: Registry, anna: Person, boss: Person) -> None:
    """Tries are counted by request: somebody else's code stays good."""
    attacked, calm = registry.ask_for_code("anna@duisburg.test"), registry.ask_for_code("boss@duisburg.test")
    for _ in range(ATTEMPTS_MAX):
        registry.type_code(attacked, other(attacked.code))

    assert boss == registry.type_code(calm, calm.code).person


def test_a_code_dies_after_ten_minutes(registry: Registry, anna: Person) -> None:
    """A code is good up to the last moment of its ten minutes and not a moment longer."""
    in_time = registry.ask_for_code("anna@duisburg.test")
    registry.clock.advance(CODE_VALID - TICK)
    assert CodeResult.OK is registry.type_code(in_time, in_time.code).result

    late = registry.ask_for_code("anna@duisburg.test")
    registry.clock.advance(CODE_VALID)
    assert CodeAnswer(CodeResult.EXPIRED, 0) == registry.type_code(late, late.code)


def test_a_code_works_once(registry: Registry, anna: Person) -> None:
    """Whoever sees a code after it was used has nothing; trying it does not say whether it was right."""
    request = registry.ask_for_code("anna@duisburg.test")
    registry.type_code(request, request.code)

    for code in (request.code, other(request.code)):
        assert CodeAnswer(CodeResult.EXPIRED, 0) == registry.type_code(request, code)


def test_a_newer_code_replaces_older_ones(registry: Registry, anna: Person) -> None:
    """Only the newest code of an address is good; each code belongs to its own request."""
    older, newer = (registry.ask_for_code("anna@duisburg.test") for _ in range(2))

    assert CodeAnswer(CodeResult.EXPIRED, 0) == registry.type_code(older, older.code)
    assert CodeResult.WRONG is registry.type_code(newer, older.code).result
    assert CodeResult.OK is registry.type_code(newer, newer.code).result


def test_a_code_is_good_for_its_own_address_only(registry: Registry, anna: Person, boss: Person) -> None:
    """Another person's code, used under one's own request, is a wrong code."""
    annas, bosses = registry.ask_for_code("anna@duisburg.test"), registry.ask_for_code("boss@duisburg.test")
    assert annas.code != bosses.code

    assert CodeResult.WRONG is registry.type_code(bosses, annas.code).result


def test_an_unknown_request_is_over(registry: Registry) -> None:
    """A request that never was is answered like one that is over."""
    assert CodeAnswer(CodeResult.EXPIRED, 0) == registry.type_code(CodeRequest(1, ""), "123456")


def test_an_address_gets_only_so_many_codes(registry: Registry, anna: Person) -> None:
    """Within an hour an address gets six codes; others still get theirs, and the sixth code is still good."""
    start = registry.clock.now()
    for _ in range(CODES_PER_HOUR):
        last = registry.ask_for_code("anna@duisburg.test")
        registry.clock.advance(TICK)

    with pytest.raises(TooManyCodes, match="too-many-codes") as refusal:
        registry.ask_for_code("ANNA@duisburg.test")

    assert Kind.TOO_MANY is refusal.value.kind
    assert {"retry_after_seconds": 3600} == refusal.value.details
    assert CODES_PER_HOUR == len(registry.mail())
    assert anna == registry.type_code(last, last.code).person
    registry.ask_for_code("boss@duisburg.test")
    registry.clock.move_to(start + HOUR - TICK)
    with pytest.raises(TooManyCodes):
        registry.ask_for_code("anna@duisburg.test")
    registry.clock.advance(TICK)
    registry.ask_for_code("anna@duisburg.test")


def test_another_city_takes_no_code_of_this_one(
    registry: Registry, other_registry: Registry, anna: Person
) -> None:
    """A request of one city is unknown in the other, and its codes don't count or void there."""
    request = registry.ask_for_code("anna@duisburg.test")
    for _ in range(CODES_PER_HOUR):
        other_registry.ask_for_code("anna@duisburg.test")

    assert CodeAnswer(CodeResult.EXPIRED, 0) == other_registry.type_code(request, request.code)
    assert anna == registry.type_code(request, request.code).person


def test_codes_are_stored_as_salted_hashes(registry: Registry, anna: Person) -> None:
    """No table of identity holds a code, and the same code of the same address is never stored alike."""
    request = registry.ask_for_code("anna@duisburg.test")
    salts = (b"a" * 16, b"b" * 16)

    assert request.code not in registry.stored()
    hashes = {signing_in._code_hash("anna@duisburg.test", request.code, salt) for salt in salts}
    assert 2 == len(hashes)
    assert hashes.isdisjoint({signing_in._code_hash("boss@duisburg.test", request.code, salts[0])})


def test_old_codes_and_links_are_forgotten(registry: Registry, anna: Person) -> None:
    """A day after their end codes and links are deleted, and with them the addresses of those who never came."""
    registry.ask_for_code("never@duisburg.test")
    registry.link(anna, hours=1)
    fresh = registry.link(anna, hours=1000)
    empty = registry.stored()

    registry.clock.advance(HOUR)
    registry.run(signing_in.forget_old)
    assert empty == registry.stored()
    registry.clock.advance(dt.timedelta(days=1) + TICK)
    registry.run(signing_in.forget_old)

    assert "never@duisburg.test" not in registry.stored()
    assert 1 == registry.stored().count(str(anna.person_id)) - 1
    assert anna == registry.run(lambda work: signing_in.use_link(work, fresh))
