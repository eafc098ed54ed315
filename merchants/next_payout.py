"""What a venue gets next, and when: so that nobody has to ask."""

import datetime as dt
from dataclasses import dataclass

from kernel import db
from kernel.cities import City
from ledger import queries
from merchants import contracts, due_dates, payout_orders, payout_runs, settlements, venues
from merchants.payout_orders import OrderState
from merchants.payout_runs import RunState


@dataclass(frozen=True, slots=True)
class NextPayout:
    """What a venue gets next."""

    cents: int
    on: dt.date | None
    """The earliest day; None without a contract."""
    is_expected: bool
    """Whether it is only reckoned from what was taken so far."""
    is_under_way: bool
    """Whether the bank has it, or is about to get it."""


def find(reading: db.Reading, city: City, venue_id: int) -> NextPayout:
    """Return what a venue gets next: what is under way, else what is owed, else what it took since."""
    owed = [one for one in settlements.of_venue(reading, venue_id) if one.payout_cents and not one.paid_on]
    orders = payout_orders.of_settlements(reading, [one.settlement_id for one in owed])
    coming = [one for one in orders if one.state in payout_orders.OPEN]
    if coming:
        run = payout_runs.get(reading, coming[-1].run_id)
        together = sum(one.cents for one in coming if one.run_id == run.run_id)
        sent = run.state is RunState.RELEASED and coming[-1].state is OrderState.SENT
        return NextPayout(together, run.execute_on, is_expected=False, is_under_way=sent)
    if owed:
        days = due_dates.earliest(reading, owed)
        first = min(days.values())
        due = sum(one.payout_cents for one in owed if days[one.settlement_id] == first)
        return NextPayout(due, first, is_expected=False, is_under_way=False)
    today = city.day_of(reading.now)
    in_force = contracts.period_on(contracts.of_venue(reading, venue_id), today)
    paths = [venues.points_path(venue_id), venues.takings_path(venue_id)]
    left = queries.balances(reading, paths)
    points, cents = (max(left[path].posted, 0) for path in paths)
    if in_force is None:
        return NextPayout(0, None, is_expected=True, is_under_way=False)
    contract, period = in_force
    day = period.last_day + dt.timedelta(days=max(contract.payout_delay_days, 1))
    return NextPayout(
        points * contract.rate_cents_per_point + cents, day, is_expected=True, is_under_way=False
    )
