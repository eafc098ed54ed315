"""Live codes: a token with a tag that changes every 15 seconds, so that a picture is soon worthless. Pure.

The city keeps one secret. From it follow a key for each day and group of venues, which those venues' devices
have, and from that a key for each voucher, which its owner's phone has. A device that is stolen can so make
live codes for its group and days only, and never a voucher.

The code says in which step it was made, so a phone whose clock is off can be told by how much.
"""

import enum
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from redemption import cbor

STEP_SECONDS: Final = 15
TAG_BYTES: Final = 8
SECRET_BYTES: Final = 32
TOLERATED_STEPS: Final = 2
"""A code that is so many steps off is as good as one of now."""
SEARCHED_STEPS: Final = 40
"""A code that is so many steps off comes from a clock that is wrong; beyond that it is an old picture."""
DAY_SECONDS: Final = 86_400
GROUP_BYTES: Final = 8
FIRST_BYTE: Final = 0x83
"""With which a live code begins; a token begins with another."""

_ROUND: Final = 1 << 16
_PARTS: Final = 3
_DAY, _GROUP = b"duiscoin live day", b"duiscoin live group"


class Liveness(enum.StrEnum):
    """What a code says about the phone that shows it."""

    STILL = "still"
    """No tag: it may be a picture or paper."""
    LIVE = "live"
    CLOCK_OFF = "clock-off"
    """Made by the right phone at a moment that its clock tells wrongly, or a picture of some minutes ago."""
    OLD = "old"
    """A picture, or a clock that is wrong by more than anybody would believe."""
    WRONG = "wrong"
    """The tag is not the voucher's."""


@dataclass(frozen=True, slots=True)
class LiveToken:
    """What a live code holds."""

    token: bytes
    counter: int
    """The lowest 16 bits of the step."""
    tag: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """How live a code is."""

    liveness: Liveness
    seconds_off: int = 0
    """How far the phone's clock is ahead; below zero: it is slow."""


DayKeys = Callable[[int], bytes | None]
"""Gives the key of a day for the voucher's venues, or None where it is not known."""


def group_of(venue_ids: Sequence[int]) -> bytes:
    """Return the name of the group of venues that a voucher is good for, whatever their order."""
    return hashlib.sha256(_GROUP + cbor.encode(sorted(venue_ids))).digest()[:GROUP_BYTES]


def step_at(unix: int) -> int:
    """Return the step of a moment."""
    return unix // STEP_SECONDS


def day_of(step: int) -> int:
    """Return the day (of UTC, since 1970) by whose key a step's tag is made."""
    return step * STEP_SECONDS // DAY_SECONDS


def day_key(secret: bytes, group: bytes, day: int) -> bytes:
    """Return the key of a group of venues for a day: what its devices have."""
    return _mac(secret, _DAY + group + day.to_bytes(4))


def voucher_key(key_of_day: bytes, voucher_id: bytes) -> bytes:
    """Return the key of a voucher for a day: what its owner's phone has."""
    return _mac(key_of_day, voucher_id)


def tag(key_of_voucher: bytes, token: bytes, step: int) -> bytes:
    """Return the tag of a token for a step."""
    return _mac(key_of_voucher, token + step.to_bytes(4))[:TAG_BYTES]


def write(token: bytes, step: int, key_of_voucher: bytes) -> bytes:
    """Return the live code of a token for a step."""
    return cbor.encode([token, step % _ROUND, tag(key_of_voucher, token, step)])


def read(data: bytes) -> LiveToken:
    """Return what is in a live code. Raises cbor.Malformed or cbor.NotDeterministic."""
    match cbor.decode(data):
        case (bytes(token), int(counter), bytes(tag_)) if 0 <= counter < _ROUND and len(tag_) == TAG_BYTES:
            return LiveToken(token, counter, tag_)
    raise cbor.Malformed("no-live-code")


def judge(shown: LiveToken | None, voucher_id: bytes, now_unix: int, day_keys: DayKeys) -> Judgement:
    """Return how live a code is, by a clock that is right. Without a tag (None) it is still."""
    if shown is None:
        return Judgement(Liveness.STILL)
    now = step_at(now_unix)
    off = (shown.counter - now + _ROUND // 2) % _ROUND - _ROUND // 2
    if abs(off) > SEARCHED_STEPS:
        return Judgement(Liveness.OLD, off * STEP_SECONDS)
    key_of_day = day_keys(day_of(now + off))
    if key_of_day is None:
        return Judgement(Liveness.WRONG)
    right = tag(voucher_key(key_of_day, voucher_id), shown.token, now + off)
    if not hmac.compare_digest(right, shown.tag):
        return Judgement(Liveness.WRONG)
    if abs(off) <= TOLERATED_STEPS:
        return Judgement(Liveness.LIVE, off * STEP_SECONDS)
    return Judgement(Liveness.CLOCK_OFF, off * STEP_SECONDS)


def days_around(now_unix: int) -> range:
    """Return the days whose keys a device needs for the next day, without a network too."""
    first = day_of(step_at(now_unix) - SEARCHED_STEPS)
    return range(first, day_of(step_at(now_unix)) + 2)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
