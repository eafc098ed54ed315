"""The programme: the city's rule versions and their life. What they decide is in `ruling`.

draft -> simulated -> approved (by somebody else than the author) -> scheduled -> in force -> retired.
Versions are never changed; a new version of the same rule takes the place of the one before at its instant.
Which one that is follows from the periods alone (`validity`): nothing has to run at that instant.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import accounts, chart
from rewards import inspecting, rules, validity, version_steps
from rewards.life_tables import rule_periods
from rewards.linting import LintFinding, Severity
from rewards.rules import RuleUnreadable, RuleVersion
from rewards.tables import rule_versions
from rewards.validity import Period, Span
from rewards.version_steps import Kind

AHEAD_MAX = dt.timedelta(days=5 * 366)
"""How far ahead a version may be scheduled: beyond that, the year was mistyped."""


class RuleStatus(enum.StrEnum):
    """Where a version stands in its life."""

    DRAFT = "draft"
    SIMULATED = "simulated"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    RETIRED = "retired"


_UNAPPROVED = {RuleStatus.DRAFT, RuleStatus.SIMULATED}


class RuleRefused(Invalid):
    """The document is no rule, or linting found errors; `details` list them."""

    code = "rule-invalid"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A version of a rule and its life so far; `spans` are the times in force, past and decided."""

    version_hash: str
    version: RuleVersion
    status: RuleStatus
    author_id: int
    created_at: dt.datetime
    approver_id: int | None
    approved_at: dt.datetime | None
    spans: tuple[Span, ...]

    @property
    def active_from(self) -> dt.datetime | None:
        """When the last time in force began or will begin."""
        return self.spans[-1].start if self.spans else None

    @property
    def active_until(self) -> dt.datetime | None:
        """When the last time in force ended or will end."""
        return self.spans[-1].end if self.spans else None


def parse(document: object) -> RuleVersion:
    """Return the rule in a document. Raises RuleRefused with what is wrong where."""
    try:
        return rules.read(document)
    except RuleUnreadable as error:
        faults = [{"path": fault.path, "message": fault.message} for fault in error.faults]
        raise RuleRefused(faults=faults) from None


def draft(
    work: Work, city: City, version: RuleVersion, author_id: int, *, origin: Mapping[str, Any] | None = None
) -> StoredRule:
    """Save a version as a draft; saving the same version again changes nothing.

    `origin` says where it was brought in from. Raises NotFound `action-unknown`, RuleRefused if linting finds
    an error.
    """
    errors = [f for f in lint(work, city, version) if f.severity is Severity.ERROR]
    if errors:
        raise RuleRefused(faults=[{"path": f.path, "message": f.code, **f.details} for f in errors])
    existing = by_hashes(work, [version.version_hash])
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
    kind = Kind.DRAFTED if origin is None else Kind.IMPORTED
    version_steps.add(work, version.version_hash, kind, author_id, details=origin or {})
    return get(work, version.version_hash)


def lint(reading: Reading, city: City, version: RuleVersion) -> list[LintFinding]:
    """Return what is wrong or odd about a version in this city, beside what is in force."""
    return inspecting.inspect(reading, city, version, [stored.version for stored in active(reading)])


def simulated(
    work: Work, version_hash: str, actor_id: int | None, details: Mapping[str, Any] | None = None
) -> StoredRule:
    """Note that a version was tried on past actions; `details` sum up what came out. Raises NotFound."""
    if get(work, version_hash).status is RuleStatus.DRAFT:
        _set(work, version_hash, status=RuleStatus.SIMULATED.value)
    version_steps.add(work, version_hash, Kind.SIMULATED, actor_id, details=details or {})
    return get(work, version_hash)


def approve(work: Work, version_hash: str, approver_id: int, *, note: str | None = None) -> StoredRule:
    """Approve a draft that somebody else wrote.

    What was not simulated needs a `note` that says why; None where a city is being founded and has no past
    to try a rule on. Raises NotFound, Forbidden `own-rule`, Conflict `rule-not-draft`, Invalid
    `approval-without-simulation` or `note-too-long`.
    """
    stored = get(work, version_hash)
    if stored.author_id == approver_id:
        raise Forbidden("own-rule")
    if stored.status not in _UNAPPROVED:
        raise Conflict("rule-not-draft", status=stored.status.value)
    if stored.status is RuleStatus.DRAFT and note is not None and not note.strip():
        raise Invalid("approval-without-simulation", field="note")
    _set(
        work,
        version_hash,
        status=RuleStatus.APPROVED.value,
        approver_id=approver_id,
        approved_at=work.now,
    )
    version_steps.add(work, version_hash, Kind.APPROVED, approver_id, note=note or "")
    return get(work, version_hash)


