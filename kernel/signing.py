"""Ed25519 keys (RFC 8032) for vouchers and checkpoints: signing keys, verify keys and rings of them. Pure.

A key is named by its `kid`: the first four bytes of SHA-256 of the 32-byte public key. The name finds the
key, it proves nothing: only the signature does.
"""

import base64
import binascii
import enum
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import nacl.bindings
import nacl.exceptions
import nacl.secret
import nacl.signing

from kernel.errors import Invalid

KID_BYTES = 4
KEY_BYTES = 32
SIGNATURE_BYTES = 64
SEAL_NONCE_BYTES = nacl.secret.SecretBox.NONCE_SIZE

_HEX = re.compile(r"[0-9a-fA-F]{64}")


def key_id(public_key: bytes) -> bytes:
    """Return the `kid` of a public key: the first four bytes of its SHA-256."""
    return hashlib.sha256(public_key).digest()[:KID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half of a key: 32 bytes, free to be published. Raises Invalid `invalid-key`."""

    public_key: bytes
    kid: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _check_length(self.public_key)
        object.__setattr__(self, "kid", key_id(self.public_key))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key written as 64 hex digits or as base64url. Raises Invalid `invalid-key`."""
        return cls(_key_bytes(text))

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Return whether this key signed `message`; a malleable or misshapen signature counts as no."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            # What `nacl.signing` calls as well, without its encoders.
            nacl.bindings.crypto_sign_open(signature + message, self.public_key)
        except nacl.exceptions.BadSignatureError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The secret half of a key, made from a 32-byte seed. Raises Invalid `invalid-key`.

    The seed comes from a source of random bytes or from a sealed store; there is no default. It is not shown
    by `repr`.
    """

    seed: bytes = field(repr=False)
    verify_key: VerifyKey = field(init=False, compare=False)
    _nacl: nacl.signing.SigningKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_length(self.seed)
        key = nacl.signing.SigningKey(self.seed)
        object.__setattr__(self, "_nacl", key)
        object.__setattr__(self, "verify_key", VerifyKey(key.verify_key.encode()))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key of a seed in 64 hex digits or in base64url. Raises Invalid `invalid-key`."""
        return cls(_key_bytes(text))

    @property
    def kid(self) -> bytes:
        """The key's name, four bytes."""
        return self.verify_key.kid

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`; the same for the same message."""
        return self._nacl.sign(message).signature


class KeyStatus(enum.StrEnum):
    """What a key is still good for."""

    ACTIVE = "active"
    """Signs, and is believed."""
    RETIRED = "retired"
    """Signs no more; what it signed is still believed."""
    BLOCKED = "blocked"
    """Not believed any more, whatever it signed: it may have been stolen."""


@dataclass(frozen=True, slots=True)
class RingKey:
    """A verify key with what a verifier must know of it."""

    key: VerifyKey
    status: KeyStatus = KeyStatus.ACTIVE
    not_before: int | None = None
    """Unix second from which the key is believed; None: from ever."""
    not_after: int | None = None
    """Unix second from which it is no longer believed, after the end of all that it signed; None: never."""

    def covers(self, now_unix: int, skew_seconds: int = 0) -> bool:
        """Return whether the key is believed at `now_unix`, give or take a clock's error."""
        begun = self.not_before is None or self.not_before <= now_unix + skew_seconds
        return begun and (self.not_after is None or now_unix - skew_seconds < self.not_after)


class KeyRing:
    """The keys that a verifier knows, by `kid`. Never changes; a new list is a new ring.

    Raises ValueError when two different keys bear the same name: then one of them must be made anew.
    """

    __slots__ = ("_by_kid",)

    def __init__(self, keys: Iterable[RingKey]) -> None:
        by_kid: dict[bytes, RingKey] = {}
        for ring_key in keys:
            if by_kid.setdefault(ring_key.key.kid, ring_key) is not ring_key:
                msg = f"two keys named {ring_key.key.kid.hex()}"
                raise ValueError(msg)
        self._by_kid: Mapping[bytes, RingKey] = MappingProxyType(by_kid)

    def __len__(self) -> int:
        return len(self._by_kid)

    def find(self, kid: bytes) -> RingKey | None:
        """Return the key of that name, whatever its status, or None."""
        return self._by_kid.get(kid)


def seal(secret: str, data: bytes, nonce: bytes) -> bytes:
    """Return `data` encrypted and authenticated (XSalsa20-Poly1305), for the same `secret` to open.

    `secret` is long and random, so a fast derivation of the key is enough; `nonce` is SEAL_NONCE_BYTES random
    bytes, never used twice.
    """
    return bytes(_box(secret).encrypt(data, nonce))


def unseal(secrets: Sequence[str], sealed: bytes) -> bytes:
    """Return what was sealed with one of `secrets`, the present one first, then older ones.

    Raises Invalid `seal-broken` if none of them opens it.
    """
    for secret in secrets:
        try:
            return _box(secret).decrypt(sealed)
        except nacl.exceptions.CryptoError:
            continue
    raise Invalid("seal-broken")


def _box(secret: str) -> nacl.secret.SecretBox:
    key = hashlib.blake2b(secret.encode(), digest_size=KEY_BYTES, person=b"duiscoin-sealing").digest()
    return nacl.secret.SecretBox(key)


def _check_length(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise Invalid("invalid-key", expected_bytes=KEY_BYTES, actual_bytes=len(key))


def _key_bytes(text: str) -> bytes:
    # The text may be a secret: nothing of it goes into the error.
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        padded = text.rstrip("=").encode("ascii") + b"="
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Invalid("invalid-key", expected_bytes=KEY_BYTES) from None
