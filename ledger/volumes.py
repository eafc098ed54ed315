"""How many points were spent where since some instant: what persons gave, less what they got back."""

import datetime as dt

import sqlalchemy as sa

from kernel import db
from ledger import pace, queries
from ledger.tables import accounts, transfers
from ledger.transfers import DUC

_SPENT = ("venue/%", "redeemed")


def spent_since(reading: db.Reading, since: dt.datetime) -> dict[str, int]:
    """Return the points that went from wallets to each account of a venue, and to `redeemed`.

    Reversals are taken off. One pass over the transfers since then: for a nightly job, not for a page.
    """
    after = queries.head_sequence(reading) - pace.booked_since(reading, since)
    spent = _sums(reading, after, ("post", "capture"), transfers.c.debit_account_id)
    for path, points in _sums(reading, after, ("reverse",), transfers.c.credit_account_id).items():
        spent[path] = spent.get(path, 0) - points
    return {path: points for path, points in sorted(spent.items()) if points}


def _sums(
    reading: db.Reading, after: int, kinds: tuple[str, ...], wallet_side: sa.ColumnElement[int]
) -> dict[str, int]:
    other_side = (
        transfers.c.credit_account_id
        if wallet_side is transfers.c.debit_account_id
        else transfers.c.debit_account_id
    )
    wallet, other = accounts.alias("wallet"), accounts.alias("other")
    statement = (
        sa.select(other.c.path, sa.func.sum(transfers.c.amount))
        .select_from(transfers)
        .join(wallet, sa.and_(wallet.c.city_id == transfers.c.city_id, wallet.c.account_id == wallet_side))
        .join(other, sa.and_(other.c.city_id == transfers.c.city_id, other.c.account_id == other_side))
        .where(
            transfers.c.city_id == reading.city_id,
            wallet.c.city_id == reading.city_id,
            other.c.city_id == reading.city_id,
            transfers.c.kind.in_(kinds),
            transfers.c.sequence > after,
            wallet.c.asset == DUC,
            wallet.c.owner.is_not(None),
            sa.or_(*(other.c.path.like(pattern) for pattern in _SPENT)),
        )
        .group_by(other.c.path)
    )
    return {path: int(points) for path, points in reading.connection.execute(statement)}
