"""The demo city's postboxes: the receipts of what was bought and paid, and a few messages of the city."""

import datetime as dt

from api import receipts_due
from api.demo.living import Life
from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel.db import Work
from redemption import vouchers
from redemption.vouchers import VoucherStatus


def tell(life: Life) -> None:
    """Fill the postboxes; who opens the demo finds new things among what was read."""
    receipts_due.issue(life.database, life.city)
    life.database.run(life.city.city_id, lambda work: _letters(work, life))


def _letters(work: Work, life: Life) -> None:
    first = life.cast.citizens[0].owner
    postbox.mark_read(work, first)
    usable = [one for one in vouchers.page(work, first) if one.status is VoucherStatus.USABLE]
    concert = {"de": "Konzert im Innenhafen", "en": "Concert at the inner harbour"}
    cancelled = {"titles": concert, "points": 150, "paid_cents": 0}
    told = [NewEntry(first, EntryKind.MESSAGE, "event-cancelled", cancelled, "demo/concert")]
    told += [
        NewEntry(
            first,
            EntryKind.MESSAGE,
            "voucher-expiring",
            {
                "titles": one.titles,
                "voucher_id": one.voucher_id,
                "valid_until": one.valid_until.astimezone(dt.UTC).isoformat(),
            },
            f"demo/{one.voucher_id}",
        )
        for one in usable[:1]
    ]
    postbox.put_many(work, told)
