"""Comparing paid fines and fees with the register: what it forgot, has otherwise, or was never told."""

import datetime as dt
from dataclasses import replace

from redemption import paying_fines, reconciling
from redemption.fines import FinePayment
from redemption.reconciliations import Trouble
from tests.redemption.office import Office
from tests.redemption.test_fines import FINES, WRONG_PARKING, pay

DAY = dt.timedelta(days=1)


def compare(office: Office, register: list[FinePayment] | None) -> tuple[list[Trouble], list[FinePayment]]:
    """Return what differs, and what the register is to be told again."""
    city = office.city
    with office.database.reading(office.city_id) as reading:
        _, differences = reconciling.fines(reading, city, register)
        again = reconciling.forgotten(reading, register) if register is not None else []
    return [one.trouble for one in differences], again


def test_a_register_that_was_away_for_long_is_told_again(office: Office) -> None:
    """After the last try of the message, each night; not before, and not once it has confirmed."""
    office.give("anna", 3000)
    receipt = pay(office, office.offer(FINES))
    payment = FinePayment(receipt.payment_id, WRONG_PARKING.reference, 3000, receipt.paid_at)

    def untold() -> list[FinePayment]:
        with office.database.reading(office.city_id) as reading:
            return reconciling.untold(reading)

    assert [] == untold()
    office.clock.advance(DAY / 4)
    assert [payment] == untold()
    office.database.run(office.city_id, lambda work: paying_fines.reported(work, payment))
    assert [] == untold()


def test_what_the_register_says_otherwise_is_named(office: Office) -> None:
    """Not told for a day, forgotten, of another amount, by another payment, no answer; and agreement."""
    office.give("anna", 3000)
    receipt = pay(office, office.offer(FINES))
    payment = FinePayment(receipt.payment_id, WRONG_PARKING.reference, 3000, receipt.paid_at)
    assert ([], []) == compare(office, [])
    office.clock.advance(2 * DAY)
    assert ([Trouble.FINE_UNREPORTED], []) == compare(office, [])
    office.database.run(office.city_id, lambda work: paying_fines.reported(work, payment))
    assert ([], []) == compare(office, [payment])
    assert ([Trouble.FINE_FORGOTTEN], [payment]) == compare(office, [])
    assert [Trouble.FINE_AMOUNT] == compare(office, [replace(payment, amount_cents=2999)])[0]
    assert [Trouble.FINE_FOREIGN] == compare(office, [replace(payment, payment_id=7)])[0]
    assert [Trouble.REGISTER_UNSURE] == compare(office, None)[0]
