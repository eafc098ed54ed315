"""Settling with a venue: one statement for each finished period, and the transfers that follow from it.

Everything in a statement comes from the ledger (`merchants.takings`). Once made it is frozen; it can be made
again from the ledger byte for byte, which is how it is checked.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict, Invalid
from ledger import accounts, chart, posting, queries, transfers
from ledger.transfers import Transfer
from merchants import contracts, settlements, statements, takings, tax_data, venues
from merchants.collected import Collected, ProductRate
from merchants.contracts import Contract
from merchants.periods import Period
from merchants.settlements import Settlement
from merchants.statements import ProductTax, Statement
from merchants.takings import Frontier, Takings, Wanted
from merchants.tax_data import TaxData
from merchants.venues import Venue

NO_TAXES: Mapping[str, ProductTax] = MappingProxyType({})
_NAMESPACE = UUID("2c7c4f0e-5d0b-4a57-9b50-63f1f6f5d8a4")


def settle(
    work: db.Work, city: City, venue_id: int, first_day: dt.date, taxes: Mapping[str, ProductTax] = NO_TAXES
) -> Settlement:
    """Settle with a venue for its period that begins on `first_day`; again gives the first settlement.

    The points are paid at the rate of the statement's period, late ones too. If more was undone than
    redeemed, nothing is paid and the negative rest opens the next statement; so it is with euros that guests
    paid, by themselves. A period without redemptions gets a statement of zeros and no transfers. `taxes` are
    those of the products, by code.

    Raises NotFound `venue-not-found`; Invalid `settlement-period-invalid`; Conflict `contract-missing`,
    `period-not-finished`, `earlier-period-not-settled` (with the `first_day` that comes first).
    """
    venues.get(work, venue_id)
    made = settlements.of_period(work, venue_id, first_day)
    return made or settle_many(work, city, [(venue_id, first_day)], taxes)[0]


def settle_many(
    work: db.Work, city: City, due: Sequence[tuple[int, dt.date]], taxes: Mapping[str, ProductTax] = NO_TAXES
) -> list[Settlement]:
    """Settle one period with each of many venues, all or none, in a fixed number of statements.

    No venue may be named twice, and none of the periods may be settled yet. Raises as `settle`.
    """
    previous = settlements.newest_of(work, [venue_id for venue_id, _ in due])
    signed = contracts.by_venue(work, [venue_id for venue_id, _ in due])
    found = {
        venue_id: _finished_period(
            work, city, venue_id, first_day, signed.get(venue_id, []), previous.get(venue_id)
        )
        for venue_id, first_day in due
    }
    head = queries.head_sequence(work)
    wanted = {
        venue_id: _wanted(Frontier(head, period.last_day), previous.get(venue_id))
        for venue_id, (_, period) in found.items()
    }
    taken = takings.collect(work, wanted)
    known = venues.by_id(work, found)
    sellers = tax_data.by_venue(work, found)
    issued_on = city.day_of(work.now)
    first_ordinal = settlements.next_ordinal(work, issued_on.year)
    made: list[settlements.Made] = []
    for ordinal, (venue_id, (contract, period)) in enumerate(found.items(), first_ordinal):
        statement = Statement(
            number=settlements.written_number(issued_on.year, ordinal),
            issued_on=issued_on,
            city_id=work.city_id,
            **_of_venue(known[venue_id]),
            **_of_period(contract, period),
            **_from_ledger(taken[venue_id], previous.get(venue_id)),
        )
        rates = _rates(statement.collected, taxes, sellers.get(venue_id))
        statement = dataclasses.replace(
            statement,
            taxes=_taxes(statement, taxes),
            collected=dataclasses.replace(statement.collected, rates=rates),
        )
        made.append(settlements.Made(statement, ordinal, taken[venue_id].settled_through))
    _post(work, [one.statement for one in made])
    return settlements.keep(work, made)


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
    venue_id = settlement.venue_id
    previous = settlements.before_period(reading, venue_id, settlement.first_day)
    taken = takings.collect(reading, {venue_id: _wanted(settlement.frontier, previous)})[venue_id]
    frozen = statements.from_json(settlement.document)
    own: dict[str, Any] = {
        "number": settlement.number,
        "first_day": settlement.first_day,
        "last_day": settlement.last_day,
    }
    anew = dataclasses.replace(frozen, **own, **_from_ledger(taken, previous))
    collected = dataclasses.replace(anew.collected, rates=frozen.collected.rates)
    return statements.to_json(dataclasses.replace(anew, collected=collected))


def _finished_period(
    work: db.Work,
    city: City,
    venue_id: int,
    first_day: dt.date,
    signed: Sequence[Contract],
    previous: Settlement | None,
) -> tuple[Contract, Period]:
    """Return the period that begins on `first_day` with its contract, if it is the one to settle now."""
    found = contracts.period_on(signed, first_day)
    if found is None:
        raise Conflict("contract-missing", venue_id=venue_id)
    if found[1].first_day != first_day:
        raise Invalid(
            "settlement-period-invalid", field="first_day", first_day=found[1].first_day.isoformat()
        )
    if found[1].last_day >= city.day_of(work.now):
        raise Conflict("period-not-finished", last_day=found[1].last_day.isoformat())
    expected = previous.last_day + dt.timedelta(days=1) if previous else signed[0].valid_from
    if first_day != expected:
        raise Conflict("earlier-period-not-settled", first_day=expected.isoformat())
    return found


def _wanted(upto: Frontier, previous: Settlement | None) -> Wanted:
    return Wanted(
        after=previous.settled_through if previous else 0,
        upto=upto,
        settled=previous.frontier if previous else None,
        euros_settled=previous is None or settlements.statement_of(previous).covers_euros,
    )


def _taxes(statement: Statement, known: Mapping[str, ProductTax]) -> tuple[ProductTax, ...]:
    products = sorted({*statement.points_by_product, *statement.collected.by_product})
    return tuple(known.get(product, ProductTax(product, "", None)) for product in products)


def _rates(
    collected: Collected, known: Mapping[str, ProductTax], seller: TaxData | None
) -> tuple[ProductRate, ...]:
    """Return the rates in what guests paid: the offer's, else the venue's; a small business has none."""

    def rate(product: str) -> int | None:
        if seller and seller.is_small_business:
            return 0
        named = known[product].rate_percent if product in known else None
        return seller.rate_percent if named is None and seller else named

    return tuple(ProductRate(product, rate(product)) for product in collected.by_product)


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
    before = settlements.statement_of(previous) if previous else None
    return {
        "previous_number": previous.number if previous else None,
        "after_sequence": taken.after_sequence,
        "cut_sequence": taken.cut_sequence,
        "opening_points": taken.opening_points,
        "redemptions": taken.redemptions,
        "conflicts": taken.conflicts,
        "reversals": taken.reversals,
        "corrections": taken.corrections,
        "opening": before.closing if before else (),
        "collected": dataclasses.replace(taken.collected, opening=before.collected.closing if before else ()),
    }


def _post(work: db.Work, made: Sequence[Statement]) -> None:
    """Take the points out of circulation, owe their value and the euros; for each venue all or nothing."""
    paying_euros = [one.venue_id for one in made if one.collected.paid_cents]
    accounts.lift_guards(work, [venues.takings_path(venue_id) for venue_id in paying_euros])
    posting.post_or_raise(work, [move for one in made for move in _transfers(work.city_id, one)])


def _transfers(city_id: int, statement: Statement) -> list[Transfer]:
    venue_id = statement.venue_id
    payable = venues.payable_path(venue_id)
    sides = (
        (chart.REDEEMED, venues.points_path(venue_id), chart.REDEEMED, statement.settled_points),
        (payable, chart.EUR_PROGRAMME, payable, statement.settled_cents),
        ("collected", venues.takings_path(venue_id), payable, statement.collected.paid_cents),
    )
    key = (city_id, venue_id, statement.first_day.isoformat())
    return [
        transfers.post(
            ids.derive(_NAMESPACE, *key, step),
            debit,
            credit,
            amount,
            effective=statement.issued_on,
            purpose=takings.PURPOSE_SETTLEMENT,
            subject=statement.number,
            group_id=ids.derive(_NAMESPACE, *key),
        )
        for step, debit, credit, amount in sides
        if amount
    ]
