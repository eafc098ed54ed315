"""Who is inside, told to a hub: what other devices of its venue counted. Its own gates it knows itself."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from kernel import db
from merchants.devices import Device
from redemption import passages
from redemption.gates import Passage
from redemption.passage_tables import passages as table

PAGE: Final = 1000
OVERLAP: Final = dt.timedelta(minutes=1)
"""What was taken back is asked for so much twice: an instant is noted before others can read it."""
_DAY: Final = dt.timedelta(days=1)
"""Longer ago nothing counts any more."""


@dataclass(frozen=True, slots=True)
class PassagePage:
    """Some passages that count today, in the order in which the city heard of them."""

    items: list[Passage]
    undone: list[int]
    """Numbers of those that were taken back since."""
    through: int
    """Ask for those after this number."""
    complete: bool
    told_at: dt.datetime


def page(
    reading: db.Reading, hub: Device, after: int, undone_since: dt.datetime, limit: int = PAGE
) -> PassagePage:
    """Return the next passages at a hub's venue that are not its own, and what was taken back."""
    others = sa.and_(
        table.c.city_id == reading.city_id,
        table.c.venue_id == hub.venue_id,
        table.c.device_id != hub.device_id,
        table.c.voucher_id.is_not(None),
        table.c.over_at > reading.now,
    )
    found = passages.rows(
        reading.connection.execute(
            sa.select(*passages.columns())
            .where(others, table.c.passage_id > after, table.c.undone_at.is_(None))
            .order_by(table.c.passage_id)
            .limit(limit)
        )
    )
    since = max(undone_since, reading.now - _DAY) - OVERLAP
    undone = reading.connection.execute(
        sa.select(table.c.passage_id).where(others, table.c.undone_at >= since)
    )
    through = found[-1].passage_id if found else after
    return PassagePage(found, sorted(undone.scalars()), through, len(found) < limit, reading.now)


def take(work: db.Work, told: Iterable[Passage], undone: Sequence[int]) -> None:
    """Keep what a hub is told; and no longer than the city does."""
    passages.add(work, told)
    passages.undo(work, undone)
    passages.forget_old(work)
