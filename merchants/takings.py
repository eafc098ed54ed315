"""What a venue took, points and euros, read from its ledger accounts and nowhere else.

A statement is about a period, so the days on which things happened (`effective`) decide what belongs to it.
But a day can get more entries after its statement was made: a scan that reached us late, a closed book that
was corrected. The clock can't tell these apart reliably, because instants repeat and clocks differ; the
ledger's sequence number can. So a statement is frozen as a pair, the newest number it looked at and its last
day, and covers what is within both and was not within the pair of the statement before. What is booked later
for a settled day falls into the next statement, nothing is left out, and nothing is counted twice.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import db
from ledger import accounts, chart, queries, turnover
from ledger.queries import StatementLine
from ledger.turnover import Turnover, Window
from merchants import venues
from merchants.collected import Collected, EuroLine
from merchants.statements import ProductLine

PURPOSE_SETTLEMENT = "settlement"
PURPOSE_CORRECTION = "settlement-correction"
PURPOSE_REDEMPTION = "redemption"
"""What is redeemed on another way than online says so behind a hyphen: `redemption-leased`."""
ONLINE = "online"
_BORNE_BY_THE_CITY = (chart.OFFLINE_LOSS, chart.EUR_LOSSES)
_UNMOVING = {"hold", "release"}
_NEVER = dt.date.min


@dataclass(frozen=True, slots=True)
class Frontier:
    """How far a statement reached: transfers up to number `sequence` that happened up to `last_day`."""

    sequence: int
    last_day: dt.date

    def includes(self, line: StatementLine) -> bool:
        """Whether a line is within it."""
        return line.booked.sequence <= self.sequence and line.booked.effective <= self.last_day


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a statement is to cover: lines within `upto` that were not within `settled`."""

    after: int
    """Number up to which all is settled, so that old lines need not be read."""
    upto: Frontier
    settled: Frontier | None
    euros_settled: bool = True
    """Whether the statement before was of euros, too: if not, all of them up to now are wanted."""
    with_euros: bool = True
    """Whether the statement itself is of euros, too."""

    @property
    def of_euros(self) -> "Wanted":
        """What of the euros it is to cover."""
        return self if self.euros_settled else Wanted(0, self.upto, None)

    def covers(self, line: StatementLine) -> bool:
        """Whether a line belongs to it."""
        known = self.settled is not None and self.settled.includes(line)
        return line.booked.sequence > self.after and self.upto.includes(line) and not known


@dataclass(frozen=True, slots=True)
class Takings:
    """The figures of a statement and where in the ledger they stand."""

    after_sequence: int
    cut_sequence: int
    opening_points: int
    redemptions: tuple[ProductLine, ...]
    conflicts: tuple[ProductLine, ...]
    reversals: tuple[ProductLine, ...]
    corrections: tuple[ProductLine, ...]
    collected: Collected
    """The euros; what was carried over by product, and rates of tax, are not the ledger's to know."""
    settled_through: int
    """Up to this number nothing of the venue is left for a later statement."""


@dataclass(frozen=True, slots=True)
class _Figures:
    """What moved on one account."""

    opening: int
    lists: Mapping[str, Sequence[tuple[str, int, int, str]]]
    """Product, count, amount and tier of each line, by the statement's list that it belongs to."""
    settled_through: int


def collect(reading: db.Reading, wanted: Mapping[int, Wanted]) -> dict[int, Takings]:
    """Return what belongs to statements, by venue.

    What is credited counts as redeemed and what is debited as undone, whatever its purpose, so the figures
    always add up to the account's balance; only earlier settlements are neither. What is the same for many
    venues is asked for once. Raises NotFound `account-not-found`.
    """
    asked = {venues.points_path(venue_id): one for venue_id, one in wanted.items()}
    asked |= {venues.takings_path(venue_id): one.of_euros for venue_id, one in wanted.items()}
    found = accounts.by_path(reading, [*asked, *_BORNE_BY_THE_CITY])
    numbers = {one.path: one.account_id for one in found}
    for venue_id in wanted:
        if venues.points_path(venue_id) not in numbers:
            accounts.get(reading, venues.points_path(venue_id))
    apart = [numbers.pop(path) for path in _BORNE_BY_THE_CITY if path in numbers]
    alike: dict[tuple[Frontier, Frontier | None], list[str]] = defaultdict(list)
    for path in numbers:
        alike[asked[path].upto, asked[path].settled].append(path)
    figures: dict[str, _Figures] = {}
    for (upto, settled), together in alike.items():
        window = Window(
            after=min(asked[path].after for path in together),
            upto=upto.sequence,
            last_day=upto.last_day,
            known_upto=settled.sequence if settled else 0,
            known_day=settled.last_day if settled else _NEVER,
        )
        ids = {numbers[path]: path for path in together}
        moved = turnover.of_accounts(reading, ids, window, apart=apart, without=PURPOSE_SETTLEMENT)
        left = turnover.balances_as_of(reading, ids, upto.sequence)
        by_account: dict[int, list[Turnover]] = defaultdict(list)
        for movement in moved:
            by_account[movement.account_id].append(movement)
        for account_id, path in ids.items():
            figures[path] = _figures(upto.sequence, left[account_id], by_account[account_id])
    return {venue_id: _takings(one, venue_id, figures) for venue_id, one in wanted.items()}