def activate(
    work: Work,
    version_hash: str,
    *,
    at: dt.datetime | None = None,
    actor_id: int | None = None,
    note: str = "",
) -> StoredRule:
    """Put an approved version in force, now or at an instant to come; it ends the one before then.

    One that was retired may come back. Raises NotFound, Conflict `rule-not-approved`, `rule-already-active`,
    `rule-already-scheduled`, `instant-taken` or `budget-not-funded`, Invalid `activation-in-the-past`,
    `activation-too-far-ahead` or `note-too-long`.
    """
    stored, starts_at = get(work, version_hash), at or work.now
    if stored.status in _UNAPPROVED:
        raise Conflict("rule-not-approved", status=stored.status.value)
    if stored.status is RuleStatus.ACTIVE:
        raise Conflict("rule-already-active")
    if stored.status is RuleStatus.SCHEDULED:
        raise Conflict("rule-already-scheduled")
    if starts_at < work.now:
        raise Invalid("activation-in-the-past", field="at")
    if starts_at > work.now + AHEAD_MAX:
        raise Invalid("activation-too-far-ahead", field="at")
    if not accounts.by_path(work, [chart.budget_path(stored.version.budget)]):
        raise Conflict("budget-not-funded", budget=stored.version.budget)
    same_rule = _periods(work, rule_periods.c.code == stored.version.code)
    if starts_at > work.now and any(one.starts_at == starts_at for one in same_rule):
        raise Conflict("instant-taken", field="at")
    work.connection.execute(
        sa.insert(rule_periods).values(
            city_id=work.city_id,
            period_id=work.ids.next(),
            code=stored.version.code,
            version_hash=version_hash,
            starts_at=starts_at,
        )
    )
    version_steps.add(work, version_hash, Kind.SCHEDULED, actor_id, note=note, effective_at=starts_at)
    return get(work, version_hash)


def withdraw(work: Work, version_hash: str, *, actor_id: int | None = None, note: str = "") -> StoredRule:
    """Take back a time in force that has not begun; the version stays approved.

    Raises NotFound, Conflict `rule-not-scheduled`, Invalid `note-too-long`.
    """
    stored = get(work, version_hash)
    coming = [span for span in stored.spans if span.start > work.now]
    if not coming:
        raise Conflict("rule-not-scheduled", status=stored.status.value)
    _end(work, coming[-1].period_id, cancelled_at=work.now)
    version_steps.add(work, version_hash, Kind.WITHDRAWN, actor_id, note=note)
    return get(work, version_hash)


def retire(work: Work, version_hash: str, *, actor_id: int | None = None, note: str = "") -> StoredRule:
    """Take an active version out of force. Raises NotFound, Conflict `rule-not-active`, Invalid."""
    stored = get(work, version_hash)
    current = [span for span in stored.spans if span.covers(work.now)]
    if not current:
        raise Conflict("rule-not-active")
    _end(work, current[0].period_id, retired_at=work.now)
    version_steps.add(work, version_hash, Kind.RETIRED, actor_id, note=note, effective_at=work.now)
    return get(work, version_hash)


def get(reading: Reading, version_hash: str) -> StoredRule:
    """Return a version. Raises NotFound `rule-not-found`."""
    for stored in by_hashes(reading, [version_hash]):
        return stored
    raise NotFound("rule-not-found")


def every(reading: Reading) -> list[StoredRule]:
    """Return all versions, by rule and then by age."""
    return _select(reading, sa.true())


def active(reading: Reading) -> list[StoredRule]:
    """Return the versions in force."""
    return by_hashes(reading, active_hashes(reading))


def active_hashes(reading: Reading, at: dt.datetime | None = None) -> list[str]:
    """Return which versions are in force now, or were or will be at another instant, by their rules."""
    instant = at or reading.now
    return validity.in_force(_periods(reading, rule_periods.c.starts_at <= instant), instant)


def by_hashes(reading: Reading, hashes: Sequence[str]) -> list[StoredRule]:
    """Return those of the versions that exist."""
    return _select(reading, rule_versions.c.version_hash.in_(list(hashes)))


def _set(work: Work, version_hash: str, **values: object) -> None:
    work.connection.execute(
        sa.update(rule_versions)
        .where(rule_versions.c.city_id == work.city_id, rule_versions.c.version_hash == version_hash)
        .values(**values)
    )


def _end(work: Work, period_id: int, **values: dt.datetime) -> None:
    work.connection.execute(
        sa.update(rule_periods)
        .where(rule_periods.c.city_id == work.city_id, rule_periods.c.period_id == period_id)
        .values(**values)
    )


def _periods(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Period]:
    columns = [rule_periods.c[name] for name in Period.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(
            rule_periods.c.city_id == reading.city_id, rule_periods.c.cancelled_at.is_(None), condition
        )
    )
    return [Period(**row._mapping) for row in rows]


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[StoredRule]:
    rows = reading.connection.execute(
        sa.select(rule_versions)
        .where(rule_versions.c.city_id == reading.city_id, condition)
        .order_by(rule_versions.c.code, rule_versions.c.created_at, rule_versions.c.version_hash)
    ).all()
    codes = sorted({row.code for row in rows})
    spans = validity.spans(_periods(reading, rule_periods.c.code.in_(codes))) if codes else []
    found = []
    for row in rows:
        own = tuple(span for span in spans if span.version_hash == row.version_hash)
        found.append(
            StoredRule(
                row.version_hash,
                RuleVersion.model_validate(row.document),
                _status(RuleStatus(row.status), own, reading.now),
                row.author_id,
                row.created_at,
                row.approver_id,
                row.approved_at,
                own,
            )
        )
    return found


def _status(stage: RuleStatus, own: Sequence[Span], now: dt.datetime) -> RuleStatus:
    if any(span.covers(now) for span in own):
        return RuleStatus.ACTIVE
    if any(span.start > now for span in own):
        return RuleStatus.SCHEDULED
    return RuleStatus.RETIRED if own else stage
