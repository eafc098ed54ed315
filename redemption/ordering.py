"""Ordering for points and euros together: points and a place are held until the euros have come, or have not.

Nothing is called here. What is written says all that the provider is to be asked, by which key, and is on
disk before the first call (`redemption.till`).
"""

import datetime as dt
from dataclasses import dataclass, replace

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Invalid
from ledger import accounts, chart, posting, transfers, wallets
from ledger.accounts import Guard, NewAccount
from ledger.transfers import Transfer
from redemption import buying, issuing, offers, orders, paying_fines, payments, places, prices, seats
from redemption.buying import Purchase
from redemption.fines import Fine
from redemption.keys import Sealer
from redemption.orders import Order, OrderKind, OrderStatus, Step
from redemption.payments import Payment
from redemption.providers import PaymentStatus

VALID = dt.timedelta(minutes=45)
"""How long an order waits for a payment that is made on a page."""
OPEN_MOST = 5
"""Orders that one person may have waiting: each holds a place."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the euros are to be paid."""

    provider: str
    public_url: str
    """Where citizens reach the city."""
    subject: str
    """What the payer reads."""
    language: str
    valid: dt.timedelta = VALID
    """How long the money is awaited: longer where it comes by transfer or over a counter."""


def order_voucher(work: db.Work, city: City, purchase: Purchase, way: Way | None, sealer: Sealer) -> Order:
    """Order a voucher for `purchase.points` and the euros that remain; what needs no euros is bought at once.

    Raises as `buying.buy`; Invalid `points-choice-invalid`, `rest-below-minimum` or `payment-way-missing`;
    Conflict `too-many-orders`.
    """
    price = offers.get(work, purchase.offer_id).price(city)
    parts = price.at(price.points if purchase.points is None else purchase.points)
    exact = replace(purchase, points=parts.points, cents=parts.cents)
    if not parts.cents:
        voucher = buying.buy(
            work, city, purchase.owner, purchase.offer_id, sealer, points=parts.points, seat=purchase.seat
        )
        order = _order(work, city, OrderKind.VOUCHER, replace(exact, seat=voucher.seat), dt.timedelta(0))
        bought = replace(order, status=OrderStatus.DONE, voucher_id=voucher.voucher_id, closed_at=work.now)
        orders.add(work, bought)
        return bought
    given = _way(work, purchase.owner, way)
    sale = buying.prepare(work, city, exact)
    order = _order(work, city, OrderKind.VOUCHER, replace(exact, seat=sale.seat), given.valid)
    if sale.seat is not None:
        seats.keep(work, order.order_id, order.offer_id, sale.seat)
    return _open(work, city, order, given, issuing.sides(sale), str(order.order_id))


def order_fine(
    work: db.Work, city: City, owner: str, fine: Fine, offer_id: int, points: int, way: Way | None
) -> Order:
    """Pay a fine or a fee with `points` and the rest in euros: in full when those have come, or not at all.

    Raises as `paying_fines.pay`; Invalid `points-choice-invalid`, `rest-below-minimum`,
    `payment-way-missing` or `euros-not-needed` (then `paying_fines.pay` does it); Conflict `too-many-orders`.
    """
    offer = paying_fines.check(work, city, fine, offer_id)
    parts = prices.in_full(fine.amount_cents, city.rate_cents_per_point).at(points)
    if not parts.cents:
        raise Invalid("euros-not-needed", field="points")
    given = _way(work, owner, way)
    lots = wallets.split(wallets.wallet(work, owner).lots, points, city.day_of(work.now)) if points else []
    sides = [(path, chart.REDEEMED, amount) for path, amount in lots]
    if offer.is_limited:
        sides.append((places.stock_path(offer_id), places.sold_path(offer_id), 1))
    purchase = Purchase(owner, offer_id, points, parts.cents)
    order = replace(
        _order(work, city, OrderKind(fine.kind), purchase, given.valid),
        reference=fine.reference,
        fine_cents=fine.amount_cents,
    )
    return _open(work, city, order, given, sides, fine.reference)


