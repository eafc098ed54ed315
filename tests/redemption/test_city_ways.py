"""Orders that are paid by transfer, at a desk or through a payment service, from the order to the last cent back."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from api.demo import payment_service
from api.demo.payment_service import PaymentService
from identity import postbox
from kernel.db import Database, Work
from ledger import invariants, queries
from merchants import bank_statements
from redemption import (
    bank_receipts,
    cancelling,
    erasing,
    hand_refunds,
    ordering,
    orders,
    payments,
    receiving,
    returning,
    short_transfers,
    taking,
)
from redemption.buying import Purchase
from redemption.hand_refunds import HandRefund
from redemption.ordering import Way
from redemption.orders import Order, OrderStatus
from redemption.service_connection import Credentials, ServiceConnection
from redemption.taking import Place
from redemption.takings import DeskMethod
from redemption.till import Till
from redemption.xbezahldienste import XBezahldienste
from tests.redemption.bank import DAY, IBAN, Bank, Credit, camt
from tests.redemption.office import SEALER, SWIM, Office

TWO_WEEKS = dt.timedelta(days=14)


class Town:
    """A ticket office whose euros come by the city's own ways."""

    def __init__(self, database: Database, city_id: int, service: PaymentService) -> None:
        self.office = Office(database, city_id)
        self.bank = Bank(database, city_id)
        self.service = service
        token = (f"{service.url}/token", payment_service.CLIENT_ID, payment_service.CLIENT_SECRET)
        connection = ServiceConnection(service.url, Credentials(None, None, *token))
        names = {"originator": payment_service.ORIGINATOR, "end_point": payment_service.END_POINT}
        online = XBezahldienste(connection, database, city_id, **names)
        ways = {one.name: one for one in (self.bank.transfers, self.bank.desks, online)}
        self.till = Till(database, self.office.city, ways, SEALER)
        self.swim = self.office.offer(replace(SWIM, price_points=100, price_cents=250))
        self.office.give("anna", 1000)

    def run(self, command: Callable[[Work], object]) -> None:
        """Run a command."""
        self.office.database.run(self.office.city_id, command)

    def order(self, provider: str) -> Order:
        """Order a swim and let the till ask for the money."""
        way = Way(provider, "https://duisburg.test", "Einmal schwimmen", "de", TWO_WEEKS)
        made = self.office.database.run(
            self.office.city_id,
            lambda work: ordering.order_voucher(
                work, self.office.city, Purchase("anna", self.swim.offer_id, 100), way, SEALER
            ),
        )
        self.till.advance_due()
        return made

    def code(self, order: Order) -> str:
        """Return the name that the provider gave the payment."""
        with self.office.database.reading(self.office.city_id) as reading:
            payment = payments.of_order(reading, order.order_id)
        assert payment is not None
        assert payment.provider_reference is not None
        return payment.provider_reference

    def status(self, order: Order) -> OrderStatus:
        """Return how an order stands once the till has looked."""
        self.till.advance_due()
        with self.office.database.reading(self.office.city_id) as reading:
            return orders.get(reading, order.order_id).status

    def take_in(self, credit: Credit) -> None:
        """Take a bank's file in that brings this."""
        content = camt(credit)
        statements = bank_statements.read(content)
        self.run(
            lambda work: receiving.take_in(work, self.office.city, content, statements, iban=IBAN, by="p")
        )

    def pay(self, provider: str, code: str) -> None:
        """Let the euros come."""
        if provider == "transfer":
            self.take_in(Credit(250, code))
        elif provider == "desk":
            method, place = DeskMethod.CASH, Place("rathaus", "person/1")
            self.run(
                lambda work: taking.take(
                    work, self.office.city, code, place, method=method, receipt_number="1"
                )
            )
        else:
            self.service.settle(code, "PAYED")
            self.office.clock.advance(dt.timedelta(minutes=10))

    def give_back(self, refund: HandRefund) -> None:
        """Let somebody send money back."""
        city, place = self.office.city, Place("rathaus", "person/1")
        today = city.day_of(self.office.clock.now())
        if refund.provider == "desk":
            self.run(
                lambda work: taking.give_back(
                    work, city, refund.refund_id, place, method=DeskMethod.CASH, receipt_number="2"
                )
            )
        else:
            self.run(lambda work: returning.sent(work, city, refund.refund_id, on=today, by="p"))

    def refunds(self) -> list[HandRefund]:
        """Return what is to be sent back."""
        with self.office.database.reading(self.office.city_id) as reading:
            return hand_refunds.pending(reading)

    def euros(self, *paths: str) -> tuple[int, ...]:
        """Return what stands on accounts; the books are right."""
        with self.office.database.reading(self.office.city_id) as reading:
            assert invariants.verify(reading).findings == ()
            return tuple(queries.balance(reading, path).posted for path in paths)


@pytest.fixture
def town(database: Database, city_id: int) -> Iterator[Town]:
    """Give a ticket office with all of the city's own ways."""
    with payment_service.running(PaymentService()) as service:
        yield Town(database, city_id, service)


