"""Attendance codes: six characters that are shown where something takes place, and prove having been there.

The code changes every five minutes and is taken for a while after, so that one can type it in peace; a
friend at home who is told it by telephone has to be quick. Pure.
"""

import datetime as dt
import hashlib
import hmac

STEP = dt.timedelta(minutes=5)
STEPS_TAKEN = 3
"""The present code and the two before it."""
LENGTH = 6
ALWAYS = -1
"""The step of a code that is printed and doesn't change."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def step_at(now: dt.datetime) -> int:
    """Return the number of the step that an instant lies in."""
    return int(now.timestamp() // STEP.total_seconds())


def until(now: dt.datetime) -> dt.datetime:
    """Return when the present step is over."""
    return dt.datetime.fromtimestamp((step_at(now) + 1) * STEP.total_seconds(), dt.UTC)


def code(secret: bytes, step: int) -> str:
    """Return the code of a step (HMAC-SHA-256, truncated as in RFC 4226, Crockford's base32)."""
    mac = hmac.digest(secret, step.to_bytes(8, signed=True), hashlib.sha256)
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4]) & 0x3FFF_FFFF
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(25, -1, -5))


def is_valid(secret: bytes, text: str, now: dt.datetime, *, printed: bool) -> bool:
    """Return whether a text is the printed code, or one shown now or a moment ago."""
    typed = text.strip().upper().translate(_MISREAD)
    steps = [ALWAYS] if printed else [step_at(now) - back for back in range(STEPS_TAKEN)]
    # Every one is compared, in constant time: how long it takes tells nothing.
    matches = [hmac.compare_digest(code(secret, step).encode(), typed.encode()) for step in steps]
    return True in matches
