"""What moved on many accounts at once, added up by the database: for statements of a month with many lines.

The counterpart of `queries.statement_of`: one pass over the accounts' transfers and a row for each sort of
movement, so neither the number of statements nor memory grows with the number of transfers.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from ledger import rows
from ledger.tables import transfers

MOVING = ("post", "capture", "reverse")
"""Kinds of transfers that change what is posted on an account."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which transfers count: numbers above `after` up to `upto`, none that was within the earlier frontier.

    The earlier frontier takes in numbers up to `known_upto` that happened up to `known_day`.
    """

    after: int
    upto: int
    last_day: dt.date
    known_upto: int = 0
    known_day: dt.date = dt.date.min


@dataclass(frozen=True, slots=True)
class Turnover:
    """Movements of one sort on one account."""

    account_id: int
    is_credit: bool
    purpose: str
    topic: str
    """What stands before the first slash of the subjects."""
    is_apart: bool
    """Whether the other side is one of the accounts that were to be kept apart."""
    is_within: bool
    """Whether they happened up to the window's last day."""
    amount: int
    groups: int
    """How many linked groups they belong to; a transfer without group is one of its own."""
    first_sequence: int


def of_accounts(
    reading: db.Reading,
    account_ids: Collection[int],
    window: Window,
    *,
    apart: Collection[int],
    without: str,
) -> list[Turnover]:
    """Return what was posted to or from the accounts, added up, but for the purpose `without`.

    `apart` are the numbers of accounts whose transfers are counted by themselves.
    """
    found: list[Turnover] = []
    sides = (
        (transfers.c.credit_account_id, transfers.c.debit_account_id, True),
        (transfers.c.debit_account_id, transfers.c.credit_account_id, False),
    )
    for own, other, is_credit in sides:
        statement = _added_up(reading, own, other)
        asked = {
            "city": reading.city_id,
            "account_ids": sorted(account_ids),
            "apart": sorted(apart),
            "without": without,
            "after": window.after,
            "upto": window.upto,
            "last_day": window.last_day,
            "known_upto": window.known_upto,
            "known_day": window.known_day,
        }
        with bulk.planned_anew(reading):
            found += [
                _turnover(row, is_credit=is_credit) for row in reading.connection.execute(statement, asked)
            ]
    return found


def _turnover(row: sa.Row[Any], *, is_credit: bool) -> Turnover:
    return Turnover(
        row.account_id,
        is_credit,
        row.purpose,
        row.topic,
        bool(row.is_apart),
        bool(row.is_within),
        int(row.amount),
        row.groups,
        row.first_sequence,
    )


def _added_up(
    reading: db.Reading, own: sa.ColumnElement[int], other: sa.ColumnElement[int]
) -> sa.Select[Any]:
    known = sa.and_(
        transfers.c.sequence <= sa.bindparam("known_upto"),
        transfers.c.effective <= sa.bindparam("known_day", type_=sa.Date),
    )
    single = sa.select(
        own.label("account_id"),
        transfers.c.purpose,
        topic(reading).label("topic"),
        sa.case((other.in_(sa.bindparam("apart", type_=sa.BigInteger, expanding=True)), 1), else_=0).label(
            "is_apart"
        ),
        sa.case(
            (transfers.c.effective <= sa.bindparam("last_day", type_=sa.Date), 1),
            else_=0,
        ).label("is_within"),
        transfers.c.amount,
        sa.func.coalesce(transfers.c.group_id, transfers.c.transfer_id).label("grouped"),
        transfers.c.sequence,
    ).where(
        transfers.c.city_id == sa.bindparam("city"),
        bulk.any_of(own, "account_ids"),
        transfers.c.sequence > sa.bindparam("after", type_=sa.BigInteger),
        transfers.c.sequence <= sa.bindparam("upto", type_=sa.BigInteger),
        transfers.c.kind.in_(MOVING),
        transfers.c.purpose != sa.bindparam("without"),
        sa.not_(known),
    )
    one = single.subquery("moved").c
    sorts = (one.account_id, one.purpose, one.topic, one.is_apart, one.is_within)
    return (
        sa.select(
            *sorts,
            sa.func.sum(one.amount).label("amount"),
            sa.func.count(one.grouped.distinct()).label("groups"),
            sa.func.min(one.sequence).label("first_sequence"),
        )
        .group_by(*sorts)
        .order_by(*sorts)
    )


def topic(reading: db.Reading) -> sa.ColumnElement[str]:
    """Return what stands before the first slash of a transfer's subject."""
    subject = transfers.c.subject
    if reading.connection.dialect.name == "postgresql":
        return sa.func.split_part(subject, "/", 1)
    return sa.func.substr(subject, 1, sa.func.instr(subject.concat("/"), "/") - 1)


def balances_as_of(reading: db.Reading, account_ids: Collection[int], sequence: int) -> dict[int, int]:
    """Return what was posted on the accounts right after transfer number `sequence`, by account number."""
    counters = rows.counters_as_of(reading, sorted(account_ids), sequence)
    return {account_id: left.posted for account_id, left in counters.items()}
