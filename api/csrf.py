"""Protection against forged forms: a token bound to the visitor's cookie.

The token is an HMAC of the session's (or the visitor's) cookie value, so nothing needs to be stored and a
token dies with its session. Pages carry it masked by fresh random bytes: pages are compressed, and of a text
that is different each time, the length of a compressed page tells an eavesdropper nothing.
"""

import hashlib
import hmac

from kernel.errors import Forbidden

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_HEX_LENGTH = 64


class ForgedForm(Forbidden):
    """The form or request carries no valid token; loading the page again gives a fresh one."""

    code = "csrf-token-invalid"


def token(secret: str, cookie: str) -> str:
    """Return the token that belongs to a cookie value."""
    return hmac.digest(secret.encode(), b"csrf\0" + cookie.encode(), "sha256").hex()


def masked(bare: str, randomness: bytes) -> str:
    """Return a token as a page carries it."""
    pad = hashlib.sha256(randomness).digest()
    return pad.hex() + _xor(pad, bytes.fromhex(bare)).hex()


def check(secrets: tuple[str, ...], cookie: str, given: str | None) -> None:
    """Raise ForgedForm unless `given` is the cookie's token under one of the secrets, masked or not."""
    if not given or not cookie:
        raise ForgedForm
    bare = _unmasked(given)
    if not any(hmac.compare_digest(token(secret, cookie).encode(), bare.encode()) for secret in secrets):
        raise ForgedForm


def _unmasked(given: str) -> str:
    if len(given) != 2 * _HEX_LENGTH:
        return given
    try:
        return _xor(bytes.fromhex(given[:_HEX_LENGTH]), bytes.fromhex(given[_HEX_LENGTH:])).hex()
    except ValueError:
        return given


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
