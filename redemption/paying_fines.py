"""Paying a fine or a fee: in full with points, or not at all.

Nothing is waived: the points go out of use and the programme owes the register the full amount in euros. The
register is told through the outbox.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel import db, money, outbox
from kernel.cities import City
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import chart, posting, transfers, wallets
from ledger.transfers import Transfer
from redemption import fine_references, fines, offers, orders, places, prices
from redemption.fines import DueKind, Fine, FineAlreadyPaid, FineNotFound, FinePayment, FineRegister
from redemption.offers import Offer
from redemption.prices import Price
from redemption.tables import fine_payments as table

PAGE_MAX = 200
PURPOSES = tuple(kind.value for kind in DueKind)
"""Of the bookings that pay a fine or a fee."""
TOPIC_PAID = "fine.paid"
"""Outbox topic; the payload is `fines.to_payload`, the worker calls `report` with it."""

_NOBODY = "erased"
"""Owner of a payment that waits for the register after its owner was erased."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a citizen gets for a paid fine or fee."""

    payment_id: int
    kind: DueKind
    reference: str
    offer_id: int
    owner: str
    group_id: UUID | None
    """Under which the ledger has it; the ledger does not know the reference: elsewhere it names a person."""
    amount_cents: int
    points: int
    paid_cents: int
    """What of it was paid in euros."""
    rate_cents_per_point: int
    paid_at: dt.datetime
    reported_at: dt.datetime | None
    """When the register had confirmed it; None while the message is on its way."""


def look_up(register: FineRegister, text: str) -> Fine:
    """Return the unpaid fine of a reference as typed by a person. Call it outside a transaction.

    Raises Invalid `reference-invalid`, FineNotFound, FineAlreadyPaid, RegisterUnavailable.
    """
    reference = fine_references.parse(text)
    fine = register.find(reference)
    if fine is None:
        raise FineNotFound(reference=reference)
    if fine.is_paid:
        raise FineAlreadyPaid(reference=reference)
    return fine


def price(city: City, fine: Fine) -> int:
    """Return how many points pay a fine in full."""
    return money.cents_to_points(fine.amount_cents, city.rate_cents_per_point)


def price_of(city: City, fine: Fine) -> Price:
    """Return how a fine may be paid with points and euros together."""
    return prices.in_full(fine.amount_cents, city.rate_cents_per_point)


def pay(work: db.Work, city: City, owner: str, fine: Fine, offer_id: int) -> Receipt:
    """Pay a fine in full with points, once; the register is told after the commit.

    Raises Forbidden `fines-disabled` (fees need no such decision); NotFound `offer-not-found`; Invalid
    `offer-not-for-fines`; FineAlreadyPaid; Conflict `fine-being-paid`, `offer-not-published`,
    `sales-not-started`, `sales-ended`, `sold-out` or `insufficient-points`: then nothing is paid.
    """
    offer = check(work, city, fine, offer_id)
    points = price(city, fine)
    lots = wallets.split(wallets.wallet(work, owner).lots, points, city.day_of(work.now))
    chart.open_chart(work)
    group_id = work.ids.uuid()
    posting.post_or_raise(work, _postings(work, city, fine, offer, lots, group_id))
    return record(
        work,
        kind=fine.kind,
        reference=fine.reference,
        offer_id=offer.offer_id,
        owner=owner,
        group_id=group_id,
        amount_cents=fine.amount_cents,
        points=points,
        paid_cents=0,
        rate_cents_per_point=city.rate_cents_per_point,
    )


def check(reading: db.Reading, city: City, fine: Fine, offer_id: int) -> Offer:
    """Return the offer by which a fine may be paid now.

    Raises as `pay`, and Conflict `fine-being-paid` while an order waits for its euros.
    """
    if fine.kind is DueKind.FINE and not city.fines_enabled:
        raise Forbidden("fines-disabled")
    offer = offers.get(reading, offer_id)
    if offer.kind.value != fine.kind.value:
        raise Invalid("offer-not-for-fines", offer=offer.code)
    if fine.is_paid or find(reading, fine.reference) is not None:
        raise FineAlreadyPaid(reference=fine.reference)
    if orders.open_for_fine(reading, fine.reference) is not None:
        raise Conflict("fine-being-paid")
    offers.check_on_sale(reading, offer)
    return offer


def offer_for(reading: db.Reading, kind: DueKind) -> Offer:
    """Return the offer by which fines or fees are paid now. Raises Conflict `dues-not-taken`."""
    for offer in offers.published(reading):
        if offer.kind.value == kind.value:
            return offer
    raise Conflict("dues-not-taken", kind=kind.value)


