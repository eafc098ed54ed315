"""Signing the open vouchers of a blocked key anew, so that they keep working, with a new code.

In batches, each a unit of work of its own, which note where to go on: it may be interrupted at any point. A
voucher keeps its number, its typed code, its validity and its place in the status list.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from redemption import keys, tokens, vouchers
from redemption.keys import Sealer
from redemption.tables import redemptions
from redemption.tables import vouchers as vouchers_table
from redemption.trust_tables import key_reissues as table

BATCH = 2000
_BEGINNING = -1


@dataclass(frozen=True, slots=True)
class Reissue:
    """How far the vouchers of a blocked key are signed anew."""

    kid: str
    started_at: dt.datetime
    total: int
    """Vouchers of the key that had not run out at the beginning."""
    looked_at: int
    reissued: int
    """Those of them that were open: neither used nor given back."""
    after_index: int
    finished_at: dt.datetime | None

    @property
    def percent(self) -> int:
        """How much is done."""
        return 100 if self.finished_at or not self.total else min(99, 100 * self.looked_at // self.total)


class _Signed(NamedTuple):
    """What a batch needs of a voucher."""

    voucher_id: str
    status_index: int
    token: bytes


def begin(work: db.Work, kid: str) -> Reissue:
    """Note that the open vouchers of a key are to be signed anew; again changes nothing."""
    if (begun := find(work, kid)) is not None:
        return begun
    count = work.connection.execute(
        sa.select(sa.func.count()).select_from(vouchers_table).where(*_of_key(work, kid, _BEGINNING))
    ).scalar_one()
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            kid=kid,
            started_at=work.now,
            total=count,
            looked_at=0,
            reissued=0,
            after_index=_BEGINNING,
        )
    )
    return get(work, kid)


def go_on(work: db.Work, sealer: Sealer, kid: str, batch: int = BATCH) -> Reissue:
    """Sign the next vouchers anew; when none is left, the end is noted.

    Raises NotFound `reissue-not-found`, Conflict `issuing-key-missing`, Invalid `seal-broken`.
    """
    begun = get(work, kid)
    if begun.finished_at is not None:
        return begun
    page = _page(work, kid, begun.after_index, batch)
    if not page:
        return _note(work, begun, finished_at=work.now)
    still_open = _open(work, page)
    key = keys.active(work, sealer)
    if still_open:
        _store(work, [(row, tokens.resign(row.token, key)) for row in still_open], key.kid.hex())
        keys.count_issued(work, key.kid.hex(), len(still_open))
    return _note(
        work,
        begun,
        looked_at=begun.looked_at + len(page),
        reissued=begun.reissued + len(still_open),
        after_index=page[-1].status_index,
    )


def unfinished(reading: db.Reading) -> list[Reissue]:
    """Return what is still to be done."""
    return _select(reading, table.c.finished_at.is_(None))


def every(reading: db.Reading) -> dict[str, Reissue]:
    """Return all of them by their key."""
    return {one.kid: one for one in _select(reading, sa.true())}


def find(reading: db.Reading, kid: str) -> Reissue | None:
    """Return what is known of a key, if it was ever begun."""
    return next(iter(_select(reading, table.c.kid == kid)), None)


def get(reading: db.Reading, kid: str) -> Reissue:
    """Return how far it is. Raises NotFound `reissue-not-found`."""
    found = find(reading, kid)
    if found is None:
        raise NotFound("reissue-not-found", kid=kid)
    return found


def open_counts(reading: db.Reading) -> dict[str, int]:
    """Return for each key how many of its vouchers have neither run out nor been used."""
    used = sa.and_(
        redemptions.c.city_id == vouchers_table.c.city_id,
        redemptions.c.voucher_id == vouchers_table.c.voucher_id,
        redemptions.c.undone_at.is_(None),
        # Of several uses some may be left: whether a voucher is over is looked at again.
        vouchers_table.c.uses == 1,
    )
    rows = reading.connection.execute(
        sa.select(vouchers_table.c.kid, sa.func.count().label("vouchers"))
        .select_from(vouchers_table.outerjoin(redemptions, used))
        .where(
            vouchers_table.c.city_id == reading.city_id,
            vouchers_table.c.valid_until > reading.now,
            redemptions.c.voucher_id.is_(None),
        )
        .group_by(vouchers_table.c.kid)
    )
    return {row.kid: row.vouchers for row in rows}


def _of_key(reading: db.Reading, kid: str, after_index: int) -> list[sa.ColumnElement[bool]]:
    of = vouchers_table.c
    return [
        of.city_id == reading.city_id,
        of.kid == kid,
        of.status_index > after_index,
        of.valid_until > reading.now,
    ]


def _page(reading: db.Reading, kid: str, after_index: int, batch: int) -> list[_Signed]:
    columns = [vouchers_table.c[name] for name in _Signed._fields]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(*_of_key(reading, kid, after_index))
        .order_by(vouchers_table.c.status_index)
        .limit(batch)
    )
    return [_Signed(*row) for row in rows]


def _open(reading: db.Reading, page: Sequence[_Signed]) -> list[_Signed]:
    """Return the vouchers that may still be shown at a door, those with some of their uses left too."""
    found = vouchers.find(reading, voucher_ids=[row.voucher_id for row in page])
    shown = {one.voucher_id for one in found if one.status in vouchers.SHOWN}
    return [row for row in page if row.voucher_id in shown]


def _store(work: db.Work, signed: Sequence[tuple[_Signed, bytes]], kid: str) -> None:
    statement = (
        sa.update(vouchers_table)
        .where(
            vouchers_table.c.city_id == work.city_id,
            vouchers_table.c.voucher_id == sa.bindparam("which"),
        )
        .values(kid=kid, token=sa.bindparam("fresh"))
    )
    work.connection.execute(statement, [{"which": row.voucher_id, "fresh": token} for row, token in signed])


def _note(work: db.Work, begun: Reissue, **values: object) -> Reissue:
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, table.c.kid == begun.kid).values(**values)
    )
    return get(work, begun.kid)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Reissue]:
    columns = [table.c[name] for name in Reissue.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(table.c.city_id == reading.city_id, condition).order_by(table.c.started_at)
    )
    return [Reissue(**row._mapping) for row in rows]
