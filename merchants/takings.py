"""What a venue took, read from its ledger account and nowhere else.

A statement is about a period, so the days on which things happened (`effective`) decide what belongs to it.
But a day can get more entries after its statement was made: a scan that reached us late, a closed book that
was corrected. The clock can't tell these apart reliably, because instants repeat and clocks differ; the
ledger's sequence number can. So a statement is frozen as a pair, the newest number it looked at and its last
day, and covers what is within both and was not within the pair of the statement before. What is booked later
for a settled day falls into the next statement, nothing is left out, and nothing is counted twice.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from kernel import db
from ledger import accounts, queries
from ledger.queries import StatementLine
from merchants import venues
from merchants.statements import ProductLine

PURPOSE_SETTLEMENT = "settlement"
_UNMOVING = {"hold", "release"}


@dataclass(frozen=True, slots=True)
class Frontier:
    """How far a statement reached: transfers up to number `sequence` that happened up to `last_day`."""

    sequence: int
    last_day: dt.date

    def includes(self, line: StatementLine) -> bool:
        """Whether a line is within it."""
        return line.booked.sequence <= self.sequence and line.booked.effective <= self.last_day


@dataclass(frozen=True, slots=True)
class Takings:
    """The figures of a statement and where in the ledger they stand."""

    after_sequence: int
    cut_sequence: int
    opening_points: int
    redemptions: tuple[ProductLine, ...]
    reversals: tuple[ProductLine, ...]
    settled_through: int
    """Up to this number nothing of the venue is left for a later statement."""


@dataclass(slots=True)
class _Tally:
    """Adds up lines by product. The transfers of one redemption are one group, so they stand together."""

    points: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    last: UUID | None = None

    def add(self, line: StatementLine) -> None:
        product = product_of(line)
        self.points[product] = self.points.get(product, 0) + abs(line.change)
        use = use_of(line)
        if use != self.last:
            self.counts[product] = self.counts.get(product, 0) + 1
        self.last = use

    def lines(self) -> tuple[ProductLine, ...]:
        return tuple(
            ProductLine(product, self.counts[product], points)
            for product, points in sorted(self.points.items())
        )


def collect(
    reading: db.Reading, venue_id: int, *, after: int, upto: Frontier, settled: Frontier | None
) -> Takings:
    """Return what belongs to a statement: lines within `upto` that were not within `settled`.

    `after` is the number up to which all is settled, so that old lines need not be read. What is credited
    counts as redeemed and what is debited as undone, whatever its purpose, so the figures always add up to
    the account's balance; only earlier settlements are neither. Raises NotFound `account-not-found`.
    """
    redeemed, undone, moved, ahead, settled_through = _Tally(), _Tally(), 0, 0, upto.sequence
    for line in lines(reading, venue_id, after=after, upto=upto.sequence):
        if line.booked.purpose == PURPOSE_SETTLEMENT:
            continue
        if not upto.includes(line):
            ahead += line.change
            settled_through = line.booked.sequence - 1
        elif settled is None or not settled.includes(line):
            moved += line.change
            (redeemed if line.change > 0 else undone).add(line)
    balance = queries.as_of(reading, venues.points_path(venue_id), upto.sequence).posted
    return Takings(
        after_sequence=after,
        cut_sequence=upto.sequence,
        opening_points=balance - moved - ahead,
        redemptions=redeemed.lines(),
        reversals=undone.lines(),
        settled_through=settled_through,
    )


def lines(
    reading: db.Reading, venue_id: int, *, after: int = 0, upto: int | None = None
) -> Iterator[StatementLine]:
    """Yield what moved points on a venue's account, newest first, reading a page at a time.

    From transfers above number `after` up to `upto`. Raises NotFound `account-not-found`.
    """
    account = accounts.get(reading, venues.points_path(venue_id))
    before = None if upto is None else upto + 1
    while True:
        page = queries.statement_of(reading, [account], after=after, before=before, limit=queries.PAGE_MAX)
        yield from (line for line in page if line.booked.kind not in _UNMOVING)
        if len(page) < queries.PAGE_MAX:
            return
        before = page[-1].booked.sequence


def product_of(line: StatementLine) -> str:
    """Return the code of the offer: what stands before the slash in `<offer>/<voucher>`."""
    return line.booked.subject.partition("/")[0]


def use_of(line: StatementLine) -> UUID:
    """Return what the transfers of one redemption have in common: points come from several lots."""
    return line.booked.group_id or line.booked.transfer_id
