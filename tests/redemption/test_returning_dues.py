"""What a register does not take is given back whole: points to their lots, euros the way they came, and told."""

import pytest

from identity import postbox
from kernel.db import Work
from kernel.errors import Conflict
from redemption import fines, paying_fines, returning_dues
from redemption.fines import Fine, FinePayment
from redemption.orders import OrderStatus
from tests.redemption.counter import Counter
from tests.redemption.office import LATER, SOON, Office
from tests.redemption.test_fines import FINES, WRONG_PARKING, pay
from tests.redemption.test_ordering import MINUTE


def give_back(office: Office, fine: Fine = WRONG_PARKING, **other: object) -> bool:
    """Do what the worker does once the register has refused the payment of a fine for good."""
    with office.database.reading(office.city_id) as reading:
        paid = paying_fines.find(reading, fine.reference)
    assert paid is not None
    payment = FinePayment(paid.payment_id, paid.reference, paid.amount_cents, paid.paid_at)
    payload = {**fines.to_payload(payment), **other}
    city = office.city
    return office.database.run(
        office.city_id, lambda work: returning_dues.give_back(work, city, fines.from_payload(payload))
    )


def told(office: Office, owner: str = "anna") -> list[dict[str, object]]:
    """Return the facts of the letters about payments that were taken back."""
    with office.database.reading(office.city_id) as reading:
        found = [one for one in postbox.every(reading, owner) if one.code == returning_dues.LETTER]
    return [dict(one.facts) for one in found]


def test_points_return_to_the_lots_that_they_came_from(office: Office) -> None:
    """The books are as before, the fine can be paid anew, and it is told once."""
    office.give("anna", 1000, SOON)
    office.give("anna", 2500, LATER)
    offer = office.offer(FINES)
    pay(office, offer)
    assert not give_back(office, payment_id=7)
    assert give_back(office)

    assert (1000, 2500) == (office.available(f"wallet/anna/{SOON}"), office.available(f"wallet/anna/{LATER}"))
    assert (0, 0, 0) == tuple(
        office.posted(path) for path in ("redeemed", "eur/programme", "eur/payable/fines")
    )
    assert [{"reference": WRONG_PARKING.reference, "points": 3000, "paid_cents": 0}] == told(office)
    assert 3000 == pay(office, offer).points
    assert office.verify().ok


def test_euros_go_back_the_way_they_came(office: Office) -> None:
    """The order has failed for a reason; both parts return, to the cent."""
    office.give("anna", 1000)
    counter, offer = Counter(office), office.offer(FINES)
    order = counter.order_fine("anna", WRONG_PARKING, offer, 500)
    counter.work()
    counter.pay(order)
    counter.work(1, MINUTE)
    assert give_back(office)
    counter.work()
    counter.service.settle_refund("ref_1", good=True)
    counter.work(1, MINUTE)

    ended = counter.look(order)
    assert (OrderStatus.FAILED, returning_dues.REASON) == (ended.status, ended.reason)
    assert [2500] == [one.cents for one in counter.refunds(order)]
    assert (1000, 0, 0, 0) == (
        office.points("anna"),
        counter.receivable(order),
        counter.balance("eur/payable/fines"),
        counter.balance("eur/programme"),
    )
    assert [(500, 2500)] == [(one["points"], one["paid_cents"]) for one in told(office)]
    assert office.verify().ok


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_the_register_has_confirmed_or_nobody_paid_stays(office: Office, *, confirmed: bool) -> None:
    """Somebody has to look into it: the register contradicts itself, or the payer is erased."""
    office.give("anna", 3000)
    offer = office.offer(FINES)
    receipt = pay(office, offer)
    payment = FinePayment(receipt.payment_id, receipt.reference, 3000, receipt.paid_at)

    def note(work: Work) -> None:
        if confirmed:
            paying_fines.reported(work, payment)
        else:
            paying_fines.forget(work, "anna")

    office.database.run(office.city_id, note)
    assert not give_back(office)
    with pytest.raises(Conflict):
        pay(office, offer, owner="ben")
