"""Submissions: what citizens did for the city, as it was reported, with its status and its history."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import NotFound
from rewards.checking import Finding, Nearby, Place, Result
from rewards.standing import Contribution
from rewards.tables import check_results, decisions, desk_entries, submissions

PAGE_MAX = 200


class Status(enum.StrEnum):
    """Where a submission stands."""

    REVIEW = "review"
    """A person has to look at it."""
    ACCEPTED = "accepted"
    """Points are pending; the outcome is awaited."""
    DECLINED = "declined"
    """Not accepted; no points."""
    DONE = "done"
    """The outcome confirmed it."""
    REJECTED = "rejected"
    """The outcome did not confirm it; pending points went back."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A report, an application, a suggestion: one civic action of one citizen."""

    submission_id: int
    action: str
    owner: str
    evidence_key: str
    source: str
    category: str | None
    description: str
    address: str | None
    district: str | None
    latitude_e6: int | None
    longitude_e6: int | None
    accuracy_m: int | None
    facts: Mapping[str, Any]
    occurred_at: dt.datetime
    received_at: dt.datetime
    status: Status
    decided_at: dt.datetime | None
    closed_at: dt.datetime | None

    @property
    def place(self) -> Place | None:
        """The place, if the submission has one."""
        if self.latitude_e6 is None or self.longitude_e6 is None:
            return None
        return Place(self.latitude_e6, self.longitude_e6, self.accuracy_m)


@dataclass(frozen=True, slots=True)
class Decided:
    """One step in a submission's history: who decided what and why."""

    decision_id: int
    submission_id: int
    status: Status
    reviewer_id: int | None
    reason: str
    receipt: Mapping[str, Any]
    decided_at: dt.datetime


def add(work: Work, submission: Submission) -> None:
    """Write a new submission."""
    values = {name: getattr(submission, name) for name in Submission.__dataclass_fields__}
    values |= {"status": submission.status.value, "facts": dict(submission.facts)}
    work.connection.execute(sa.insert(submissions).values(city_id=work.city_id, **values))


def get(reading: Reading, submission_id: int) -> Submission:
    """Return a submission. Raises NotFound."""
    for found in _select(reading, submissions.c.submission_id == submission_id):
        return found
    raise NotFound("submission-not-found", submission_id=submission_id)


def by_ids(reading: Reading, submission_ids: Sequence[int]) -> dict[int, Submission]:
    """Return those of the numbered submissions that exist, by number."""
    found = _select(reading, submissions.c.submission_id.in_(list(submission_ids)))
    return {submission.submission_id: submission for submission in found}


def by_evidence(reading: Reading, action: str, evidence_key: str) -> Submission | None:
    """Return the submission that used this evidence first."""
    found = _select(
        reading, sa.and_(submissions.c.action == action, submissions.c.evidence_key == evidence_key)
    )
    return found[0] if found else None


def of_owner(reading: Reading, owner: str, *, before: int | None = None, limit: int = 50) -> list[Submission]:
    """Return a page of an owner's submissions, newest first."""
    return _select(reading, submissions.c.owner == owner, before=before, limit=limit)


def by_status(
    reading: Reading, status: Status, *, action: str = "", before: int | None = None, limit: int = 50
) -> list[Submission]:
    """Return a page of the submissions with a status, newest first; of one action if it is named."""
    condition = submissions.c.status == status.value
    if action:
        condition &= submissions.c.action == action
    return _select(reading, condition, before=before, limit=limit)


def waiting(reading: Reading, *, after: int = 0, limit: int = 50) -> list[Submission]:
    """Return a page of the review queue, the longest waiting first."""
    condition = sa.and_(submissions.c.status == Status.REVIEW.value, submissions.c.submission_id > after)
    return _select(reading, condition, limit=limit, newest_first=False)


def counts(reading: Reading) -> dict[Status, int]:
    """Return how many submissions stand where."""
    rows = reading.connection.execute(
        sa.select(submissions.c.status, sa.func.count())
        .where(submissions.c.city_id == reading.city_id)
        .group_by(submissions.c.status)
    )
    found = {Status(status): int(count) for status, count in rows}
    return {status: found.get(status, 0) for status in Status}


