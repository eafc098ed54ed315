"""Bundles: rules on their way from one city to another, signed by the city that sends them. Pure.

A bundle is JSON: `format`, `city`, `exported_at`, `rules`, and beside them `key` and `signature`. Signed with
Ed25519 (RFC 8032) are the bytes of SIGNED_PREFIX and the canonical form (RFC 8785) of all but the last two.
The key inside says who claims to have signed; whether that is believed, the receiving city decides.
"""

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Invalid
from kernel.signing import SigningKey, VerifyKey
from rewards import canonical, rules
from rewards.rules import RuleUnreadable, RuleVersion

FORMAT = "duiscoin-rules-1"
SIGNED_PREFIX = b"duiscoin-rules-1\n"
BYTES_MAX = 1_048_576
RULES_MAX = 200
_SAID = {"format", "city", "exported_at", "rules"}
_PROOF = {"key", "signature"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rules with their sender; the signature fits `key`, which does not yet say whose it is."""

    city_slug: str
    city_name: str
    exported_at: dt.datetime
    versions: tuple[RuleVersion, ...]
    key: VerifyKey
    digest: str
    """SHA-256 of what was signed: names the bundle."""


def make(
    slug: str, name: str, exported_at: dt.datetime, versions: Sequence[RuleVersion], key: SigningKey
) -> bytes:
    """Return a bundle as bytes. Raises Invalid `bundle-empty` or `bundle-too-large`."""
    if not versions:
        raise Invalid("bundle-empty", field="rules")
    said = {
        "format": FORMAT,
        "city": {"slug": slug, "name": name},
        "exported_at": exported_at.astimezone(dt.UTC).isoformat(),
        "rules": [one.document() for one in versions],
    }
    signature = key.sign(_signed(said))
    proof = {"key": key.verify_key.public_key.hex(), "signature": base64.b64encode(signature).decode()}
    text = canonical.encode(said | proof)
    if len(text) > BYTES_MAX or len(versions) > RULES_MAX:
        raise Invalid("bundle-too-large", field="rules")
    return text


def read(text: bytes) -> Bundle:
    """Return the bundle in a file, having checked that its signature fits its key.

    Raises Invalid `bundle-too-large`, `bundle-unreadable`, `bundle-format-unknown`, `bundle-signature-wrong`,
    `bundle-rule-invalid` (with its place).
    """
    if len(text) > BYTES_MAX:
        raise Invalid("bundle-too-large", field="bundle")
    try:
        found = canonical.decode(text, bytes_max=BYTES_MAX)
    except ValueError:
        raise Invalid("bundle-unreadable", field="bundle") from None
    if not isinstance(found, dict):
        raise Invalid("bundle-unreadable", field="bundle")
    if found.get("format") != FORMAT:
        raise Invalid("bundle-format-unknown", field="bundle")
    if found.keys() != _SAID | _PROOF:
        raise Invalid("bundle-unreadable", field="bundle")
    said = {name: found[name] for name in _SAID}
    key = _checked(said, found["key"], found["signature"])
    slug, name, exported_at = _sender(said)
    digest = hashlib.sha256(_signed(said)).hexdigest()
    return Bundle(slug, name, exported_at, _versions(said["rules"]), key, digest)


def _signed(said: dict[str, Any]) -> bytes:
    try:
        return SIGNED_PREFIX + canonical.encode(said)
    except (ValueError, UnicodeEncodeError):
        raise Invalid("bundle-unreadable", field="bundle") from None


def _checked(said: dict[str, Any], key_text: object, signature_text: object) -> VerifyKey:
    """Return the key, if it made the signature."""
    try:
        key = VerifyKey(bytes.fromhex(str(key_text)))
        signature = base64.b64decode(str(signature_text), validate=True)
    except (ValueError, binascii.Error, Invalid):
        raise Invalid("bundle-signature-wrong", field="bundle") from None
    if not key.verify(_signed(said), signature):
        raise Invalid("bundle-signature-wrong", field="bundle")
    return key


def _sender(said: dict[str, Any]) -> tuple[str, str, dt.datetime]:
    city = said["city"]
    try:
        exported_at = dt.datetime.fromisoformat(said["exported_at"])
    except (TypeError, ValueError):
        raise Invalid("bundle-unreadable", field="bundle") from None
    named = isinstance(city, dict) and all(isinstance(city.get(name), str) for name in ("slug", "name"))
    if not named or exported_at.tzinfo is None:
        raise Invalid("bundle-unreadable", field="bundle")
    return city["slug"][:40], city["name"][:80], exported_at


def _versions(documents: object) -> tuple[RuleVersion, ...]:
    if not isinstance(documents, list) or not 0 < len(documents) <= RULES_MAX:
        raise Invalid("bundle-unreadable", field="bundle")
    found: dict[str, RuleVersion] = {}
    for place, document in enumerate(documents, start=1):
        try:
            version = rules.read(document)
        except RuleUnreadable as error:
            path = error.faults[0].path
            raise Invalid("bundle-rule-invalid", field="bundle", place=place, path=path) from None
        found[version.version_hash] = version
    return tuple(found.values())
