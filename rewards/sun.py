"""Messages of NFC tags that sign themselves: NTAG 424 DNA, "Secure Unique NFC". Pure.

A tapped tag puts its UID, a counter that only grows and an AES-CMAC into the address that the phone opens.
Source: NXP application note AN12196, section "SUN": the session key is CMAC(key, 3C C3 00 01 00 80 || UID ||
counter), the message is empty, and of its CMAC every second byte is sent.
"""

import hmac
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC

KEY_BYTES: Final = 16
TEMPLATE: Final = "0" * 14 + "x" + "0" * 6 + "x" + "0" * 16
"""What a tag is programmed to overwrite: UID, counter and CMAC in hex, with `x` between."""
_SESSION: Final = bytes.fromhex("3CC300010080")
_TEXT: Final = re.compile(r"([0-9A-F]{14})X([0-9A-F]{6})X([0-9A-F]{16})")


@dataclass(frozen=True, slots=True)
class Tap:
    """What a tag said."""

    uid: bytes
    counter: int
    mac: bytes


def parse(text: str) -> Tap | None:
    """Return what a tag wrote into an address; None if it is nothing of that form."""
    found = _TEXT.fullmatch(text.strip().upper())
    if found is None:
        return None
    uid, counter, mac = found.groups()
    return Tap(bytes.fromhex(uid), int(counter, 16), bytes.fromhex(mac))


def mac(key: bytes, uid: bytes, counter: int) -> bytes:
    """Return the eight bytes with which a tag of this key signs a tap."""
    session = _cmac(key, _SESSION + uid + counter.to_bytes(3, "little"))
    return _cmac(session, b"")[1::2]


def is_genuine(key: bytes, tap: Tap) -> bool:
    """Return whether a tag of this key said so; compared in constant time."""
    return hmac.compare_digest(mac(key, tap.uid, tap.counter), tap.mac)


def text(key: bytes, uid: bytes, counter: int) -> str:
    """Return what a tag of this key writes at a tap: for tests and for software that stands in for a tag."""
    return f"{uid.hex()}x{counter:06x}x{mac(key, uid, counter).hex()}".upper().replace("X", "x")


def _cmac(key: bytes, message: bytes) -> bytes:
    made = CMAC(AES128(key))
    made.update(message)
    return made.finalize()
