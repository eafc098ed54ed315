"""Ed25519 keys: against published vectors, with their names, rings and seals."""

import base64
import hashlib
from typing import Any

import pytest

from kernel import signing
from kernel.errors import Invalid
from kernel.signing import KeyRing, KeyStatus, RingKey, SigningKey, VerifyKey
from tests.redemption import pinned

SEED = bytes(range(32))


@pytest.mark.parametrize("vector", pinned.PUBLISHED["rfc8032"]["cases"])
def test_signatures_are_those_of_the_standard(vector: dict[str, str]) -> None:
    """Public key and signature are those of RFC 8032 section 7.1."""
    key = SigningKey.from_text(vector["seed"])

    assert vector["public_key"] == key.verify_key.public_key.hex()
    assert vector["signature"] == key.sign(bytes.fromhex(vector["message"])).hex()


@pytest.mark.parametrize("case", pinned.WYCHEPROOF["cases"], ids=pinned.name)
def test_signatures_are_judged_as_wycheproof_judges(case: dict[str, Any]) -> None:
    """Valid ones pass; truncated, padded, malleable and misencoded ones don't (60 of 151 published cases)."""
    key = VerifyKey.from_text(case["pk"])

    assert (case["result"] == "valid") is key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))


def test_a_key_is_named_by_its_public_half() -> None:
    """The kid is the first four bytes of SHA-256 of the public key, the same for both halves."""
    key = SigningKey(SEED)

    assert hashlib.sha256(key.verify_key.public_key).digest()[:4] == key.kid
    assert key.kid == VerifyKey(key.verify_key.public_key).kid


@pytest.mark.parametrize(
    "text",
    [
        SEED.hex(),
        SEED.hex().upper(),
        base64.urlsafe_b64encode(SEED).decode(),
        base64.urlsafe_b64encode(SEED).decode().rstrip("="),
    ],
)
def test_a_seed_is_read_from_text(text: str) -> None:
    """Hex and base64url, with and without padding, give the same key."""
    assert SigningKey(SEED) == SigningKey.from_text(text)


@pytest.mark.parametrize(
    "text", ["", "00", SEED.hex()[:-2], SEED.hex() + "00", "g" * 64, "schlüssel", "!" * 43]
)
def test_a_misshapen_seed_is_refused_without_being_told(text: str) -> None:
    """The error says what a key looks like and nothing of what was given."""
    with pytest.raises(Invalid, match="invalid-key") as refused:
        SigningKey.from_text(text)

    assert 32 == refused.value.details["expected_bytes"]
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_public_key_has_32_bytes(length: int) -> None:
    """Any other length is refused."""
    with pytest.raises(Invalid, match="invalid-key"):
        VerifyKey(bytes(length))


def test_a_key_does_not_show_its_secret() -> None:
    """Neither repr nor str tell the seed."""
    shown = repr(SigningKey(SEED)) + str(SigningKey(SEED))

    assert SEED.hex() not in shown
    assert repr(SEED) not in shown


def test_another_message_or_key_is_told() -> None:
    """A signature holds for its message and its key only."""
    signature = SigningKey(SEED).sign(b"message")

    assert SigningKey(SEED).verify_key.verify(b"message", signature)
    assert not SigningKey(SEED).verify_key.verify(b"Message", signature)
    assert not SigningKey(bytes(32)).verify_key.verify(b"message", signature)


def test_a_ring_finds_keys_by_name() -> None:
    """A key that is not in the ring is not found, whatever its status would be."""
    mine, other = SigningKey(SEED).verify_key, SigningKey(bytes(32)).verify_key
    ring = KeyRing([RingKey(mine, KeyStatus.BLOCKED)])

    assert 1 == len(ring)
    assert RingKey(mine, KeyStatus.BLOCKED) == ring.find(mine.kid)
    assert ring.find(other.kid) is None


def test_two_keys_of_one_name_are_not_put_on_a_ring() -> None:
    """Four bytes may meet twice; the ring says so instead of dropping one."""
    key = RingKey(SigningKey(SEED).verify_key)

    with pytest.raises(ValueError, match=key.key.kid.hex()):
        KeyRing([key, RingKey(key.key, KeyStatus.BLOCKED)])


@pytest.mark.parametrize(
    ("now", "skew", "covered"),
    [
        (99, 0, False),
        (100, 0, True),
        (90, 10, True),
        (199, 0, True),
        (200, 0, False),
        (209, 10, True),
        (210, 10, False),
    ],
)
def test_a_key_is_believed_for_its_time(now: int, skew: int, covered: bool) -> None:
    """From `not_before`, included, to `not_after`, excluded, give or take the clock's error."""
    key = RingKey(SigningKey(SEED).verify_key, not_before=100, not_after=200)

    assert covered is key.covers(now, skew)


def test_a_key_without_bounds_is_always_believed() -> None:
    """No `not_before` and no `not_after` mean from ever and for ever."""
    assert RingKey(SigningKey(SEED).verify_key).covers(0)
    assert RingKey(SigningKey(SEED).verify_key).covers(2**40)


def test_what_is_sealed_is_opened_with_its_secret_only() -> None:
    """An older secret still opens what it sealed; another one, or a changed byte, doesn't."""
    sealed = signing.seal("the secret of before", SEED, bytes(signing.SEAL_NONCE_BYTES))

    assert SEED not in sealed
    assert signing.unseal(["the secret of now", "the secret of before"], sealed) == SEED
    with pytest.raises(Invalid, match="seal-broken"):
        signing.unseal(["the secret of now"], sealed)
    with pytest.raises(Invalid, match="seal-broken"):
        signing.unseal(["the secret of before"], sealed[:-1] + bytes([sealed[-1] ^ 1]))
