"""Verifying the book again and again; results are kept: when the book was last checked, up to where."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from ledger import invariants, queries
from ledger.invariants import Finding, Progress, Report

EVERY = dt.timedelta(days=1)
FINDINGS_KEPT = 100
"""Of one verification; the first ones say what is wrong."""
ABORTED = "verification-aborted"
"""The check whose finding is that the book could not be read to its end."""


class Stopped(Exception):
    """Raised by `progress` to end a verification, of which nothing is kept then."""


verifications = sa.Table(
    "ledger_verifications",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("verification_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("started_at", db.UtcDateTime, nullable=False),
    sa.Column("finished_at", db.UtcDateTime, nullable=False),
    sa.Column("from_sequence", sa.BigInteger, nullable=False, comment="First transfer that was checked"),
    sa.Column("to_sequence", sa.BigInteger, nullable=False, comment="Last one; 0 if there was none"),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("finding_count", sa.Integer, nullable=False),
    sa.Column("findings", db.Json, nullable=False, comment="The first ones"),
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What one verification found."""

    verification_id: int
    started_at: dt.datetime
    finished_at: dt.datetime
    from_sequence: int
    to_sequence: int
    ok: bool
    finding_count: int
    findings: tuple[Finding, ...]
    """The first `FINDINGS_KEPT`. Their messages may name accounts: not for everybody."""


def verify(database: db.Database, city_id: int, progress: Progress | None = None) -> Verification:
    """Check every invariant of the city's book and keep the result, the failure to read it included.

    Raises Stopped if `progress` does, and SQLAlchemyError if the database does not answer.
    """
    started_at = database.clock.now()
    try:
        with database.reading(city_id) as reading:
            report = invariants.verify(reading, progress)
    except (sa.exc.SQLAlchemyError, Stopped):
        # The database did not answer, or nobody waits any more: that says nothing about the book.
        raise
    except Exception as error:  # noqa: BLE001 -- a row that no code can read is what this looks for
        with database.reading(city_id) as reading:
            head = queries.head_sequence(reading)
        report = Report(head, 0, (ABORTED,), (Finding(ABORTED, repr(error)[:500]),))
    return database.run(city_id, lambda work: keep(work, started_at, report))


def last(reading: db.Reading) -> Verification | None:
    """Return the newest verification."""
    row = reading.connection.execute(
        sa.select(verifications)
        .where(verifications.c.city_id == reading.city_id)
        .order_by(verifications.c.verification_id.desc())
        .limit(1)
    ).first()
    return None if row is None else _verification(row._mapping)


def resume_at(reading: db.Reading) -> int:
    """Return the transfer from which on nothing was verified yet without a finding."""
    columns = (verifications.c.ok, verifications.c.from_sequence, verifications.c.to_sequence)
    verified = 0
    for ok, first, to in reading.connection.execute(
        sa.select(*columns)
        .where(verifications.c.city_id == reading.city_id)
        .order_by(verifications.c.verification_id)
    ):
        if not ok:
            verified = min(verified, first - 1)
        elif first <= verified + 1:
            verified = max(verified, to)
    return verified + 1


def is_due(reading: db.Reading) -> bool:
    """Whether the newest verification is older than `EVERY`, or there is none."""
    newest = last(reading)
    return newest is None or reading.now - newest.finished_at >= EVERY


def keep(work: db.Work, started_at: dt.datetime, report: Report) -> Verification:
    """Keep the result of a verification that was made by `ledger.surveying`."""
    kept = Verification(
        verification_id=work.ids.next(),
        started_at=started_at,
        finished_at=work.now,
        from_sequence=report.from_sequence,
        to_sequence=report.transfers,
        ok=report.ok,
        finding_count=len(report.findings),
        findings=report.findings[:FINDINGS_KEPT],
    )
    values = {name: getattr(kept, name) for name in Verification.__dataclass_fields__}
    values["findings"] = [asdict(finding) for finding in kept.findings]
    work.connection.execute(sa.insert(verifications).values(city_id=work.city_id, **values))
    return kept


def _verification(fields: Mapping[Any, Any]) -> Verification:
    plain = {name: fields[name] for name in Verification.__dataclass_fields__}
    plain["findings"] = tuple(Finding(**one) for one in plain["findings"])
    return Verification(**plain)
