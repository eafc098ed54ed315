"""The programme: the city's rule versions and their life. What they decide is in `ruling`.

draft -> approved (by somebody else than the author) -> active -> retired. Versions are never changed; a new
version of the same rule takes the place of the active one.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import accounts, chart
from rewards import inspecting, rules
from rewards.linting import LintFinding, Severity
from rewards.rules import RuleUnreadable, RuleVersion
from rewards.tables import rule_versions


class RuleStatus(enum.StrEnum):
    """Where a version stands in its life."""

    DRAFT = "draft"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"


class RuleRefused(Invalid):
    """The document is no rule, or linting found errors; `details` list them."""

    code = "rule-invalid"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A version of a rule and its life so far."""

    version_hash: str
    version: RuleVersion
    status: RuleStatus
    author_id: int
    created_at: dt.datetime
    approver_id: int | None
    approved_at: dt.datetime | None
    active_from: dt.datetime | None
    retired_at: dt.datetime | None


def parse(document: object) -> RuleVersion:
    """Return the rule in a document. Raises RuleRefused with what is wrong where."""
    try:
        return rules.read(document)
    except RuleUnreadable as error:
        raise RuleRefused(faults=[{"path": path, "message": text} for path, text in error.faults]) from None


def draft(work: Work, city: City, version: RuleVersion, author_id: int) -> StoredRule:
    """Save a version as a draft; saving the same version again changes nothing.

    Raises NotFound `action-unknown`, RuleRefused if linting finds an error.
    """
    errors = [f for f in lint(work, city, version) if f.severity is Severity.ERROR]
    if errors:
        raise RuleRefused(faults=[{"path": f.path, "message": f.code, **f.details} for f in errors])
    existing = _select(work, rule_versions.c.version_hash == version.version_hash)
    if existing:
        return existing[0]
    work.connection.execute(
        sa.insert(rule_versions).values(
            city_id=work.city_id,
            version_hash=version.version_hash,
            code=version.code,
            document=version.document(),
            status=RuleStatus.DRAFT.value,
            author_id=author_id,
            created_at=work.now,
        )
    )
    return get(work, version.version_hash)


def lint(reading: Reading, city: City, version: RuleVersion) -> list[LintFinding]:
    """Return what is wrong or odd about a version in this city, beside what is in force."""
    return inspecting.inspect(reading, city, version, [stored.version for stored in active(reading)])


def approve(work: Work, version_hash: str, approver_id: int) -> StoredRule:
    """Approve a draft. Raises NotFound, Forbidden `own-rule`, Conflict `rule-not-draft`."""
    stored = get(work, version_hash)
    if stored.author_id == approver_id:
        raise Forbidden("own-rule")
    if stored.status is not RuleStatus.DRAFT:
        raise Conflict("rule-not-draft", status=stored.status.value)
    _set(
        work,
        version_hash,
        status=RuleStatus.APPROVED.value,
        approver_id=approver_id,
        approved_at=work.now,
    )
    return get(work, version_hash)


def activate(work: Work, version_hash: str) -> StoredRule:
    """Put an approved version in force and retire the one before.

    Raises NotFound, Conflict `rule-not-approved` or `budget-not-funded`.
    """
    stored = get(work, version_hash)
    if stored.status is not RuleStatus.APPROVED:
        raise Conflict("rule-not-approved", status=stored.status.value)
    if not accounts.by_path(work, [chart.budget_path(stored.version.budget)]):
        raise Conflict("budget-not-funded", budget=stored.version.budget)
    for other in active(work):
        if other.version.code == stored.version.code:
            retire(work, other.version_hash)
    _set(work, version_hash, status=RuleStatus.ACTIVE.value, active_from=work.now)
    return get(work, version_hash)


def retire(work: Work, version_hash: str) -> StoredRule:
    """Take an active version out of force. Raises NotFound, Conflict `rule-not-active`."""
    if get(work, version_hash).status is not RuleStatus.ACTIVE:
        raise Conflict("rule-not-active")
    _set(work, version_hash, status=RuleStatus.RETIRED.value, retired_at=work.now)
    return get(work, version_hash)


def get(reading: Reading, version_hash: str) -> StoredRule:
    """Return a version. Raises NotFound `rule-not-found`."""
    for stored in _select(reading, rule_versions.c.version_hash == version_hash):
        return stored
    raise NotFound("rule-not-found")


def every(reading: Reading) -> list[StoredRule]:
    """Return all versions, by rule and then by age."""
    return _select(reading, sa.true())


def active(reading: Reading) -> list[StoredRule]:
    """Return the versions in force."""
    return _select(reading, rule_versions.c.status == RuleStatus.ACTIVE.value)


def active_hashes(reading: Reading) -> list[str]:
    """Return which versions are in force, in the order of their rules."""
    rows = reading.connection.execute(
        sa.select(rule_versions.c.version_hash)
        .where(rule_versions.c.city_id == reading.city_id, rule_versions.c.status == RuleStatus.ACTIVE.value)
        .order_by(rule_versions.c.code, rule_versions.c.version_hash)
    )
    return list(rows.scalars())


def by_hashes(reading: Reading, hashes: Sequence[str]) -> list[StoredRule]:
    """Return those of the versions that exist."""
    return _select(reading, rule_versions.c.version_hash.in_(list(hashes)))


def _set(work: Work, version_hash: str, **values: object) -> None:
    work.connection.execute(
        sa.update(rule_versions)
        .where(rule_versions.c.city_id == work.city_id, rule_versions.c.version_hash == version_hash)
        .values(**values)
    )


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[StoredRule]:
    rows = reading.connection.execute(
        sa.select(rule_versions)
        .where(rule_versions.c.city_id == reading.city_id, condition)
        .order_by(rule_versions.c.code, rule_versions.c.created_at)
    )
    return [
        StoredRule(
            row.version_hash,
            RuleVersion.model_validate(row.document),
            RuleStatus(row.status),
            row.author_id,
            row.created_at,
            row.approver_id,
            row.approved_at,
            row.active_from,
            row.retired_at,
        )
        for row in rows
    ]
