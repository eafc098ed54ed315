"""Paying what a statement says: the bank's confirmation clears what the city owes the venue, once."""

import datetime as dt
from uuid import UUID

import sqlalchemy as sa

from kernel import cities, db, ids
from kernel.errors import Conflict, Invalid
from ledger import chart, posting, transfers
from merchants import settlements, venues
from merchants.settlements import Settlement
from merchants.tables import payouts

PURPOSE_PAYOUT = "payout"

_NAMESPACE = UUID("6f1dba1d-2d5e-4a52-8a39-0c8f8c1b7a3e")


def confirm(work: db.Work, settlement_id: int, *, paid_on: dt.date, by: str) -> Settlement:
    """Book that the bank paid a settlement on `paid_on`, as confirmed by the person `by`.

    The same again changes nothing. Raises NotFound `settlement-not-found`; Invalid `paid-on-invalid` (before
    the statement was issued, or in the future); Conflict `nothing-to-pay`, `settlement-already-paid` (on
    another day); TransferRejected `period-closed`.
    """
    settlement = settlements.get(work, settlement_id)
    if settlement.paid_on == paid_on:
        return settlement
    if settlement.paid_on is not None:
        raise Conflict("settlement-already-paid", paid_on=settlement.paid_on.isoformat())
    if not settlement.settled_cents:
        raise Conflict("nothing-to-pay", number=settlement.number)
    city = cities.get(work)
    earliest, latest = city.day_of(settlement.issued_at), city.day_of(work.now)
    if not earliest <= paid_on <= latest:
        raise Invalid(
            "paid-on-invalid", field="paid_on", earliest=earliest.isoformat(), latest=latest.isoformat()
        )
    payout = transfers.post(
        ids.derive(_NAMESPACE, work.city_id, settlement_id),
        venues.payable_path(settlement.venue_id),
        chart.EUR_BANK,
        settlement.settled_cents,
        effective=paid_on,
        purpose=PURPOSE_PAYOUT,
        subject=settlement.number,
    )
    posting.post_or_raise(work, [payout])
    work.connection.execute(
        sa.insert(payouts).values(
            city_id=work.city_id,
            settlement_id=settlement_id,
            paid_on=paid_on,
            confirmed_by=by,
            confirmed_at=work.now,
        )
    )
    return settlements.get(work, settlement_id)