def payable_path(kind: DueKind) -> str:
    """Return the account of what the city's treasury is owed for fines or for fees."""
    return chart.EUR_PAYABLE_FINES if kind is DueKind.FINE else chart.EUR_PAYABLE_FEES


def record(work: db.Work, *, kind: DueKind, reference: str, amount_cents: int, **values: object) -> Receipt:
    """Write down that a fine is paid, and the message for the register; what it cost is booked already."""
    payment = FinePayment(work.ids.next(), reference, amount_cents, work.now)
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            kind=kind.value,
            reference=reference,
            payment_id=payment.payment_id,
            amount_cents=amount_cents,
            paid_at=work.now,
            **values,
        )
    )
    outbox.append(work, TOPIC_PAID, fines.to_payload(payment))
    return get(work, reference)


def report(register: FineRegister, payload: dict[str, Any]) -> FinePayment:
    """Tell the register about a payment: what the worker does with a `fine.paid` message.

    Afterwards `reported` belongs into the transaction that marks the message as delivered. Raises as
    `FineRegister.report_payment`.
    """
    payment = fines.from_payload(payload)
    register.report_payment(payment)
    return payment


def reported(work: db.Work, payment: FinePayment) -> None:
    """Note that the register has confirmed a payment; again: no change. An erased person's is forgotten."""
    paid = (table.c.city_id == work.city_id, table.c.reference == payment.reference)
    work.connection.execute(sa.delete(table).where(*paid, table.c.owner == _NOBODY))
    work.connection.execute(
        sa.update(table).where(*paid, table.c.reported_at.is_(None)).values(reported_at=work.now)
    )


def forget(work: db.Work, owner: str) -> None:
    """Delete what an owner has paid: that the fines are paid is for the register to know.

    What it has not confirmed yet stays until then, without owner and without its place in the ledger, so
    that the fine can't be paid again meanwhile.
    """
    mine = (table.c.city_id == work.city_id, table.c.owner == owner)
    work.connection.execute(sa.delete(table).where(*mine, table.c.reported_at.is_not(None)))
    work.connection.execute(sa.update(table).where(*mine).values(owner=_NOBODY, group_id=None))


def by_groups(reading: db.Reading, group_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the references of payments by the group of their transfers."""
    found = reading.connection.execute(
        sa.select(table.c.group_id, table.c.reference).where(
            table.c.city_id == reading.city_id, table.c.group_id.in_(list(group_ids))
        )
    )
    return {row.group_id: row.reference for row in found}


def find(reading: db.Reading, reference: str) -> Receipt | None:
    """Return the receipt for a reference, or None if it was not paid here."""
    found = _select(reading, table.c.reference == reference)
    return found[0] if found else None


def get(reading: db.Reading, reference: str, owner: str | None = None) -> Receipt:
    """Return the receipt for a reference, of that owner only if given. Raises NotFound."""
    receipt = find(reading, reference)
    if receipt is None or (owner is not None and receipt.owner != owner):
        raise NotFound("receipt-not-found", reference=reference)
    return receipt


def page(reading: db.Reading, owner: str, *, before: int | None = None, limit: int = 50) -> list[Receipt]:
    """Return what a citizen has paid, newest first, older than payment `before`."""
    condition = table.c.owner == owner
    if before is not None:
        condition = sa.and_(condition, table.c.payment_id < before)
    return _select(reading, condition, min(limit, PAGE_MAX))


def _postings(
    work: db.Work, city: City, fine: Fine, offer: Offer, lots: list[tuple[str, int]], group_id: UUID
) -> list[Transfer]:
    # Nothing here follows from the reference: whoever knows a fine must not find the wallet that paid it.
    sides = [(path, chart.REDEEMED, amount) for path, amount in lots]
    sides.append((chart.EUR_PROGRAMME, payable_path(fine.kind), fine.amount_cents))
    if offer.is_limited:
        sides.append((places.stock_path(offer.offer_id), places.sold_path(offer.offer_id), 1))
    return [
        transfers.post(
            work.ids.uuid(),
            debit,
            credit,
            amount,
            effective=city.day_of(work.now),
            purpose=fine.kind.value,
            subject=offer.code,
            group_id=group_id,
        )
        for debit, credit, amount in sides
    ]


def _select(
    reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[Receipt]:
    columns = [table.c[name] for name in Receipt.__dataclass_fields__]
    found = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.payment_id.desc())
        .limit(limit)
    )
    return [Receipt(**{**row._mapping, "kind": DueKind(row.kind)}) for row in found]
