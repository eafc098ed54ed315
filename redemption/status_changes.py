"""Noting which vouchers are no longer good, for the next status list."""

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from kernel import bulk, db
from redemption.trust_tables import status_changes as table

_COLUMNS = ("city_id", "change_id", "status_index", "invalid", "version", "changed_at")


def note(work: db.Work, indexes: Iterable[int], *, invalid: bool = True, version: int | None = None) -> None:
    """Note vouchers by their places in the list; one statement for all.

    Without a version they go into the next list; with one they are in that already.
    """
    rows = (
        (work.city_id, work.ids.next(), index, invalid, version, work.now) for index in sorted(set(indexes))
    )
    bulk.insert_rows(work, table, _COLUMNS, rows)


def waiting(reading: db.Reading) -> dict[int, bool]:
    """Return what is in no list yet: whether a voucher is no longer good, by its place."""
    return _latest(reading, table.c.version.is_(None))


def since(reading: db.Reading, version: int) -> dict[int, bool]:
    """Return what changed after a list, up to the newest one."""
    return _latest(reading, table.c.version > version)


def publish(work: db.Work, version: int) -> None:
    """Note that what waited is in a list now."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.version.is_(None))
        .values(version=version)
    )


def is_waiting(reading: db.Reading) -> bool:
    """Whether there is something that is in no list yet."""
    found = sa.select(table.c.change_id).where(table.c.city_id == reading.city_id, table.c.version.is_(None))
    return reading.connection.execute(found.limit(1)).first() is not None


def forget(work: db.Work, up_to_version: int) -> None:
    """Delete what changed with a list and those before it."""
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.version <= up_to_version)
    )


def last_before(reading: db.Reading, instant: dt.datetime) -> int | None:
    """Return the newest version all of whose changes are from before an instant."""
    found = sa.select(sa.func.max(table.c.version)).where(
        table.c.city_id == reading.city_id, table.c.changed_at < instant, table.c.version.is_not(None)
    )
    return reading.connection.execute(found).scalar()


def _latest(reading: db.Reading, condition: sa.ColumnElement[bool]) -> dict[int, bool]:
    """Return the changes, the later of two to one voucher winning."""
    rows = reading.connection.execute(
        sa.select(table.c.status_index, table.c.invalid)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.change_id)
    )
    return {row.status_index: row.invalid for row in rows}
