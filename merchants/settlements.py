"""Settlements that were made: frozen statements, and whether they were paid. Made by `merchants.settling`."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from merchants import statements
from merchants.statements import Statement
from merchants.tables import payouts, settlements
from merchants.takings import Frontier, Wanted

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class Settlement:
    """A venue's statement for a period, as it was issued."""

    settlement_id: int
    year: int
    ordinal: int
    venue_id: int
    first_day: dt.date
    last_day: dt.date
    after_sequence: int
    cut_sequence: int
    settled_through: int
    settled_points: int
    settled_cents: int
    """What the city pays for the points."""
    collected_cents: int
    """Euros that guests paid, which the city passes on."""
    closing_points: int
    document: str
    """The statement in canonical JSON (`merchants.statements`), never changed."""
    sha256: str
    issued_at: dt.datetime
    paid_on: dt.date | None
    """Value date of the payout; None if nothing has been confirmed."""

    @property
    def number(self) -> str:
        """Number of the statement, without gap within city and year: `2026-0001`."""
        return written_number(self.year, self.ordinal)

    @property
    def payout_cents(self) -> int:
        """What is transferred."""
        return self.settled_cents + self.collected_cents

    @property
    def frontier(self) -> Frontier:
        """How far it reached in the ledger."""
        return Frontier(self.cut_sequence, self.last_day)


_STORED = tuple(name for name in Settlement.__dataclass_fields__ if name != "paid_on")


@dataclass(frozen=True, slots=True)
class Made:
    """A statement that is about to be stored."""

    statement: Statement
    ordinal: int
    settled_through: int


def written_number(year: int, ordinal: int) -> str:
    """Return the number of a statement as it is written."""
    return f"{year}-{ordinal:04}"


def get(reading: db.Reading, settlement_id: int) -> Settlement:
    """Return a settlement. Raises NotFound `settlement-not-found`."""
    for settlement in _select(reading, settlements.c.settlement_id == settlement_id):
        return settlement
    raise NotFound("settlement-not-found")


def by_id(reading: db.Reading, settlement_ids: Iterable[int]) -> dict[int, Settlement]:
    """Return those of the named settlements that exist, by id."""
    found = _select(reading, settlements.c.settlement_id.in_(sorted(set(settlement_ids))))
    return {one.settlement_id: one for one in found}


def unpaid(reading: db.Reading) -> list[Settlement]:
    """Return the settlements that leave something to pay and are not paid, oldest first."""
    due = settlements.c.settled_cents + settlements.c.collected_cents
    open_ = sa.and_(due > 0, payouts.c.settlement_id.is_(None))
    return _select(reading, open_, by_id=True)[::-1]


def of_period(reading: db.Reading, venue_id: int, first_day: dt.date) -> Settlement | None:
    """Return the settlement of the venue's period that begins on `first_day`, if it was made."""
    condition = sa.and_(settlements.c.venue_id == venue_id, settlements.c.first_day == first_day)
    found = _select(reading, condition)
    return found[0] if found else None


def before_period(reading: db.Reading, venue_id: int, first_day: dt.date) -> Settlement | None:
    """Return the venue's last settlement of a period that began before `first_day`, if there is one."""
    condition = sa.and_(settlements.c.venue_id == venue_id, settlements.c.first_day < first_day)
    found = _select(reading, condition, limit=1)
    return found[0] if found else None


def newest_of(reading: db.Reading, venue_ids: Iterable[int]) -> dict[int, Settlement]:
    """Return the last settlement of each of these venues that was ever settled, by venue."""
    wanted = sorted(set(venue_ids))
    newest = (
        sa.select(settlements.c.venue_id, sa.func.max(settlements.c.first_day))
        .where(settlements.c.city_id == reading.city_id, settlements.c.venue_id.in_(wanted))
        .group_by(settlements.c.venue_id)
    )
    pair = sa.tuple_(settlements.c.venue_id, settlements.c.first_day)
    return {one.venue_id: one for one in _select(reading, pair.in_(newest))}


