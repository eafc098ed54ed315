"""When a statement may be paid: not before the days that the contract gives to notice what is wrong."""

import datetime as dt
from collections.abc import Iterable

from kernel import db
from merchants import contracts
from merchants.settlements import Settlement


def earliest(reading: db.Reading, found: Iterable[Settlement]) -> dict[int, dt.date]:
    """Return from which day on each settlement may be paid, by its id."""
    listed = list(found)
    signed = contracts.by_venue(reading, [one.venue_id for one in listed])
    days: dict[int, dt.date] = {}
    for one in listed:
        in_force = contracts.period_on(signed.get(one.venue_id, []), one.first_day)
        delay = in_force[0].payout_delay_days if in_force else 0
        days[one.settlement_id] = one.last_day + dt.timedelta(days=delay)
    return days
