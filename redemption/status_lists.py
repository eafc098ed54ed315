"""The status list: one bit for each voucher of a city, 1 once it is no longer good. Pure.

As draft-ietf-oauth-status-list says: bits from the lowest of each byte on, compressed with zlib, in a CWT
that the city signs. The claim -65538 is the version. A second, small CWT, the head, signs version and digest
of the bits: who applies changes to an older list compares the result with it.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kernel.signing import SigningKey
from redemption import cbor, tokens

LIST_TYPE: Final = "application/statuslist+cwt"
HEAD_TYPE: Final = "application/vnd.duiscoin.status-head+cwt"
TTL_SECONDS: Final = 60
"""After so long a verifier that can should ask again."""
VALID_SECONDS: Final = 48 * 3600
"""A list that is older is of no use any more."""

_SUB, _EXP, _IAT = 2, 4, 6
_STATUS_LIST, _TTL = 65533, 65534
_VERSION, _DIGEST = -65538, -65539
_LEVEL: Final = 9
_BITS_IN_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class Stamp:
    """What list and head have in common."""

    uri: str
    version: int
    issued_at: int
    """Unix second."""


def set_bits(bits: bytearray, indexes: Iterable[int]) -> None:
    """Make vouchers invalid; the list grows as far as needed."""
    for index in indexes:
        reach(bits, index + 1)
        bits[index >> 3] |= 1 << (index & 7)


def clear_bits(bits: bytearray, indexes: Iterable[int]) -> None:
    """Make vouchers good again."""
    for index in indexes:
        reach(bits, index + 1)
        bits[index >> 3] &= ~(1 << (index & 7)) & 0xFF


def is_invalid(bits: bytes | bytearray, index: int) -> bool:
    """Return whether a voucher is no longer good. What is beyond the list was issued later, so it is good."""
    return index >> 3 < len(bits) and bool(bits[index >> 3] >> (index & 7) & 1)


def reach(bits: bytearray, count: int) -> None:
    """Let the list have room for `count` vouchers."""
    missing = -(-count // _BITS_IN_BYTE) - len(bits)
    if missing > 0:
        bits.extend(bytes(missing))


def places(bits: bytes | bytearray) -> int:
    """Return for how many vouchers the list has room."""
    return len(bits) * _BITS_IN_BYTE


def compressed(bits: bytes | bytearray) -> bytes:
    """Return the bits as the draft's `lst`: the ZLIB format at its highest level."""
    return zlib.compress(bytes(bits), _LEVEL)


def expanded(lst: bytes) -> bytearray:
    """Return the bits of a list of our own; somebody else's could expand without end."""
    return bytearray(zlib.decompress(lst))


def list_token(stamp: Stamp, lst: bytes, key: SigningKey) -> bytes:
    """Return the signed status list of compressed bits."""
    status: cbor.Value = cbor.Named({"bits": 1, "lst": lst})
    return _signed(LIST_TYPE, stamp, {_EXP: stamp.issued_at + VALID_SECONDS, _STATUS_LIST: status}, key)


def head_token(stamp: Stamp, bits: bytes | bytearray, key: SigningKey) -> bytes:
    """Return the signed digest of the bits: SHA-256 of them, not compressed, and how many bytes they are."""
    return _signed(HEAD_TYPE, stamp, {_DIGEST: [len(bits), digest(bits)]}, key)


def digest(bits: bytes | bytearray) -> bytes:
    """Return what a head says of the bits."""
    return hashlib.sha256(bits).digest()


def _signed(kind: str, stamp: Stamp, claims: dict[int, cbor.Value], key: SigningKey) -> bytes:
    common: dict[int, cbor.Value] = {
        _SUB: stamp.uri,
        _IAT: stamp.issued_at,
        _TTL: TTL_SECONDS,
        _VERSION: stamp.version,
    }
    return tokens.sign_cwt(common | claims, key, kind)
