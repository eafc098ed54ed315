"""Handing a voucher on to somebody of the household: the giver gets a code, who types it becomes the holder.

Until somebody accepts, the giver can use the voucher and take the code back. Then it has a new code and a new
place in the status list, and the codes of before are worth nothing. Points and euros stay the payer's: what
is given back later goes to whoever paid.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Invalid, NotFound
from redemption import (
    claims,
    codes,
    entitlements,
    issuing,
    keys,
    leasing,
    offers,
    orders,
    refusals,
    status_changes,
    vouchers,
)
from redemption.codes import ManualCode
from redemption.hand_over_tables import hand_overs as table
from redemption.keys import Sealer
from redemption.tables import vouchers as vouchers_table
from redemption.tokens import Flags, TokenRefused
from redemption.vouchers import Voucher

VALID: Final = dt.timedelta(hours=48)
"""How long a code can be accepted."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """An offer to hand a voucher on, and what has become of it."""

    hand_over_id: int
    voucher_id: str
    giver: str
    receiver: str | None
    offered_at: dt.datetime
    ends_at: dt.datetime
    """Exclusive."""
    accepted_at: dt.datetime | None
    withdrawn_at: dt.datetime | None

    def waits(self, now: dt.datetime) -> bool:
        """Whether it can be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.ends_at


