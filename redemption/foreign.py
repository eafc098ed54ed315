"""Vouchers that nobody sold but that bear a genuine signature: the trace of a stolen key."""

from collections.abc import Sequence

import sqlalchemy as sa

from kernel import bulk, db
from redemption import keys, tokens
from redemption.tables import vouchers as table


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
        sa.select(table.c.status_index, table.c.token).where(
            table.c.city_id == work.city_id, bulk.any_of(table.c.status_index, "indexes")
        ),
        {"indexes": indexes},
    )
    issued = {row.status_index: tokens.own_claims(row.token) for row in rows}
    beyond = keys.issued_in_all(work)
    foreign = [
        tokens.kid_of(token)
        for token, claims in read
        if claims.status_index >= beyond or issued.get(claims.status_index, claims) != claims
    ]
    keys.count_foreign(work, foreign)
