"""Accounts: opening, closing and finding them.

A path says what an account is for: `issued`, `budget/<campaign>`, `wallet/<owner>/<expiry>`, `venue/<id>`,
`redeemed`, `expired`, `offline-loss`, `eur/...`, `stock/<offer>`, `sold/<offer>`. The asset never changes; a
guard can only be lifted, never set; an account that was opened stays in the book for ever.
"""

import datetime as dt
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Conflict, Invalid, NotFound
from ledger import leaves
from ledger.tables import accounts, heads, salt_secrets

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
    erased_until: int | None = None


FIELDS = tuple(Account.__dataclass_fields__)
_COLUMNS = [accounts.c[name] for name in FIELDS]
_IN_ORDER = (
    sa.select(*_COLUMNS)
    .where(accounts.c.city_id == sa.bindparam("city"))
    .order_by(accounts.c.expires_on, accounts.c.account_id)
)
_BY_PATH = _IN_ORDER.where(bulk.any_of(accounts.c.path, "paths"))
_BY_OWNER = _IN_ORDER.where(bulk.any_of(accounts.c.owner, "owners"))
_BY_ID = _IN_ORDER.where(bulk.any_of(accounts.c.account_id, "account_ids"))


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
    opened = [_opened(work, new) for new in missing.values()]
    keys = {account.account_id: work.ids.random_bytes(leaves.SECRET_BYTES) for account in opened}
    bulk.insert_rows(
        work,
        accounts,
        ("city_id", *FIELDS, "digest"),
        [
            (work.city_id, *_values(account), row_digest(work.city_id, account, keys[account.account_id]))
            for account in opened
        ],
    )
    bulk.insert_rows(
        work,
        salt_secrets,
        ("city_id", "account_id", "secret"),
        [(work.city_id, account_id, secret) for account_id, secret in keys.items()],
    )


def close_account(work: db.Work, path: str) -> None:
    """Close an account for new transfers. Raises NotFound. Closing again changes nothing."""
    account = get(work, path)
    if account.closed_at is None:
        _change(work, replace(account, closed_at=work.now), secrets_of(work, [account.account_id]))


def lift_guards(work: db.Work, paths: Iterable[str]) -> None:
    """Let accounts go below zero from now on; again changes nothing. Those that don't exist are left out."""
    guarded = [one for one in by_path(work, paths) if one.guard is not Guard.NONE]
    secrets = secrets_of(work, [one.account_id for one in guarded]) if guarded else {}
    for account in guarded:
        _change(work, replace(account, guard=Guard.NONE), secrets)


def erase_owner(work: db.Work, owner: str) -> str:
    """Cut the link between an owner and their wallet; return the pseudonym that the accounts now bear.

    The secrets of the accounts are replaced, so that no transfer booked so far can be opened again, whoever
    has a copy of the rows; commitments, tree and balances stay as they are (docs/ledger.md, Erasure).
    """
    pseudonym = f"erased-{work.ids.token(12).lower().replace('_', '-').strip('-')}"
    head = sa.select(heads.c.sequence).where(heads.c.city_id == work.city_id)
    sequence = work.connection.execute(head).scalar() or 0
    for account in of_owner(work, owner):
        day = "" if account.expires_on is None else f"/{account.expires_on.isoformat()}"
        erased = replace(account, path=f"wallet/{pseudonym}{day}", owner=pseudonym, erased_until=sequence)
        secret = work.ids.random_bytes(leaves.SECRET_BYTES)
        work.connection.execute(
            sa.update(salt_secrets)
            .where(salt_secrets.c.city_id == work.city_id, salt_secrets.c.account_id == account.account_id)
            .values(secret=secret)
        )
        _change(work, erased, {account.account_id: secret})
    return pseudonym


def row_digest(city_id: int, account: Account, secret: bytes) -> bytes:
    """Return what tells an altered row of `ledger_accounts` or `ledger_salt_secrets`."""
    return leaves.digest((city_id, *_values(account), secret))


