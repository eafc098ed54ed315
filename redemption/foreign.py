"""Vouchers that nobody sold but that bear a genuine signature: the trace of a stolen key."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from kernel import bulk, db
from redemption import keys, tokens
from redemption.tables import vouchers as table
from redemption.tokens import Claims


def count(work: db.Work, unknown: Sequence[bytes]) -> None:
    """Count genuine tokens that stand for no voucher, each for its key.

    Not counted are those that may have been issued: the older code of a voucher that was signed anew, and the
    code of somebody who was erased, of whom nothing is left but a gap in the places of the status list.
    """
    if not unknown:
        return
    read = [(token, tokens.own_claims(token)) for token in unknown]
    indexes = sorted({claims.status_index for _, claims in read})
    rows = work.connection.execute(
        sa.select(table.c.status_index, table.c.token, table.c.activated_at).where(
            table.c.city_id == work.city_id, bulk.any_of(table.c.status_index, "indexes")
        ),
        {"indexes": indexes},
    )
    issued = {row.status_index: (tokens.own_claims(row.token), row.activated_at) for row in rows}
    beyond = keys.issued_in_all(work)
    foreign = [
        tokens.kid_of(token)
        for token, claims in read
        if claims.status_index >= beyond
        or not _may_be_ours(claims, *issued.get(claims.status_index, (claims, None)))
    ]
    keys.count_foreign(work, foreign)


def _may_be_ours(read: Claims, ours: Claims, activated_at: dt.datetime | None) -> bool:
    """Whether a token of which only the claims are left can be one that was issued before ours."""
    if activated_at is not None:
        # Activating a ticket changed from when until when it is good.
        ours = replace(ours, issued_at=read.issued_at, expires_at=read.expires_at)
    return read == ours