@pytest.mark.parametrize(
    ("provider", "account", "expected"),
    [
        ("transfer", "eur/bank", (0, 0)),
        ("desk", "eur/cash/rathaus", (0, 0)),
        # The service has the money and will send it to the bank, from which it was given back.
        ("xbezahldienste", "eur/bank", (-250, 250)),
    ],
)
def test_an_order_is_paid_and_given_back(
    town: Town, provider: str, account: str, expected: tuple[int, int]
) -> None:
    """The voucher is there when the money is; given back, both parts return, and the accounts say where the money is."""
    order = town.order(provider)
    assert OrderStatus.OPEN is town.status(order)
    town.pay(provider, town.code(order))
    assert OrderStatus.DONE is town.status(order)
    with town.office.database.reading(town.office.city_id) as reading:
        voucher_id = orders.get(reading, order.order_id).voucher_id
    assert voucher_id is not None
    town.run(lambda work: cancelling.cancel(work, town.office.city, "anna", voucher_id))
    town.till.advance_due()
    (refund,) = town.refunds()
    assert 250 == refund.cents
    town.give_back(refund)
    town.office.clock.advance(dt.timedelta(hours=7))
    town.till.advance_due()

    assert [] == town.refunds()
    assert expected == town.euros(f"eur/clearing/{provider}", account)
    with town.office.database.reading(town.office.city_id) as reading:
        assert ["succeeded"] == [
            str(one.status.value) for one in payments.refunds_of(reading, order.order_id) if one.status
        ]


def test_money_that_comes_after_the_end_is_open(town: Town) -> None:
    """An order that ran out holds nothing; its money stays in suspense until it is sent back."""
    order = town.order("transfer")
    code = town.code(order)
    town.office.clock.advance(TWO_WEEKS + dt.timedelta(hours=7))
    assert OrderStatus.EXPIRED is town.status(order)
    town.pay("transfer", code)

    assert OrderStatus.EXPIRED is town.status(order)
    assert (250, 0, -250) == town.euros(receiving.SUSPENSE, receiving.CLEARING, "eur/bank")


def test_money_goes_back_to_the_account_that_it_came_from(town: Town) -> None:
    """Name and account of the payer stand with the refund; at a desk there are none."""
    order = town.order("transfer")
    town.pay("transfer", town.code(order))
    assert OrderStatus.DONE is town.status(order)
    with town.office.database.reading(town.office.city_id) as reading:
        voucher_id = orders.get(reading, order.order_id).voucher_id
    assert voucher_id is not None
    town.run(lambda work: cancelling.cancel(work, town.office.city, "anna", voucher_id))
    town.till.advance_due()
    (refund,) = town.refunds()

    assert ("Anna Beispiel", Credit(1).iban) == (refund.payee_name, refund.payee_iban)
    assert DAY == town.office.city.day_of(refund.created_at)
    town.give_back(refund)
    town.run(lambda work: erasing.erase(work, town.office.city, "anna"))
    town.till.advance_due()
    with town.office.database.reading(town.office.city_id) as reading:
        (receipt,) = bank_receipts.newest(reading)
        done = hand_refunds.get(reading, refund.refund_id)
    assert ("", "", "") == (receipt.payer_name, receipt.payer_iban, receipt.remittance)
    assert ("", "") == (done.payee_name, done.payee_iban)


def test_who_is_erased_gets_their_money_back_all_the_same(town: Town) -> None:
    """Erasing begins the refund; the payer's account is known until the money has gone, and not longer."""
    order = town.order("transfer")
    town.pay("transfer", town.code(order))
    assert OrderStatus.DONE is town.status(order)
    town.run(lambda work: erasing.erase(work, town.office.city, "anna"))
    town.till.advance_due()

    (refund,) = town.refunds()
    assert (250, "Anna Beispiel", Credit(1).iban) == (refund.cents, refund.payee_name, refund.payee_iban)
    town.give_back(refund)
    town.till.advance_due()
    with town.office.database.reading(town.office.city_id) as reading:
        (receipt,) = bank_receipts.newest(reading)
        done = hand_refunds.get(reading, refund.refund_id)
    assert ("", "", "", "") == (receipt.payer_name, receipt.payer_iban, done.payee_name, done.payee_iban)


def test_who_pays_too_little_is_told_what_is_missing(town: Town) -> None:
    """In the postbox, once for each sum; with the rest the order is paid."""
    order = town.order("transfer")
    code = town.code(order)
    for part in (
        Credit(100, reference=code),
        Credit(100, reference=code),
        Credit(50, reference=code, number=2),
    ):
        town.take_in(part)
    with town.office.database.reading(town.office.city_id) as reading:
        told = [one.facts for one in postbox.every(reading, "anna") if one.code == short_transfers.LETTER]
    assert {(100, 150), (150, 100)} == {(one["paid_cents"], one["missing_cents"]) for one in told}
    assert 2 == len(told)
    town.take_in(Credit(100, reference=code, number=3))
    assert OrderStatus.DONE is town.status(order)


def test_of_two_payers_somebody_finds_out_whom_it_belongs_to(town: Town) -> None:
    """Each paid a part from an account of their own: neither gets the other's money by itself."""
    order = town.order("transfer")
    code, other = town.code(order), "DE02120300000000202051"
    for part in (Credit(100, reference=code), Credit(150, reference=code, name="Ben", iban=other, number=2)):
        town.take_in(part)
    assert OrderStatus.DONE is town.status(order)
    town.run(lambda work: erasing.erase(work, town.office.city, "anna"))
    town.till.advance_due()

    (refund,) = town.refunds()
    assert (250, "", "") == (refund.cents, refund.payee_name, refund.payee_iban)
