"""What the city tells a hub: the offers of its venue, and the vouchers that are left to it. No persons.

Tokens go without their signatures: a hub recognises them, and can neither show nor use one by itself. What it
takes it has to prove by the token that a guest showed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kernel import db
from redemption import hub_sessions, leasing, tokens, vouchers
from redemption.hub_sessions import Session
from redemption.tables import offers as offers_table
from redemption.vouchers import SHOWN, Voucher, VoucherStatus

PAGE: Final = 1000
ASKED_MAX: Final = 200
_LISTED: Final = SHOWN | {VoucherStatus.REDEEMED}
_OFFER: Final = tuple(
    column.name for column in offers_table.c if column.name not in {"city_id", "seats", "descriptions"}
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A voucher as a hub knows it."""

    voucher_id: str
    status_index: int
    offer_id: int
    kid: str
    token: bytes
    """Without its signature: `tokens.withheld`."""
    uses: int
    used: int
    used_at: str | None
    """The latest use, in RFC 3339."""
    used_by: int | None
    """The device of that."""
    seat: str | None
    valid_from: str
    valid_until: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some vouchers, in the order of the status list."""

    items: list[Listed]
    through: int
    """Ask for those after this place."""
    complete: bool
    """Whether that was the last page."""


def offers(reading: db.Reading, venue_id: int) -> list[dict[str, Any]]:
    """Return the columns of the offers that a venue takes, as plain values."""
    rows = reading.connection.execute(
        sa.select(*(offers_table.c[name] for name in _OFFER))
        .where(offers_table.c.city_id == reading.city_id, offers_table.c.status != "draft")
        .order_by(offers_table.c.offer_id)
    )
    return [_plain(dict(row._mapping)) for row in rows if venue_id in row.venue_ids]


def page(reading: db.Reading, session: Session, after: int, limit: int = PAGE) -> ListPage:
    """Return the next vouchers of a session after a place."""
    mine = _offer_ids(reading, session.venue_id)
    found = vouchers.of_offers(reading, mine, after=after, through=session.through_index, limit=limit)
    complete = len(found) < limit
    through = session.through_index if complete else found[-1].status_index
    return ListPage(_listed(reading, session, found), through, complete)


def some(reading: db.Reading, session: Session, indexes: Iterable[int]) -> list[Listed]:
    """Return those of the vouchers at some places that are left to the hub."""
    return _listed(reading, session, vouchers.at_places(reading, indexes))


def typed(reading: db.Reading, session: Session, manual_code: str) -> str | None:
    """Return the voucher of ten typed characters, if it is left to the hub."""
    found = vouchers.find(reading, manual_codes=[manual_code])
    listed = _listed(reading, session, found)
    return listed[0].voucher_id if listed else None


def _offer_ids(reading: db.Reading, venue_id: int) -> list[int]:
    """Return the offers that are taken at this venue alone and not activated on a phone."""
    rows = reading.connection.execute(
        sa.select(offers_table.c.offer_id, offers_table.c.venue_ids, offers_table.c.activation_minutes).where(
            offers_table.c.city_id == reading.city_id
        )
    )
    return [row.offer_id for row in rows if row.venue_ids == [venue_id] and row.activation_minutes is None]


def _listed(reading: db.Reading, session: Session, found: Sequence[Voucher]) -> list[Listed]:
    """Return what a hub is told of vouchers; nothing of those that it may not take."""
    leases = leasing.running(reading, (one.voucher_id for one in found))
    held = hub_sessions.holding(reading, found)
    return [
        Listed(
            one.voucher_id, one.status_index, one.offer_id, one.kid, tokens.withheld(one.token), one.uses,
            one.used, _told(one.redeemed_at), one.redeemed_device_id, one.seat,
            one.valid_from.isoformat(), one.valid_until.isoformat(), one.frozen_at is not None,
        )
        for one in found
        if one.voucher_id in held
        and held[one.voucher_id].session_id == session.session_id
        # What is reserved for the hub itself is the hub's anyway.
        and (one.voucher_id not in leases or leases[one.voucher_id].device_id == session.device_id)
        and one.status in _LISTED
    ]  # fmt: skip


def _told(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
