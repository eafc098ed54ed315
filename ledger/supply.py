"""The supply: what was issued for each campaign and where it is now, stated for good after each month.

For each campaign and in total, issued - redeemed - expired - held - outstanding = 0. A statement goes on from
the one of the month before, so it costs what the month has cost, however old the book is.
"""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from ledger import accounts, attribution, log_seals, replaying, rows, supply_lines, supply_statements
from ledger.supply_lines import FIGURES, Line
from ledger.supply_statements import Statement, next_month
from ledger.tables import transfers
from ledger.transfers import DUC

CHUNK = 5000
"""Accounts read at a time."""


def due(reading: db.Reading, city: City) -> dt.date | None:
    """Return the first month that is over and not stated yet."""
    newest = supply_statements.newest(reading)
    if newest is None:
        first = reading.connection.execute(
            sa.select(transfers.c.booked_at).where(
                transfers.c.city_id == reading.city_id, transfers.c.sequence == 1
            )
        ).scalar()
        month = None if first is None else city.day_of(first).replace(day=1)
    else:
        month = next_month(newest.month)
    return month if month is not None and end_of(city, month) <= reading.now else None


def compute(reading: db.Reading, city: City, month: dt.date) -> Statement:
    """Return the statement of a month, going on from the one before it."""
    return _compute(reading, month, end_of(city, month))


def current(reading: db.Reading) -> Statement:
    """Return the supply as it is now, going on from the newest statement."""
    return _compute(reading, reading.now.date().replace(day=1), None)


def balances(reading: db.Reading, sequence: int) -> Line:
    """Return the total straight from the accounts' balances after a transfer, without any attribution."""
    known = [account for account in accounts.every(reading) if account.asset == DUC]
    sums = dict.fromkeys(FIGURES, 0)
    for start in range(0, len(known), CHUNK):
        some = known[start : start + CHUNK]
        left = rows.counters_as_of(reading, [account.account_id for account in some], sequence)
        for account in some:
            counters = left[account.account_id]
            if attribution.is_source(account):
                sums["issued"] -= counters.posted
                continue
            sums["held"] += counters.debits_pending
            for place in supply_lines.places_of(account):
                sums[place] += counters.available
    return Line("", **sums, recipients=0)


def findings(reading: db.Reading, *, thorough: bool = False) -> Iterator[str]:
    """Yield what contradicts the statements: the invariant `supply-stated`.

    Each is as it was written, adds up, and names a checkpoint that was signed. The newest one, or with
    `thorough` every one, is computed again from the one before, and its total is that of the balances.
    """
    months = supply_statements.months(reading)
    before: Statement | None = None
    for month in months:
        one = supply_statements.get(reading, month)
        name = f"the supply of {month.isoformat()[:7]}"
        chained = before.digest if before else bytes(32)
        if supply_statements.digest(reading.city_id, chained, one) != one.digest:
            yield f"{name} is not what was written"
        if not all(line.adds_up for line in one.lines):
            yield f"{name} does not add up"
        if not _is_sealed(reading, one):
            yield f"{name} names a checkpoint that was never signed"
        if thorough or month == months[-1]:
            if _figures(balances(reading, one.sequence)) != _figures(one.total):
                yield f"{name} is not what stood on the accounts after transfer {one.sequence}"
            if not _follows(reading, before, one):
                yield f"{name} does not follow from the transfers"
        before = one


def _compute(reading: db.Reading, month: dt.date, end: dt.datetime | None) -> Statement:
    newest = (
        supply_statements.before(reading, month) if end is not None else supply_statements.newest(reading)
    )
    point = replaying.point_of(newest)
    known = {account.account_id: account for account in accounts.every(reading)}
    replaying.advance(reading, known, point, end=end)
    seal = _seal(reading, point.sequence)
    return Statement(
        month=month,
        sequence=point.sequence,
        lines=supply_lines.summed(point.state, known),
        state=attribution.pack(point.state),
        checkpoint_size=seal.size if seal else None,
        checkpoint_root=seal.root if seal else None,
    )


def _follows(reading: db.Reading, before: Statement | None, one: Statement) -> bool:
    """Whether lines and state of a statement come out again."""
    known = {account.account_id: account for account in accounts.every(reading)}
    try:
        point = replaying.point_of(before)
        replaying.advance(reading, known, point, last=one.sequence)
        stored = attribution.plain(one.state)
    except (ValueError, LookupError, TypeError):
        # Whatever stands in an altered state, it is no state.
        return False
    again = attribution.plain(attribution.pack(point.state))
    return again == stored and supply_lines.summed(point.state, known) == one.lines


def _seal(reading: db.Reading, sequence: int) -> log_seals.Seal | None:
    """Return the first seal that covers a transfer."""
    return next(iter(log_seals.following(reading, sequence - 1, 1)), None)


def _is_sealed(reading: db.Reading, statement: Statement) -> bool:
    if statement.checkpoint_size is None:
        return statement.checkpoint_root is None
    seal = log_seals.at(reading, statement.checkpoint_size)
    return seal is not None and seal.root == statement.checkpoint_root and seal.size >= statement.sequence


def _figures(line: Line) -> list[int]:
    return [getattr(line, figure) for figure in FIGURES]


def end_of(city: City, month: dt.date) -> dt.datetime:
    """Return the instant at which a month is over in the city."""
    return dt.datetime.combine(next_month(month), dt.time(), ZoneInfo(city.timezone)).astimezone(dt.UTC)
