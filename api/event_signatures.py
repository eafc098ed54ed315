"""Signatures of events that other systems send, as Standard Webhooks describes them with Ed25519 keys.

The headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature` (`v1a,` and base64, several
separated by spaces) sign `id.timestamp.body`. Source: https://www.standardwebhooks.com, "Signature scheme".
"""

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

from kernel.errors import DomainError, Kind
from kernel.signing import VerifyKey

TOLERANCE = dt.timedelta(minutes=5)
_VERSION = "v1a"
_ID_MAX = 200


class SignatureRefused(DomainError):
    """The signature is missing, too old or wrong; the code says which."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "signature-wrong"


def verify(key: VerifyKey, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> None:
    """Return if the body was signed by the key a moment ago.

    Raises SignatureRefused: signature-missing, signature-too-old, signature-wrong.
    """
    name, sent, signatures = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (name and sent and signatures) or len(name) > _ID_MAX:
        raise SignatureRefused("signature-missing")
    # Twelve digits are enough until the year 33658, and no more than a time zone can be given for.
    if not (sent.isascii() and sent.isdigit() and len(sent) <= len("999999999999")):
        raise SignatureRefused("signature-too-old")
    if abs(now.timestamp() - int(sent)) > TOLERANCE.total_seconds():
        raise SignatureRefused("signature-too-old")
    message = f"{name}.{sent}.".encode() + body
    if not any(key.verify(message, one) for one in _signatures(signatures)):
        raise SignatureRefused


def _signatures(text: str) -> list[bytes]:
    found = []
    for one in text.split(" "):
        version, _, encoded = one.partition(",")
        if version == _VERSION:
            try:
                found.append(base64.b64decode(encoded, validate=True))
            except binascii.Error:
                continue
    return found
