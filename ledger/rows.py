"""Reading the book's rows back into values: shared by posting, queries and invariants."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from kernel import bulk, db
from ledger import accounts
from ledger.accounts import Account
from ledger.leaves import Party
from ledger.outcomes import BookedTransfer, Counters
from ledger.tables import COUNTERS, SIDES, salt_secrets, transfers
from ledger.tables import accounts as accounts_table
from ledger.transfers import TransferKind

PLAIN = tuple(name for name in BookedTransfer._fields if not name.endswith("_side"))
NAMES = (*PLAIN, *(f"{side}_{counter}" for side in SIDES for counter in COUNTERS))
"""Columns of a booked transfer in the order of its fields, the counters of both sides at the end."""

COLUMNS = [transfers.c[name] for name in NAMES]
SEQUENCE_MAX = 2**63 - 1

_COUNTS = len(COUNTERS)
_KIND = PLAIN.index("kind")
_KINDS = {kind.value: kind for kind in TransferKind}


class Standing(NamedTuple):
    """An account with its newest counters and what its salts are derived from."""

    account: Account
    secret: bytes
    counters: Counters

    @property
    def party(self) -> Party:
        """The account as openings name it."""
        return Party(self.account.path, self.account.asset, self.secret)


def booked(row: Sequence[Any]) -> BookedTransfer:
    """Return the value of a row that begins with COLUMNS."""
    plain = list(row[: len(PLAIN)])
    plain[_KIND] = _KINDS[plain[_KIND]]
    debit, credit = len(PLAIN), len(PLAIN) + _COUNTS
    sides = Counters(*row[debit:credit]), Counters(*row[credit : credit + _COUNTS])
    fields = (*plain, *sides)
    return BookedTransfer(*fields)


def by_transfer_id(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return those of the named transfers that are booked."""
    found = reading.connection.execute(
        _BY_TRANSFER_ID, {"city": reading.city_id, "transfer_ids": list(transfer_ids)}
    )
    return {transfer.transfer_id: transfer for transfer in map(booked, found)}


def by_refers_to(reading: db.Reading, transfer_ids: Iterable[UUID]) -> dict[UUID, BookedTransfer]:
    """Return what captured, released or reversed the named transfers, by the id referred to."""
    found = reading.connection.execute(
        _BY_REFERS_TO, {"city": reading.city_id, "transfer_ids": list(transfer_ids)}
    )
    return {transfer.refers_to: transfer for transfer in map(booked, found) if transfer.refers_to}


def by_id_or_reference(
    reading: db.Reading, transfer_ids: Iterable[UUID], referred: Collection[UUID]
) -> tuple[dict[UUID, BookedTransfer], dict[UUID, BookedTransfer]]:
    """Return transfers by their id and, by the id referred to, what refers to some; one statement."""
    wanted = set(transfer_ids)
    asked = {"city": reading.city_id, "transfer_ids": list(wanted), "referred": list(referred)}
    found = [booked(row) for row in reading.connection.execute(_BY_EITHER, asked)] if wanted else []
    return (
        {one.transfer_id: one for one in found if one.transfer_id in wanted},
        {one.refers_to: one for one in found if one.refers_to in referred and one.refers_to},
    )


def standings(
    reading: db.Reading,
    *,
    paths: Iterable[str] = (),
    account_ids: Iterable[int] = (),
    owners: Iterable[str] = (),
) -> list[Standing]:
    """Return accounts named in any of these ways as their newest transfer left them, in two statements."""
    named = (("paths", set(paths)), ("account_ids", set(account_ids)), ("owners", set(owners)))
    wanted = {name: sorted(values) for name, values in named if values}
    asked = {"city": reading.city_id, "upto": SEQUENCE_MAX, **wanted}
    with bulk.planned_anew(reading):
        found = reading.connection.execute(_STANDINGS[frozenset(wanted)], asked).all()
        counters = _counters(reading, [(row[0], row[-2], row[-1]) for row in found])
    return [Standing(accounts.of_row(row), row[-3], counters[row[0]]) for row in found]


