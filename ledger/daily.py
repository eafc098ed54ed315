"""What came to an account and what left it again, for each day and topic, added up by the database."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import bulk, db
from ledger import turnover
from ledger.tables import transfers


@dataclass(frozen=True, slots=True)
class Moved:
    """Movements of one topic on one day."""

    day: dt.date
    """On which they happened."""
    topic: str
    """What stands before the first slash of the subjects."""
    amount: int
    """What came, less what left."""
    groups: int
    """How many linked groups came, less how many left."""


def of_account(
    reading: db.Reading, account_id: int, first_day: dt.date, last_day: dt.date, *, without: str
) -> list[Moved]:
    """Return what moved on an account on these days, but for the purpose `without`, in the order of days."""
    sides = ((transfers.c.credit_account_id, 1), (transfers.c.debit_account_id, -1))
    singles = [
        sa.select(
            transfers.c.effective.label("day"),
            turnover.topic(reading).label("topic"),
            (sign * transfers.c.amount).label("amount"),
            sa.literal(sign).label("sign"),
            sa.func.coalesce(transfers.c.group_id, transfers.c.transfer_id).label("grouped"),
        ).where(
            transfers.c.city_id == reading.city_id,
            own == sa.bindparam("account_id", type_=sa.BigInteger),
            transfers.c.effective >= sa.bindparam("first_day", type_=sa.Date),
            transfers.c.effective <= sa.bindparam("last_day", type_=sa.Date),
            transfers.c.kind.in_(turnover.MOVING),
            transfers.c.purpose != sa.bindparam("without"),
        )
        for own, sign in sides
    ]
    one = sa.union_all(*singles).subquery("moved").c
    came = sa.func.count(sa.case((one.sign > 0, one.grouped)).distinct())
    left = sa.func.count(sa.case((one.sign < 0, one.grouped)).distinct())
    statement = (
        sa.select(one.day, one.topic, sa.func.sum(one.amount).label("amount"), (came - left).label("groups"))
        .group_by(one.day, one.topic)
        .order_by(one.day, one.topic)
    )
    asked = {"account_id": account_id, "first_day": first_day, "last_day": last_day, "without": without}
    with bulk.planned_anew(reading):
        found = reading.connection.execute(statement, asked)
        return [Moved(row.day, row.topic, int(row.amount), row.groups) for row in found]
