"""A counter for tests of payments: a ticket office with a till and a payment service in which all may go wrong."""

import datetime as dt
from collections.abc import Callable

from ledger import queries
from redemption import ordering, orders, payments, vouchers
from redemption.buying import Purchase
from redemption.fines import Fine
from redemption.offers import Offer
from redemption.orders import Order
from redemption.payments import Payment, Refund
from redemption.sandbox_provider import Fault, How, Message, SandboxProvider
from redemption.till import Till
from redemption.vouchers import Voucher
from tests.redemption.office import SEALER, Office

WAY = ordering.Way("test", "https://duisburg.test", "Einmal schwimmen", "de")


class Counter:
    """Orders, pays and looks, each step as the edge would take it."""

    def __init__(self, office: Office, faults: Callable[[str], Fault | None] | None = None) -> None:
        self.office = office
        self.database, self.city_id = office.database, office.city_id
        self.city = office.city
        self.service = SandboxProvider(office.clock, "a secret of tests", page_url="/test", faults=faults)
        self.till = Till(self.database, self.city, {"test": self.service}, SEALER)

    def order(self, owner: str, offer: Offer, points: int | None = None, *, seat: str | None = None) -> Order:
        """Order a voucher."""
        purchase = Purchase(owner, offer.offer_id, points, seat=seat)
        return self.database.run(
            self.city_id, lambda work: ordering.order_voucher(work, self.city, purchase, WAY, SEALER)
        )

    def order_fine(self, owner: str, fine: Fine, offer: Offer, points: int) -> Order:
        """Pay a fine with points and euros."""
        return self.database.run(
            self.city_id,
            lambda work: ordering.order_fine(work, self.city, owner, fine, offer.offer_id, points, WAY),
        )

    def call_off(self, order: Order) -> Order:
        """Call an order off."""
        return self.database.run(
            self.city_id, lambda work: ordering.call_off(work, order.order_id, order.owner)
        )

    def work(self, rounds: int = 1, every: dt.timedelta = dt.timedelta(0)) -> None:
        """Let the worker take what is due, several times with a pause before each."""
        for _ in range(rounds):
            self.office.clock.advance(every)
            self.till.advance_due()

    def pay(self, order: Order, how: How = How.CARD) -> None:
        """Let the payer act on the service's page."""
        self.service.pay(self.reference(order), how)

    def reference(self, order: Order) -> str:
        """Return the service's name for an order's payment."""
        reference = self.payment(order).provider_reference
        assert reference is not None
        return reference

    def deliver(self, *messages: Message) -> list[bool]:
        """Carry messages to the till."""
        return [self.till.take_event("test", one.body, one.headers) for one in messages]

    def look(self, order: Order) -> Order:
        """Read an order again."""
        with self.database.reading(self.city_id) as reading:
            return orders.get(reading, order.order_id)

    def payment(self, order: Order) -> Payment:
        """Read an order's payment."""
        with self.database.reading(self.city_id) as reading:
            payment = payments.of_order(reading, order.order_id)
        assert payment is not None
        return payment

    def refunds(self, order: Order) -> list[Refund]:
        """Read an order's refunds."""
        with self.database.reading(self.city_id) as reading:
            return payments.refunds_of(reading, order.order_id)

    def voucher(self, order: Order) -> Voucher:
        """Read the voucher that was bought by an order."""
        voucher_id = self.look(order).voucher_id
        assert voucher_id is not None
        with self.database.reading(self.city_id) as reading:
            return vouchers.get(reading, voucher_id)

    def balance(self, path: str) -> int:
        """Return what is posted on an account."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path).posted

    def receivable(self, order: Order) -> int:
        """Return what the buyer has paid and not got back."""
        return self.balance(orders.receivable_path(order.order_id))

    def bought(self, owner: str, offer: Offer, points: int | None = None) -> Order:
        """Order a voucher and pay it by card."""
        order = self.order(owner, offer, points)
        self.work()
        self.pay(order)
        self.deliver(*self.service.take_messages())
        return self.look(order)