def counters_as_of(
    reading: db.Reading, account_ids: Iterable[int], sequence: int | None = None
) -> dict[int, Counters]:
    """Return the counters of accounts after transfer number `sequence` (None: after all); zeros if none."""
    wanted = sorted(set(account_ids))
    if not wanted:
        return {}
    upto = SEQUENCE_MAX if sequence is None else sequence
    asked = {"city": reading.city_id, "account_ids": wanted, "upto": upto}
    found = [tuple(row) for row in reading.connection.execute(_NEWEST, asked)]
    return dict.fromkeys(wanted, Counters()) | _counters(reading, found)


def _counters(
    reading: db.Reading, newest: Sequence[tuple[int, int | None, int | None]]
) -> dict[int, Counters]:
    """Return counters from the accounts' last debits and credits, whichever is newer."""
    last = {account_id: max(debit or 0, credit or 0) for account_id, debit, credit in newest}
    asked = {"city": reading.city_id, "sequences": sorted(set(last.values()) - {0})}
    found = reading.connection.execute(_SIDES, asked) if asked["sequences"] else ()
    by_sequence = {row[0]: row for row in found}
    result = dict.fromkeys(last, Counters())
    for account_id, sequence in last.items():
        row = by_sequence.get(sequence)
        if row is not None:
            start = 2 if row[1] == account_id else 2 + _COUNTS
            result[account_id] = Counters(*row[start : start + _COUNTS])
    return result


def of_account(column: sa.ColumnElement[int], account: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Hold transfers to one account on one side, up to the bound `upto`.

    Said as a range of (account, sequence) and not as an equality, and to be ordered by both: so that no
    planner takes the index on the sequence alone and reads the whole book to find the last transfer of a
    quiet account.
    """
    bound = sa.tuple_(account, sa.bindparam("upto", type_=sa.BigInteger))
    return sa.and_(column >= account, sa.tuple_(column, transfers.c.sequence) <= bound)


def _by_uuid(column: sa.ColumnElement[Any], name: str = "transfer_ids") -> sa.Select[Any]:
    city = transfers.c.city_id == sa.bindparam("city")
    return sa.select(*COLUMNS).where(city, bulk.any_of(column, name))


def _newest_sequence(account_column: str) -> sa.ScalarSelect[int]:
    column = transfers.c[account_column]
    return (
        sa.select(transfers.c.sequence)
        .where(
            transfers.c.city_id == accounts_table.c.city_id, of_account(column, accounts_table.c.account_id)
        )
        .order_by(column.desc(), transfers.c.sequence.desc())
        .limit(sa.literal_column("1"))
        .correlate(accounts_table)
        .scalar_subquery()
    )


def _with_newest(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return a query over accounts with the numbers of their last debit and credit: a step in each index."""
    newest = (_newest_sequence(f"{side}_account_id") for side in SIDES)
    return sa.select(*columns, *newest).where(accounts_table.c.city_id == sa.bindparam("city"))


_SECRET = (
    sa.select(salt_secrets.c.secret)
    .where(
        salt_secrets.c.city_id == accounts_table.c.city_id,
        salt_secrets.c.account_id == accounts_table.c.account_id,
    )
    .scalar_subquery()
)
_BY_TRANSFER_ID = _by_uuid(transfers.c.transfer_id)
_BY_REFERS_TO = _by_uuid(transfers.c.refers_to)
_BY_EITHER = sa.union_all(_BY_TRANSFER_ID, _by_uuid(transfers.c.refers_to, "referred"))
_OF_IDS = bulk.any_of(accounts_table.c.account_id, "account_ids")
_NAMED = {
    "paths": bulk.any_of(accounts_table.c.path, "paths"),
    "account_ids": _OF_IDS,
    "owners": bulk.any_of(accounts_table.c.owner, "owners"),
}
_WHOLE = _with_newest(*(accounts_table.c[name] for name in accounts.FIELDS), _SECRET)
_STANDINGS = {
    frozenset(names): _WHOLE.where(sa.or_(*(_NAMED[name] for name in names)))
    for count in range(1, len(_NAMED) + 1)
    for names in itertools.combinations(_NAMED, count)
}
"""Accounts by each choice of ways to name them: only what is asked for is searched."""
_NEWEST = _with_newest(accounts_table.c.account_id).where(_OF_IDS)
_SIDES = sa.select(
    transfers.c.sequence,
    transfers.c.debit_account_id,
    *(transfers.c[f"{side}_{counter}"] for side in SIDES for counter in COUNTERS),
).where(transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.sequence, "sequences"))
