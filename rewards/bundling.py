"""Bundling: giving rules to another city, and taking them in as drafts that still need approval here.

Only bundles of cities whose key somebody pinned are looked at. What would change is said before anything
does.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db, signing
from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.signing import SigningKey, VerifyKey
from ledger.log_keys import Sealer
from rewards import bundles, programme
from rewards.bundles import Bundle
from rewards.life_tables import rule_keys, trusted_cities
from rewards.linting import LintFinding, Severity
from rewards.programme import StoredRule
from rewards.rules import RuleVersion

NAME_MAX = 80


class Effect(enum.StrEnum):
    """What taking a rule in would do."""

    KNOWN = "known"
    """This very version is here already."""
    NEW_RULE = "new-rule"
    NEW_VERSION = "new-version"
    REFUSED = "refused"
    """It does not fit this city, as the findings say."""


@dataclass(frozen=True, slots=True)
class Item:
    """What taking one version in would do; `against` is the version of its rule that is in force here."""

    version: RuleVersion
    effect: Effect
    against: StoredRule | None
    findings: tuple[LintFinding, ...]


@dataclass(frozen=True, slots=True)
class TrustedCity:
    """A city whose bundles are believed."""

    public_key: bytes
    name: str
    added_by: int | None
    added_at: dt.datetime

    @property
    def key(self) -> str:
        """The key as people compare it."""
        return self.public_key.hex()


def public_key(reading: Reading) -> str | None:
    """Return the key with which this city signs; None before its first bundle."""
    found = sa.select(rule_keys.c.public_key).where(rule_keys.c.city_id == reading.city_id)
    key: bytes | None = reading.connection.execute(found).scalar()
    return key.hex() if key else None


def begin(work: Work, sealer: Sealer) -> str:
    """Make the city's key unless it has one; return its public half."""
    made = SigningKey(work.ids.random_bytes(signing.KEY_BYTES))
    work.connection.execute(
        db.insert(work, rule_keys)
        .values(
            city_id=work.city_id,
            public_key=made.verify_key.public_key,
            sealed_seed=sealer.seal(work, made.seed),
            created_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    return public_key(work) or ""


def export(work: Work, city: City, sealer: Sealer, hashes: Sequence[str]) -> bytes:
    """Return a signed bundle of versions.

    Raises NotFound `rule-not-found`, Invalid `bundle-empty` or `bundle-too-large`, Conflict
    `rule-key-altered`.
    """
    begin(work, sealer)
    row = work.connection.execute(
        sa.select(rule_keys.c.public_key, rule_keys.c.sealed_seed).where(rule_keys.c.city_id == work.city_id)
    ).one()
    key = SigningKey(sealer.unseal(row.sealed_seed))
    if key.verify_key != VerifyKey(row.public_key):
        raise Conflict("rule-key-altered")
    found = {one.version_hash: one.version for one in programme.by_hashes(work, hashes)}
    if found.keys() != set(hashes):
        raise NotFound("rule-not-found")
    return bundles.make(city.slug, city.name, work.now, list(found.values()), key)


def trust(work: Work, name: str, key: str, adder_id: int | None) -> TrustedCity:
    """Pin a city's key; a name given again renames it.

    Raises Invalid `city-name-missing`, `trusted-name-too-long` or `trusted-key-invalid`.
    """
    if not name.strip():
        raise Invalid("city-name-missing", field="name")
    if len(name.strip()) > NAME_MAX:
        raise Invalid("trusted-name-too-long", field="name", maximum=NAME_MAX)
    try:
        verify_key = VerifyKey(bytes.fromhex(key.strip()))
    except (ValueError, Invalid):
        raise Invalid("trusted-key-invalid", field="key") from None
    values = {"name": name.strip(), "added_by": adder_id, "added_at": work.now}
    work.connection.execute(
        db.insert(work, trusted_cities)
        .values(city_id=work.city_id, public_key=verify_key.public_key, **values)
        .on_conflict_do_update(index_elements=["city_id", "public_key"], set_=values)
    )
    return _sender(work, verify_key)


def distrust(work: Work, key: str) -> None:
    """Stop believing a city's bundles; what came in stays. Raises NotFound `trusted-city-not-found`."""
    known = {one.key: one.public_key for one in trusted(work)}
    if key not in known:
        raise NotFound("trusted-city-not-found")
    work.connection.execute(
        sa.delete(trusted_cities).where(
            trusted_cities.c.city_id == work.city_id, trusted_cities.c.public_key == known[key]
        )
    )


def trusted(reading: Reading) -> list[TrustedCity]:
    """Return the cities whose bundles are believed, by name."""
    columns = [trusted_cities.c[name] for name in TrustedCity.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(trusted_cities.c.city_id == reading.city_id)
        .order_by(trusted_cities.c.name, trusted_cities.c.public_key)
    )
    return [TrustedCity(**row._mapping) for row in rows]


def plan(reading: Reading, city: City, bundle: Bundle) -> tuple[TrustedCity, list[Item]]:
    """Return who sent a bundle and what taking it in would change; nothing is written.

    Raises Forbidden `bundle-sender-unknown`.
    """
    sender = _sender(reading, bundle.key)
    known = {one.version_hash: one for one in programme.every(reading)}
    active = {one.version.code: one for one in programme.active(reading)}
    codes = {one.version.code for one in known.values()}
    items = []
    for version in bundle.versions:
        findings = _findings(reading, city, version)
        effect = Effect.NEW_VERSION if version.code in codes else Effect.NEW_RULE
        if any(one.severity is Severity.ERROR for one in findings):
            effect = Effect.REFUSED
        if version.version_hash in known:
            effect = Effect.KNOWN
        items.append(Item(version, effect, active.get(version.code), tuple(findings)))
    return sender, items


def take(work: Work, city: City, bundle: Bundle, author_id: int) -> list[StoredRule]:
    """Save what is new and fits as drafts of `author_id`; again changes nothing. Raises as `plan` does."""
    sender, items = plan(work, city, bundle)
    origin = {
        "city": sender.name,
        "key": sender.key,
        "bundle": bundle.digest,
        "exported_at": bundle.exported_at.isoformat(),
    }
    return [
        programme.draft(work, city, one.version, author_id, origin=origin)
        for one in items
        if one.effect in {Effect.NEW_RULE, Effect.NEW_VERSION}
    ]


def _sender(reading: Reading, key: VerifyKey) -> TrustedCity:
    for one in trusted(reading):
        if one.public_key == key.public_key:
            return one
    raise Forbidden("bundle-sender-unknown", key=key.public_key.hex())


def _findings(reading: Reading, city: City, version: RuleVersion) -> list[LintFinding]:
    try:
        return programme.lint(reading, city, version)
    except NotFound as error:
        return [LintFinding(Severity.ERROR, error.code, "action", {"action": version.action})]
