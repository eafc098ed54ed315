"""The city's issuing keys."""

import datetime as dt

import pytest

from kernel import signing
from kernel.errors import Invalid, NotFound
from kernel.signing import KeyStatus, SigningKey, VerifyKey
from redemption import keys
from redemption.keys import IssuingKey, Sealer
from tests.redemption.office import SEALER, Office


def every(office: Office) -> list[IssuingKey]:
    """Return the city's keys, oldest first."""
    with office.database.reading(office.city_id) as reading:
        return keys.every(reading)


def test_rotation_retires_the_key_before_and_keeps_it_in_the_ring(office: Office) -> None:
    """Exactly one key is active; verifiers know both."""
    office.clock.advance(dt.timedelta(days=1))
    new = office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    old = every(office)[0]
    assert (KeyStatus.RETIRED, office.clock.now()) == (old.status, old.retired_at)
    assert (KeyStatus.ACTIVE, None) == (new.status, new.retired_at)
    with office.database.reading(office.city_id) as reading:
        ring = keys.ring(reading)
    for key in (old, new):
        found = ring.find(bytes.fromhex(key.kid))
        assert found is not None
        assert (VerifyKey(key.public_key), key.status) == (found.key, found.status)


def test_blocking_is_final_and_shown_in_the_ring(office: Office) -> None:
    """A second block changes nothing, not even the instant."""
    kid = every(office)[0].kid
    first = office.database.run(office.city_id, lambda work: keys.block(work, kid))
    assert (KeyStatus.BLOCKED, office.clock.now()) == (first.status, first.blocked_at)
    office.clock.advance(dt.timedelta(days=1))
    assert first == office.database.run(office.city_id, lambda work: keys.block(work, kid))
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert KeyStatus.BLOCKED is every(office)[0].status


def test_an_unknown_key_cannot_be_blocked(office: Office) -> None:
    """A mistyped name blocks nothing."""
    with pytest.raises(NotFound, match="issuing-key-not-found"):
        office.database.run(office.city_id, lambda work: keys.block(work, "00000000"))


def test_issued_and_accepted_are_counted_for_each_key(office: Office) -> None:
    """A voucher counts for the key that signed it, though another is active when it is used."""
    office.give("anna", 360)
    offer = office.offer()
    old = [office.buy("anna", offer) for _ in range(2)]
    office.clock.advance(dt.timedelta(days=1))
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    office.buy("anna", offer)
    office.scan(old[0])
    office.scan(old[0])
    assert [(2, 1), (1, 0)] == [(key.issued, key.accepted) for key in every(office)]
    assert not any(key.is_suspicious for key in every(office))


def test_more_accepted_than_issued_is_suspicious(office: Office) -> None:
    """Somebody else signs with the key."""
    key = every(office)[0]
    office.database.run(office.city_id, lambda work: keys.count_accepted(work, [key.kid]))
    assert every(office)[0].is_suspicious


def test_a_seed_opens_with_the_present_or_an_older_secret_only(office: Office) -> None:
    """After a change of the secret key old seeds still open; with a foreign one nothing is sold."""
    office.give("anna", 360)
    offer = office.offer()
    newer = Sealer("the secret that came afterwards, also long", (SEALER.secret,))
    office.buy("anna", offer)
    office.sealer = newer
    assert office.buy("anna", offer).token
    office.sealer = Sealer("a secret that was never used here, long enough")
    with pytest.raises(Invalid, match="seal-broken"):
        office.buy("anna", offer)


def test_the_seed_is_not_stored_in_the_clear(office: Office) -> None:
    """What is sealed differs from the seed and opens to it; the sealer's text form shows no secret."""
    seed = b"a seed of thirty-two bytes......"
    sealed = office.database.run(office.city_id, lambda work: SEALER.seal(work, seed))
    assert seed not in sealed
    assert seed == SEALER.unseal(sealed)
    assert SEALER.secret not in repr(SEALER)
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(Invalid, match="seal-broken"):
        SEALER.unseal(broken)
    assert signing.KEY_BYTES == len(SigningKey(seed).seed)
