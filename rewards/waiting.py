"""Waiting: what a budget can't pay yet is paid in order, exactly once, as soon as it can.

Nobody overtakes: while anything waits for a campaign, what comes later waits behind it, and a large award at
the head is not passed by a small one. When its turn comes, each is decided again by the rules in force when
it came in, so that caps hold; its award is known by its key, so it is never given twice.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from ledger import chart, queries
from ledger.outcomes import Code, TransferRejected
from rewards import awarding, budgets, ruling, submissions
from rewards.awarding import Grant
from rewards.life_tables import waiting_awards
from rewards.submissions import Status, Submission

WAITING = "budget-waiting"
USED_UP = "budget-used-up"
PAID = "budget-funded-again"
AT_ONCE = 100
"""How many are paid in one unit of work."""


def give(work: Work, city: City, submission: Submission, grants: Sequence[Grant]) -> str | None:
    """Book what rules gave, or let it wait; return None, WAITING or USED_UP.

    All of it waits if one of its budgets is dry; of a campaign that has stopped nothing is given.
    """
    chosen = budgets.policies(work, map(_campaign, grants))
    open_ones = [one for one in grants if not chosen[_campaign(one)].closed_for(submission.received_at)]
    if not open_ones:
        return USED_UP
    campaign = _head_of_line(work, open_ones)
    if campaign is None:
        campaign = _award(work, city, submission, open_ones)
    if campaign is None:
        return None
    budgets.ran_dry(work, campaign)
    work.connection.execute(
        sa.insert(waiting_awards).values(
            city_id=work.city_id,
            waiting_id=work.ids.next(),
            campaign=campaign,
            submission_id=submission.submission_id,
            since=work.now,
        )
    )
    return WAITING


def pay(work: Work, city: City, campaign: str, limit: int = AT_ONCE) -> int:
    """Pay what waits for a campaign, oldest first, as far as the money goes; return how many are settled."""
    settled = 0
    for waiting_id, submission_id in _oldest(work, campaign, limit):
        submission = submissions.get(work, submission_id)
        dry = _pay_one(work, city, submission)
        if dry == campaign:
            return settled
        condition = (waiting_awards.c.city_id == work.city_id, waiting_awards.c.waiting_id == waiting_id)
        if dry is None:
            work.connection.execute(sa.delete(waiting_awards).where(*condition))
        else:
            budgets.ran_dry(work, dry)
            work.connection.execute(sa.update(waiting_awards).where(*condition).values(campaign=dry))
        settled += 1
    if not _oldest(work, campaign, 1) and queries.balance(work, chart.budget_path(campaign)).available > 0:
        budgets.flows_again(work, campaign)
    return settled


def pay_all(work: Work, city: City) -> int:
    """Pay what waits for any campaign: points may have come back to a budget. Return how many are settled."""
    campaigns = {*_campaigns(work), *budgets.dry(work)}
    return sum(pay(work, city, campaign) for campaign in sorted(campaigns))


def count(reading: Reading, campaign: str) -> int:
    """Return how many contributions wait for a campaign."""
    statement = sa.select(sa.func.count()).where(
        waiting_awards.c.city_id == reading.city_id, waiting_awards.c.campaign == campaign
    )
    return int(reading.connection.execute(statement).scalar_one())


def since(reading: Reading, submission_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Return since when those of the contributions wait that do."""
    rows = reading.connection.execute(
        sa.select(waiting_awards.c.submission_id, waiting_awards.c.since).where(
            waiting_awards.c.city_id == reading.city_id,
            waiting_awards.c.submission_id.in_(list(submission_ids)),
        )
    )
    return {row.submission_id: row.since for row in rows}


def _pay_one(work: Work, city: City, submission: Submission) -> str | None:
    """Give what a contribution earns now; return the campaign that still can't pay, or None if settled."""
    if submission.status not in {Status.ACCEPTED, Status.DONE}:
        return None
    verdict = ruling.decide(work, city, submission)
    dry = _award(work, city, submission, verdict.grants) if verdict.grants else None
    if dry is not None:
        return dry
    if submission.status is Status.DONE:
        awarding.confirm(work, city, submission.submission_id)
    submissions.note(
        work,
        submission.submission_id,
        submission.status,
        reason=PAID if verdict.grants else "",
        receipt=verdict.receipt,
    )
    return None


def _award(work: Work, city: City, submission: Submission, grants: Sequence[Grant]) -> str | None:
    """Book awards; return the campaign whose budget can't pay them, or None if all are booked."""
    try:
        awarding.award(
            work,
            city,
            grants,
            owner=submission.owner,
            submission_id=submission.submission_id,
            evidence_key=submission.evidence_key,
        )
    except TransferRejected as rejected:
        if rejected.code != Code.OVERDRAFT.value:
            raise
        return _short(work, grants)
    return None


def _short(work: Work, grants: Sequence[Grant]) -> str:
    """Return the first campaign that has less than is asked of it."""
    asked: dict[str, int] = {}
    for grant in grants:
        asked[grant.budget] = asked.get(grant.budget, 0) + grant.points_now + grant.points_later
    left = queries.balances(work, asked)
    short = [path for path, points in asked.items() if left[path].available < points]
    return (short or list(asked))[0].removeprefix(chart.budget_path(""))


def _head_of_line(work: Work, grants: Sequence[Grant]) -> str | None:
    """Return a campaign of these for which others wait already."""
    rows = work.connection.execute(
        sa.select(waiting_awards.c.campaign)
        .where(
            waiting_awards.c.city_id == work.city_id,
            waiting_awards.c.campaign.in_(sorted(set(map(_campaign, grants)))),
        )
        .limit(1)
    )
    return rows.scalar()


def _oldest(work: Work, campaign: str, limit: int) -> list[tuple[int, int]]:
    rows = work.connection.execute(
        sa.select(waiting_awards.c.waiting_id, waiting_awards.c.submission_id)
        .where(waiting_awards.c.city_id == work.city_id, waiting_awards.c.campaign == campaign)
        .order_by(waiting_awards.c.waiting_id)
        .limit(limit)
    )
    return [(row.waiting_id, row.submission_id) for row in rows]


def _campaigns(work: Work) -> list[str]:
    rows = work.connection.execute(
        sa.select(waiting_awards.c.campaign).where(waiting_awards.c.city_id == work.city_id).distinct()
    )
    return sorted(rows.scalars())


def _campaign(grant: Grant) -> str:
    return grant.budget.removeprefix(chart.budget_path(""))
