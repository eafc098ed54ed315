"""Budgets: what campaigns have left, how long it lasts, and what happens when nothing is left.

A budget is the ledger account `budget/<campaign>`; the ledger refuses what it can't pay. Whoever handed
something in before it was known that a budget is dry loses nothing: it is paid when there is money again.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Invalid, NotFound
from ledger import accounts, chart, pace, queries
from ledger.accounts import Account
from ledger.outcomes import Counters
from rewards import outlook
from rewards.life_tables import budget_policies, budget_requests, waiting_awards
from rewards.outlook import Level, Outlook


class WhenDry(enum.StrEnum):
    """What happens to what comes in while a budget is dry."""

    QUEUE = "queue"
    """It is accepted and paid in order as soon as there is money again."""
    STOP = "stop"
    """It is accepted without points, as the page of the action says."""
    ANNOUNCE = "announce"
    """As STOP, and everybody is told beforehand, from WATCH_PERCENT on."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What was chosen for a campaign; `dry_since` is when it could not pay for the first time."""

    campaign: str
    when_dry: WhenDry = WhenDry.QUEUE
    dry_since: dt.datetime | None = None

    def closed_for(self, received_at: dt.datetime) -> bool:
        """Return whether something that came in then earns nothing, as was said before."""
        stops = self.when_dry is not WhenDry.QUEUE
        return stops and self.dry_since is not None and received_at > self.dry_since


@dataclass(frozen=True, slots=True)
class Budget:
    """A campaign's budget with all that is known about it."""

    campaign: str
    left: Counters
    policy: Policy
    outlook: Outlook
    waiting: int
    """How many contributions wait for money."""

    @property
    def is_announced(self) -> bool:
        """Whether everybody is told that the points of this campaign come to an end."""
        return self.policy.when_dry is WhenDry.ANNOUNCE and self.outlook.level is not Level.FINE

    @property
    def is_closed(self) -> bool:
        """Whether what is handed in now earns nothing."""
        return self.policy.when_dry is not WhenDry.QUEUE and self.policy.dry_since is not None


def policies(reading: Reading, campaigns: Iterable[str]) -> dict[str, Policy]:
    """Return what was chosen for campaigns; queueing where nothing was."""
    wanted = sorted(set(campaigns))
    columns = budget_policies.c
    rows = reading.connection.execute(
        sa.select(columns.campaign, columns.when_dry, columns.dry_since).where(
            columns.city_id == reading.city_id, columns.campaign.in_(wanted)
        )
    )
    found = {row.campaign: Policy(row.campaign, WhenDry(row.when_dry), row.dry_since) for row in rows}
    return {campaign: found.get(campaign, Policy(campaign)) for campaign in wanted}


def dry(reading: Reading) -> list[str]:
    """Return the campaigns that could not pay and have not been found to flow again."""
    rows = reading.connection.execute(
        sa.select(budget_policies.c.campaign).where(
            budget_policies.c.city_id == reading.city_id, budget_policies.c.dry_since.is_not(None)
        )
    )
    return sorted(rows.scalars())


def choose(work: Work, campaign: str, when_dry: str, chooser_id: int) -> Policy:
    """Choose what happens when a campaign's budget runs dry; what waits already is paid all the same.

    Raises NotFound `budget-not-found`, Invalid `when-dry-unknown`.
    """
    if not accounts.by_path(work, [chart.budget_path(campaign)]):
        raise NotFound("budget-not-found")
    if when_dry not in set(WhenDry):
        raise Invalid("when-dry-unknown", field="when_dry")
    before = policies(work, [campaign])[campaign]
    # Who handed something in while another choice held was promised something else.
    dry_since = work.now if before.dry_since and when_dry != before.when_dry else before.dry_since
    _save(work, Policy(campaign, WhenDry(when_dry), dry_since), chooser_id)
    return policies(work, [campaign])[campaign]


def ran_dry(work: Work, campaign: str) -> None:
    """Note that a budget could not pay; the first time counts."""
    policy = policies(work, [campaign])[campaign]
    if policy.dry_since is None:
        _save(work, Policy(campaign, policy.when_dry, work.now), None)


