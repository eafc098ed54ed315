"""Reminding holders, once, that a voucher is about to be over or an event about to begin."""

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import bulk, db
from redemption import vouchers
from redemption.tables import vouchers as table
from redemption.vouchers import Voucher, VoucherStatus

BEFORE: Final = dt.timedelta(days=3)
"""How long before its end a voucher is thought of."""
SETTLED: Final = dt.timedelta(days=1)
"""Who has just bought it needs no reminder."""
BATCH: Final = 200


def remind(work: db.Work, limit: int = BATCH) -> int:
    """Put reminders into the postboxes of holders whose vouchers end soon; return how many were looked at."""
    due = work.connection.execute(
        sa.select(table.c.voucher_id)
        .where(
            table.c.city_id == work.city_id,
            table.c.valid_until > work.now,
            table.c.valid_until <= work.now + BEFORE,
            table.c.bought_at <= work.now - SETTLED,
            table.c.reminded_at.is_(None),
        )
        .order_by(table.c.valid_until, table.c.voucher_id)
        .limit(limit)
    )
    numbers = list(due.scalars())
    if not numbers:
        return 0
    usable = [one for one in vouchers.find(work, voucher_ids=numbers) if one.status is VoucherStatus.USABLE]
    postbox.put_many(work, [_reminder(one) for one in usable])
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, bulk.any_of(table.c.voucher_id, "numbers"))
        .values(reminded_at=work.now),
        {"numbers": numbers},
    )
    return len(numbers)


def _reminder(voucher: Voucher) -> NewEntry:
    facts: dict[str, Any] = {"titles": voucher.titles, "voucher_id": voucher.voucher_id}
    begins = voucher.terms.event_begins_at
    if begins is None:
        code, facts["valid_until"] = "voucher-expiring", voucher.valid_until.isoformat()
    else:
        code, facts["starts_at"] = "event-reminder", begins.isoformat()
    return NewEntry(voucher.owner, EntryKind.MESSAGE, code, facts, f"reminder/{voucher.voucher_id}")
