"""Awards: points for a submission, a part at once, the rest when the outcome is known.

An award is keyed by rule, owner and evidence, so deciding again pays nothing twice. What is not given yet
is a hold on the campaign's budget: the budget can't promise more than it has.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
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

KEPT = sa.or_(awards.c.state != "rejected", awards.c.points_now > 0)
"""Awards of which something stays with the person: of rejected ones what was given at triage."""
KEPT_POINTS = sa.case(
    (awards.c.state == "rejected", awards.c.points_now), else_=awards.c.points_now + awards.c.points_later
)
"""What stays of an award, or may still."""

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


class Spans(NamedTuple):
    """The day and the month in which something came in: each from its first instant until before the next."""

    day: dt.datetime
    next_day: dt.datetime
    month: dt.datetime
    next_month: dt.datetime


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


def award(
    work: Work,
    city: City,
    grants: Sequence[Grant],
    *,
    owner: str,
    submission_id: int,
    evidence_key: str,
) -> list[Award]:
    """Book awards, all or none; the same rule, owner and evidence give the same award again.

    Raises ledger.outcomes.TransferRejected (overdraft) if a budget has run dry: nothing is given then.
    """
    keys = [_key(grant.rule_code, owner, evidence_key) for grant in grants]
    existing = {one.rule_code: one for one in _find(work, awards.c.award_key.in_(keys))}
    new = [(grant, key) for grant, key in zip(grants, keys, strict=True) if grant.rule_code not in existing]
    if not new:
        return list(existing.values())
    lot = wallets.open_lot(work, owner, city.points_expire_on(city.day_of(work.now)))
    made = [_made(work, grant, owner, submission_id) for grant, _ in new]
    # Of the award's number, not of its key: the ledger answers an id that it refused with the same refusal.
    group_id = ids.derive(_NAMESPACE, work.city_id, made[0].award_id, "group")
    batch = [
        transfer
        for one, (grant, _) in zip(made, new, strict=True)
        for transfer in _transfers(one, grant.budget, lot, effective=city.day_of(work.now), group_id=group_id)
    ]
    posting.post_or_raise(work, batch)
    rows = [
        {name: getattr(one, name) for name in Award.__dataclass_fields__}
        | {"city_id": work.city_id, "award_key": key}
        for one, (_, key) in zip(made, new, strict=True)
    ]
    work.connection.execute(sa.insert(awards), rows)
    return [*existing.values(), *made]


def _key(rule_code: str, owner: str, evidence_key: str) -> str:
    return hashlib.sha256(f"{rule_code}\x1f{owner}\x1f{evidence_key}".encode()).hexdigest()


def _made(work: Work, grant: Grant, owner: str, submission_id: int) -> Award:
    award_id = work.ids.next()
    return Award(
        award_id=award_id,
        submission_id=submission_id,
        owner=owner,
        rule_code=grant.rule_code,
        version_hash=grant.version_hash,
        points_now=grant.points_now,
        points_later=grant.points_later,
        now_id=ids.derive(_NAMESPACE, work.city_id, award_id, "now") if grant.points_now else None,
        hold_id=ids.derive(_NAMESPACE, work.city_id, award_id, "later") if grant.points_later else None,
        state="pending" if grant.points_later else "confirmed",
        receipt=dict(grant.receipt),
        decided_at=work.now,
        resolved_at=None if grant.points_later else work.now,
    )


def _transfers(
    one: Award, budget: str, lot: str, *, effective: dt.date, group_id: UUID
) -> Iterator[Transfer]:
    parts = ((transfers.post, one.now_id, one.points_now), (transfers.hold, one.hold_id, one.points_later))
    for build, transfer_id, points in parts:
        if transfer_id is not None:
            yield build(
                transfer_id,
                budget,
                lot,
                points,
                effective=effective,
                purpose=PURPOSE,
                subject=f"submission/{one.submission_id}",
                group_id=group_id,
            )


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


def by_ids(reading: Reading, award_ids: Sequence[int]) -> list[Award]:
    """Return those of the numbered awards that exist."""
    return _find(reading, awards.c.award_id.in_(list(award_ids)))


def after(reading: Reading, award_id: int, limit: int) -> list[Award]:
    """Return the awards that follow a number, in their order, at most `limit`."""
    return _find(reading, awards.c.award_id > award_id, limit)


def points_by_rule(reading: Reading, submission_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return by submission and rule what was awarded, whatever became of it."""
    rows = reading.connection.execute(
        sa.select(
            awards.c.submission_id, awards.c.rule_code, awards.c.points_now + awards.c.points_later
        ).where(awards.c.city_id == reading.city_id, awards.c.submission_id.in_(list(submission_ids)))
    )
    found: dict[int, dict[str, int]] = {}
    for number, code, points in rows:
        found.setdefault(number, {})[code] = points
    return found


def overdue(reading: Reading, limit: int) -> list[int]:
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


def given(
    reading: Reading, owner: str, rule_codes: Sequence[str], spans: Spans
) -> dict[str, tuple[int, int, int, int]]:
    """Return by rule how many awards an owner has in the day, in the month and ever, and the month's points.

    Not when it was decided counts but when it came in: whoever hands in ten at once is no better off for
    being decided on another day. A rejected award counts with what was given at triage and stays: else who
    withdraws again and again would never reach a cap. A rule without awards is left out.
    """
    came_in = submissions.c.received_at
    today = sa.and_(came_in >= spans.day, came_in < spans.next_day)
    month = sa.and_(came_in >= spans.month, came_in < spans.next_month)
    rows = reading.connection.execute(
        sa.select(
            awards.c.rule_code,
            sa.func.sum(sa.case((today, 1), else_=0)),
            sa.func.sum(sa.case((month, 1), else_=0)),
            sa.func.count(),
            sa.func.sum(sa.case((month, KEPT_POINTS), else_=0)),
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
            awards.c.rule_code.in_(list(rule_codes)),
            KEPT,
        )
        .group_by(awards.c.rule_code)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows}


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


def _find(reading: Reading, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[Award]:
    columns = [awards.c[name] for name in Award.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(awards.c.city_id == reading.city_id, condition)
        .order_by(awards.c.award_id)
        .limit(limit)
    )
    return [Award(**row._mapping) for row in rows]
