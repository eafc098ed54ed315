"""Giving what was ordered, once its euros have come: points, place, euros and the thing in one group."""

from dataclasses import replace
from uuid import UUID

from kernel import db
from kernel.cities import City
from kernel.signing import KeyStatus
from ledger import accounts, chart, posting, queries, transfers
from ledger.transfers import Transfer
from merchants import venues
from redemption import issuing, keys, offers, orders, paying_fines, places, seats
from redemption.fines import DueKind
from redemption.issuing import Paid, Sale
from redemption.keys import Sealer
from redemption.offers import Offer, OfferStatus
from redemption.orders import Order, OrderStatus, Step


def obstacle(reading: db.Reading, city: City, order: Order) -> str:
    """Return why what was ordered can't be given any more, as a code; empty if it can.

    What changed for later buyers only (the price, the sales window, places) is no reason: it was promised.
    """
    if order.kind.by_reference:
        paid = order.reference is None or paying_fines.find(reading, order.reference) is not None
        return "fine-already-paid" if paid else ""
    offer = offers.get(reading, order.offer_id)
    if offer.status is OfferStatus.CANCELLED:
        return "event-cancelled"
    if not any(venue.active for venue in venues.by_id(reading, offer.venue_ids).values()):
        return "venue-suspended"
    if not any(key.status is KeyStatus.ACTIVE for key in keys.every(reading)):
        return "issuing-key-missing"
    _, until = issuing.validity(city, offer, reading.now)
    return "voucher-expired" if until <= reading.now else ""


def fulfil(work: db.Work, city: City, order: Order, money: list[Transfer], sealer: Sealer) -> Order:
    """Book `money`, which brings all the euros, and give what was ordered; all or nothing."""
    if order.kind.by_reference:
        return _pay_fine(work, city, order, money)
    return _issue_voucher(work, city, order, money, sealer)


def releases(work: db.Work, city: City, order: Order) -> list[Transfer]:
    """Return what lets the points and the place of an order go."""
    return [
        transfers.release(
            orders.transfer_id(work.city_id, order.order_id, Step.END, position),
            hold_id,
            effective=city.day_of(work.now),
            purpose=orders.PURPOSE_RETURNED,
            group_id=orders.group_id(work.city_id, order.order_id, Step.END),
        )
        for position, hold_id in enumerate(_hold_ids(work, order))
    ]


def _issue_voucher(work: db.Work, city: City, order: Order, money: list[Transfer], sealer: Sealer) -> Order:
    offer = offers.get(work, order.offer_id)
    known = venues.by_id(work, offer.venue_ids)
    venues.open_takings(work, offer.venue_ids)
    # The order's holds make way for those of the voucher, which end when it does.
    paid = Paid(orders.receivable_path(order.order_id), order.cents, (*money, *releases(work, city, order)))
    names = tuple(known[venue_id].name for venue_id in offer.venue_ids)
    sale = Sale(order.owner, offer, names, _lots(work, order), order.seat or _any_seat(work, offer), paid)
    (voucher,) = issuing.sell(work, city, [sale], sealer)
    return orders.change(
        work,
        order.order_id,
        status=OrderStatus.DONE.value,
        voucher_id=voucher.voucher_id,
        closed_at=work.now,
        due_at=voucher.valid_until,
    )


def _any_seat(reading: db.Reading, offer: Offer) -> str | None:
    """Return a seat for an order from the time when orders kept a place but no seat."""
    if not offer.terms.seats:
        return None
    return seats.choose(seats.free(reading, [offer.offer_id])[offer.offer_id], None, offer.code)


def _pay_fine(work: db.Work, city: City, order: Order, money: list[Transfer]) -> Order:
    group_id = orders.group_id(work.city_id, order.order_id, Step.PAY)
    today = city.day_of(work.now)
    captures = [
        transfers.capture(
            orders.transfer_id(work.city_id, order.order_id, Step.END, position),
            hold_id,
            effective=today,
            purpose=order.kind.value,
        )
        for position, hold_id in enumerate(_hold_ids(work, order))
    ]
    due, receivable = order.fine_cents or 0, orders.receivable_path(order.order_id)
    shares = [(receivable, order.cents), (chart.EUR_PROGRAMME, due - order.cents)]
    owed = [
        transfers.post(
            orders.transfer_id(work.city_id, order.order_id, Step.PAY, debit),
            debit,
            paying_fines.payable_path(DueKind(order.kind)),
            amount,
            effective=today,
            purpose=order.kind.value,
            subject=orders.subject(order.order_id),
        )
        for debit, amount in shares
        if amount
    ]
    posting.post_or_raise(work, grouped([*money, *captures, *owed], group_id))
    paying_fines.record(
        work,
        kind=DueKind(order.kind),
        reference=order.reference or "",
        offer_id=order.offer_id,
        owner=order.owner,
        group_id=group_id,
        amount_cents=due,
        points=order.points,
        paid_cents=order.cents,
        rate_cents_per_point=order.rate_cents_per_point,
    )
    return orders.change(work, order.order_id, status=OrderStatus.DONE.value, closed_at=work.now)


def grouped(some: list[Transfer], group_id: UUID) -> list[Transfer]:
    """Return the transfers as one group."""
    return [replace(one, group_id=group_id) for one in some]


def _hold_ids(reading: db.Reading, order: Order) -> list[UUID]:
    return [
        orders.transfer_id(reading.city_id, order.order_id, Step.HOLD, position)
        for position in range(order.hold_count)
    ]


def _lots(reading: db.Reading, order: Order) -> list[tuple[str, int]]:
    """Return what the order holds of which lot, in the order in which it was taken."""
    held = queries.by_transfer_id(reading, _hold_ids(reading, order))
    known = accounts.by_id(reading, {hold.debit_account_id for hold in held.values()})
    stock = places.stock_path(order.offer_id)
    found = [
        (known[held[hold_id].debit_account_id].path, held[hold_id].amount)
        for hold_id in _hold_ids(reading, order)
    ]
    return [(path, amount) for path, amount in found if path != stock]
