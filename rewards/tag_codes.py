"""Codes of tags: printed ones, ones that a display changes, and taps of an NFC tag. Pure.

A tag has a number that everybody may know and a code that only who stands before it sees. Printed and shown
codes are made as attendance codes are (rewards/attendance_codes.py), from a secret of the tag and its
generation: replacing a tag that was photographed makes all its earlier codes worthless.
"""

import datetime as dt
import enum
import hashlib
import hmac
from dataclasses import dataclass

from rewards import attendance_codes, sun

NUMBER_LENGTH = 5
NUMBER_BYTES = 4
CODE_LENGTH = attendance_codes.LENGTH
TEXT_MAX = 200
STEP = dt.timedelta(seconds=30)
"""How long a display shows a code."""
STEPS_TAKEN = 3
"""The present code and the two before it: time to read and type it."""
STEPS_AHEAD = 1
"""A display's clock may be fast by so many steps."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011")


class Mode(enum.StrEnum):
    """How a tag shows its code."""

    PRINTED = "printed"
    """On paper, always the same: it can be photographed, so the place counts, too."""
    DISPLAY = "display"
    """Changes with the time (HMAC of a step of 30 seconds); each code is good once."""
    NFC = "nfc"
    """Made by the chip at each tap, with a counter (NTAG 424 DNA); each counter is good once."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a code proves to have been shown: a step of a display, a counter of a chip, 0 on paper."""

    mode: Mode
    count: int


def number(random: bytes) -> str:
    """Return the number of a new tag, from four random bytes."""
    bits = int.from_bytes(random[:NUMBER_BYTES])
    return "".join(_ALPHABET[bits >> shift & 31] for shift in range(0, 5 * NUMBER_LENGTH, 5))


def plain(text: str) -> str:
    """Return a typed number or code in its plain form: without gaps, O, I and L read as digits."""
    symbols = text[:TEXT_MAX].upper().translate(_MISREAD)
    return "".join(symbol for symbol in symbols if symbol in _ALPHABET)


def split(text: str) -> tuple[str, str]:
    """Return number and code of a text that has both: typed with or without gap, or the end of an address."""
    end = text.strip()[-TEXT_MAX:]
    for mark in ("/T/", "/t/"):
        end = end.rpartition(mark)[2]
    if "/" in end:
        first, _, rest = end.partition("/")
        return plain(first), rest
    whole = plain(end)
    return whole[:NUMBER_LENGTH], whole[NUMBER_LENGTH:]


def step_at(now: dt.datetime) -> int:
    """Return the number of the step that an instant lies in."""
    return int(now.timestamp() // STEP.total_seconds())


def printed(secret: bytes, generation: int) -> str:
    """Return the code that stands on paper."""
    return attendance_codes.code(_key(secret, generation), attendance_codes.ALWAYS)


def shown(secret: bytes, generation: int, step: int) -> str:
    """Return the code that a display shows in a step."""
    return attendance_codes.code(_key(secret, generation), step)


def chip_key(secret: bytes, generation: int) -> bytes:
    """Return the AES key that is written into the chip of an NFC tag."""
    return _key(secret, generation)[: sun.KEY_BYTES]


def match(mode: Mode, secret: bytes, generation: int, text: str, now: dt.datetime) -> Shown | None:
    """Return what a text proves to have been shown; None if it is no code of this tag, or no longer."""
    if mode is Mode.NFC:
        tap = sun.parse(text)
        genuine = tap is not None and sun.is_genuine(chip_key(secret, generation), tap)
        return Shown(mode, tap.counter) if tap is not None and genuine else None
    typed = plain(text).encode()
    if mode is Mode.PRINTED:
        right = hmac.compare_digest(printed(secret, generation).encode(), typed)
        return Shown(mode, 0) if right else None
    present = step_at(now)
    steps = range(present + STEPS_AHEAD, present - STEPS_TAKEN, -1)
    # Every one is compared, in constant time: how long it takes tells nothing.
    right_steps = [
        step for step in steps if hmac.compare_digest(shown(secret, generation, step).encode(), typed)
    ]
    return Shown(mode, right_steps[0]) if right_steps else None


def _key(secret: bytes, generation: int) -> bytes:
    return hmac.digest(secret, b"duiscoin-tag" + generation.to_bytes(4), hashlib.sha256)
