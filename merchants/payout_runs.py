"""Payout runs: chosen statements in one payment file, made by one person and released by another."""

import datetime as dt
import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import cities, db
from kernel.cities import City
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from merchants import (
    billing,
    due_dates,
    paying,
    payout_files,
    payout_orders,
    settlements,
    tax_data,
    venues,
)
from merchants.payout_files import Payment, Side
from merchants.payout_orders import Order, OrderState, PayeeCheck
from merchants.payout_tables import runs as table
from merchants.settlements import Settlement
from merchants.tax_data import TaxData
from merchants.venues import Venue

ORDERS_MAX = 5000
AHEAD_MAX = dt.timedelta(days=30)
"""How far ahead a bank may be told to pay."""


class RunState(enum.StrEnum):
    """Where a run stands."""

    MADE = "made"
    """Waits for a second person."""
    RELEASED = "released"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """A payment file and what became of it."""

    run_id: int
    year: int
    ordinal: int
    state: RunState
    execute_on: dt.date
    order_count: int
    total_cents: int
    document: str
    sha256: str
    made_by: str
    made_at: dt.datetime
    released_by: str | None = None
    released_at: dt.datetime | None = None
    fetched_at: dt.datetime | None = None
    """When the file was handed out first."""
    cancelled_by: str | None = None
    cancelled_at: dt.datetime | None = None

    @property
    def number(self) -> str:
        """Number of the run, without gap within city and year: `Z2026-0001`."""
        return f"Z{self.year}-{self.ordinal:04}"


def make(work: db.Work, settlement_ids: Sequence[int], *, execute_on: dt.date, by: str) -> Run:
    """Put settlements that are not paid into a run that waits for a second person.

    Raises Conflict `billing-profile-missing`, `nothing-to-pay`, `settlement-already-paid`,
    `payout-under-way`, `payout-before-due` (the contract gives guests time), `iban-missing`; Invalid
    `payout-run-empty`, `payout-run-too-large`, `execution-day-invalid`, and what `payout_files.write`
    raises; NotFound `settlement-not-found`.
    """
    city = cities.get(work)
    today = city.day_of(work.now)
    _check_day(execute_on, today)
    chosen = _chosen(work, settlement_ids)
    _check_due(work, chosen, execute_on)
    payments = _payments(work, city, chosen)
    ordinal = _next_ordinal(work, today.year)
    content = payout_files.write(
        f"DC{work.city_id}-Z{today.year}-{ordinal:04}",
        _payer(billing.get(work)),
        payments,
        execute_on=execute_on,
        made_at=work.now,
    )
    run = Run(
        work.ids.next(),
        today.year,
        ordinal,
        RunState.MADE,
        execute_on,
        len(chosen),
        sum(one.cents for one in payments),
        content.decode(),
        hashlib.sha256(content).hexdigest(),
        made_by=by,
        made_at=work.now,
    )
    _store(work, run)
    pairs = enumerate(zip(chosen, payments, strict=True), 1)
    payout_orders.add(work, [_order(run, position, *pair) for position, pair in pairs])
    return run


def _check_day(execute_on: dt.date, today: dt.date) -> None:
    latest = today + AHEAD_MAX
    if not today <= execute_on <= latest:
        raise Invalid(
            "execution-day-invalid",
            field="execute_on",
            earliest=today.isoformat(),
            latest=latest.isoformat(),
        )


def _check_due(work: db.Work, chosen: Sequence[Settlement], execute_on: dt.date) -> None:
    days = due_dates.earliest(work, chosen)
    for one in chosen:
        if execute_on < days[one.settlement_id]:
            day = days[one.settlement_id].isoformat()
            raise Conflict("payout-before-due", field="execute_on", number=one.number, earliest=day)


def _payments(work: db.Work, city: City, chosen: Sequence[Settlement]) -> list[Payment]:
    known = venues.by_id(work, [one.venue_id for one in chosen])
    for venue in known.values():
        if not venue.iban:
            raise Conflict("iban-missing", venue=venue.name)
    taxes = tax_data.by_venue(work, known)
    attempts = _attempts(work, chosen)
    return [
        Payment(
            f"DC{work.city_id}-{one.number}-{attempts[one.settlement_id]}",
            _payee(known[one.venue_id], taxes.get(one.venue_id), city.name),
            one.payout_cents,
            _text(city, one),
        )
        for one in chosen
    ]


