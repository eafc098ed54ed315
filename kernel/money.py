"""Amounts are whole numbers: points, or euro cents. The only rounding and sharing code of the house."""

import datetime as dt

AMOUNT_MAX = 2**62 - 1
"""Largest amount of one transfer; two counters of this size still fit 63 bits."""


def share_percent(amount: int, percent: int) -> int:
    """Return `percent` of `amount`, rounded down, so that a share never exceeds the whole.

    Raises ValueError unless 0 <= percent <= 100 and amount >= 0.
    """
    if not 0 <= percent <= 100 or amount < 0:  # noqa: PLR2004 -- a percentage
        msg = f"no share of {percent} % of {amount}"
        raise ValueError(msg)
    return amount * percent // 100


def points_to_cents(points: int, rate_cents_per_point: int) -> int:
    """Return what `points` are worth in cents at a contract's rate."""
    return points * rate_cents_per_point


def cents_to_points(amount_cents: int, rate_cents_per_point: int) -> int:
    """Return how many points pay `amount_cents` in full: rounded up, so that the city is never short."""
    return -(-amount_cents // rate_cents_per_point)


def cents_to_whole_points(amount_cents: int, rate_cents_per_point: int) -> int:
    """Return how many points are worth no more than `amount_cents`: rounded down, so that none is wasted."""
    return amount_cents // rate_cents_per_point


def quarter_end(day: dt.date) -> dt.date:
    """Return the last day of the calendar quarter in which `day` lies."""
    month = (day.month - 1) // 3 * 3 + 3
    following = dt.date(day.year + month // 12, month % 12 + 1, 1)
    return following - dt.timedelta(days=1)