def _figures(upto: int, balance: int, moved: list[Turnover]) -> _Figures:
    lines: dict[str, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for one in moved:
        if one.is_within:
            sort, sign = _sort(one)
            tier = "" if sort == "corrections" else tier_of(one.purpose)
            count, amount = lines[sort].get((one.topic, tier), (0, 0))
            lines[sort][one.topic, tier] = (count + one.groups, amount + sign * one.amount)
    return _Figures(
        balance - sum(one.amount if one.is_credit else -one.amount for one in moved),
        {
            sort: [(product, *numbers, tier) for (product, tier), numbers in sorted(found.items())]
            for sort, found in lines.items()
        },
        min((one.first_sequence - 1 for one in moved if not one.is_within), default=upto),
    )


def _takings(wanted: Wanted, venue_id: int, figures: Mapping[str, _Figures]) -> Takings:
    upto = wanted.upto.sequence
    points = figures[venues.points_path(venue_id)]
    euros = figures.get(venues.takings_path(venue_id), _Figures(0, {}, upto))

    def listed(sort: str) -> tuple[ProductLine, ...]:
        return tuple(ProductLine(*line) for line in points.lists.get(sort, ()))

    def paid(sort: str) -> tuple[EuroLine, ...]:
        return tuple(EuroLine(*line) for line in euros.lists.get(sort, ()))

    return Takings(
        after_sequence=wanted.after,
        cut_sequence=upto,
        opening_points=points.opening,
        redemptions=listed("redemptions"),
        conflicts=listed("conflicts"),
        reversals=listed("reversals"),
        corrections=listed("corrections"),
        collected=Collected(
            opening_cents=euros.opening,
            redemptions=paid("redemptions"),
            conflicts=paid("conflicts"),
            reversals=paid("reversals"),
            corrections=paid("corrections"),
        ),
        settled_through=min(points.settled_through, euros.settled_through),
    )


def _sort(one: Turnover) -> tuple[str, int]:
    """Return which list of the statement a movement belongs to, and with which sign it stands there."""
    if one.purpose == PURPOSE_CORRECTION:
        return "corrections", 1 if one.is_credit else -1
    if not one.is_credit:
        return "reversals", 1
    return ("conflicts" if one.is_apart else "redemptions"), 1


def tier_of(purpose: str) -> str:
    """Return on which way something was redeemed, from its purpose; empty if nothing was scanned."""
    start, _, way = purpose.partition("-")
    return (way or ONLINE) if start == PURPOSE_REDEMPTION else ""


@dataclass(frozen=True, slots=True)
class Use:
    """One redemption or its undoing, as a single line behind a statement."""

    use_id: UUID
    booked_at: dt.datetime
    effective: dt.date
    product: str
    reference: str
    """What stands behind the slash of its subject: the voucher's id."""
    sort: str
    """`redemptions`, `conflicts`, `reversals` or `corrections`."""
    tier: str
    points: int
    """Below zero if it takes points from the venue."""
    cents: int = 0
    """What the guest paid in euros; below zero if it goes back."""


def uses(reading: db.Reading, venue_id: int, wanted: Wanted) -> Iterator[Use]:
    """Yield the single lines of a statement, newest first. Raises NotFound `account-not-found`."""
    of_euros, after = wanted.of_euros, min(wanted.after, wanted.of_euros.after)
    found = (
        line
        for line in lines(reading, venue_id, after=after, upto=wanted.upto.sequence)
        if line.booked.purpose != PURPOSE_SETTLEMENT
        and (wanted.with_euros or not is_euros(line))
        and (of_euros if is_euros(line) else wanted).covers(line)
    )
    for use_id, parts in itertools.groupby(found, key=use_of):
        yield _use(use_id, list(parts))


def _use(use_id: UUID, parts: list[StatementLine]) -> Use:
    first = parts[0]
    product, _, reference = first.booked.subject.partition("/")
    if first.booked.purpose == PURPOSE_CORRECTION:
        sort = "corrections"
    elif not first.is_credit:
        sort = "reversals"
    else:
        sort = "conflicts" if first.other_path in _BORNE_BY_THE_CITY else "redemptions"
    return Use(
        use_id,
        first.booked.booked_at,
        first.booked.effective,
        product,
        reference,
        sort,
        tier_of(first.booked.purpose),
        *amounts_of(parts),
    )


def lines(
    reading: db.Reading, venue_id: int, *, after: int = 0, upto: int | None = None
) -> Iterator[StatementLine]:
    """Yield what moved points or euros on a venue's accounts, newest first, reading a page at a time.

    From transfers above number `after` up to `upto`. Raises NotFound `account-not-found`.
    """
    found = [accounts.get(reading, venues.points_path(venue_id))]
    found += accounts.by_path(reading, [venues.takings_path(venue_id)])
    before = None if upto is None else upto + 1
    while True:
        page = queries.statement_of(reading, found, after=after, before=before, limit=queries.PAGE_MAX)
        yield from (line for line in page if line.booked.kind not in _UNMOVING)
        if len(page) < queries.PAGE_MAX:
            return
        before = page[-1].booked.sequence


def is_euros(line: StatementLine) -> bool:
    """Whether a line is of euros that guests paid, not of points."""
    return line.path.startswith(f"{venues.takings_path()}/")


def amounts_of(parts: Iterable[StatementLine]) -> tuple[int, int]:
    """Return what transfers of one redemption changed, in points and in cents."""
    points = cents = 0
    for part in parts:
        if is_euros(part):
            cents += part.change
        else:
            points += part.change
    return points, cents


def use_of(line: StatementLine) -> UUID:
    """Return what the transfers of one redemption have in common: points come from several lots."""
    return line.booked.group_id or line.booked.transfer_id
