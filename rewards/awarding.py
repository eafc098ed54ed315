"""Awards: points for a submission, a part at once, the rest when the outcome is known.

An award is keyed by rule, owner and evidence, so deciding again pays nothing twice. What is not given yet
is a hold on the campaign's budget: the budget can't promise more than it has.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import ids
from kernel.cities import City
from kernel.db import Reading, Work
from ledger import posting, transfers, wallets
from ledger.transfers import Transfer
from rewards.tables import awards, submissions

PURPOSE = "award"
CONFIRM_AFTER = dt.timedelta(days=30)
"""An award that nobody rejected for so long is confirmed."""

_NAMESPACE = UUID("5f3c0d8e-8f0b-4b0a-9d3b-6e1e5a3b7c21")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a rule decided to give."""

    rule_code: str
    version_hash: str
    budget: str
    points_now: int
    points_later: int
    receipt: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Award:
    """Points given for a submission; `state` is pending until the outcome is known."""

    award_id: int
    submission_id: int
    owner: str
    rule_code: str
    version_hash: str
    points_now: int
    points_later: int
    now_id: UUID | None
    hold_id: UUID | None
    state: str
    receipt: Mapping[str, Any]
    decided_at: dt.datetime
    resolved_at: dt.datetime | None

    @property
    def points(self) -> int:
        """All points of the award."""
        return self.points_now + self.points_later


def award(  # the fields of an award
    work: Work, city: City, grant: Grant, *, owner: str, submission_id: int, evidence_key: str
) -> Award:
    """Book an award; the same rule, owner and evidence give the same award again.

    Raises ledger.outcomes.TransferRejected (overdraft) if the budget has run dry: nothing is given then.
    """
    key = hashlib.sha256(f"{grant.rule_code}\x1f{owner}\x1f{evidence_key}".encode()).hexdigest()
    existing = _find(work, awards.c.award_key == key)
    if existing:
        return existing[0]
    today = city.day_of(work.now)
    lot = wallets.open_lot(work, owner, city.points_expire_on(today))
    now_id, hold_id = (
        ids.derive(_NAMESPACE, work.city_id, key, "now"),
        ids.derive(_NAMESPACE, work.city_id, key, "later"),
    )
    subject = f"submission/{submission_id}"
    group_id = ids.derive(_NAMESPACE, work.city_id, key)
    batch: list[Transfer] = []
    if grant.points_now:
        batch.append(
            transfers.post(
                now_id,
                grant.budget,
                lot,
                grant.points_now,
                effective=today,
                purpose=PURPOSE,
                subject=subject,
                group_id=group_id,
            )
        )
    if grant.points_later:
        batch.append(
            transfers.hold(
                hold_id,
                grant.budget,
                lot,
                grant.points_later,
                effective=today,
                purpose=PURPOSE,
                subject=subject,
                group_id=group_id,
            )
        )
    posting.post_or_raise(work, batch)
    made = Award(
        award_id=work.ids.next(),
        submission_id=submission_id,
        owner=owner,
        rule_code=grant.rule_code,
        version_hash=grant.version_hash,
        points_now=grant.points_now,
        points_later=grant.points_later,
        now_id=now_id if grant.points_now else None,
        hold_id=hold_id if grant.points_later else None,
        state="pending" if grant.points_later else "confirmed",
        receipt=dict(grant.receipt),
        decided_at=work.now,
        resolved_at=None if grant.points_later else work.now,
    )
    values = {name: getattr(made, name) for name in Award.__dataclass_fields__}
    work.connection.execute(sa.insert(awards).values(city_id=work.city_id, award_key=key, **values))
    return made


def confirm(work: Work, city: City, submission_id: int) -> list[Award]:
    """Give what is still pending for a submission; return its awards. Again changes nothing."""
    return _resolve(work, city, submission_id, "confirmed")


def reject(work: Work, city: City, submission_id: int) -> list[Award]:
    """Release what is pending for a submission; what was given at triage stays. Again changes nothing."""
    return _resolve(work, city, submission_id, "rejected")


def of_submission(reading: Reading, submission_id: int) -> list[Award]:
    """Return the awards of a submission."""
    return _find(reading, awards.c.submission_id == submission_id)


def of_submissions(reading: Reading, submission_ids: list[int]) -> dict[int, list[Award]]:
    """Return the awards of several submissions by submission."""
    found: dict[int, list[Award]] = {submission_id: [] for submission_id in submission_ids}
    for one in _find(reading, awards.c.submission_id.in_(submission_ids)):
        found[one.submission_id].append(one)
    return found


def overdue(reading: Reading, limit: int = 500) -> list[int]:
    """Return submissions whose awards have been pending for longer than CONFIRM_AFTER."""
    rows = reading.connection.execute(
        sa.select(awards.c.submission_id)
        .where(
            awards.c.city_id == reading.city_id,
            awards.c.state == "pending",
            awards.c.decided_at <= reading.now - CONFIRM_AFTER,
        )
        .order_by(awards.c.decided_at)
        .limit(limit)
    )
    return list(dict.fromkeys(rows.scalars()))


def given_between(
    reading: Reading, owner: str, rule_code: str, start: dt.datetime, end: dt.datetime
) -> tuple[int, int]:
    """Return how many awards of a rule an owner has for what came in during [start, end), and their points.

    Not when it was decided counts: whoever hands in ten at once is no better off for being decided on
    another day. Rejected awards do not count.
    """
    row = reading.connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(awards.c.points_now + awards.c.points_later), 0),
        )
        .join_from(
            awards,
            submissions,
            sa.and_(
                submissions.c.city_id == awards.c.city_id,
                submissions.c.submission_id == awards.c.submission_id,
            ),
        )
        .where(
            awards.c.city_id == reading.city_id,
            submissions.c.city_id == reading.city_id,
            awards.c.owner == owner,
            awards.c.rule_code == rule_code,
            awards.c.state != "rejected",
            submissions.c.received_at >= start,
            submissions.c.received_at < end,
        )
    ).one()
    return int(row[0]), int(row[1])


def _resolve(work: Work, city: City, submission_id: int, state: str) -> list[Award]:
    today = city.day_of(work.now)
    for one in of_submission(work, submission_id):
        if one.state != "pending" or one.hold_id is None:
            continue
        transfer_id = ids.derive(_NAMESPACE, work.city_id, one.award_id, "resolved")
        build = transfers.capture if state == "confirmed" else transfers.release
        posting.post_or_raise(work, [build(transfer_id, one.hold_id, effective=today)])
        work.connection.execute(
            sa.update(awards)
            .where(awards.c.city_id == work.city_id, awards.c.award_id == one.award_id)
            .values(state=state, resolved_at=work.now)
        )
    return of_submission(work, submission_id)


def _find(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Award]:
    columns = [awards.c[name] for name in Award.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(awards.c.city_id == reading.city_id, condition).order_by(awards.c.award_id)
    )
    return [Award(**row._mapping) for row in rows]
