"""Closing periods: from then on the book takes no effective date in them. A closing can't be undone.

Each closing is noted with the trial balance at that moment, chained to the one before, so that neither the
closing nor what was closed can be changed unnoticed.
"""

import datetime as dt
import hashlib
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict
from ledger import accounts, posting, queries, rows
from ledger.closing_tables import periods
from ledger.outcomes import Counters
from ledger.tables import transfers

_TAG_BALANCE = b"duiscoin-trial-balance\x01"
_TAG_CLOSING = b"duiscoin-period\x01"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ACCOUNTS_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class Closing:
    """A period that was closed: by whom, when, and at which transfer."""

    closed_until: dt.date
    closed_at: dt.datetime
    closed_by: str
    sequence: int
    trial_balance: bytes
    digest: bytes


def close(work: db.Work, last_day: dt.date, by: str) -> Closing:
    """Close every day up to `last_day`. `by` is the actor as in the audit log.

    Raises Conflict `period-already-closed`, or `period-not-closable` if that day is not past or lies before
    the end of what is closed.
    """
    newest = next(iter(every(work)), None)
    if newest is not None and newest.closed_until == last_day:
        raise Conflict("period-already-closed")
    posting.close_period(work, last_day)
    sequence = queries.head_sequence(work)
    balance = trial_balance_digest(work, sequence)
    before = newest.digest if newest else bytes(32)
    made = Closing(last_day, work.now, by, sequence, balance, b"")
    row = {name: getattr(made, name) for name in Closing.__dataclass_fields__}
    row["digest"] = _digest(work.city_id, before, made)
    work.connection.execute(sa.insert(periods).values(city_id=work.city_id, **row))
    return Closing(**row)


def every(reading: db.Reading) -> list[Closing]:
    """Return all closings, the newest first."""
    columns = [periods.c[name] for name in Closing.__dataclass_fields__]
    found = reading.connection.execute(
        sa.select(*columns)
        .where(periods.c.city_id == reading.city_id)
        .order_by(periods.c.closed_until.desc())
    )
    return [Closing(**row._mapping) for row in found]


def trial_balance_digest(reading: db.Reading, sequence: int) -> bytes:
    """Return SHA-256 over all accounts' counters right after transfer number `sequence`.

    The tag `duiscoin-trial-balance`, a version byte (1), city and sequence; then for each account that was
    used, in order of its number: the number, the four counters (all big-endian, 8 bytes; debits posted and
    pending, credits posted and pending), the length of the asset's name in one byte, and the name.
    """
    digest = hashlib.sha256(_TAG_BALANCE + struct.pack(">qq", reading.city_id, sequence))
    known = sorted(accounts.every(reading), key=lambda account: account.account_id)
    for start in range(0, len(known), _ACCOUNTS_AT_A_TIME):
        some = known[start : start + _ACCOUNTS_AT_A_TIME]
        left = rows.counters_as_of(reading, [account.account_id for account in some], sequence)
        for account in some:
            one = left[account.account_id]
            if one != Counters():
                values = (one.debits_posted, one.debits_pending, one.credits_posted, one.credits_pending)
                digest.update(struct.pack(">qqqqq", account.account_id, *values))
                digest.update(bytes([len(account.asset)]) + account.asset.encode())
    return digest.digest()


def findings(reading: db.Reading) -> Iterator[str]:
    """Yield what contradicts the closings: the invariant `periods-closed`.

    The head says what the newest closing says; closings follow each other and are as they were written; the
    trial balance of each can be computed again; nothing was booked into a closed period afterwards.
    """
    closings = every(reading)[::-1]
    head = queries.head_sequence(reading)
    closed_until = queries.closed_until(reading)
    newest = closings[-1].closed_until if closings else None
    if closed_until != newest:
        yield f"the head says closed until {closed_until}, the newest closing {newest}"
    before = bytes(32)
    for one, after in itertools.zip_longest(closings, closings[1:]):
        name = f"the closing until {one.closed_until}"
        if _digest(reading.city_id, before, one) != one.digest:
            yield f"{name} is not what was written"
        before = one.digest
        if one.sequence > (after.sequence if after else head):
            yield f"{name} stands at transfer {one.sequence}, which comes later"
        elif trial_balance_digest(reading, one.sequence) != one.trial_balance:
            yield f"{name} had another trial balance"
        late = _booked_late(reading, one, after.sequence if after else head)
        if late is not None:
            yield f"{name} did not stop transfer {late}"


def _booked_late(reading: db.Reading, closing: Closing, upto: int) -> int | None:
    """Return the first transfer after a closing, up to the next, that is effective in what was closed."""
    return reading.connection.execute(
        sa.select(transfers.c.sequence)
        .where(
            transfers.c.city_id == reading.city_id,
            transfers.c.sequence > closing.sequence,
            transfers.c.sequence <= upto,
            transfers.c.effective <= closing.closed_until,
        )
        .order_by(transfers.c.sequence)
        .limit(1)
    ).scalar()


def _digest(city_id: int, before: bytes, closing: Closing) -> bytes:
    by = closing.closed_by.encode()
    micros = (closing.closed_at - _EPOCH) // dt.timedelta(microseconds=1)
    numbers = struct.pack(
        ">qqqqH", city_id, closing.closed_until.toordinal(), micros, closing.sequence, len(by)
    )
    return hashlib.sha256(_TAG_CLOSING + before + numbers + by + closing.trial_balance).digest()
