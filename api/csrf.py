"""Protection against forged forms: a token bound to the visitor's cookie.

The token is an HMAC of the session's (or the visitor's) cookie value, so nothing needs to be stored and a
token dies with its session.
"""

import hmac

from kernel.errors import Forbidden

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


class ForgedForm(Forbidden):
    """The form or request carries no valid token; loading the page again gives a fresh one."""

    code = "csrf-token-invalid"


def token(secret: str, cookie: str) -> str:
    """Return the token that belongs to a cookie value."""
    return hmac.digest(secret.encode(), b"csrf\0" + cookie.encode(), "sha256").hex()


def check(secrets: tuple[str, ...], cookie: str, given: str | None) -> None:
    """Raise ForgedForm unless `given` is the cookie's token under one of the secrets."""
    if not given or not cookie:
        raise ForgedForm
    if not any(hmac.compare_digest(token(secret, cookie), given) for secret in secrets):
        raise ForgedForm
