"""Codes that were good until their voucher was handed on; what they let in before counts, even late."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import bulk, db
from redemption.hand_over_tables import hand_overs as table


@dataclass(frozen=True, slots=True)
class Former:
    """A code that a voucher had."""

    voucher_id: str
    status_index: int
    """In its token: no other token of the city ever has it."""
    manual_code: str
    until: dt.datetime
    """Exclusive."""


def find(reading: db.Reading, voucher_ids: Collection[str], manual_codes: Collection[str]) -> list[Former]:
    """Return the former codes of vouchers, and those that were typed; one statement for all."""
    if not voucher_ids and not manual_codes:
        return []
    rows = reading.connection.execute(
        sa.select(table.c.voucher_id, table.c.former_index, table.c.former_code, table.c.accepted_at).where(
            table.c.city_id == reading.city_id,
            table.c.former_index.is_not(None),
            sa.or_(bulk.any_of(table.c.voucher_id, "voucher_ids"), bulk.any_of(table.c.former_code, "codes")),
        ),
        {"voucher_ids": sorted(voucher_ids), "codes": sorted(manual_codes)},
    )
    return [Former(*row) for row in rows]