def of_venue(reading: db.Reading, venue_id: int) -> list[Settlement]:
    """Return all settlements of a venue, newest period first."""
    return _select(reading, settlements.c.venue_id == venue_id)


def page(reading: db.Reading, *, before: int | None = None, limit: int = 50) -> list[Settlement]:
    """Return a page of all settlements of the city, last made first, made before id `before`."""
    older = sa.true() if before is None else settlements.c.settlement_id < before
    return _select(reading, older, by_id=True, limit=min(limit, PAGE_MAX))


def settled_until(reading: db.Reading) -> dict[int, dt.date]:
    """Return for each venue that was ever settled with the last day of its last statement."""
    rows = reading.connection.execute(
        sa.select(settlements.c.venue_id, sa.func.max(settlements.c.last_day).label("settled_until"))
        .where(settlements.c.city_id == reading.city_id)
        .group_by(settlements.c.venue_id)
    )
    return {row.venue_id: row.settled_until for row in rows}


def next_ordinal(work: db.Work, year: int) -> int:
    """Return the number after the last one of a year; only one writer at a time asks, so no gap can arise."""
    highest = sa.select(sa.func.max(settlements.c.ordinal)).where(
        settlements.c.city_id == work.city_id, settlements.c.year == year
    )
    return (work.connection.execute(highest).scalar() or 0) + 1


def keep(work: db.Work, made: Sequence[Made]) -> list[Settlement]:
    """Store statements for good. Only for `merchants.settling`."""
    kept = [_settlement(work, one) for one in made]
    rows = [{"city_id": work.city_id, **{name: getattr(one, name) for name in _STORED}} for one in kept]
    work.connection.execute(sa.insert(settlements), rows)
    return kept


def _settlement(work: db.Work, made: Made) -> Settlement:
    statement = made.statement
    document = statements.to_json(statement)
    return Settlement(
        settlement_id=work.ids.next(),
        year=statement.issued_on.year,
        ordinal=made.ordinal,
        venue_id=statement.venue_id,
        first_day=statement.first_day,
        last_day=statement.last_day,
        after_sequence=statement.after_sequence,
        cut_sequence=statement.cut_sequence,
        settled_through=made.settled_through,
        settled_points=statement.settled_points,
        settled_cents=statement.settled_cents,
        collected_cents=statement.collected.paid_cents,
        closing_points=statement.closing_points,
        document=document,
        sha256=statements.sha256(document),
        issued_at=work.now,
        paid_on=None,
    )


def wanted_of(reading: db.Reading, settlement: Settlement) -> Wanted:
    """Return what of the ledger a settlement covers."""
    previous = before_period(reading, settlement.venue_id, settlement.first_day)
    return Wanted(
        after=settlement.after_sequence,
        upto=settlement.frontier,
        settled=previous.frontier if previous else None,
        euros_settled=previous is None or statement_of(previous).covers_euros,
        with_euros=statement_of(settlement).covers_euros,
    )


def statement_of(settlement: Settlement) -> Statement:
    """Return the statement as it was issued."""
    return statements.from_json(settlement.document)


def _select(
    reading: db.Reading,
    condition: sa.ColumnElement[bool],
    *,
    by_id: bool = False,
    limit: int | None = None,
) -> list[Settlement]:
    plain = [settlements.c[name] for name in _STORED]
    paid = sa.and_(
        payouts.c.city_id == settlements.c.city_id, payouts.c.settlement_id == settlements.c.settlement_id
    )
    rows = reading.connection.execute(
        sa.select(*plain, payouts.c.paid_on)
        .outerjoin(payouts, paid)
        .where(settlements.c.city_id == reading.city_id, condition)
        .order_by((settlements.c.settlement_id if by_id else settlements.c.first_day).desc())
        .limit(limit)
    )
    return [Settlement(**row._mapping) for row in rows]
