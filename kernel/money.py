"""Amounts are whole numbers: points, or euro cents. The only rounding and sharing code of the house."""

import datetime as dt
import itertools
from collections.abc import Sequence

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


def net_of_gross(gross_cents: int, percent: int) -> int:
    """Return what is left of an amount without the tax of `percent` in it, rounded half away from zero."""
    whole = 100 + percent
    net = (abs(gross_cents) * 200 + whole) // (2 * whole)
    return net if gross_cents >= 0 else -net


def tax_on_net(net_cents: int, percent: int) -> int:
    """Return the tax of `percent` on an amount, rounded half away from zero."""
    tax = (abs(net_cents) * percent * 2 + 100) // 200
    return tax if net_cents >= 0 else -tax


def net_shares(gross_cents: Sequence[int], percent: int) -> list[int]:
    """Return the net amounts of parts so that they add up exactly to the net amount of the whole."""
    sums = [0, *itertools.accumulate(gross_cents)]
    nets = [net_of_gross(one, percent) for one in sums]
    return [after - before for before, after in itertools.pairwise(nets)]


def even_parts(amount: int, count: int) -> list[int]:
    """Return `amount` in `count` parts that differ by at most one, later ones being larger.

    The first k of them are always `amount * k // count`, so that what is left after some is never short.
    """
    ends = [amount * part // count for part in range(count + 1)]
    return [end - begin for begin, end in itertools.pairwise(ends)]


def cut(pieces: Sequence[tuple[str, int]], parts: Sequence[int]) -> list[list[tuple[str, int]]]:
    """Return named pieces cut into parts of the given sizes, in order; the sums must be equal."""
    left = [(name, amount) for name, amount in reversed(pieces)]
    made: list[list[tuple[str, int]]] = []
    for size in parts:
        part: list[tuple[str, int]] = []
        missing = size
        while missing:
            name, amount = left.pop()
            taken = min(amount, missing)
            part.append((name, taken))
            missing -= taken
            if amount > taken:
                left.append((name, amount - taken))
        made.append(part)
    return made


def points_to_cents(points: int, rate_cents_per_point: int) -> int:
    """Return what `points` are worth in cents at a contract's rate."""
    return points * rate_cents_per_point


def cents_to_points(amount_cents: int, rate_cents_per_point: int) -> int:
    """Return how many points pay `amount_cents` in full: rounded up, so that the city is never short."""
    return -(-amount_cents // rate_cents_per_point)


def cents_to_whole_points(amount_cents: int, rate_cents_per_point: int) -> int:
    """Return how many points are worth no more than `amount_cents`: rounded down, so that none is wasted."""
    return amount_cents // rate_cents_per_point


def tax_in(gross_cents: int, rate_percent: int) -> int:
    """Return the value added tax contained in `gross_cents`, to the nearest cent, half a cent up.

    Raises ValueError unless 0 <= rate_percent <= 100 and gross_cents >= 0.
    """
    if not 0 <= rate_percent <= 100 or gross_cents < 0:  # noqa: PLR2004 -- a percentage
        msg = f"no tax of {rate_percent} % in {gross_cents}"
        raise ValueError(msg)
    whole = 100 + rate_percent
    return (2 * gross_cents * rate_percent + whole) // (2 * whole)


def quarter_end(day: dt.date) -> dt.date:
    """Return the last day of the calendar quarter in which `day` lies."""
    month = (day.month - 1) // 3 * 3 + 3
    following = dt.date(day.year + month // 12, month % 12 + 1, 1)
    return following - dt.timedelta(days=1)
