"""Forecasting: when a budget runs dry if people go on as they did. Pure."""

import datetime as dt
from collections.abc import Mapping

YEARS_MAX = 10
"""What lasts longer is not worth a date."""
_YEAR = 365


def runs_dry_on(
    available: int, spent: Mapping[dt.date, int], first: dt.date, last: dt.date, today: dt.date
) -> dt.date | None:
    """Return the first day on which the points that are left do not suffice; None for not within YEARS_MAX.

    `spent` are points by day from `first` to `last`. With a year or more, each day to come costs what the
    same day of the year cost, so that seasons count; with less, each costs the average.
    """
    days = (last - first).days + 1
    total = sum(spent.values())
    if total <= 0 or days <= 0:
        return None
    if days < _YEAR:
        lasting = available * days // total
        return today + dt.timedelta(days=lasting + 1) if lasting < YEARS_MAX * _YEAR else None
    latest = last - dt.timedelta(days=_YEAR - 1)
    year = [spent.get(latest + dt.timedelta(days=place), 0) for place in range(_YEAR)]
    left, begin = available, (today + dt.timedelta(days=1) - latest).days
    for ahead in range(YEARS_MAX * _YEAR):
        left -= year[(begin + ahead) % _YEAR]
        if left < 0:
            return today + dt.timedelta(days=1 + ahead)
    return None
