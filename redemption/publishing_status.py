"""Publishing the status list: made anew when a voucher became invalid, at most every few seconds.

The list in the database is the newest one; its bits are changed by what was noted since. The first one, and
one that is to be made from nothing, follows from the ledger (`from_the_ledger`).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from redemption import claims, keys, leasing, status_changes, status_lists, tokens, vouchers
from redemption.keys import Sealer
from redemption.status_lists import Stamp
from redemption.tables import issuing_keys
from redemption.tables import vouchers as vouchers_table
from redemption.tokens import Flags
from redemption.trust_tables import status_lists as table
from redemption.vouchers import Voucher, VoucherStatus

PAUSE = dt.timedelta(seconds=15)
"""At least so long between two lists."""
REFRESHED_AFTER = dt.timedelta(minutes=30)
"""A list is signed anew after so long though nothing changed, so that its age says that we are there."""
LATE_AFTER = dt.timedelta(hours=1)
"""So old no list becomes unless something is broken."""
CHANGES_KEPT = dt.timedelta(days=8)


@dataclass(frozen=True, slots=True)
class StatusList:
    """A published list."""

    version: int
    issued_at: dt.datetime
    kid: str
    size: int
    """For how many vouchers it has room."""
    invalid_count: int
    lst: bytes
    token: bytes
    head: bytes
    changes_after: int
    swept_until: dt.datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the newest list of an older one."""

    since: int
    invalid: tuple[int, ...]
    valid: tuple[int, ...]


def newest(reading: db.Reading) -> StatusList:
    """Return the newest list. Raises NotFound `status-list-not-found` before the first one."""
    found = find(reading)
    if found is None:
        raise NotFound("status-list-not-found")
    return found


def find(reading: db.Reading) -> StatusList | None:
    """Return the newest list, if there is one."""
    columns = [table.c[name] for name in StatusList.__dataclass_fields__]
    row = reading.connection.execute(sa.select(*columns).where(table.c.city_id == reading.city_id)).first()
    return None if row is None else StatusList(**row._mapping)


def changes(reading: db.Reading, current: StatusList, since: int) -> Changes | None:
    """Return what changed after version `since`; None if that is not known or is longer than the list."""
    if not current.changes_after <= since <= current.version:
        return None
    found = status_changes.since(reading, since)
    if len(found) * _BYTES_OF_A_CHANGE > len(current.lst) + _BYTES_OF_A_CHANGE * _FEW:
        return None
    invalid = tuple(sorted(index for index, is_invalid in found.items() if is_invalid))
    return Changes(since, invalid, tuple(sorted(found.keys() - set(invalid))))


_BYTES_OF_A_CHANGE, _FEW = 7, 200
"""A place in the list, written in digits; and how many are always told: a list of few vouchers is short."""


def is_due(reading: db.Reading) -> bool:
    """Whether a list should be made."""
    last = find(reading)
    if last is None:
        return _active_kid(reading) is not None
    age = reading.now - last.issued_at
    if last.kid != _active_kid(reading):
        return _active_kid(reading) is not None
    return age >= PAUSE and (age >= REFRESHED_AFTER or status_changes.is_waiting(reading))


def publish(work: db.Work, sealer: Sealer, uri: str, made: bytearray | None = None) -> StatusList:
    """Make and sign the newest list.

    `made` are the bits to begin with, from `from_the_ledger`; without it those of the list before. Raises
    Conflict `issuing-key-missing`.
    """
    key, last = keys.active(work, sealer), find(work)
    bits = made if made is not None else status_lists.expanded(last.lst) if last else bytearray()
    before = bytes(bits) if made is None else b""
    if last is not None:
        _note_run_out(work, last.swept_until, bits)
    for index, invalid in status_changes.waiting(work).items():
        (status_lists.set_bits if invalid else status_lists.clear_bits)(bits, [index])
    status_lists.reach(bits, _issued_count(work))
    version = last.version if last and before == bits else (last.version if last else 0) + 1
    status_changes.publish(work, version)
    stamp = Stamp(uri, version, int(work.now.timestamp()))
    lst = status_lists.compressed(bits)
    values = {
        "version": version,
        "issued_at": work.now,
        "kid": key.kid.hex(),
        "size": status_lists.places(bits),
        "invalid_count": int.from_bytes(bits).bit_count(),
        "lst": lst,
        "token": status_lists.list_token(stamp, lst, key),
        "head": status_lists.head_token(stamp, bits, key),
        # Made from nothing, nobody knows what changed.
        "changes_after": last.changes_after if last and made is None else version,
        "swept_until": work.now,
    }
    new = db.insert(work, table).values(city_id=work.city_id, **values)
    work.connection.execute(new.on_conflict_do_update(index_elements=[table.c.city_id], set_=values))
    return newest(work)


def from_the_ledger(reading: db.Reading) -> bytearray:
    """Return the bits as the ledger has them, voucher by voucher: for the first list, and as a proof."""
    bits, before = bytearray(), None
    while page := vouchers.every(reading, before=before):
        over = [one.status_index for one in page if one.status not in vouchers.SHOWN or one.frozen_at]
        status_lists.set_bits(bits, over)
        status_lists.set_bits(bits, _taken_nowhere_else(reading, page))
        before = page[-1].status_index
    status_lists.reach(bits, _issued_count(reading))
    return bits


def _taken_nowhere_else(reading: db.Reading, page: Sequence[Voucher]) -> list[int]:
    """Return good vouchers that nobody may take by the list alone: leased ones, and those to ask about."""
    good = [one for one in page if one.status is VoucherStatus.USABLE]
    leased = leasing.open_ones(reading, (one.voucher_id for one in good))
    restricted = claims.online_only(reading, {one.owner for one in good})
    return [
        one.status_index
        for one in good
        # A code that says itself that the server has to be asked is good on the list.
        if one.voucher_id in leased
        or (one.owner in restricted and Flags.ONLINE_ONLY not in tokens.own_claims(one.token).flags)
    ]


def forget_old(work: db.Work) -> None:
    """Forget changes that no verifier needs any more: who was away longer takes the whole list."""
    last = find(work)
    old = status_changes.last_before(work, work.now - CHANGES_KEPT)
    if last is None or old is None or old < last.changes_after:
        return
    status_changes.forget(work, old)
    work.connection.execute(sa.update(table).where(table.c.city_id == work.city_id).values(changes_after=old))


def _note_run_out(work: db.Work, since: dt.datetime, bits: bytearray) -> None:
    """Note what has run out unused: it is refused anyway, and a list with only ones is short."""
    found = work.connection.execute(
        sa.select(vouchers_table.c.status_index).where(
            vouchers_table.c.city_id == work.city_id,
            vouchers_table.c.valid_until > since,
            vouchers_table.c.valid_until <= work.now,
        )
    )
    status_changes.note(work, (n for n in found.scalars() if not status_lists.is_invalid(bits, n)))


def _issued_count(reading: db.Reading) -> int:
    newest_index = sa.select(sa.func.max(vouchers_table.c.status_index)).where(
        vouchers_table.c.city_id == reading.city_id
    )
    index = reading.connection.execute(newest_index).scalar()
    return 0 if index is None else index + 1


def _active_kid(reading: db.Reading) -> str | None:
    found = sa.select(issuing_keys.c.kid).where(
        issuing_keys.c.city_id == reading.city_id, issuing_keys.c.status == "active"
    )
    kid: str | None = reading.connection.execute(found).scalar()
    return kid
