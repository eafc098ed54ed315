"""The invariants of the whole book: what no single transfer can show."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from kernel import db
from ledger import accounts, leaves, partitions, periods, queries, rows, supply
from ledger.accounts import Account
from ledger.outcomes import Counters
from ledger.tables import accounts as accounts_table
from ledger.tables import open_holds, rejections, salt_secrets, transfers
from ledger.transfers import DUC

POINT_ACCOUNTS = ("issued", "budget/", "wallet/", "venue/", "redeemed", "expired", "offline-loss")
"""Paths on which points may stand: supply = issued = all others together."""
_AT_A_TIME = 5000
_REJECTION = [rejections.c[name] for name in ("transfer_id", "code", "content_digest", "rejected_at")]


@dataclass(slots=True)
class Book:
    """What the checks of the whole book share: its accounts, gone through once."""

    reading: db.Reading
    newest: int
    accounts: int = 0
    altered: list[str] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)
    sums: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        last = -1
        while some := _some_accounts(self.reading, last):
            last = some[-1][0].account_id
            self.accounts += len(some)
            ids = [account.account_id for account, _, _ in some]
            counters = rows.counters_as_of(self.reading, ids, self.newest)
            for account, digest, secret in some:
                self._add(account, counters[account.account_id])
                if secret is None:
                    self.altered.append(f"{account.path} has no secret")
                elif accounts.row_digest(self.reading.city_id, account, secret) != digest:
                    self.altered.append(f"{account.path} is not as it was opened or changed by the ledger")

    def _add(self, account: Account, counters: Counters) -> None:
        total = self.sums.setdefault(account.asset, [0, 0])
        total[0] += counters.posted
        total[1] += counters.credits_pending - counters.debits_pending
        if account.asset == DUC and counters != Counters() and not account.path.startswith(POINT_ACCOUNTS):
            self.astray.append(f"{account.path} holds points but is no account of the supply")


def newest_sequence(reading: db.Reading) -> int:
    """Return the number of the newest transfer that is there, whatever the head says."""
    statement = (
        sa.select(transfers.c.sequence)
        .where(transfers.c.city_id == reading.city_id)
        .order_by(transfers.c.sequence.desc())
        .limit(1)
    )
    return reading.connection.execute(statement).scalar() or 0


def last_sequence(reading: db.Reading) -> int:
    """Return up to which transfer the book is to be checked: where both the head and the rows end."""
    newest = newest_sequence(reading)
    return min(queries.head_sequence(reading) or newest, newest)


def head_matches(book: Book) -> Iterator[str]:
    """Expect the head to name the newest transfer: nothing is cut off."""
    head = queries.head_sequence(book.reading)
    newest = newest_sequence(book.reading)
    if head != newest:
        yield f"the head says {head}, the newest transfer is {newest}"


def holds_match(book: Book) -> Iterator[str]:
    """Expect no open hold to be listed outside the book (each chunk compares those inside)."""
    statement = sa.select(open_holds.c.transfer_id).where(
        open_holds.c.city_id == book.reading.city_id,
        sa.or_(open_holds.c.sequence > book.newest, open_holds.c.sequence < sa.literal_column("1")),
    )
    for hold_id in book.reading.connection.execute(statement).scalars():
        yield f"hold {hold_id} is listed but not in the book"


def assets_sum_to_zero(book: Book) -> Iterator[str]:
    """Expect all debits to equal all credits in each asset, posted and pending."""
    for asset, (posted, pending) in sorted(book.sums.items()):
        if posted or pending:
            yield f"{asset} sums to {posted} posted and {pending} pending"


def supply_complete(book: Book) -> Iterator[str]:
    """Expect points issued to stand in budgets, wallets, venues, redeemed, expired or offline-loss only."""
    yield from book.astray


def accounts_unaltered(book: Book) -> Iterator[str]:
    """Expect each account, and what its salts are derived from, to be as the ledger wrote it."""
    yield from book.altered
    known = sa.exists().where(
        accounts_table.c.city_id == salt_secrets.c.city_id,
        accounts_table.c.account_id == salt_secrets.c.account_id,
    )
    orphans = sa.select(salt_secrets.c.account_id).where(
        salt_secrets.c.city_id == book.reading.city_id, ~known
    )
    for account_id in book.reading.connection.execute(orphans).scalars():
        yield f"there is a secret of an account {account_id} that does not exist"


def rejections_unaltered(book: Book) -> Iterator[str]:
    """Expect each refusal to be as it was given."""
    reading = book.reading
    last = None
    while True:
        statement = sa.select(*_REJECTION, rejections.c.digest).where(rejections.c.city_id == reading.city_id)
        if last is not None:
            statement = statement.where(rejections.c.transfer_id > last)
        some = reading.connection.execute(
            statement.order_by(rejections.c.transfer_id).limit(_AT_A_TIME)
        ).all()
        for *values, digest in some:
            if leaves.digest((reading.city_id, *values)) != digest:
                yield f"the refusal of {values[0]} is not as it was given"
        if len(some) < _AT_A_TIME:
            return
        last = some[-1].transfer_id


def periods_closed(book: Book) -> Iterator[str]:
    """Expect what was closed to be as it was when it was closed."""
    yield from periods.findings(book.reading)


def supply_stated(book: Book) -> Iterator[str]:
    """Expect the monthly statements of the supply to be as they were written and to follow from the book."""
    yield from supply.findings(book.reading)


def partitions_hold(book: Book) -> Iterator[str]:
    """Expect each partition to have the range that its name says."""
    yield from partitions.findings(book.reading, book.newest)


CHECKS: tuple[Callable[[Book], Iterator[str]], ...] = (
    head_matches,
    holds_match,
    assets_sum_to_zero,
    supply_complete,
    accounts_unaltered,
    rejections_unaltered,
    periods_closed,
    supply_stated,
    partitions_hold,
)


def _some_accounts(reading: db.Reading, after: int) -> list[tuple[Account, bytes, bytes | None]]:
    secret = (
        sa.select(salt_secrets.c.secret)
        .where(
            salt_secrets.c.city_id == accounts_table.c.city_id,
            salt_secrets.c.account_id == accounts_table.c.account_id,
        )
        .scalar_subquery()
    )
    statement = (
        sa.select(*(accounts_table.c[name] for name in accounts.FIELDS), accounts_table.c.digest, secret)
        .where(accounts_table.c.city_id == reading.city_id, accounts_table.c.account_id > after)
        .order_by(accounts_table.c.account_id)
        .limit(_AT_A_TIME)
    )
    return [(accounts.of_row(row), row[-2], row[-1]) for row in reading.connection.execute(statement)]
