"""Accounts: opening, closing and finding them.

A path says what an account is for: `issued`, `budget/<campaign>`, `wallet/<owner>/<expiry>`, `venue/<id>`,
`redeemed`, `expired`, `offline-loss`, `eur/...`, `stock/<offer>`, `sold/<offer>`. The asset and the guard
never change; an account that was opened stays in the book for ever.
"""

import datetime as dt
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid, NotFound
from ledger.tables import accounts

_PATH = re.compile(r"[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*){0,3}")
_ASSET = re.compile(r"DUC|EUR|PLC:[a-z0-9-]{1,36}")


class Guard(enum.StrEnum):
    """What the ledger refuses on an account."""

    NONE = "none"
    """Nothing: a source or an outside party."""
    NO_OVERDRAFT = "no-overdraft"
    """Any debit that would make the available amount negative."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be opened; `owner` and `expires_on` belong to wallet lots only."""

    path: str
    asset: str
    guard: Guard = Guard.NO_OVERDRAFT
    owner: str | None = None
    expires_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the book."""

    account_id: int
    path: str
    asset: str
    guard: Guard
    owner: str | None
    expires_on: dt.date | None
    opened_at: dt.datetime
    closed_at: dt.datetime | None


def open_accounts(work: db.Work, wanted: Sequence[NewAccount]) -> None:
    """Open accounts; one that is open already with the same properties is left alone.

    Raises Invalid for a malformed path or asset, Conflict if the path is in use for something else.
    """
    for new in wanted:
        if not _PATH.fullmatch(new.path) or len(new.path) > 120:  # noqa: PLR2004 -- width of the column
            raise Invalid("account-path-invalid", path=new.path)
        if not _ASSET.fullmatch(new.asset):
            raise Invalid("asset-invalid", asset=new.asset)
    known = {account.path: account for account in by_path(work, (new.path for new in wanted))}
    missing = {new.path: new for new in wanted if new.path not in known}
    for new in wanted:
        there = known.get(new.path) or missing[new.path]
        if (there.asset, there.guard, there.owner) != (new.asset, new.guard, new.owner):
            raise Conflict("account-exists", path=new.path)
    if missing:
        rows = [
            {
                "city_id": work.city_id,
                "account_id": work.ids.next(),
                "path": new.path,
                "asset": new.asset,
                "guard": new.guard.value,
                "owner": new.owner,
                "expires_on": new.expires_on,
                "opened_at": work.now,
            }
            for new in missing.values()
        ]
        work.connection.execute(sa.insert(accounts), rows)


def close_account(work: db.Work, path: str) -> None:
    """Close an account for new transfers. Raises NotFound. Closing again changes nothing."""
    account = get(work, path)
    if account.closed_at is None:
        work.connection.execute(
            sa.update(accounts)
            .where(accounts.c.city_id == work.city_id, accounts.c.account_id == account.account_id)
            .values(closed_at=work.now)
        )


def get(reading: db.Reading, path: str) -> Account:
    """Return the account of that path. Raises NotFound."""
    for account in by_path(reading, [path]):
        return account
    raise NotFound("account-not-found", path=path)


def by_path(reading: db.Reading, paths: Iterable[str]) -> list[Account]:
    """Return those of the named accounts that exist."""
    return _select(reading, accounts.c.path.in_(sorted(set(paths))))


def by_id(reading: db.Reading, account_ids: Iterable[int]) -> dict[int, Account]:
    """Return accounts by their number."""
    found = _select(reading, accounts.c.account_id.in_(sorted(set(account_ids))))
    return {account.account_id: account for account in found}


def of_owner(reading: db.Reading, owner: str) -> list[Account]:
    """Return the wallet lots of an owner, the earliest expiry first."""
    return _select(reading, accounts.c.owner == owner)


def ending_before(reading: db.Reading, day: dt.date) -> list[Account]:
    """Return the wallet lots whose last day lies before `day`."""
    return _select(reading, accounts.c.expires_on < day)


def every(reading: db.Reading) -> list[Account]:
    """Return all accounts of the city in order of their path."""
    return sorted(_select(reading, sa.true()), key=lambda account: account.path)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Account]:
    columns = [accounts.c[name] for name in Account.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(accounts.c.city_id == reading.city_id, condition)
        .order_by(accounts.c.expires_on, accounts.c.account_id)
    )
    return [Account(**{**row._mapping, "guard": Guard(row.guard)}) for row in rows]
