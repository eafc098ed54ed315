"""Passages at gates as they are kept: for a month, and of no consequence for anybody's money."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from merchants.directions import Direction
from redemption import offers
from redemption.gates import Passage
from redemption.offer_terms import Reentry
from redemption.passage_tables import passages as table

KEPT = dt.timedelta(days=30)
_LOOKED_BACK = dt.timedelta(days=7)
"""No day of a guest is longer: older passages are not asked for."""
_OF_PASSAGE = tuple(Passage.__dataclass_fields__)
_COLUMNS = ("city_id", *_OF_PASSAGE)


@dataclass(frozen=True, slots=True)
class Guests:
    """What the gates of a venue have counted today."""

    inside: int = 0
    came: int = 0
    went: int = 0


def add(work: db.Work, passed: Iterable[Passage]) -> None:
    """Keep passages; one that is known already stays as it is."""
    rows = [
        {
            "city_id": work.city_id,
            **{name: getattr(one, name) for name in _OF_PASSAGE},
            "direction": one.direction.value,
        }
        for one in passed
    ]
    if rows:
        work.connection.execute(db.insert(work, table).values(rows).on_conflict_do_nothing())


def of_vouchers(reading: db.Reading, voucher_ids: Iterable[str]) -> dict[tuple[str, int], list[Passage]]:
    """Return the passages that count today, by voucher and venue."""
    wanted = sorted(set(voucher_ids))
    found: dict[tuple[str, int], list[Passage]] = {}
    condition = sa.and_(
        bulk.any_of(table.c.voucher_id, "voucher_ids"),
        table.c.over_at > reading.now,
        table.c.undone_at.is_(None),
    )
    for row in _select(reading, condition, wanted) if wanted else ():
        one = _passage(row)
        found.setdefault((one.voucher_id, one.venue_id), []).append(one)
    return found


def every(reading: db.Reading, voucher_ids: Iterable[str]) -> dict[str, list[Passage]]:
    """Return all that is kept of vouchers, without what was taken back, oldest first."""
    condition = sa.and_(bulk.any_of(table.c.voucher_id, "voucher_ids"), table.c.undone_at.is_(None))
    found: dict[str, list[Passage]] = {}
    for row in _select(reading, condition, sorted(set(voucher_ids))):
        found.setdefault(row.voucher_id, []).append(_passage(row))
    return found


def undo(work: db.Work, passage_ids: Iterable[int]) -> None:
    """Take passages back; those that were taken back, or are none, stay as they are."""
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            bulk.any_of(table.c.passage_id, "passage_ids"),
            table.c.undone_at.is_(None),
        )
        .values(undone_at=work.now),
        {"passage_ids": sorted(set(passage_ids))},
    )


def undone_at(reading: db.Reading, passage_id: int) -> dt.datetime | None:
    """Return when a passage was taken back."""
    found: dt.datetime | None = reading.connection.execute(
        sa.select(table.c.undone_at).where(
            table.c.city_id == reading.city_id, table.c.passage_id == passage_id
        )
    ).scalar()
    return found


def taken_back(reading: db.Reading, venue_id: int, since: dt.datetime) -> dict[int, dt.datetime]:
    """Return when passages at a venue were taken back that happened since an instant, by their number."""
    rows = reading.connection.execute(
        sa.select(table.c.passage_id, table.c.undone_at).where(
            table.c.city_id == reading.city_id,
            table.c.venue_id == venue_id,
            table.c.passed_at >= since,
            table.c.undone_at.is_not(None),
        )
    )
    return {row.passage_id: row.undone_at for row in rows}


def counted_at(reading: db.Reading, venue_id: int) -> bool:
    """Whether a venue has offers whose guests are counted at the gates."""
    found = offers.every(reading)
    return any(venue_id in one.venue_ids and one.terms.reentry is not Reentry.NONE for one in found)


def guests(reading: db.Reading, venue_id: int, midnight: dt.datetime) -> Guests:
    """Return how many are inside now, and how many came and went since midnight."""
    came = sa.case((table.c.direction == Direction.IN.value, table.c.persons), else_=0)
    went = sa.case((table.c.direction == Direction.OUT.value, table.c.persons), else_=0)
    today = table.c.passed_at >= midnight
    steps = (
        sa.select(
            table.c.voucher_id,
            sa.case((table.c.over_at > reading.now, came - went), else_=0).label("step"),
            sa.case((today, came), else_=0).label("came"),
            sa.case((today, went), else_=0).label("went"),
            table.c.passed_at,
            table.c.passage_id,
        )
        .where(
            table.c.city_id == reading.city_id,
            table.c.venue_id == venue_id,
            table.c.passed_at >= min(midnight, reading.now - _LOOKED_BACK),
            table.c.undone_at.is_(None),
        )
        .subquery()
    )
    running = sa.select(
        *steps.c,
        sa.func.sum(steps.c.step)
        .over(partition_by=steps.c.voucher_id, order_by=(steps.c.passed_at, steps.c.passage_id))
        .label("inside"),
    ).subquery()
    # Of each voucher by itself, and as `gates.presence` counts: who goes out unseen is not minus one guest.
    lowest = sa.func.min(running.c.inside)
    unseen = sa.case((lowest < 0, -lowest), else_=0)
    of_each = (
        sa.select(
            (sa.func.sum(running.c.step) + unseen).label("inside"),
            sa.func.sum(running.c.came).label("came"),
            (sa.func.sum(running.c.went) - unseen).label("went"),
        )
        .group_by(running.c.voucher_id)
        .subquery()
    )
    totals = [sa.func.coalesce(sa.func.sum(of_each.c[name]), 0) for name in ("inside", "came", "went")]
    return Guests(*map(int, reading.connection.execute(sa.select(*totals)).one()))


def forget(work: db.Work, voucher_ids: Sequence[str]) -> None:
    """Cut the link from passages to vouchers whose owner is erased; that somebody passed stays."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, bulk.any_of(table.c.voucher_id, "voucher_ids"))
        .values(voucher_id=None),
        {"voucher_ids": sorted(set(voucher_ids))},
    )


def forget_old(work: db.Work) -> None:
    """Delete what happened more than a month ago."""
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.passed_at < work.now - KEPT)
    )


def columns() -> list[sa.ColumnElement[Any]]:
    """Return the columns of which a passage is made."""
    return [table.c[name] for name in _OF_PASSAGE]


def rows(found: Iterable[sa.Row[Any]]) -> list[Passage]:
    """Return the passages in rows of `columns`."""
    return [_passage(row) for row in found]


def _select(
    reading: db.Reading, condition: sa.ColumnElement[bool], voucher_ids: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    with bulk.planned_anew(reading):
        return reading.connection.execute(
            sa.select(*columns())
            .where(table.c.city_id == reading.city_id, condition)
            .order_by(table.c.passed_at, table.c.passage_id),
            {"voucher_ids": list(voucher_ids)},
        ).all()


def _passage(row: sa.Row[Any]) -> Passage:
    return Passage(**{**row._mapping, "direction": Direction(row.direction)})
