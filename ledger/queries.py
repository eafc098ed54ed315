"""Reading the book: balances now and as of a sequence number, statements, single transfers.

A hold whose time is over is left out of every balance, whether or not the writer has released it yet.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import NotFound
from ledger import accounts, leaves, remembering, rows
from ledger.accounts import Account
from ledger.outcomes import BookedTransfer, Counters
from ledger.tables import accounts as account_table
from ledger.tables import heads, open_holds, transfers

PAGE_MAX = 500


_CITY: sa.BindParameter[int] = sa.bindparam("city")


def _page_of(column: sa.ColumnElement[int]) -> sa.Select[Any]:
    account = sa.bindparam("account", type_=sa.BigInteger)
    return (
        sa.select(transfers.c.sequence)
        .where(
            transfers.c.city_id == _CITY,
            rows.of_account(column, account),
            transfers.c.sequence > sa.bindparam("after"),
        )
        .order_by(column.desc(), transfers.c.sequence.desc())
        .limit(sa.bindparam("page"))
    )


_PAGES = (_page_of(transfers.c.debit_account_id), _page_of(transfers.c.credit_account_id))
_OVERDUE = sa.select(
    open_holds.c.debit_account_id, open_holds.c.credit_account_id, open_holds.c.amount
).where(open_holds.c.city_id == _CITY, open_holds.c.expires_at <= sa.bindparam("now"))
_LINES = (
    sa.select(*rows.COLUMNS)
    .where(transfers.c.city_id == _CITY, bulk.any_of(transfers.c.sequence, "sequences"))
    .order_by(transfers.c.sequence.desc())
)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as one account sees it.

    `change` is what the transfer did to the posted balance (0 for a hold or a release), `balance` and
    `available` are what it left. `other_path` is the account on the other side, `is_credit` says whether
    this one is the credit side.
    """

    booked: BookedTransfer
    path: str
    other_path: str
    is_credit: bool
    change: int
    balance: int
    available: int


def head_sequence(reading: db.Reading) -> int:
    """Return the number of the newest transfer, 0 if there is none."""
    statement = sa.select(heads.c.sequence).where(heads.c.city_id == reading.city_id)
    return reading.connection.execute(statement).scalar() or 0


def closed_until(reading: db.Reading) -> dt.date | None:
    """Return the last day of the closed periods."""
    statement = sa.select(heads.c.closed_until).where(heads.c.city_id == reading.city_id)
    return reading.connection.execute(statement).scalar()


def counters(reading: db.Reading, found: Sequence[Account]) -> dict[int, Counters]:
    """Return the counters of accounts at this instant, by account number."""
    newest = rows.counters_as_of(reading, [account.account_id for account in found])
    return _less_overdue(reading, newest)


def standing(
    reading: db.Reading, *, paths: Sequence[str] = (), owners: Sequence[str] = ()
) -> list[tuple[Account, Counters]]:
    """Return accounts with their counters at this instant: those of these paths, and the lots of owners.

    In a unit of work they are mostly remembered; lots are left out there that no transfer has touched.
    """
    if isinstance(reading, db.Work):
        found, next_expiry = remembering.look(reading, paths=paths, owners=owners)
        if next_expiry is None or next_expiry > reading.now:
            return found
        by_id = _less_overdue(reading, {account.account_id: left for account, left in found})
        return [(account, by_id[account.account_id]) for account, _ in found]
    listed = accounts.by_path(reading, paths) if paths else []
    listed += accounts.of_owners(reading, owners) if owners else []
    by_id = counters(reading, listed)
    return [(account, by_id[account.account_id]) for account in listed]


def _less_overdue(reading: db.Reading, newest: dict[int, Counters]) -> dict[int, Counters]:
    for debit, credit, amount in _overdue(reading):
        if debit in newest:
            pending = newest[debit].debits_pending - amount
            newest[debit] = newest[debit]._replace(debits_pending=pending)
        if credit in newest:
            pending = newest[credit].credits_pending - amount
            newest[credit] = newest[credit]._replace(credits_pending=pending)
    return newest


def balances(reading: db.Reading, paths: Iterable[str]) -> dict[str, Counters]:
    """Return the counters of the named accounts at this instant; zeros for one that was never opened."""
    wanted = list(paths)
    result = dict.fromkeys(wanted, Counters())
    result.update({account.path: left for account, left in standing(reading, paths=wanted)})
    return result


def balance(reading: db.Reading, path: str) -> Counters:
    """Return the counters of one account at this instant."""
    return balances(reading, [path])[path]


def as_of(reading: db.Reading, path: str, sequence: int) -> Counters:
    """Return the counters of an account right after transfer number `sequence`. Raises NotFound."""
    account = accounts.get(reading, path)
    return rows.counters_as_of(reading, [account.account_id], sequence)[account.account_id]


def trial_balance(reading: db.Reading) -> list[tuple[Account, Counters]]:
    """Return every account with its counters at this instant, in order of path."""
    found = accounts.every(reading)
    by_id = counters(reading, found)
    return [(account, by_id[account.account_id]) for account in found]