def _text(city: City, settlement: Settlement) -> str:
    """Return what stands on the venue's bank statement: at most 140 characters, as banks want it."""
    first, last = settlement.first_day, settlement.last_day
    about = f"{first:%d.%m.%Y}-{last:%d.%m.%Y} Abrechnung {settlement.number}"
    if not settlement.collected_cents:
        return f"{city.name} Punkte {about}"
    points, euros = (
        f"{cents // 100},{cents % 100:02} EUR"
        for cents in (settlement.settled_cents, settlement.collected_cents)
    )
    return f"{city.name[:30]} {about}: Punkte {points}, fuer Sie eingenommen {euros}"


def _order(run: Run, position: int, settlement: Settlement, payment: Payment) -> Order:
    return Order(
        run.run_id,
        position,
        settlement.settlement_id,
        settlement.venue_id,
        payment.end_to_end_id,
        payment.payee.name,
        payment.payee.iban,
        payment.cents,
        OrderState.PLANNED,
    )


def release(work: db.Work, run_id: int, *, by: str) -> Run:
    """Release a run that somebody else made: its amounts are payouts in transit from now on.

    Raises NotFound `payout-run-not-found`; Conflict `payout-run-decided`, `payout-account-changed` (a venue
    has another account by now); Forbidden `own-payout-run`; Invalid `payout-file-invalid` if the file is not
    what was made; TransferRejected.
    """
    run = _waiting(work, run_id)
    if run.made_by == by:
        raise Forbidden("own-payout-run")
    orders = payout_orders.of_run(work, run_id)
    known = venues.by_id(work, [one.venue_id for one in orders])
    for one in orders:
        if one.iban != (venue := known[one.venue_id]).iban:
            raise Conflict("payout-account-changed", venue=venue.name)
    content = run.document.encode()
    if hashlib.sha256(content).hexdigest() != run.sha256:
        raise Invalid("payout-file-invalid")
    payout_files.check(content, [(one.end_to_end_id, one.iban, one.cents) for one in orders])
    paying.reserve(work, orders)
    payout_orders.change_run(work, run_id, state=OrderState.SENT.value)
    return _change(work, run_id, state=RunState.RELEASED.value, released_by=by, released_at=work.now)


def cancel(work: db.Work, run_id: int, *, by: str) -> Run:
    """Cancel a run that was not fetched for the bank yet; its statements can be paid by another.

    Raises NotFound `payout-run-not-found`; Conflict `payout-run-decided` (cancelled already),
    `payout-run-sent` (the file was fetched, so the bank may have it).
    """
    run = get(work, run_id)
    if run.state is RunState.CANCELLED:
        raise Conflict("payout-run-decided")
    if run.fetched_at is not None:
        raise Conflict("payout-run-sent")
    orders = payout_orders.of_run(work, run_id)
    if run.state is RunState.RELEASED:
        if any(one.state is not OrderState.SENT for one in orders):
            raise Conflict("payout-run-sent")
        paying.free(work, orders)
    payout_orders.change_run(work, run_id, state=OrderState.CANCELLED.value)
    return _change(work, run_id, state=RunState.CANCELLED.value, cancelled_by=by, cancelled_at=work.now)


def fetch(work: db.Work, run_id: int) -> Run:
    """Hand the file out for the bank; from then on the run can't be cancelled.

    Raises NotFound `payout-run-not-found`; Conflict `payout-run-not-released`.
    """
    run = get(work, run_id)
    if run.state is not RunState.RELEASED:
        raise Conflict("payout-run-not-released")
    return run if run.fetched_at else _change(work, run_id, fetched_at=work.now)


