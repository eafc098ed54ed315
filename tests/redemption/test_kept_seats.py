"""A numbered seat that was chosen is kept while its euros are awaited, sat on when they come, freed when they don't."""

import datetime as dt
from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from kernel.errors import Conflict
from redemption import calling_off, erasing, seats
from redemption.offers import Offer
from redemption.orders import OrderStatus
from redemption.sandbox_provider import How
from redemption.verdicts import VerdictCode
from tests.redemption.counter import Counter
from tests.redemption.office import Office
from tests.redemption.test_terms import EVENT

CONCERT = replace(EVENT, price_points=120, price_cents=250, extra_points_most=250)


@pytest.fixture
def counter(office: Office) -> Counter:
    """Give a counter with a till; Anna and Ben have 1,000 points each."""
    for owner in ("anna", "ben"):
        office.give(owner, 1000)
    return Counter(office)


def _free(counter: Counter, offer: Offer) -> list[str]:
    with counter.database.reading(counter.city_id) as reading:
        return seats.free(reading, [offer.offer_id])[offer.offer_id]


def test_the_seat_that_was_chosen_is_the_one_that_is_given(counter: Counter) -> None:
    """From the order to the gate; meanwhile nobody else gets it, for euros or points, and pays nothing for trying."""
    offer = counter.office.offer(CONCERT)
    order = counter.order("anna", offer, seat="A2")
    assert ("A2", ["A1", "A3"]) == (order.seat, _free(counter, offer))
    for points in (120, 245):
        with pytest.raises(Conflict, match="seat-taken"):
            counter.order("ben", offer, points, seat="A2")
    assert (1000, 0) == (counter.office.points("ben"), sum(counter.service.totals()))
    assert "A1" == counter.order("ben", offer).seat

    counter.work()
    counter.pay(order)
    counter.deliver(*counter.service.take_messages())
    voucher = counter.voucher(order)
    assert ("A2", ["A3"]) == (voucher.seat, _free(counter, offer))
    counter.office.clock.advance(dt.timedelta(hours=48))
    scanned = counter.office.scan(voucher)
    assert (VerdictCode.ACCEPTED, "A2") == (scanned.code, scanned.voucher and scanned.voucher.seat)
    assert counter.office.verify().ok


def test_points_alone_buy_the_seat_that_was_chosen(counter: Counter) -> None:
    """Also where euros were possible; given back, it is free again."""
    offer = counter.office.offer(CONCERT)
    order = counter.order("anna", offer, offer.price(counter.city).points_most, seat="A3")
    voucher = counter.voucher(order)
    assert (OrderStatus.DONE, "A3", "A3") == (order.status, order.seat, voucher.seat)
    counter.office.cancel("anna", voucher)
    assert ["A1", "A2", "A3"] == _free(counter, offer)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("ending", ["late", "called off", "given up", "erased"])
def test_what_is_not_paid_frees_the_seat(counter: Counter, ending: str) -> None:
    """Once the service has said that no money comes, not before; somebody else has it then."""
    offer = counter.office.offer(CONCERT)
    order = counter.order("anna", offer, seat="A2")
    counter.work()
    if ending == "late":
        counter.office.clock.advance(dt.timedelta(hours=1))
    elif ending == "called off":
        counter.call_off(order)
    elif ending == "given up":
        counter.pay(order, How.GIVE_UP)
        counter.service.settle(counter.reference(order), good=False)
    else:
        counter.database.run(counter.city_id, partial(erasing.erase, city=counter.city, owner="anna"))
    assert ("A2" in _free(counter, offer)) == (ending == "erased")
    counter.work(2, dt.timedelta(minutes=10))
    assert "A2" == counter.order("ben", offer, seat="A2").seat
    assert counter.office.verify().ok


def test_many_want_one_seat(counter: Counter) -> None:
    """At the same time: one gets it, the others are told, and nothing of theirs is held."""
    offer, people = counter.office.offer(CONCERT), [f"guest-{number}" for number in range(8)]
    for owner in people:
        counter.office.give(owner, 120)

    def order(owner: str) -> str:
        try:
            return counter.order(owner, offer, seat="A1").status
        except Conflict as refused:
            return refused.code

    with ThreadPoolExecutor(len(people)) as pool:
        answers = Tally(pool.map(order, people))
    assert Tally({"open": 1, "seat-taken": 7}) == answers
    assert 7 * 120 == sum(counter.office.points(owner) for owner in people)


def test_who_pays_for_what_was_called_off_gets_it_all_back(counter: Counter) -> None:
    """Whether the money comes before or after the orders were ended; nobody gets a voucher of it."""
    offer = counter.office.offer(CONCERT)
    paid, unpaid = counter.order("anna", offer), counter.order("ben", offer)
    counter.work()
    counter.pay(paid)
    counter.database.run(counter.city_id, lambda work: calling_off.call_off(work, offer.offer_id))
    counter.deliver(*counter.service.take_messages())
    step = partial(calling_off.proceed, city=counter.city, offer_id=offer.offer_id, limit=1)
    assert [True, False] == [counter.database.run(counter.city_id, step) for _ in range(2)]
    counter.work(2, dt.timedelta(minutes=1))
    counter.service.settle_refund("ref_1", good=True)
    assert [OrderStatus.FAILED, OrderStatus.CANCELLED] == [counter.look(one).status for one in (paid, unpaid)]
    assert "event-cancelled" == counter.look(paid).reason
    assert (250, 250) == counter.service.totals()
    assert [1000, 1000] == [counter.office.points(owner) for owner in ("anna", "ben")]
    assert counter.office.verify().ok