def call_off(work: db.Work, order_id: int, owner: str) -> Order:
    """Call an order off that is not paid yet; it ends once the provider says that no money comes.

    Again: no change. Raises NotFound; Conflict `order-closed`.
    """
    order = orders.get(work, order_id, owner)
    calling_off = order.is_open and order.ending is OrderStatus.CANCELLED
    if calling_off or order.status is OrderStatus.CANCELLED:
        return order
    if not order.is_open:
        raise Conflict("order-closed", status=order.status.value)
    return end(work, order, OrderStatus.CANCELLED)


def end(work: db.Work, order: Order, ending: OrderStatus) -> Order:
    """Let an open order end, as `ending`, as soon as its provider says that no money comes."""
    payment = payments.of_order(work, order.order_id)
    if payment is not None:
        payments.change(work, payment.payment_id, due_at=work.now)
    return orders.change(work, order.order_id, ending=ending.value)


def _way(work: db.Work, owner: str, way: Way | None) -> Way:
    if way is None:
        raise Invalid("payment-way-missing", field="provider")
    if len(orders.open_of(work, owner)) >= OPEN_MOST:
        raise Conflict("too-many-orders", maximum=OPEN_MOST)
    return way


def _order(work: db.Work, city: City, kind: OrderKind, purchase: Purchase, valid: dt.timedelta) -> Order:
    return Order(
        order_id=work.ids.next(),
        kind=kind,
        status=OrderStatus.OPEN,
        owner=purchase.owner,
        offer_id=purchase.offer_id,
        points=purchase.points or 0,
        cents=purchase.cents,
        rate_cents_per_point=city.rate_cents_per_point,
        seat=purchase.seat,
        reference=None,
        fine_cents=None,
        hold_count=0,
        voucher_id=None,
        created_at=work.now,
        expires_at=work.now + valid,
        ending=None,
        closed_at=None,
        reason="",
        due_at=None,
    )


def _open(
    work: db.Work, city: City, order: Order, way: Way, sides: list[tuple[str, str, int]], reference: str
) -> Order:
    """Hold what the order needs, expect the euros, and write down what the provider is to be asked."""
    chart.open_chart(work)
    receivable, clearing = orders.receivable_path(order.order_id), orders.clearing_path(way.provider)
    accounts.open_accounts(
        work,
        [NewAccount(receivable, transfers.EUR), NewAccount(clearing, transfers.EUR, Guard.NONE)],
    )
    opened = replace(order, hold_count=len(sides))
    held = [*enumerate(sides), ("euros", (clearing, receivable, order.cents))]
    posting.post_or_raise(work, [_hold(work, city, opened, position, *side) for position, side in held])
    orders.add(work, opened)
    payment_id = work.ids.next()
    payments.add(
        work,
        Payment(
            payment_id=payment_id,
            order_id=order.order_id,
            provider=way.provider,
            status=PaymentStatus.CREATED,
            cents=order.cents,
            received_cents=0,
            request_key=f"collect-{city.slug}-{payment_id}",
            subject=way.subject,
            reference=reference,
            language=way.language,
            return_url=f"{way.public_url}/orders/{order.order_id}",
            provider_reference=None,
            page_url=None,
            method="",
            failure="",
            created_at=work.now,
            asked_at=None,
            looked_at=None,
            looks=0,
            due_at=work.now,
            trouble="",
        ),
    )
    return opened


def _hold(
    work: db.Work, city: City, order: Order, position: object, debit: str, credit: str, amount: int
) -> Transfer:
    step = Step.EXPECT if position == "euros" else Step.HOLD
    return transfers.hold(
        orders.transfer_id(work.city_id, order.order_id, step, position),
        debit,
        credit,
        amount,
        effective=city.day_of(work.now),
        purpose=orders.PURPOSE_ORDERED,
        # The ledger does not know which fine: elsewhere its reference names a person.
        subject=orders.subject(order.order_id),
        group_id=orders.group_id(work.city_id, order.order_id, Step.HOLD),
    )
