"""Codes on the phones of guests who redeem by themselves: what staff without a scanner compare. Pure.

The guest's phone shows six digits, and a page of the staff's reckons the same six from the price and a number
that the guest's phone shows, too. The rule is that of RFC 4226 (HOTP) and RFC 6238 (TOTP) with HMAC-SHA-256
and steps of a minute; docs/presented.md has it with examples.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

STEP_SECONDS: Final = 60
DIGITS: Final = 6
SECRET_BYTES: Final = 32
KEY_BYTES: Final = 20
"""Of the key on a card: 160 bits, as RFC 4226 (section 4, R6) asks for."""
TAG_BYTES: Final = 10
NUMBERS: Final = 1000
"""How many numbers there are for a use, which staff type: three digits."""

_CARD, _CODE, _POSTER = b"duiscoin presented card", b"duiscoin presented code", b"duiscoin presented poster"
_POSTER_TEXT: Final = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})-([A-Z2-7]{16})")


@dataclass(frozen=True, slots=True)
class Poster:
    """What the address on a poster says. Whether it is genuine only the venue's secret tells."""

    venue_id: int
    version: int
    tag: bytes = field(repr=False)

    def genuine(self, secret: bytes) -> bool:
        """Return whether it was made with this secret."""
        return hmac.compare_digest(self.tag, _tag(secret, self.venue_id, self.version))


def card_key(secret: bytes) -> bytes:
    """Return the key on the card: what the staff's page needs, and not what signs posters."""
    return _mac(secret, _CARD)[:KEY_BYTES]


def step_at(unix: float) -> int:
    """Return the minute of a moment."""
    return int(unix // STEP_SECONDS)


def code(key: bytes, number: int, cents: int, step: int) -> str:
    """Return the six digits for a use, its price and a minute."""
    return truncated(_mac(key, _CODE + number.to_bytes(2) + cents.to_bytes(8) + step.to_bytes(8)))


def truncated(mac: bytes, digits: int = DIGITS) -> str:
    """Return decimal digits of a MAC: the dynamic truncation of RFC 4226, section 5.3."""
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def poster_text(secret: bytes, venue_id: int, version: int) -> str:
    """Return what stands at the end of a poster's address."""
    tag = base64.b32encode(_tag(secret, venue_id, version)).decode()
    return f"{venue_id}-{version}-{tag}"


def read_poster(text: str) -> Poster | None:
    """Return what a poster's address says, None if it is none."""
    found = _POSTER_TEXT.fullmatch(text)
    if found is None:
        return None
    venue_id, version, tag = found.groups()
    return Poster(int(venue_id), int(version), base64.b32decode(tag))


def card_text(secret: bytes, version: int, begins_unix: int) -> str:
    """Return what stands behind `#` in a card's address: its version, from when it holds, its key."""
    key = base64.urlsafe_b64encode(card_key(secret)).rstrip(b"=").decode()
    return f"{version}.{begins_unix}.{key}"


def read_card(text: str) -> tuple[int, int, bytes] | None:
    """Return version, begin and key of a card, None if it is none; as the staff's page reads it."""
    try:
        version, begins, key = text.split(".")
        read = base64.b64decode(key + "=", altchars=b"-_", validate=True)
        return (int(version), int(begins), read) if len(read) == KEY_BYTES else None
    except (ValueError, binascii.Error):
        return None


def _tag(secret: bytes, venue_id: int, version: int) -> bytes:
    return _mac(secret, _POSTER + venue_id.to_bytes(4) + version.to_bytes(4))[:TAG_BYTES]


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
