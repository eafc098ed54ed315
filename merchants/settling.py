"""Settling with a venue: one statement for each finished period, and the transfers that follow from it.

Everything in a statement comes from the ledger (`merchants.takings`). Once made it is frozen; it can be made
again from the ledger byte for byte, which is how it is checked.
"""

import dataclasses
import datetime as dt
from typing import Any
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict, Invalid
from ledger import chart, posting, queries, transfers
from merchants import contracts, settlements, statements, takings, venues
from merchants.contracts import Contract
from merchants.periods import Period
from merchants.settlements import Settlement
from merchants.statements import Statement
from merchants.takings import Frontier, Takings
from merchants.venues import Venue

_NAMESPACE = UUID("2c7c4f0e-5d0b-4a57-9b50-63f1f6f5d8a4")


def settle(work: db.Work, city: City, venue_id: int, first_day: dt.date) -> Settlement:
    """Settle with a venue for its period that begins on `first_day`; again gives the first settlement.

    The points are paid at the rate of the statement's period, late ones too. If more was undone than
    redeemed, nothing is paid and the negative rest opens the next statement. A period without redemptions
    gets a statement of zeros and no transfers.

    Raises NotFound `venue-not-found`; Invalid `settlement-period-invalid`; Conflict `contract-missing`,
    `period-not-finished`, `earlier-period-not-settled` (with the `first_day` that comes first).
    """
    venue = venues.get(work, venue_id)
    made = settlements.of_period(work, venue_id, first_day)
    if made is not None:
        return made
    contract, period = _finished_period(work, city, venue_id, first_day)
    previous = settlements.before_period(work, venue_id, first_day)
    taken = _takings(work, venue_id, Frontier(queries.head_sequence(work), period.last_day), previous)
    issued_on = city.day_of(work.now)
    ordinal = settlements.next_ordinal(work, issued_on.year)
    statement = Statement(
        number=settlements.written_number(issued_on.year, ordinal),
        issued_on=issued_on,
        city_id=work.city_id,
        **_of_venue(venue),
        **_of_period(contract, period),
        **_from_ledger(taken, previous),
    )
    _post(work, statement)
    return settlements.keep(work, statement, ordinal=ordinal, settled_through=taken.settled_through)


def due_settlements(
    reading: db.Reading, city: City, today: dt.date | None = None
) -> list[tuple[int, dt.date]]:
    """Return venue and first day of every finished period without a statement, in the order to settle them.

    Each is to be settled in a unit of work of its own. `today` is the city's present day unless given.
    """
    day = today or city.day_of(reading.now)
    settled_until = settlements.settled_until(reading)
    due: list[tuple[int, dt.date]] = []
    for venue_id, signed in sorted(contracts.by_venue(reading).items()):
        first_day = signed[0].valid_from
        if venue_id in settled_until:
            first_day = settled_until[venue_id] + dt.timedelta(days=1)
        while (found := contracts.period_on(signed, first_day)) and found[1].last_day < day:
            due.append((venue_id, first_day))
            first_day = found[1].last_day + dt.timedelta(days=1)
    return due


def reproduce(reading: db.Reading, settlement: Settlement) -> str:
    """Return the statement's document made anew, with every figure from the ledger.

    It equals `settlement.document` unless the book or the document was tampered with.
    """
    previous = settlements.before_period(reading, settlement.venue_id, settlement.first_day)
    taken = _takings(reading, settlement.venue_id, settlement.frontier, previous)
    frozen = statements.from_json(settlement.document)
    own: dict[str, Any] = {
        "number": settlement.number,
        "first_day": settlement.first_day,
        "last_day": settlement.last_day,
    }
    return statements.to_json(dataclasses.replace(frozen, **own, **_from_ledger(taken, previous)))


def _finished_period(work: db.Work, city: City, venue_id: int, first_day: dt.date) -> tuple[Contract, Period]:
    """Return the period that begins on `first_day` with its contract, if it is the one to settle now."""
    signed = contracts.of_venue(work, venue_id)
    found = contracts.period_on(signed, first_day)
    if found is None:
        raise Conflict("contract-missing", venue_id=venue_id)
    if found[1].first_day != first_day:
        raise Invalid(
            "settlement-period-invalid", field="first_day", first_day=found[1].first_day.isoformat()
        )
    if found[1].last_day >= city.day_of(work.now):
        raise Conflict("period-not-finished", last_day=found[1].last_day.isoformat())
    previous = settlements.before_period(work, venue_id, first_day)
    expected = previous.last_day + dt.timedelta(days=1) if previous else signed[0].valid_from
    if first_day != expected:
        raise Conflict("earlier-period-not-settled", first_day=expected.isoformat())
    return found


def _takings(reading: db.Reading, venue_id: int, upto: Frontier, previous: Settlement | None) -> Takings:
    return takings.collect(
        reading,
        venue_id,
        after=previous.settled_through if previous else 0,
        upto=upto,
        settled=previous.frontier if previous else None,
    )


def _of_venue(venue: Venue) -> dict[str, Any]:
    return {
        "venue_id": venue.venue_id,
        "venue_name": venue.name,
        "payee_name": venue.payee_name,
        "iban": venue.iban,
    }


def _of_period(contract: Contract, period: Period) -> dict[str, Any]:
    return {
        "period": period.kind.value,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "rate_cents_per_point": contract.rate_cents_per_point,
    }


def _from_ledger(taken: Takings, previous: Settlement | None) -> dict[str, Any]:
    return {
        "previous_number": previous.number if previous else None,
        "after_sequence": taken.after_sequence,
        "cut_sequence": taken.cut_sequence,
        "opening_points": taken.opening_points,
        "redemptions": taken.redemptions,
        "reversals": taken.reversals,
    }


def _post(work: db.Work, statement: Statement) -> None:
    """Take the points out of circulation and owe the venue their value, both or neither."""
    if not statement.settled_points:
        return
    venue_id = statement.venue_id
    sides = (
        (venues.points_path(venue_id), chart.REDEEMED, statement.settled_points),
        (chart.EUR_PROGRAMME, venues.payable_path(venue_id), statement.settled_cents),
    )
    key = (work.city_id, venue_id, statement.first_day.isoformat())
    posting.post_or_raise(
        work,
        [
            transfers.post(
                ids.derive(_NAMESPACE, *key, credit),
                debit,
                credit,
                amount,
                effective=statement.issued_on,
                purpose=takings.PURPOSE_SETTLEMENT,
                subject=statement.number,
                group_id=ids.derive(_NAMESPACE, *key),
            )
            for debit, credit, amount in sides
        ],
    )