def secrets_of(reading: db.Reading, account_ids: Iterable[int]) -> dict[int, bytes]:
    """Return what the salts of accounts are derived from."""
    found = reading.connection.execute(
        sa.select(salt_secrets.c.account_id, salt_secrets.c.secret).where(
            salt_secrets.c.city_id == reading.city_id, bulk.any_of(salt_secrets.c.account_id, "account_ids")
        ),
        {"account_ids": sorted(set(account_ids))},
    )
    return {row.account_id: row.secret for row in found}


def get(reading: db.Reading, path: str) -> Account:
    """Return the account of that path. Raises NotFound."""
    for account in by_path(reading, [path]):
        return account
    raise NotFound("account-not-found", path=path)


def by_path(reading: db.Reading, paths: Iterable[str]) -> list[Account]:
    """Return those of the named accounts that exist."""
    return _found(reading, _BY_PATH, paths=sorted(set(paths)))


def by_id(reading: db.Reading, account_ids: Iterable[int]) -> dict[int, Account]:
    """Return accounts by their number."""
    found = _found(reading, _BY_ID, account_ids=sorted(set(account_ids)))
    return {account.account_id: account for account in found}


def of_owner(reading: db.Reading, owner: str) -> list[Account]:
    """Return the wallet lots of an owner, the earliest expiry first."""
    return of_owners(reading, [owner])


def of_owners(reading: db.Reading, owners: Iterable[str]) -> list[Account]:
    """Return the wallet lots of several owners, the earliest expiry first."""
    with bulk.planned_anew(reading):
        return _found(reading, _BY_OWNER, owners=sorted(set(owners)))


def ending_before(reading: db.Reading, day: dt.date) -> list[Account]:
    """Return the wallet lots whose last day lies before `day`."""
    return _select(reading, accounts.c.expires_on < day)


def every(reading: db.Reading) -> list[Account]:
    """Return all accounts of the city in order of their path."""
    return sorted(_select(reading, sa.true()), key=lambda account: account.path)


def of_nobody(reading: db.Reading, *, besides: str) -> list[Account]:
    """Return the accounts that belong to no person, less those below a path, in order of their path."""
    single = accounts.c.path.startswith(besides, autoescape=True)
    return sorted(
        _select(reading, sa.and_(accounts.c.owner.is_(None), sa.not_(single))), key=lambda one: one.path
    )


def under(reading: db.Reading, prefix: str) -> list[Account]:
    """Return the accounts whose path begins with `prefix`."""
    return _select(reading, accounts.c.path.startswith(prefix, autoescape=True))


def of_row(row: Sequence[Any]) -> Account:
    """Return the account of a row that begins with the columns FIELDS."""
    values = dict(zip(FIELDS, row, strict=False))
    return Account(**{**values, "guard": Guard(values["guard"])})


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Account]:
    return _found(reading, _IN_ORDER.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **members: object) -> list[Account]:
    rows = reading.connection.execute(statement, {"city": reading.city_id, **members})
    return [of_row(row) for row in rows]


def _opened(work: db.Work, new: NewAccount) -> Account:
    return Account(
        account_id=work.ids.next(),
        path=new.path,
        asset=new.asset,
        guard=new.guard,
        owner=new.owner,
        expires_on=new.expires_on,
        opened_at=work.now,
        closed_at=None,
    )


def _change(work: db.Work, account: Account, secrets: dict[int, bytes]) -> None:
    digest = row_digest(work.city_id, account, secrets[account.account_id])
    work.connection.execute(
        sa.update(accounts)
        .where(accounts.c.city_id == work.city_id, accounts.c.account_id == account.account_id)
        .values(**dict(zip(FIELDS, _values(account), strict=True)), digest=digest)
    )
    # What processes remember of the account is no longer true (ledger.remembering).
    fence = work.ids.random_number()
    work.connection.execute(
        sa.update(heads).where(heads.c.city_id == work.city_id).values(fence=fence, accounts_fence=fence)
    )


def _values(account: Account) -> tuple[Any, ...]:
    return tuple(getattr(account, name) for name in FIELDS)