def flows_again(work: Work, campaign: str) -> None:
    """Note that a budget can pay again and nothing waits for it any more."""
    policy = policies(work, [campaign])[campaign]
    if policy.dry_since is not None:
        _save(work, Policy(campaign, policy.when_dry), None)


def every(reading: Reading, city: City) -> list[Budget]:
    """Return all budgets with their outlook, by campaign."""
    return _with_outlook(reading, city, accounts.under(reading, chart.budget_path("")))


def ending(reading: Reading, city: City) -> list[Budget]:
    """Return the budgets that everybody should know of: announced to end, or closed."""
    condition = sa.and_(
        budget_policies.c.when_dry != WhenDry.QUEUE.value,
        sa.or_(
            budget_policies.c.when_dry == WhenDry.ANNOUNCE.value, budget_policies.c.dry_since.is_not(None)
        ),
    )
    rows = reading.connection.execute(
        sa.select(budget_policies.c.campaign).where(budget_policies.c.city_id == reading.city_id, condition)
    )
    paths = [chart.budget_path(campaign) for campaign in rows.scalars()]
    found = _with_outlook(reading, city, accounts.by_path(reading, paths)) if paths else []
    return [one for one in found if one.is_announced or one.is_closed]


def _with_outlook(reading: Reading, city: City, found: Sequence[Account]) -> list[Budget]:
    prefix, now = chart.budget_path(""), queries.counters(reading, found)
    balance = {one.path.removeprefix(prefix): now[one.account_id] for one in found}
    chosen, counts, sizes = policies(reading, balance), _waiting(reading), _sizes(reading)
    since = reading.now - dt.timedelta(days=outlook.WINDOW_DAYS)
    earlier = queries.head_sequence(reading) - pace.booked_since(reading, since)
    days, today = _days(reading, earlier), city.day_of(reading.now)
    listed = []
    for campaign, left in sorted(balance.items()):
        before = queries.as_of(reading, chart.budget_path(campaign), earlier) if earlier else Counters()
        out = Outlook(
            left.available,
            max(sizes.get(campaign, left.credits_posted), left.available),
            _used(left) - _used(before),
            days,
            today,
            is_dry=chosen[campaign].dry_since is not None,
        )
        listed.append(Budget(campaign, left, chosen[campaign], out, counts.get(campaign, 0)))
    return listed


def _used(left: Counters) -> int:
    return left.debits_posted + left.debits_pending


def _days(reading: Reading, earlier: int) -> int:
    """Return over how many days was measured: a young book has fewer than the window."""
    if earlier:
        return outlook.WINDOW_DAYS
    first = pace.booked_at(reading, 1)
    return min(outlook.WINDOW_DAYS, max(1, (reading.now - first).days)) if first else 1


def _waiting(reading: Reading) -> Mapping[str, int]:
    rows = reading.connection.execute(
        sa.select(waiting_awards.c.campaign, sa.func.count())
        .where(waiting_awards.c.city_id == reading.city_id)
        .group_by(waiting_awards.c.campaign)
    )
    return {campaign: int(count) for campaign, count in rows}


def _sizes(reading: Reading) -> Mapping[str, int]:
    """Return what each budget had right after it was last funded."""
    rows = reading.connection.execute(
        sa.select(budget_requests.c.campaign, budget_requests.c.available_after)
        .where(budget_requests.c.city_id == reading.city_id, budget_requests.c.state == "released")
        .order_by(budget_requests.c.decided_at, budget_requests.c.request_id)
    )
    return {campaign: int(size) for campaign, size in rows}


def _save(work: Work, policy: Policy, chooser_id: int | None) -> None:
    values = {
        "when_dry": policy.when_dry.value,
        "dry_since": policy.dry_since,
        "changed_by": chooser_id,
        "changed_at": work.now,
    }
    work.connection.execute(
        db.insert(work, budget_policies)
        .values(city_id=work.city_id, campaign=policy.campaign, **values)
        .on_conflict_do_update(index_elements=["city_id", "campaign"], set_=values)
    )
