"""Contesting single lines of a statement: the venue or the city says what is wrong, a treasurer decides.

A statement is never rewritten: what is granted is booked today, between the venue and `offline-loss` (euros:
`eur/losses`), and stands on the next statement as a correction.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kernel import db, ids, money
from kernel.cities import City
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import accounts, chart, posting, transfers
from ledger.transfers import Transfer
from merchants import billing, settlements, takings, venues
from merchants.payout_tables import contests as table
from merchants.settlements import Settlement
from merchants.takings import Use

REASON_MAX = 500
_NAMESPACE = UUID("b0d9a5d5-7c1e-4f4e-8e55-9c2a8c9c3a6e")


class Party(enum.StrEnum):
    """Who contests."""

    VENUE = "venue"
    CITY = "city"


class State(enum.StrEnum):
    """Where a contested line stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Contest:
    """A line that somebody says is wrong."""

    contest_id: int
    settlement_id: int
    venue_id: int
    use_id: UUID
    product: str
    booked_points: int
    expected_points: int
    booked_cents: int
    """What the guest paid in euros."""
    expected_cents: int
    party: Party
    raised_by: str
    raised_at: dt.datetime
    reason: str
    state: State
    decided_by: str | None
    decided_at: dt.datetime | None
    answer: str


def last_day(reading: db.Reading, city: City, settlement: Settlement) -> dt.date:
    """Return the last day on which lines of a settlement can be contested."""
    days = billing.contest_days(reading)
    return city.day_of(settlement.issued_at) + dt.timedelta(days=days)


def contest(
    work: db.Work,
    city: City,
    settlement_id: int,
    use_id: UUID,
    *,
    expected_points: int,
    expected_cents: int | None = None,
    party: Party,
    by: str,
    reason: str,
) -> Contest:
    """Say that a line of a statement should have had other points or euros (0: should not be there).

    The euros are right unless `expected_cents` says otherwise. Raises NotFound `settlement-not-found`,
    `line-not-found`; Conflict `contest-too-late` (with the `last_day`), `line-contested-already`; Invalid
    `contest-reason-missing`, `contest-reason-too-long`, `expected-points-invalid`, `expected-cents-invalid`
    (another sign, too much, or nothing would change).
    """
    settlement = settlements.get(work, settlement_id)
    until = last_day(work, city, settlement)
    if city.day_of(work.now) > until:
        raise Conflict("contest-too-late", last_day=until.isoformat())
    told = _checked_reason(reason)
    line = _line(work, settlement, use_id)
    cents = line.cents if expected_cents is None else expected_cents
    _check_expected(settlement, line, expected_points, cents)
    if _select(work, sa.and_(table.c.settlement_id == settlement_id, table.c.use_id == use_id)):
        raise Conflict("line-contested-already")
    contest_id = work.ids.next()
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            contest_id=contest_id,
            settlement_id=settlement_id,
            venue_id=settlement.venue_id,
            use_id=use_id,
            product=line.product,
            booked_points=line.points,
            expected_points=expected_points,
            booked_cents=line.cents,
            expected_cents=cents,
            party=party.value,
            raised_by=by,
            raised_at=work.now,
            reason=told,
            state=State.OPEN.value,
            answer="",
        )
    )
    return get(work, contest_id)


def accept(work: db.Work, city: City, contest_id: int, *, by: str, answer: str = "") -> Contest:
    """Grant it: the difference is booked today and stands on the venue's next statement.

    Raises NotFound `contest-not-found`; Conflict `contest-decided`; Forbidden `own-contest`;
    Invalid `contest-reason-too-long`; TransferRejected.
    """
    found = _open(work, contest_id, by)
    posting.post_or_raise(work, list(_corrections(work, city, found)))
    return _decide(work, contest_id, State.ACCEPTED, by, _checked_reason(answer, required=False))


def decline(work: db.Work, contest_id: int, *, by: str, answer: str) -> Contest:
    """Say no, with the reason. Raises as `accept` and Invalid `contest-reason-missing`."""
    _open(work, contest_id, by)
    return _decide(work, contest_id, State.DECLINED, by, _checked_reason(answer))


