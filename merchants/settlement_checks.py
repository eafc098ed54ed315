"""Whether the ledger owes each venue what its statements say: points' value and guests' euros together.

`settling.reproduce` checks what statements say; this, that nothing was booked or paid beside them.
"""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from ledger import accounts, queries
from merchants import venues
from merchants.tables import payouts, settlements

PAYABLE = "eur/payable"


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed by the ledger and by statements that are not paid yet."""

    path: str
    ledger_cents: int
    statements_cents: int

    @property
    def agrees(self) -> bool:
        """Whether it is the same."""
        return self.ledger_cents == self.statements_cents


def owed(reading: db.Reading) -> list[Owed]:
    """Return the sum of all venues first, then each venue that differs, in order."""
    # Fines and fees are owed to the treasury itself: `eur/payable/fines`.
    of_venues = [
        one for one in accounts.under(reading, f"{PAYABLE}/") if one.path.rpartition("/")[2].isdecimal()
    ]
    left = queries.counters(reading, of_venues)
    booked = Counter({one.path: left[one.account_id].posted for one in of_venues})
    said = Counter({venues.payable_path(venue_id): cents for venue_id, cents in _unpaid(reading).items()})
    single = [Owed(path, booked[path], said[path]) for path in sorted({*booked, *said})]
    return [Owed(PAYABLE, booked.total(), said.total()), *(one for one in single if not one.agrees)]


def _unpaid(reading: db.Reading) -> Counter[int]:
    paid = sa.and_(
        payouts.c.city_id == settlements.c.city_id, payouts.c.settlement_id == settlements.c.settlement_id
    )
    rows = reading.connection.execute(
        sa.select(
            settlements.c.venue_id,
            sa.func.sum(settlements.c.settled_cents + settlements.c.collected_cents).label("cents"),
        )
        .outerjoin(payouts, paid)
        .where(settlements.c.city_id == reading.city_id, payouts.c.settlement_id.is_(None))
        .group_by(settlements.c.venue_id)
    )
    return Counter({row.venue_id: int(row.cents) for row in rows})
