"""Settlement periods."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants import periods
from merchants.periods import PeriodKind


@pytest.mark.parametrize(
    ("kind", "day", "first_day", "last_day"),
    [
        (PeriodKind.WEEK, "2027-01-03", "2026-12-28", "2027-01-03"),
        (PeriodKind.MONTH, "2028-02-10", "2028-02-01", "2028-02-29"),
        (PeriodKind.MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
        (PeriodKind.QUARTER, "2026-05-04", "2026-04-01", "2026-06-30"),
        (PeriodKind.QUARTER, "2026-12-31", "2026-10-01", "2026-12-31"),
    ],
)
def test_examples(kind: PeriodKind, day: str, first_day: str, last_day: str) -> None:
    """Periods follow the calendar: across the year, leap days and quarters."""
    period = periods.containing(kind, dt.date.fromisoformat(day))

    assert (period.first_day.isoformat(), period.last_day.isoformat()) == (first_day, last_day)


@given(
    kind=st.sampled_from(PeriodKind),
    day=st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2100, 1, 1)),
)
def test_each_day_is_in_one_period(kind: PeriodKind, day: dt.date) -> None:
    """Every day lies in its period, and the next period begins where this one ends."""
    period = periods.containing(kind, day)
    following = periods.containing(kind, period.last_day + dt.timedelta(days=1))

    assert period.first_day <= day <= period.last_day
    assert periods.containing(kind, period.first_day) == period
    assert following.first_day == period.last_day + dt.timedelta(days=1)