def note_payee(work: db.Work, run_id: int, position: int, result: PayeeCheck) -> None:
    """Note what the bank said about name and IBAN. Raises NotFound `payout-run-not-found`."""
    found = [one for one in payout_orders.of_run(work, run_id) if one.position == position]
    if not found:
        raise NotFound("payout-run-not-found")
    payout_orders.change_one(work, found[0], payee_check=result.value)


def get(reading: db.Reading, run_id: int) -> Run:
    """Return a run. Raises NotFound `payout-run-not-found`."""
    for run in _select(reading, table.c.run_id == run_id):
        return run
    raise NotFound("payout-run-not-found")


def page(reading: db.Reading, *, before: int | None = None, limit: int = 50) -> list[Run]:
    """Return a page of runs, last made first."""
    older = sa.true() if before is None else table.c.run_id < before
    return _select(reading, older, limit)


def by_number(reading: db.Reading, message_ids: Sequence[str]) -> dict[str, Run]:
    """Return the runs whose files bear these message ids, by message id."""
    wanted = [one.rpartition("-Z")[2].partition("-") for one in message_ids]
    pairs = [(int(year), int(rest[:4])) for year, _, rest in wanted if year.isdigit() and rest[:4].isdigit()]
    if not pairs:
        return {}
    found = _select(reading, sa.tuple_(table.c.year, table.c.ordinal).in_(pairs))
    return {f"DC{reading.city_id}-{run.number}": run for run in found}


def _chosen(work: db.Work, settlement_ids: Sequence[int]) -> list[Settlement]:
    if not settlement_ids:
        raise Invalid("payout-run-empty")
    if len(settlement_ids) > ORDERS_MAX:
        raise Invalid("payout-run-too-large", maximum=ORDERS_MAX)
    found = settlements.by_id(work, settlement_ids)
    under_way = {
        one.settlement_id
        for one in payout_orders.of_settlements(work, settlement_ids)
        if one.state in payout_orders.OPEN
    }
    for settlement_id in settlement_ids:
        one = found.get(settlement_id)
        if one is None:
            raise NotFound("settlement-not-found")
        if not one.payout_cents:
            raise Conflict("nothing-to-pay", number=one.number)
        if one.paid_on is not None:
            raise Conflict("settlement-already-paid", paid_on=one.paid_on.isoformat())
        if settlement_id in under_way:
            raise Conflict("payout-under-way", number=one.number)
    return sorted(found.values(), key=lambda one: one.settlement_id)


def _attempts(work: db.Work, chosen: Sequence[Settlement]) -> dict[int, int]:
    """Return for each settlement the how-manieth order for it this is."""
    counted = dict.fromkeys((one.settlement_id for one in chosen), 1)
    for order in payout_orders.of_settlements(work, counted):
        counted[order.settlement_id] += 1
    return counted


def _payer(profile: billing.Profile) -> Side:
    return Side(
        profile.name,
        profile.iban,
        profile.street,
        profile.postcode,
        profile.town,
        profile.country,
        profile.bic,
    )


def _payee(venue: Venue, data: TaxData | None, town: str) -> Side:
    iban = venue.iban or ""
    if data:
        return Side(venue.payee_name, iban, data.street, data.postcode, data.town, data.country)
    return Side(venue.payee_name, iban, venue.street, venue.postcode, town, "DE")


def _next_ordinal(work: db.Work, year: int) -> int:
    highest = sa.select(sa.func.max(table.c.ordinal)).where(
        table.c.city_id == work.city_id, table.c.year == year
    )
    return (work.connection.execute(highest).scalar() or 0) + 1


def _store(work: db.Work, run: Run) -> None:
    values = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **values | {"state": run.state.value})
    )


def _waiting(work: db.Work, run_id: int) -> Run:
    run = get(work, run_id)
    if run.state is not RunState.MADE:
        raise Conflict("payout-run-decided")
    return run


def _change(work: db.Work, run_id: int, **values: object) -> Run:
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, table.c.run_id == run_id).values(**values)
    )
    return get(work, run_id)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[Run]:
    columns = [table.c[name] for name in Run.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.run_id.desc())
        .limit(limit)
    )
    return [Run(**{**row._mapping, "state": RunState(row.state)}) for row in rows]