def offer(work: db.Work, owner: str, voucher_id: str) -> tuple[HandOver, str]:
    """Offer a voucher to somebody, and return the code that is told once; a code of before is taken back.

    Raises NotFound `voucher-not-found`; Conflict `voucher-not-transferable`, `voucher-already-used`,
    `voucher-active`, `voucher-already-cancelled`, `voucher-expired`, `voucher-frozen` or `voucher-leased`.
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    _check(work, voucher)
    _withdraw(work, voucher_id)
    code = codes.manual_code(work.ids.random_bytes(codes.HANDLE_BYTES_MIN))
    made = HandOver(
        work.ids.next(),
        voucher_id,
        owner,
        None,
        work.now,
        min(work.now + VALID, voucher.valid_until),
        None,
        None,
    )
    values = {name: getattr(made, name) for name in HandOver.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, code_digest=_digest(code), **values)
    )
    return made, codes.grouped(code)


def withdraw(work: db.Work, owner: str, voucher_id: str) -> None:
    """Take the code of a voucher back; again: no change. Raises NotFound `voucher-not-found`."""
    vouchers.of_owner(work, owner, voucher_id)
    _withdraw(work, voucher_id)


def look(reading: db.Reading, receiver: str, typed: str) -> tuple[HandOver, Voucher]:
    """Return what a code hands on to a receiver.

    Raises Invalid `hand-over-code-invalid` for a slip; NotFound `hand-over-not-found`; Conflict
    `hand-over-taken` (by somebody else), `hand-over-over`, `hand-over-to-yourself`, and as `offer`.
    """
    found = _by_code(reading, typed)
    if found.receiver == receiver:
        return found, vouchers.get(reading, found.voucher_id)
    if found.accepted_at is not None:
        raise Conflict("hand-over-taken")
    if not found.waits(reading.now):
        raise Conflict("hand-over-over")
    if found.giver == receiver:
        raise Conflict("hand-over-to-yourself")
    voucher = vouchers.get(reading, found.voucher_id)
    _check(reading, voucher)
    return found, voucher


def accept(work: db.Work, city: City, receiver: str, typed: str, sealer: Sealer) -> Voucher:
    """Make the receiver the holder of a voucher; by the same person again: no change.

    The receiver counts as a buyer: limits, trust and age of the offer hold for them, too. Raises as `look`;
    Conflict as `buying.buy` for the buyer, and `issuing-key-missing`.
    """
    found, voucher = look(work, receiver, typed)
    if found.receiver == receiver:
        return voucher
    sold = offers.get(work, voucher.offer_id)
    entitlements.read(work, city, [(receiver, sold)]).check(receiver, sold)
    _change_hands(work, voucher, receiver, sealer)
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.hand_over_id == found.hand_over_id)
        .values(
            receiver=receiver,
            accepted_at=work.now,
            former_index=voucher.status_index,
            former_code=voucher.manual_code,
        )
    )
    facts: dict[str, Any] = {"titles": voucher.titles, "voucher_id": voucher.voucher_id}
    until = {"valid_until": voucher.valid_until.isoformat()}
    key = f"hand-over/{found.hand_over_id}"
    postbox.put_many(
        work,
        [
            NewEntry(receiver, EntryKind.VOUCHER, "voucher-received", facts | until, key),
            NewEntry(found.giver, EntryKind.VOUCHER, "voucher-handed-on", facts, key),
        ],
    )
    return vouchers.get(work, voucher.voucher_id)


def waiting(reading: db.Reading, voucher_id: str) -> HandOver | None:
    """Return the offer of a voucher that can be accepted now, if there is one."""
    found = _select(reading, table.c.voucher_id == voucher_id)
    return next((one for one in found if one.waits(reading.now)), None)


def given(reading: db.Reading, owner: str, voucher_id: str) -> HandOver | None:
    """Return by what an owner has handed a voucher on, if they have."""
    mine = sa.and_(table.c.giver == owner, table.c.voucher_id == voucher_id, table.c.accepted_at.is_not(None))
    return next(iter(_select(reading, mine)), None)


def of_owner(reading: db.Reading, owner: str) -> list[HandOver]:
    """Return all that an owner has offered, handed on and received, newest first."""
    return _select(reading, sa.or_(table.c.giver == owner, table.c.receiver == owner))


def forget(work: db.Work, owner: str, voucher_ids: list[str]) -> None:
    """Forget an owner who is erased, and the history of their vouchers; others keep what they were given."""
    given = sa.and_(table.c.giver == owner, table.c.accepted_at.is_(None))
    work.connection.execute(
        sa.delete(table).where(
            table.c.city_id == work.city_id, sa.or_(given, table.c.voucher_id.in_(voucher_ids))
        )
    )
    # That a code was good once is still to be known: a venue may hand in late what it let in by it.
    for column in (table.c.giver, table.c.receiver):
        work.connection.execute(
            sa.update(table)
            .where(table.c.city_id == work.city_id, column == owner)
            .values({column: orders.NOBODY})
        )
    work.connection.execute(
        sa.update(vouchers_table)
        .where(vouchers_table.c.city_id == work.city_id, vouchers_table.c.payer == owner)
        .values(payer=orders.NOBODY)
    )


def _check(reading: db.Reading, voucher: Voucher) -> None:
    if not voucher.terms.transferable:
        raise Conflict("voucher-not-transferable", offer=voucher.offer_code)
    refusals.check_usable(voucher)
    leasing.check_free(reading, voucher.voucher_id)


def _change_hands(work: db.Work, voucher: Voucher, receiver: str, sealer: Sealer) -> None:
    """Give a voucher another holder, code and place in the status list; the place of before is over."""
    (manual_code,) = issuing.free_manual_codes(work, 1)
    index = issuing.next_status_index(work)
    told = issuing.claims_of(voucher, voucher.valid_from, voucher.valid_until, status_index=index)
    restricted = bool(claims.online_only(work, [receiver]))
    flags = told.flags | Flags.ONLINE_ONLY if restricted else told.flags & ~Flags.ONLINE_ONLY
    (signed,) = keys.sign(work, sealer, [replace(told, flags=flags)])
    work.connection.execute(
        sa.update(vouchers_table)
        .where(vouchers_table.c.city_id == work.city_id, vouchers_table.c.voucher_id == voucher.voucher_id)
        .values(
            owner=receiver,
            payer=voucher.payer or voucher.owner,
            manual_code=manual_code,
            status_index=index,
            kid=signed.kid,
            token=signed.token,
            reminded_at=None,
        )
    )
    status_changes.note(work, [voucher.status_index])


def _withdraw(work: db.Work, voucher_id: str) -> None:
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            table.c.voucher_id == voucher_id,
            table.c.accepted_at.is_(None),
            table.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=work.now)
    )


def _by_code(reading: db.Reading, typed: str) -> HandOver:
    try:
        read = codes.parse(typed)
    except TokenRefused:
        read = None
    if not isinstance(read, ManualCode):
        raise Invalid("hand-over-code-invalid", field="code")
    for found in _select(reading, table.c.code_digest == _digest(read.value)):
        return found
    raise NotFound("hand-over-not-found", field="code")


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[HandOver]:
    columns = [table.c[name] for name in HandOver.__dataclass_fields__]
    found = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.hand_over_id.desc())
    )
    return [HandOver(**row._mapping) for row in found]
