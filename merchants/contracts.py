"""Contracts: what a point is worth at a venue and how often the city settles.

Of several the one that began last is in force. A contract begins on the first day of one of its own periods;
the period that the earlier one has running then ends on the day before, so a quarter may follow weeks.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid, NotFound
from merchants import periods, venues
from merchants.periods import Period, PeriodKind
from merchants.tables import contracts, settlements

RATE_MAX = 10_000
"""Highest rate in cents per point: a slip of the keyboard should not cost more than 100 euros a point."""
DELAY_DAYS_MAX = 90


@dataclass(frozen=True, slots=True)
class Extras:
    """What a contract may ask beside rate and period."""

    payout_delay_days: int = 0
    """From the end of a period until its statement may be paid: time to notice what is wrong."""
    receipt_numbers: bool = False
    """Whether each redemption names the receipt of the till."""
    owner_publishes: bool = False
    """Whether the owner's offers go on sale without an administrator."""
    scanned_only: bool = False
    """Whether vouchers are scanned by a device, and never redeemed on guests' own phones."""


PLAIN = Extras()


@dataclass(frozen=True, slots=True)
class Contract:
    """The terms on which a venue takes points from a day on."""

    contract_id: int
    venue_id: int
    rate_cents_per_point: int
    period: PeriodKind
    valid_from: dt.date
    signed_at: dt.datetime
    payout_delay_days: int = 0
    receipt_numbers: bool = False
    owner_publishes: bool = False
    scanned_only: bool = False


def sign(
    work: db.Work,
    venue_id: int,
    *,
    rate_cents_per_point: int,
    period: PeriodKind,
    valid_from: dt.date,
    extras: Extras = PLAIN,
) -> Contract:
    """Put a contract in force from `valid_from`; one that was signed for the same day is replaced.

    Raises NotFound `venue-not-found`; Invalid `contract-rate-invalid`, `contract-delay-invalid`,
    `contract-start-invalid` (not the first day of a period); Conflict `contract-not-later` (a signed contract
    begins after this one), `contract-period-settled` (the days up to `settled_until` are settled).
    """
    venues.get(work, venue_id)
    if not 1 <= rate_cents_per_point <= RATE_MAX:
        raise Invalid("contract-rate-invalid", field="rate_cents_per_point", maximum=RATE_MAX)
    if not 0 <= extras.payout_delay_days <= DELAY_DAYS_MAX:
        raise Invalid("contract-delay-invalid", field="payout_delay_days", maximum=DELAY_DAYS_MAX)
    natural = periods.containing(period, valid_from)
    if natural.first_day != valid_from:
        raise Invalid("contract-start-invalid", field="valid_from", first_day=natural.first_day.isoformat())
    _check_order(work, venue_id, valid_from)
    contract = Contract(
        work.ids.next(), venue_id, rate_cents_per_point, period, valid_from, work.now, **asdict(extras)
    )
    work.connection.execute(
        sa.insert(contracts).values(
            city_id=work.city_id, **{**asdict(contract), "period": contract.period.value}
        )
    )
    return contract


def active_on(reading: db.Reading, venue_id: int, day: dt.date) -> Contract:
    """Return the contract in force on a day. Raises NotFound `venue-not-found`, `contract-missing`."""
    venues.get(reading, venue_id)
    in_force = _in_force(of_venue(reading, venue_id), day)
    if in_force is None:
        raise NotFound("contract-missing", venue_id=venue_id)
    return in_force


def of_venue(reading: db.Reading, venue_id: int) -> list[Contract]:
    """Return all contracts of a venue in the order in which they come into force."""
    return _select(reading, contracts.c.venue_id == venue_id)


def by_venue(reading: db.Reading, venue_ids: Collection[int] | None = None) -> dict[int, list[Contract]]:
    """Return the contracts of all or some venues that have one, each in the order of coming into force."""
    found: dict[int, list[Contract]] = {}
    wanted = sa.true() if venue_ids is None else contracts.c.venue_id.in_(sorted(set(venue_ids)))
    for contract in _select(reading, wanted):
        found.setdefault(contract.venue_id, []).append(contract)
    return found


def period_on(signed: Sequence[Contract], day: dt.date) -> tuple[Contract, Period] | None:
    """Return the contract in force on a day and its period then; None before the first contract.

    `signed` are all contracts of one venue in their order.
    """
    in_force = _in_force(signed, day)
    if in_force is None:
        return None
    period = periods.containing(in_force.period, day)
    following = min((c.valid_from for c in signed if c.valid_from > day), default=dt.date.max)
    return in_force, replace(period, last_day=min(period.last_day, following - dt.timedelta(days=1)))


def _in_force(signed: Sequence[Contract], day: dt.date) -> Contract | None:
    begun = [contract for contract in signed if contract.valid_from <= day]
    return begun[-1] if begun else None


def _check_order(work: db.Work, venue_id: int, valid_from: dt.date) -> None:
    signed = of_venue(work, venue_id)
    if signed and valid_from < signed[-1].valid_from:
        raise Conflict("contract-not-later", latest=signed[-1].valid_from.isoformat())
    settled_until = work.connection.execute(
        sa.select(sa.func.max(settlements.c.last_day)).where(
            settlements.c.city_id == work.city_id, settlements.c.venue_id == venue_id
        )
    ).scalar()
    if settled_until is not None and valid_from <= settled_until:
        raise Conflict("contract-period-settled", settled_until=settled_until.isoformat())


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Contract]:
    columns = [contracts.c[name] for name in Contract.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(contracts.c.city_id == reading.city_id, condition)
        .order_by(contracts.c.venue_id, contracts.c.valid_from, contracts.c.contract_id)
    )
    return [Contract(**{**row._mapping, "period": PeriodKind(row.period)}) for row in rows]