def nearby(  # one bound query
    reading: Reading, action: str, category: str | None, place: Place, since: dt.datetime, span_e6: int
) -> list[Nearby]:
    """Return submissions of the same sort in a box of `span_e6` microdegrees around a place."""
    columns = submissions.c
    found = _select(
        reading,
        sa.and_(
            columns.action == action,
            columns.category == category,
            columns.status != Status.DECLINED.value,
            columns.received_at >= since,
            columns.latitude_e6.between(place.latitude_e6 - span_e6, place.latitude_e6 + span_e6),
            columns.longitude_e6.between(place.longitude_e6 - 2 * span_e6, place.longitude_e6 + 2 * span_e6),
        ),
    )
    return [Nearby(s.submission_id, s.owner, s.place, s.received_at) for s in found if s.place]


def contributions(reading: Reading, city: City, owner: str) -> list[Contribution]:
    """Return what an owner did and the city has confirmed."""
    mine = submissions.c
    rows = reading.connection.execute(
        sa.select(mine.action, mine.occurred_at).where(
            mine.city_id == reading.city_id, mine.owner == owner, mine.status == Status.DONE.value
        )
    )
    return [Contribution(row.action, city.day_of(row.occurred_at)) for row in rows]


def set_status(work: Work, submission_id: int, status: Status, **times: dt.datetime) -> None:
    """Move a submission on; `times` may set decided_at or closed_at."""
    work.connection.execute(
        sa.update(submissions)
        .where(submissions.c.city_id == work.city_id, submissions.c.submission_id == submission_id)
        .values(status=status.value, **times)
    )


def note(
    work: Work,
    submission_id: int,
    status: Status,
    *,
    reason: str,
    receipt: Mapping[str, Any],
    reviewer_id: int | None = None,
) -> None:
    """Add a step to a submission's history."""
    work.connection.execute(
        sa.insert(decisions).values(
            city_id=work.city_id,
            decision_id=work.ids.next(),
            submission_id=submission_id,
            status=status.value,
            reviewer_id=reviewer_id,
            reason=reason,
            receipt=dict(receipt),
            decided_at=work.now,
        )
    )


def history(reading: Reading, submission_ids: Sequence[int]) -> dict[int, list[Decided]]:
    """Return the steps of submissions, oldest first, by submission."""
    columns = [decisions.c[name] for name in Decided.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(decisions.c.city_id == reading.city_id, decisions.c.submission_id.in_(list(submission_ids)))
        .order_by(decisions.c.decision_id)
    )
    found: dict[int, list[Decided]] = {submission_id: [] for submission_id in submission_ids}
    for row in rows:
        found[row.submission_id].append(Decided(**{**row._mapping, "status": Status(row.status)}))
    return found


def entered_by(reading: Reading, submission_id: int) -> int | None:
    """Return who entered a submission, if staff did."""
    found: int | None = reading.connection.execute(
        sa.select(desk_entries.c.staff_id).where(
            desk_entries.c.city_id == reading.city_id, desk_entries.c.submission_id == submission_id
        )
    ).scalar()
    return found


def keep_findings(work: Work, submission_id: int, findings: Sequence[Finding]) -> None:
    """Write what the checks said."""
    rows = [
        {
            "city_id": work.city_id,
            "submission_id": submission_id,
            "position": position,
            "name": finding.name,
            "result": finding.result.value,
            "reason": finding.reason,
            "details": dict(finding.details),
        }
        for position, finding in enumerate(findings)
    ]
    work.connection.execute(sa.insert(check_results), rows)


def findings(reading: Reading, submission_id: int) -> list[Finding]:
    """Return what the checks said."""
    return findings_of(reading, [submission_id])[submission_id]


def findings_of(reading: Reading, submission_ids: Sequence[int]) -> dict[int, list[Finding]]:
    """Return what the checks said, by submission."""
    table, found = check_results.c, {number: list[Finding]() for number in submission_ids}
    rows = reading.connection.execute(
        sa.select(table.submission_id, table.name, table.result, table.reason, table.details)
        .where(table.city_id == reading.city_id, table.submission_id.in_(list(found)))
        .order_by(table.submission_id, table.position)
    )
    for row in rows:
        found[row.submission_id].append(Finding(row.name, Result(row.result), row.reason, row.details))
    return found


def _select(
    reading: Reading,
    condition: sa.ColumnElement[bool],
    *,
    before: int | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = True,
) -> list[Submission]:
    columns = [submissions.c[name] for name in Submission.__dataclass_fields__]
    statement = sa.select(*columns).where(submissions.c.city_id == reading.city_id, condition)
    if before is not None:
        statement = statement.where(submissions.c.submission_id < before)
    order = submissions.c.submission_id.desc() if newest_first else submissions.c.submission_id
    rows = reading.connection.execute(statement.order_by(order).limit(min(limit, PAGE_MAX)))
    return [Submission(**{**row._mapping, "status": Status(row.status)}) for row in rows]
