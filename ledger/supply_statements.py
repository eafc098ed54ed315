"""Statements of the supply as they are kept: one for each month, chained by digests, never changed."""

import datetime as dt
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from ledger.closing_tables import supply_months, supply_statements
from ledger.supply_lines import FIGURES, Line, total

_TAG = b"duiscoin-supply\x01"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_COLUMNS = ("month", "sequence", "checkpoint_size", "checkpoint_root", "computed_at", "state", "digest")
_LINE = ("campaign", *FIGURES, "recipients")


@dataclass(frozen=True, slots=True)
class Statement:
    """The supply after transfer number `sequence`, the last one of the month."""

    month: dt.date
    """Its first day."""
    sequence: int
    lines: tuple[Line, ...]
    state: bytes = b""
    """Packed by `ledger.attribution`; empty where it was not asked for."""
    checkpoint_size: int | None = None
    checkpoint_root: bytes | None = None
    computed_at: dt.datetime | None = None
    digest: bytes = b""

    @property
    def total(self) -> Line:
        """The sum over all campaigns; of the persons, as many as the largest campaign has."""
        return total(self.lines)


def store(work: db.Work, statement: Statement) -> Statement:
    """Keep a statement for good, chained to the one before; return what is kept.

    Nothing is written if the month is stated already. Raises ValueError if a month would be left out.
    """
    last = newest(work)
    if last is not None and last.month >= statement.month:
        return get(work, statement.month)
    if last is not None and next_month(last.month) != statement.month:
        msg = f"{statement.month} does not follow {last.month}"
        raise ValueError(msg)
    made = replace(statement, computed_at=work.now)
    made = replace(made, digest=digest(work.city_id, last.digest if last else bytes(32), made))
    row = {name: getattr(made, name) for name in _COLUMNS}
    work.connection.execute(sa.insert(supply_months).values(city_id=work.city_id, **row))
    key = {"city_id": work.city_id, "month": statement.month}
    lines = [key | {name: getattr(line, name) for name in _LINE} for line in statement.lines]
    if lines:
        work.connection.execute(sa.insert(supply_statements), lines)
    return get(work, statement.month)


def stated(reading: db.Reading, limit: int = 24) -> list[Statement]:
    """Return the newest statements, the newest first, for showing: without their states."""
    found = _months(reading, limit, with_state=False)
    lines = _lines(reading, [row.month for row in found])
    return [_statement(row, lines.get(row.month, ())) for row in found]


def get(reading: db.Reading, month: dt.date) -> Statement:
    """Return the statement of a month. Raises NotFound."""
    columns = [supply_months.c[name] for name in _COLUMNS]
    row = reading.connection.execute(
        sa.select(*columns).where(
            supply_months.c.city_id == reading.city_id, supply_months.c.month == month.replace(day=1)
        )
    ).first()
    if row is None:
        raise NotFound("month-not-stated", month=month.isoformat()[:7])
    return _statement(row, _lines(reading, [row.month]).get(row.month, ()))


def months(reading: db.Reading) -> list[dt.date]:
    """Return the months that are stated, the oldest first."""
    statement = sa.select(supply_months.c.month).where(supply_months.c.city_id == reading.city_id)
    return list(reading.connection.execute(statement.order_by(supply_months.c.month)).scalars())


def newest(reading: db.Reading) -> Statement | None:
    """Return the statement of the newest month, without its lines."""
    found = _months(reading, 1)
    return _statement(found[0], ()) if found else None


def before(reading: db.Reading, month: dt.date) -> Statement | None:
    """Return the newest statement of an earlier month, without its lines."""
    found = _months(reading, 1, supply_months.c.month < month)
    return _statement(found[0], ()) if found else None


def around(reading: db.Reading, sequence: int) -> tuple[Statement | None, int | None]:
    """Return the newest statement before a transfer, without lines, and the number of the next statement."""
    earlier = _months(reading, 1, supply_months.c.sequence < sequence)
    following = reading.connection.execute(
        sa.select(sa.func.min(supply_months.c.sequence)).where(
            supply_months.c.city_id == reading.city_id, supply_months.c.sequence >= sequence
        )
    ).scalar()
    return (_statement(earlier[0], ()) if earlier else None), following


def next_month(month: dt.date) -> dt.date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def digest(city_id: int, before: bytes, statement: Statement) -> bytes:
    """Return what chains a month to the one before; `before` are zeros for the first.

    SHA-256 over the tag `duiscoin-supply`, a version byte (1), the digest before; city, day number of the
    month, sequence, instant in microseconds since 1970 and size of the checkpoint (-1: none), 8 bytes each;
    the checkpoint's root (or zeros); SHA-256 of the state; for each line, in order of its campaign: the
    length of the name in 2 bytes, the name, and its eight figures, 8 bytes each. All numbers are big-endian.
    """
    computed_at = statement.computed_at or _EPOCH
    micros = (computed_at - _EPOCH) // dt.timedelta(microseconds=1)
    size = -1 if statement.checkpoint_size is None else statement.checkpoint_size
    numbers = struct.pack(">qqqqq", city_id, statement.month.toordinal(), statement.sequence, micros, size)
    result = hashlib.sha256(_TAG + before + numbers + (statement.checkpoint_root or bytes(32)))
    result.update(hashlib.sha256(statement.state).digest())
    for line in statement.lines:
        name = line.campaign.encode()
        figures = [getattr(line, figure) for figure in FIGURES]
        result.update(struct.pack(">H", len(name)) + name + struct.pack(">8q", *figures, line.recipients))
    return result.digest()


def _months(
    reading: db.Reading, limit: int, *conditions: sa.ColumnElement[bool], with_state: bool = True
) -> Sequence[sa.Row[Any]]:
    columns = [supply_months.c[name] for name in _COLUMNS if with_state or name != "state"]
    return reading.connection.execute(
        sa.select(*columns)
        .where(supply_months.c.city_id == reading.city_id, *conditions)
        .order_by(supply_months.c.month.desc())
        .limit(limit)
    ).all()


def _lines(reading: db.Reading, months: Sequence[dt.date]) -> dict[dt.date, tuple[Line, ...]]:
    if not months:
        return {}
    columns = [supply_statements.c[name] for name in _LINE]
    found = reading.connection.execute(
        sa.select(supply_statements.c.month, *columns).where(
            supply_statements.c.city_id == reading.city_id,
            supply_statements.c.month >= min(months),
            supply_statements.c.month <= max(months),
        )
    )
    result: dict[dt.date, tuple[Line, ...]] = {}
    for month, *values in found:
        result[month] = (*result.get(month, ()), Line(*values))
    # Sorted here: databases disagree about the order of text.
    return {month: tuple(sorted(lines, key=lambda line: line.campaign)) for month, lines in result.items()}


def _statement(row: sa.Row[Any], lines: tuple[Line, ...]) -> Statement:
    return Statement(lines=lines, **row._mapping)
