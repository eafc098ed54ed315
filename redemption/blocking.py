"""The kill switch of a key: one person asks, another confirms; then nothing that it signed is believed.

Confirming also makes a new key and a new secret of live codes, and begins to sign open vouchers anew:
citizens keep their vouchers, only the codes change.
"""

import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.signing import KeyStatus
from redemption import keys, live_keys, reissuing
from redemption.keys import IssuingKey, Sealer
from redemption.trust_tables import key_blocks as table

REASON_MAX = 500


class BlockStatus(enum.StrEnum):
    """What became of the wish to block a key."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody's wish to block a key."""

    block_id: int
    kid: str
    reason: str
    asked_by: str
    """Who, as in the audit log: `person/<id>` or `command-line`."""
    asked_at: dt.datetime
    status: BlockStatus
    decided_by: str | None
    decided_at: dt.datetime | None


def ask(work: db.Work, kid: str, reason: str, by: str) -> Block:
    """Ask for a key to be blocked; nothing is refused yet.

    Raises NotFound `issuing-key-not-found`, Invalid `block-reason-missing`, Conflict `issuing-key-blocked` or
    `block-already-asked`.
    """
    if keys.get(work, kid).status is KeyStatus.BLOCKED:
        raise Conflict("issuing-key-blocked", kid=kid)
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_MAX:
        raise Invalid("block-reason-missing", field="reason", maximum=REASON_MAX)
    if any(one.kid == kid for one in waiting(work)):
        raise Conflict("block-already-asked", kid=kid)
    block_id = work.ids.next()
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            block_id=block_id,
            kid=kid,
            reason=reason,
            asked_by=by,
            asked_at=work.now,
            status=BlockStatus.ASKED.value,
        )
    )
    return get(work, block_id)


def confirm(work: db.Work, sealer: Sealer, block_id: int, by: str) -> Block:
    """Block the key that somebody else asked to be blocked, and begin to sign its open vouchers anew.

    Raises NotFound `block-not-found`, Conflict `block-already-decided`, Forbidden `own-block`.
    """
    block = _open(work, block_id)
    if block.asked_by == by:
        raise Forbidden("own-block")
    _decide(work, block_id, BlockStatus.CONFIRMED, by)
    block_now(work, sealer, block.kid)
    return get(work, block_id)


def withdraw(work: db.Work, block_id: int, by: str) -> Block:
    """Drop the wish: it was a mistake.

    Raises NotFound `block-not-found`, Conflict `block-already-decided`.
    """
    _open(work, block_id)
    _decide(work, block_id, BlockStatus.WITHDRAWN, by)
    return get(work, block_id)


def block_now(work: db.Work, sealer: Sealer, kid: str) -> IssuingKey:
    """Block a key without asking anybody: for who operates the installation, and for `confirm`.

    Raises NotFound `issuing-key-not-found`. Again changes nothing.
    """
    before = keys.get(work, kid)
    if before.status is KeyStatus.BLOCKED:
        return before
    blocked = keys.block(work, kid)
    if before.status is KeyStatus.ACTIVE:
        keys.rotate(work, sealer)
    # Who has the signing key has perhaps what lay beside it.
    live_keys.renew(work, sealer)
    reissuing.begin(work, kid)
    return blocked


def waiting(reading: db.Reading) -> list[Block]:
    """Return the wishes that nobody has decided on, oldest first."""
    return _select(reading, table.c.status == BlockStatus.ASKED.value)


def decided(reading: db.Reading) -> list[Block]:
    """Return what was confirmed or withdrawn, oldest first."""
    return _select(reading, table.c.status != BlockStatus.ASKED.value)


def get(reading: db.Reading, block_id: int) -> Block:
    """Return a wish. Raises NotFound `block-not-found`."""
    for block in _select(reading, table.c.block_id == block_id):
        return block
    raise NotFound("block-not-found", block_id=block_id)


def _open(work: db.Work, block_id: int) -> Block:
    block = get(work, block_id)
    if block.status is not BlockStatus.ASKED:
        raise Conflict("block-already-decided", block_id=block_id)
    return block


def _decide(work: db.Work, block_id: int, status: BlockStatus, by: str) -> None:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.block_id == block_id)
        .values(status=status.value, decided_by=by, decided_at=work.now)
    )


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Block]:
    columns = [table.c[name] for name in Block.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(table.c.city_id == reading.city_id, condition).order_by(table.c.block_id)
    )
    return [Block(**{**row._mapping, "status": BlockStatus(row.status)}) for row in rows]