def get(reading: db.Reading, contest_id: int) -> Contest:
    """Return a contested line. Raises NotFound `contest-not-found`."""
    for found in _select(reading, table.c.contest_id == contest_id):
        return found
    raise NotFound("contest-not-found")


def of_settlements(reading: db.Reading, settlement_ids: Iterable[int]) -> list[Contest]:
    """Return what was contested on these settlements, newest first."""
    return _select(reading, table.c.settlement_id.in_(sorted(set(settlement_ids))))


def raised_by(reading: db.Reading, who: str) -> list[Contest]:
    """Return what somebody contested, newest first."""
    return _select(reading, table.c.raised_by == who)


def waiting(reading: db.Reading) -> list[Contest]:
    """Return what waits for a decision, oldest first."""
    return _select(reading, table.c.state == State.OPEN.value)[::-1]


def _corrections(work: db.Work, city: City, found: Contest) -> Iterator[Transfer]:
    sides = (
        (found.expected_points - found.booked_points, chart.OFFLINE_LOSS, venues.points_path(found.venue_id)),
        (found.expected_cents - found.booked_cents, chart.EUR_LOSSES, venues.takings_path(found.venue_id)),
    )
    if sides[1][0]:
        chart.open_chart(work)
        venues.open_takings(work, [found.venue_id])
        accounts.lift_guards(work, [venues.takings_path(found.venue_id)])
    moving = [one for one in sides if one[0]]
    key = (work.city_id, found.contest_id)
    for position, (difference, city_side, venue_side) in enumerate(moving):
        debit, credit = (city_side, venue_side) if difference > 0 else (venue_side, city_side)
        yield transfers.post(
            ids.derive(_NAMESPACE, *key, *([position] if position else [])),
            debit,
            credit,
            abs(difference),
            effective=city.day_of(work.now),
            purpose=takings.PURPOSE_CORRECTION,
            subject=f"{found.product}/{found.contest_id}",
            group_id=ids.derive(_NAMESPACE, *key, "group") if len(moving) > 1 else None,
        )


def _check_expected(settlement: Settlement, line: Use, points: int, cents: int) -> None:
    changes = (points, cents) != (line.points, line.cents)
    if points * line.points < 0 or abs(points) > money.AMOUNT_MAX or not changes:
        raise Invalid("expected-points-invalid", field="expected_points", points=line.points)
    # Of a statement from before euros were settled only points can be contested.
    known = settlements.statement_of(settlement).covers_euros or cents == line.cents
    if cents * line.cents < 0 or abs(cents) > money.AMOUNT_MAX or not known:
        raise Invalid("expected-cents-invalid", field="expected_cents", cents=line.cents)


def _open(work: db.Work, contest_id: int, by: str) -> Contest:
    found = get(work, contest_id)
    if found.state is not State.OPEN:
        raise Conflict("contest-decided")
    if found.raised_by == by:
        raise Forbidden("own-contest")
    return found


def _line(reading: db.Reading, settlement: Settlement, use_id: UUID) -> Use:
    wanted = settlements.wanted_of(reading, settlement)
    for use in takings.uses(reading, settlement.venue_id, wanted):
        if use.use_id == use_id:
            return use
    raise NotFound("line-not-found")


def _decide(work: db.Work, contest_id: int, state: State, by: str, answer: str) -> Contest:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.contest_id == contest_id)
        .values(state=state.value, decided_by=by, decided_at=work.now, answer=answer)
    )
    return get(work, contest_id)


def _checked_reason(written: str, *, required: bool = True) -> str:
    reason = " ".join(written.split())
    if required and not reason:
        raise Invalid("contest-reason-missing", field="reason")
    if len(reason) > REASON_MAX:
        raise Invalid("contest-reason-too-long", field="reason", maximum=REASON_MAX)
    return reason


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Contest]:
    columns = [table.c[name] for name in Contest.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.contest_id.desc())
    )
    return [Contest(**{**row._mapping, "party": Party(row.party), "state": State(row.state)}) for row in rows]