def held(reading: db.Reading, asset: str) -> int:
    """Return how much of an asset is reserved at this instant, on whatever account."""
    hold = open_holds.c
    found = reading.connection.execute(
        sa.select(sa.func.sum(hold.amount))
        .select_from(
            open_holds.join(
                account_table,
                sa.and_(
                    account_table.c.city_id == hold.city_id,
                    account_table.c.account_id == hold.debit_account_id,
                ),
            )
        )
        .where(
            hold.city_id == reading.city_id,
            account_table.c.city_id == reading.city_id,
            account_table.c.asset == asset,
            sa.or_(hold.expires_at.is_(None), hold.expires_at > reading.now),
        )
    )
    return int(found.scalar() or 0)


def transfer(reading: db.Reading, transfer_id: UUID) -> BookedTransfer:
    """Return a booked transfer. Raises NotFound."""
    booked = by_transfer_id(reading, [transfer_id]).get(transfer_id)
    if booked is None:
        raise NotFound("transfer-not-found", transfer_id=str(transfer_id))
    return booked


def by_transfer_id(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return those of the named transfers that are booked."""
    return rows.by_transfer_id(reading, transfer_ids)


def of_group(reading: db.Reading, group_id: UUID) -> list[BookedTransfer]:
    """Return the transfers that were booked together under a name, in order."""
    found = reading.connection.execute(
        sa.select(*rows.COLUMNS)
        .where(transfers.c.city_id == reading.city_id, transfers.c.group_id == group_id)
        .order_by(transfers.c.sequence)
    )
    return [rows.booked(row) for row in found]


def between(reading: db.Reading, after: int, upto: int, purposes: Iterable[str]) -> list[BookedTransfer]:
    """Return the transfers with these purposes, numbered above `after` and up to `upto`, in order."""
    found = reading.connection.execute(
        sa.select(*rows.COLUMNS)
        .where(
            transfers.c.city_id == reading.city_id,
            transfers.c.sequence > after,
            transfers.c.sequence <= upto,
            transfers.c.purpose.in_(sorted(set(purposes))),
        )
        .order_by(transfers.c.sequence)
    )
    return [rows.booked(row) for row in found]


def opening(reading: db.Reading, transfer_id: UUID) -> bytes:
    """Return what opens a transfer's commitment: `ledger.leaves`, for a receipt.

    Raises NotFound `transfer-not-found`, or `salt-destroyed` once a person concerned was erased.
    """
    booked = transfer(reading, transfer_id)
    sides = {booked.debit_account_id, booked.credit_account_id}
    standings = rows.standings(reading, account_ids=sides)
    if any((one.account.erased_until or 0) >= booked.sequence for one in standings):
        raise NotFound("salt-destroyed", transfer_id=str(transfer_id))
    parties = {one.account.account_id: one.party for one in standings}
    return leaves.Committer(reading.city_id, parties).opening(booked)


def resolution(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return what captured, released or reversed the named transfers, by the id referred to."""
    return rows.by_refers_to(reading, transfer_ids)


def statement(
    reading: db.Reading, path: str, *, before: int | None = None, limit: int = 50
) -> list[StatementLine]:
    """Return a page of an account's statement, newest first, older than number `before`. Raises NotFound."""
    return statement_of(reading, [accounts.get(reading, path)], before=before, limit=limit)


def statement_of(
    reading: db.Reading,
    found: Sequence[Account],
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[StatementLine]:
    """Return one page over several accounts (the lots of a wallet), newest first.

    A transfer between two of the accounts gives two lines. With `after`, only younger transfers.
    """
    by_id = {account.account_id: account for account in found}
    if not by_id:
        return []
    page = min(limit, PAGE_MAX)
    asked = {
        "city": reading.city_id,
        "upto": rows.SEQUENCE_MAX if before is None else before - 1,
        "after": after or 0,
        "page": page,
    }
    numbers: set[int] = set()
    for statement in _PAGES:
        for account_id in by_id:
            found_numbers = reading.connection.execute(statement, {**asked, "account": account_id})
            numbers.update(found_numbers.scalars())
    newest = sorted(numbers, reverse=True)[:page]
    found_rows = reading.connection.execute(_LINES, {"city": reading.city_id, "sequences": newest})
    booked = [rows.booked(row) for row in found_rows]
    sides = {side for line in booked for side in (line.debit_account_id, line.credit_account_id)}
    names = by_id | accounts.by_id(reading, sides - by_id.keys())
    return [line for transfer in booked for line in _lines(transfer, by_id, names)]


def _lines(
    booked: BookedTransfer, own: dict[int, Account], names: dict[int, Account]
) -> Iterable[StatementLine]:
    pairs = (
        (booked.debit_account_id, booked.credit_account_id, booked.debit_side, -1),
        (booked.credit_account_id, booked.debit_account_id, booked.credit_side, 1),
    )
    moves = booked.kind not in {"hold", "release"}
    for account_id, other_id, left, sign in pairs:
        if account_id in own:
            yield StatementLine(
                booked,
                names[account_id].path,
                names[other_id].path,
                sign > 0,
                sign * booked.amount if moves else 0,
                left.posted,
                left.available,
            )


def _overdue(reading: db.Reading) -> list[tuple[int, int, int]]:
    """Return debit account, credit account and amount of holds that are over but not yet released."""
    found = reading.connection.execute(_OVERDUE, {"city": reading.city_id, "now": reading.now})
    return [(row.debit_account_id, row.credit_account_id, row.amount) for row in found]
